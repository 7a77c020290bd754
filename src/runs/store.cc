#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/hash.h"
#include "isoflop/runs.h"
#include "runs/index.h"
#include "runs/lines.h"
#include "runs/run_folder.h"
#include "runs/table.h"
#include "runs/writer.h"

namespace isoflop {

namespace fs = std::filesystem;

struct RunStore::State {
  fs::path study;

  [[nodiscard]] fs::path runs() const { return study / "runs"; }
  [[nodiscard]] fs::path index() const { return study / "index.db"; }
  [[nodiscard]] fs::path folder(const std::string& id) const;
  [[nodiscard]] std::vector<fs::path> folders() const;
};

fs::path RunStore::State::folder(const std::string& id) const {
  fs::path path = runs() / id;
  if (!is_run_folder_name(id) || !fs::is_directory(path)) {
    throw Error(Fault::missing_input, "run " + id, "is not in " + study.string(), "`isoflop runs ls` lists the runs");
  }
  return path;
}

std::vector<fs::path> RunStore::State::folders() const {
  std::error_code error;
  std::vector<fs::path> list;
  for (fs::directory_iterator at(runs(), error), end; !error && at != end; at.increment(error)) {
    if (is_run_folder_name(at->path().filename().string()) && at->is_directory(error)) list.push_back(at->path());
  }
  if (error) throw Error(Fault::io, runs().string(), "cannot be read: " + error.message());
  std::sort(list.begin(), list.end());
  return list;
}

RunStore::RunStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunStore::RunStore(RunStore&&) noexcept = default;
RunStore& RunStore::operator=(RunStore&&) noexcept = default;
RunStore::~RunStore() = default;

RunStore RunStore::open(const fs::path& study) {
  auto state = std::make_unique<State>(State{study});
  make_folder(state->runs());
  if (::faccessat(AT_FDCWD, state->runs().c_str(), W_OK, AT_EACCESS) != 0) {
    throw Error(Fault::io, state->runs().string(), std::string("cannot be written: ") + std::strerror(errno),
                "choose a folder you may write to");
  }
  return RunStore(std::move(state));
}

RunStore RunStore::open_existing(const fs::path& study) {
  auto state = std::make_unique<State>(State{study});
  if (!fs::is_directory(state->runs())) {
    throw Error(Fault::missing_input, study.string(),
                fs::exists(study) ? "is not a study: it has no folder `runs`" : "no such study");
  }
  return RunStore(std::move(state));
}

const fs::path& RunStore::study() const {
  return state_->study;
}

std::vector<StoredRun> RunStore::list() const {
  IndexContent index = read_index(state_->index());
  std::vector<StoredRun> runs;
  std::vector<IndexRow> fresh;
  for (const fs::path& folder : state_->folders()) {
    const std::string stamp = stamp_of(folder);
    const auto known = index.rows.find(folder.filename().string());
    std::optional<StoredRun> run;
    if (known != index.rows.end() && !stamp.empty() && known->second.stamp == stamp) run = unpack_row(known->second, folder);
    const bool read = !run;
    if (read) run = load_run(folder);
    if (run->record.status != RunStatus::running) {  // an unfinished run changes without its record's time changing
      if (read) fresh.push_back(pack_row(*run, stamp));
      if (known != index.rows.end()) index.rows.erase(known);
    }
    runs.push_back(std::move(*run));
  }

  // what is left in the index has no finished run behind it
  std::vector<std::string> gone;
  for (const auto& [id, row] : index.rows) gone.push_back(id);
  if (!index.intact || !fresh.empty() || !gone.empty()) (void)write_index(state_->index(), fresh, gone, !index.intact);

  std::sort(runs.begin(), runs.end(), [](const StoredRun& a, const StoredRun& b) {
    return a.record.params.params != b.record.params.params ? a.record.params.params < b.record.params.params : a.id < b.id;
  });
  return runs;
}

std::optional<StoredRun> RunStore::find(const std::string& id_or_name) const {
  std::vector<StoredRun> named, begun;
  for (StoredRun& run : list()) {
    if (run.id == id_or_name) return std::move(run);
    if (run.record.name == id_or_name) {
      named.push_back(std::move(run));
    } else if (!id_or_name.empty() && run.id.starts_with(id_or_name)) {
      begun.push_back(std::move(run));
    }
  }
  std::vector<StoredRun>& matches = named.empty() ? begun : named;
  if (matches.empty()) return std::nullopt;
  if (matches.size() == 1) return std::move(matches.front());
  constexpr std::size_t kShown = 8;
  std::string list;
  for (std::size_t i = 0; i < std::min(matches.size(), kShown); ++i) {
    const std::string& group = matches[i].record.group;
    list += (list.empty() ? "" : ", ") + matches[i].id + (group.empty() ? "" : " (" + group + ")");
  }
  if (matches.size() > kShown) list += " and " + std::to_string(matches.size() - kShown) + " more";
  throw Error(Fault::usage, id_or_name, "is the name of several runs: " + list, "say which by its id");
}

std::unique_ptr<RunWriter> RunStore::write(const RunSpec& resolved, const std::string& name, const std::string& group) {
  const auto put = [index = state_->index()](const StoredRun& run) {
    const bool intact = read_index(index).intact;
    (void)write_index(index, {pack_row(run, stamp_of(run.folder))}, {}, !intact);
  };
  return make_writer(state_->runs(), resolved, name, group, put);
}

bool RunStore::restore_spec(const RunSpec& resolved) const {
  const fs::path folder = state_->runs() / run_id(resolved);
  return fs::is_directory(folder) && isoflop::restore_spec(folder, resolved);
}

RunSpec RunStore::spec(const std::string& id) const {
  const fs::path folder = state_->folder(id);
  try {
    return read_spec(folder);
  } catch (const Error& error) {
    throw Error(error.fault(), error.subject(), error.problem(), cure_of("spec.json"));
  }
}

namespace {
// a record that cannot be read seals nothing: its run counts as unfinished
std::optional<SealedRecord> whole_record(const fs::path& folder) {
  try {
    return read_record(folder);
  } catch (const Error&) {
    return std::nullopt;
  }
}

template <class Record>
std::vector<Record> whole_lines(const fs::path& path, const std::optional<std::string>& xxh3) {
  Lines<Record> lines = read_lines<Record>(path);
  if (const auto problem = lines_problem(lines, path, xxh3)) {
    throw Error(Fault::bad_data, path.string(), *problem, cure_of(path.filename().string()));
  }
  return std::move(lines.records);
}
}  // namespace

std::vector<StepRecord> RunStore::steps(const std::string& id) const {
  const fs::path folder = state_->folder(id);
  const auto sealed = whole_record(folder);
  return whole_lines<StepRecord>(folder / "steps.jsonl", sealed ? std::optional(sealed->steps_xxh3) : std::nullopt);
}
std::vector<EvalRecord> RunStore::evals(const std::string& id) const {
  const fs::path folder = state_->folder(id);
  const auto sealed = whole_record(folder);
  return whole_lines<EvalRecord>(folder / "eval.jsonl", sealed ? std::optional(sealed->eval_xxh3) : std::nullopt);
}

std::vector<VerifyProblem> RunStore::verify() const {
  std::vector<VerifyProblem> problems = verify_study(state_->study);
  for (const fs::path& folder : state_->folders()) {
    for (VerifyProblem& problem : verify_run(folder)) problems.push_back(std::move(problem));
  }
  return problems;
}

std::vector<std::string> RunStore::unsealed() const {
  return unsealed_files(state_->study);
}

void RunStore::reindex() {
  std::vector<IndexRow> rows;
  for (const fs::path& folder : state_->folders()) {
    const std::string stamp = stamp_of(folder);
    const StoredRun run = load_run(folder);
    if (run.record.status != RunStatus::running) rows.push_back(pack_row(run, stamp));
  }
  if (!write_index(state_->index(), rows, {}, true)) throw Error(Fault::io, state_->index().string(), "cannot be written");
}

std::int64_t RunStore::import_table(const fs::path& csv) {
  const std::vector<ImportedRow> rows = read_run_table(csv);
  std::vector<std::string> seen;
  std::int64_t added = 0;
  for (const ImportedRow& row : rows) {
    // identity is what the row says, not where it came from; equal rows of one table are told apart by their order
    std::string identity;
    for (const TableCell& cell : row.cells) identity += cell.column + "=" + cell.text + "\n";
    const auto twins = std::count(seen.begin(), seen.end(), identity);
    seen.push_back(identity);
    const fs::path folder = state_->runs() / ("imported-" + content_id(identity + std::to_string(twins)));
    if (fs::exists(folder / "record.json")) continue;
    make_folder(folder);
    write_output(folder / "record.json", imported_document(row));
    ++added;
  }
  return added;
}

}  // namespace isoflop
