#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "base/hash.h"
#include "base/sealed_json.h"
#include "base/team.h"
#include "base/text.h"
#include "tokens/source.h"
#include "tokens/token_format.h"

namespace isoflop {
namespace tokens {
namespace {

namespace fs = std::filesystem;

// A stream of items behind a header that is filled in last.
class ItemFile {
 public:
  ItemFile(const fs::path& path, FileHeader header) : header_(header), file_(path, FileWriter::Mode::create) {
    file_.write(std::string_view(std::array<char, kHeaderBytes>{}.data(), kHeaderBytes));
  }
  void write(std::string_view items) {
    checksum_.add(items);
    header_.count += items.size() / header_.width;
    file_.write(items);
  }
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(header_.count); }
  std::uint64_t close() {
    header_.checksum = checksum_.value();
    file_.write_at(0, header_bytes(header_));
    file_.close();
    return header_.checksum;
  }

 private:
  FileHeader header_;
  Xxh3 checksum_;
  FileWriter file_;
};

// One split under way: shards of at most `shard_tokens`, and the units file.
class SplitWriter {
 public:
  SplitWriter(fs::path folder, std::string split, std::uint32_t width, std::int64_t shard_tokens)
      : folder_(std::move(folder)),
        split_(std::move(split)),
        width_(width),
        shard_tokens_(shard_tokens),
        units_(folder_ / units_name(split_), {kUnitMagic, kUnitBytes, 0, 0, 0}) {}

  void add(std::span<const std::int32_t> tokens, std::int64_t bytes) {
    const std::array<std::int64_t, 3> unit = {manifest_.tokens, static_cast<std::int64_t>(tokens.size()), bytes};
    units_.write(std::string_view(reinterpret_cast<const char*>(unit.data()), kUnitBytes));
    ++manifest_.units;
    manifest_.bytes += bytes;
    while (!tokens.empty()) {
      if (!shard_) {
        shard_.emplace(folder_ / shard_name(split_, manifest_.shards.size()),
                       FileHeader{kTokenMagic, width_, 0, static_cast<std::uint64_t>(manifest_.tokens), 0});
      }
      const auto take = std::min(tokens.size(), static_cast<std::size_t>(shard_tokens_ - shard_->count()));
      pack(tokens.first(take));
      shard_->write(packed_);
      manifest_.tokens += static_cast<std::int64_t>(take);
      tokens = tokens.subspan(take);
      if (shard_->count() == shard_tokens_) close_shard();
    }
  }

  SplitManifest finish() {
    if (shard_) close_shard();
    manifest_.units_checksum = units_.close();
    return manifest_;
  }

 private:
  void pack(std::span<const std::int32_t> tokens) {
    packed_.resize(tokens.size() * width_);
    for (std::size_t i = 0; i < tokens.size(); ++i) std::memcpy(packed_.data() + i * width_, &tokens[i], width_);
  }
  void close_shard() {
    const std::int64_t count = shard_->count();
    manifest_.shards.push_back({count, shard_->close()});
    shard_.reset();
  }

  fs::path folder_;
  std::string split_;
  std::uint32_t width_;
  std::int64_t shard_tokens_;
  ItemFile units_;
  std::optional<ItemFile> shard_;
  std::string packed_;
  SplitManifest manifest_;
};

// Gone when it goes out of scope, unless renamed into place.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(fs::path path) : path_(std::move(path)) {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    make_folder(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

  /// False if another process was first.
  bool rename_to(const fs::path& place) {
    sync_folder(path_);
    std::error_code error;
    fs::rename(path_, place, error);
    if (error && !fs::exists(place)) throw Error(Fault::io, place.string(), "cannot rename the finished folder into place: " + error.message());
    if (error) return false;
    path_.clear();
    sync_folder(place.parent_path());
    return true;
  }

 private:
  fs::path path_;
};

// `<id>.tmp-<pid>` of processes that are no more
void remove_abandoned(const fs::path& root, const std::string& id) {
  const std::string prefix = id + ".tmp-";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const auto process = parse_int(std::string_view(name).substr(prefix.size()));
    std::error_code ignored;
    if (process && *process > 0 && ::kill(static_cast<pid_t>(*process), 0) != 0 && errno == ESRCH) fs::remove_all(entry.path(), ignored);
  }
}

std::string token_set_id(const UnitSource& source, const Tokenizer& tokenizer) {
  return sha256_hex("tokens " + std::to_string(kFileVersion) + "\n" + source.content_id + "\n" + tokenizer.id()).substr(0, 16);
}

// Units in reading order, encoded in groups so that memory stays bounded and several cores can work.
class Encoder {
 public:
  Encoder(const Tokenizer& tokenizer, std::int64_t threads, SplitWriter& train, SplitWriter& held_out)
      : tokenizer_(tokenizer), team_(threads), train_(train), held_out_(held_out) {}

  /// True when a group was written.
  bool add(const Unit& unit) {
    pending_.push_back({std::string(unit.text), unit.held_out, unit.ends_document, {}});
    pending_bytes_ += unit.text.size();
    constexpr std::size_t kGroupBytes = 4 << 20;
    if (pending_bytes_ < kGroupBytes) return false;
    flush();
    return true;
  }

  void flush() {
    team_.run([&](std::int64_t rank) {
      for (auto i = static_cast<std::size_t>(rank); i < pending_.size(); i += static_cast<std::size_t>(team_.size())) {
        Pending& unit = pending_[i];
        tokenizer_.encode(unit.text, unit.tokens);
        if (unit.ends_document && tokenizer_.end_of_text()) unit.tokens.push_back(*tokenizer_.end_of_text());
      }
    });
    for (const Pending& unit : pending_) {
      const auto bytes = static_cast<std::int64_t>(unit.text.size());
      (unit.held_out ? held_out_ : train_).add(unit.tokens, bytes);
    }
    done_ += pending_bytes_;
    pending_.clear();
    pending_bytes_ = 0;
  }

  [[nodiscard]] std::size_t done() const { return done_; }

 private:
  struct Pending {
    std::string text;
    bool held_out, ends_document;
    std::vector<std::int32_t> tokens;
  };
  const Tokenizer& tokenizer_;
  Team team_;
  SplitWriter& train_;
  SplitWriter& held_out_;
  std::vector<Pending> pending_;
  std::size_t pending_bytes_ = 0, done_ = 0;
};

}  // namespace

TokenSet encode(const UnitSource& source, const Tokenizer& tokenizer, const EncodeOptions& options, std::stop_token stop, const ProgressFn& progress) {
  if (options.shard_tokens < 1) throw Error(Fault::usage, "shard_tokens", std::to_string(options.shard_tokens) + ", expected 1 or more");
  if (options.threads < 1) throw Error(Fault::usage, "threads", std::to_string(options.threads) + ", expected 1 or more");
  const std::string id = token_set_id(source, tokenizer);
  const fs::path root = options.root, place = root / id;
  if (fs::exists(place)) {
    TokenSet set = open_tokens(place.string());
    if (set.id != id) throw not_whole(place, "holds the tokens of another corpus or tokenizer (" + set.id + ")");
    return set;
  }

  make_folder(root);
  remove_abandoned(root, id);
  TemporaryFolder temporary(root / (id + ".tmp-" + std::to_string(::getpid())));
  const std::uint32_t width = width_for(tokenizer.vocab_size());
  SplitWriter train(temporary.path(), kTrainName, width, options.shard_tokens);
  SplitWriter held_out(temporary.path(), kHeldOutName, width, options.shard_tokens);
  Encoder encoder(tokenizer, options.threads, train, held_out);
  source.for_each_unit(
      [&](const Unit& unit) {
        throw_if_stopped(stop);
        if (encoder.add(unit) && progress) {
          progress({"encode", static_cast<double>(encoder.done()), static_cast<double>(source.bytes), "bytes", {}});
        }
      },
      stop);
  encoder.flush();

  Json json;
  json["schema_version"] = kTokensSchema;
  json["id"] = id;
  json["corpus"] = source.content_id;
  json["tokenizer"] = tokenizer.id();
  json["vocab_size"] = tokenizer.vocab_size();
  json["train"] = json_of(train.finish());
  json["held_out"] = json_of(held_out.finish());
  write_file_atomic(temporary.path() / kManifestName, seal_json(json.dump()));
  temporary.rename_to(place);  // another process that was first wrote the same bytes
  return open_tokens(place.string());
}

}  // namespace tokens

TokenSet encode_corpus(const Corpus& corpus, const Tokenizer& tokenizer, const EncodeOptions& options, std::stop_token stop, const ProgressFn& progress) {
  return tokens::encode(tokens::source_of(corpus), tokenizer, options, stop, progress);
}

}  // namespace isoflop
