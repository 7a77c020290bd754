#include "runs/index.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <memory>

#include "base/hash.h"
#include "runs/pack.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

constexpr int kIndexVersion = 1;
constexpr int kWaitMs = 2000;

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct EndStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, EndStatement>;

Database open_database(const fs::path& path, int flags) {
  sqlite3* database = nullptr;
  const int outcome = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  Database owned(database);
  if (outcome != SQLITE_OK) return nullptr;
  sqlite3_busy_timeout(database, kWaitMs);
  return owned;
}

Statement prepare(sqlite3* database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database, sql, -1, &statement, nullptr);
  return Statement(statement);
}

bool execute(sqlite3* database, const std::string& sql) {
  return sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
}

bool bind(sqlite3_stmt* statement, int at, const std::string& bytes) {
  return sqlite3_bind_blob64(statement, at, bytes.data(), bytes.size(), SQLITE_TRANSIENT) == SQLITE_OK;
}
std::string column(sqlite3_stmt* statement, int at) {
  const void* bytes = sqlite3_column_blob(statement, at);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, at));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

int version_of(sqlite3* database) {
  const Statement statement = prepare(database, "PRAGMA user_version");
  return statement && sqlite3_step(statement.get()) == SQLITE_ROW ? sqlite3_column_int(statement.get(), 0) : -1;
}

std::string checksum_of(const std::string& id, const std::string& stamp, const std::string& packed) {
  return hex64(xxh3(id + '\n' + stamp + '\n' + packed));
}

bool fill(sqlite3* database, const std::vector<IndexRow>& rows, const std::vector<std::string>& removed) {
  const Statement put = prepare(database, "INSERT OR REPLACE INTO runs (id, stamp, body) VALUES (?, ?, ?)");
  const Statement drop = prepare(database, "DELETE FROM runs WHERE id = ?");
  bool good = put && drop;
  for (const IndexRow& row : rows) {
    good = good && bind(put.get(), 1, row.id) && bind(put.get(), 2, row.stamp) && bind(put.get(), 3, row.body);
    good = good && sqlite3_step(put.get()) == SQLITE_DONE && sqlite3_reset(put.get()) == SQLITE_OK;
  }
  for (const std::string& id : removed) {
    good = good && bind(drop.get(), 1, id) && sqlite3_step(drop.get()) == SQLITE_DONE && sqlite3_reset(drop.get()) == SQLITE_OK;
  }
  return good;
}

}  // namespace

std::string stamp_of(const fs::path& folder) {
  const auto stamp = [&](const char* file) {
    struct stat facts {};
    if (::stat((folder / file).c_str(), &facts) != 0) return std::string();
    return std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec) + ":" +
           std::to_string(facts.st_size) + ":" + std::to_string(facts.st_ino);
  };
  const std::string record = stamp("record.json");
  return record.empty() ? record : record + "|" + stamp("spec.json");
}

IndexRow pack_row(const StoredRun& run, const std::string& stamp) {
  StoredRun copy = run;
  Packer packer;
  members(packer, copy);
  return {run.id, stamp, checksum_of(run.id, stamp, packer.bytes) + packer.bytes};
}

std::optional<StoredRun> unpack_row(const IndexRow& row, const fs::path& folder) {
  constexpr std::size_t kChecksum = 16;
  if (row.body.size() < kChecksum) return std::nullopt;
  const std::string packed = row.body.substr(kChecksum);
  if (row.body.compare(0, kChecksum, checksum_of(row.id, row.stamp, packed)) != 0) return std::nullopt;
  StoredRun run;
  run.id = row.id;
  run.folder = folder;
  Unpacker unpacker(packed);
  members(unpacker, run);
  if (!unpacker.whole()) return std::nullopt;
  return run;
}

IndexContent read_index(const fs::path& path) {
  IndexContent content;
  const Database database = open_database(path, SQLITE_OPEN_READONLY);
  if (!database || version_of(database.get()) != kIndexVersion) return content;
  const Statement statement = prepare(database.get(), "SELECT id, stamp, body FROM runs");
  if (!statement) return content;
  int outcome = SQLITE_ROW;
  while ((outcome = sqlite3_step(statement.get())) == SQLITE_ROW) {
    IndexRow row{column(statement.get(), 0), column(statement.get(), 1), column(statement.get(), 2)};
    const std::string id = row.id;
    content.rows.insert_or_assign(id, std::move(row));
  }
  content.intact = outcome == SQLITE_DONE;
  return content;
}

bool write_index(const fs::path& path, const std::vector<IndexRow>& rows, const std::vector<std::string>& removed, bool anew) {
  if (anew) {
    std::error_code ignored;
    fs::remove(path, ignored);
    fs::remove(path.string() + "-journal", ignored);
  }
  const Database database = open_database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!database) return false;
  // the index can be rebuilt, so it need not wait for the disk
  if (!execute(database.get(), "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; BEGIN IMMEDIATE")) return false;
  const bool good =
      execute(
          database.get(),
          "CREATE TABLE IF NOT EXISTS runs (id BLOB PRIMARY KEY, stamp BLOB, body BLOB) WITHOUT ROWID; PRAGMA user_version = " +
              std::to_string(kIndexVersion)) &&
      fill(database.get(), rows, removed);
  return execute(database.get(), good ? "COMMIT" : "ROLLBACK") && good;
}

}  // namespace isoflop
