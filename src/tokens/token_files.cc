#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <filesystem>
#include <limits>

#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/sealed_json.h"
#include "base/team.h"
#include "base/text.h"
#include "tokens/source.h"

// docs/formats/tokens.md
static_assert(std::endian::native == std::endian::little);

namespace isoflop {
namespace {

namespace fs = std::filesystem;

constexpr int kTokensSchema = 1;
constexpr std::uint32_t kFileVersion = 1;
constexpr std::size_t kHeaderBytes = 64;
constexpr std::uint32_t kUnitBytes = 24;
constexpr std::string_view kTokenMagic = "ISOFTOKN";
constexpr std::string_view kUnitMagic = "ISOFUNIT";
const std::string kHint = "delete the folder; it is rebuilt from the text by the same command";

struct FileHeader {
  std::string_view magic;
  std::uint32_t width = 0;  // bytes per item
  std::uint64_t count = 0, first = 0, checksum = 0;
};

std::string header_bytes(const FileHeader& header) {
  std::array<char, kHeaderBytes> bytes{};
  std::memcpy(bytes.data(), header.magic.data(), 8);
  std::memcpy(bytes.data() + 8, &kFileVersion, 4);
  std::memcpy(bytes.data() + 12, &header.width, 4);
  std::memcpy(bytes.data() + 16, &header.count, 8);
  std::memcpy(bytes.data() + 24, &header.first, 8);
  std::memcpy(bytes.data() + 32, &header.checksum, 8);
  const std::uint64_t own = xxh3(std::string_view(bytes.data(), kHeaderBytes - 8));
  std::memcpy(bytes.data() + kHeaderBytes - 8, &own, 8);
  return {bytes.data(), bytes.size()};
}

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

struct ShardFacts {
  std::int64_t tokens = 0;
  std::uint64_t checksum = 0;
};
struct SplitManifest {
  std::int64_t tokens = 0, units = 0, bytes = 0;
  std::uint64_t units_checksum = 0;
  std::vector<ShardFacts> shards;
};

std::string shard_name(const std::string& split, std::size_t index) {
  const std::string digits = std::to_string(index);
  return split + "-" + std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits + ".tok";
}

std::uint32_t width_for(std::int64_t vocab_size) { return vocab_size <= 256 ? 1 : vocab_size <= 65'536 ? 2 : 4; }

// One split under way: shards of at most `shard_tokens`, and the units file.
class SplitWriter {
 public:
  SplitWriter(fs::path folder, std::string split, std::uint32_t width, std::int64_t shard_tokens)
      : folder_(std::move(folder)),
        split_(std::move(split)),
        width_(width),
        shard_tokens_(shard_tokens),
        units_(folder_ / (split_ + ".units"), {kUnitMagic, kUnitBytes, 0, 0, 0}) {}

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

Error not_whole(const fs::path& path, const std::string& problem) { return {Fault::bad_data, path.string(), problem, kHint}; }

// Maps a file of items and holds every byte of it to its header and the manifest's checksum.
MappedFile open_items(const fs::path& path, const FileHeader& expected) {
  if (std::error_code error; !fs::is_regular_file(path, error)) throw not_whole(path, "is missing from the token folder");
  MappedFile file(path);
  const auto bytes = file.bytes();
  if (bytes.size() < kHeaderBytes) throw not_whole(path, "truncated: " + std::to_string(bytes.size()) + " bytes, shorter than its header");
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), kHeaderBytes);
  if (head.substr(0, 8) != expected.magic) throw not_whole(path, "is not a token file of this kind");
  if (head != header_bytes(expected)) throw not_whole(path, "changed: its header does not agree with tokens.json");
  const std::uint64_t size = kHeaderBytes + expected.count * expected.width;
  if (bytes.size() != size) {
    throw not_whole(path, (bytes.size() < size ? "truncated: " : "too long: ") + std::to_string(bytes.size()) + " bytes, expected " + std::to_string(size));
  }
  if (xxh3(bytes.subspan(kHeaderBytes)) != expected.checksum) throw not_whole(path, "changed: the checksum of its tokens does not hold");
  return file;
}

class FileSplit final : public TokenSplit {
 public:
  FileSplit(const fs::path& folder, const std::string& split, std::uint32_t width, const SplitManifest& manifest) : width_(width) {
    for (const ShardFacts& shard : manifest.shards) {
      const FileHeader header{kTokenMagic, width, static_cast<std::uint64_t>(shard.tokens), static_cast<std::uint64_t>(size_), shard.checksum};
      shards_.push_back(open_items(folder / shard_name(split, shards_.size()), header));
      begin_.push_back(size_);
      size_ += shard.tokens;
    }
    begin_.push_back(size_);
    const fs::path units_path = folder / (split + ".units");
    const MappedFile units =
        open_items(units_path, {kUnitMagic, kUnitBytes, static_cast<std::uint64_t>(manifest.units), 0, manifest.units_checksum});
    units_.resize(static_cast<std::size_t>(manifest.units));
    static_assert(sizeof(TokenUnit) == kUnitBytes);
    if (!units_.empty()) std::memcpy(units_.data(), units.bytes().data() + kHeaderBytes, units_.size() * kUnitBytes);
    std::int64_t next = 0;
    for (const TokenUnit& unit : units_) {
      if (unit.first != next || unit.tokens < 0 || unit.tokens > size_ - next) throw not_whole(units_path, "its units do not cover the split");
      next += unit.tokens;
    }
    if (next != size_ || size_ != manifest.tokens) throw not_whole(units_path, "its units do not cover the split");
  }

  [[nodiscard]] std::int64_t size() const override { return size_; }

  void copy(std::int64_t first, std::int64_t count, std::int32_t* out) const override {
    ISOFLOP_CHECK(first >= 0 && count >= 0 && count <= size_ - first);
    auto shard = static_cast<std::size_t>(std::upper_bound(begin_.begin(), begin_.end(), first) - begin_.begin()) - 1;
    while (count > 0) {
      const std::int64_t take = std::min(count, begin_[shard + 1] - first);
      const std::byte* from = shards_[shard].bytes().data() + kHeaderBytes + static_cast<std::size_t>(first - begin_[shard]) * width_;
      unpack(from, take, out);
      out += take;
      first += take;
      count -= take;
      ++shard;
    }
  }

  [[nodiscard]] const std::vector<TokenUnit>& units() const override { return units_; }

 private:
  void unpack(const std::byte* from, std::int64_t count, std::int32_t* out) const {
    const auto widen = [&]<class Narrow>(Narrow) {
      for (std::int64_t i = 0; i < count; ++i) {
        Narrow value;
        std::memcpy(&value, from + static_cast<std::size_t>(i) * sizeof(Narrow), sizeof(Narrow));
        out[i] = static_cast<std::int32_t>(value);
      }
    };
    if (width_ == 1) widen(std::uint8_t{});
    if (width_ == 2) widen(std::uint16_t{});
    if (width_ == 4) widen(std::uint32_t{});
  }

  std::uint32_t width_;
  std::vector<MappedFile> shards_;
  std::vector<std::int64_t> begin_;  // first token of each shard, and the end
  std::int64_t size_ = 0;
  std::vector<TokenUnit> units_;
};

Json json_of(const SplitManifest& split) {
  Json shards = Json::array();
  for (const ShardFacts& shard : split.shards) {
    Json entry;
    entry["tokens"] = shard.tokens;
    entry["checksum"] = hex64(shard.checksum);
    shards.push_back(std::move(entry));
  }
  Json json;
  json["tokens"] = split.tokens;
  json["units"] = split.units;
  json["bytes"] = split.bytes;
  json["units_checksum"] = hex64(split.units_checksum);
  json["shards"] = std::move(shards);
  return json;
}

std::uint64_t checksum_from(const Json& json, const std::string& key, const std::string& subject) {
  const auto text = json_get<std::string>(json, key, subject);
  const auto value = parse_hex64(text);
  if (!value) throw Error(Fault::bad_data, subject, "key `" + key + "` is not a checksum: " + text, kHint);
  return *value;
}

SplitManifest split_from(const Json& json, const std::string& subject) {
  SplitManifest split;
  split.tokens = json_get<std::int64_t>(json, "tokens", subject);
  split.units = json_get<std::int64_t>(json, "units", subject);
  split.bytes = json_get<std::int64_t>(json, "bytes", subject);
  split.units_checksum = checksum_from(json, "units_checksum", subject);
  for (const Json& shard : json_get<Json>(json, "shards", subject)) {
    split.shards.push_back({json_get<std::int64_t>(shard, "tokens", subject), checksum_from(shard, "checksum", subject)});
  }
  const auto negative = [](const ShardFacts& shard) { return shard.tokens < 0; };
  if (split.tokens < 0 || split.units < 0 || std::ranges::any_of(split.shards, negative)) {
    throw Error(Fault::bad_data, subject, "a count is negative", kHint);
  }
  return split;
}

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

std::string token_set_id(const tokens::UnitSource& source, const Tokenizer& tokenizer, bool everything) {
  return sha256_hex("tokens " + std::to_string(kFileVersion) + "\n" + source.content_id + "\n" + tokenizer.id() + "\n" + (everything ? "everything" : "split"))
      .substr(0, 16);
}

// Units in reading order, encoded in groups so that memory stays bounded and several cores can work.
class Encoder {
 public:
  Encoder(const Tokenizer& tokenizer, std::int64_t threads, SplitWriter& train, SplitWriter& held_out, bool everything)
      : tokenizer_(tokenizer), team_(threads), train_(train), held_out_(held_out), everything_(everything) {}

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
      if (unit.held_out) held_out_.add(unit.tokens, bytes);
      if (!unit.held_out || everything_) train_.add(unit.tokens, bytes);
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
  bool everything_;
  std::vector<Pending> pending_;
  std::size_t pending_bytes_ = 0, done_ = 0;
};

}  // namespace

namespace tokens {

TokenSet encode(const UnitSource& source, const Tokenizer& tokenizer, const EncodeOptions& options, std::stop_token stop, const ProgressFn& progress) {
  if (options.shard_tokens < 1) throw Error(Fault::usage, "shard_tokens", std::to_string(options.shard_tokens) + ", expected 1 or more");
  if (options.threads < 1) throw Error(Fault::usage, "threads", std::to_string(options.threads) + ", expected 1 or more");
  const std::string id = token_set_id(source, tokenizer, options.train_on_everything);
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
  SplitWriter train(temporary.path(), "train", width, options.shard_tokens);
  SplitWriter held_out(temporary.path(), "val", width, options.shard_tokens);
  Encoder encoder(tokenizer, options.threads, train, held_out, options.train_on_everything);
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
  json["train_on_everything"] = options.train_on_everything;
  json["train"] = json_of(train.finish());
  json["held_out"] = json_of(held_out.finish());
  write_file_atomic(temporary.path() / "tokens.json", seal_json(json.dump()));
  temporary.rename_to(place);  // another process that was first wrote the same bytes
  return open_tokens(place.string());
}

}  // namespace tokens

TokenSet encode_corpus(const Corpus& corpus, const Tokenizer& tokenizer, const EncodeOptions& options, std::stop_token stop, const ProgressFn& progress) {
  return tokens::encode(tokens::source_of(corpus), tokenizer, options, stop, progress);
}

TokenSet open_tokens(const std::string& folder) {
  const fs::path path = folder, manifest_path = path / "tokens.json";
  if (!fs::exists(path)) throw Error(Fault::missing_input, folder, "no such token folder", "make it with `isoflop tok encode`");
  if (!fs::exists(manifest_path)) throw not_whole(manifest_path, "is missing from the token folder");
  const std::string subject = manifest_path.string();
  const Json json = parse_json(unseal_json(read_file(manifest_path), subject, kHint), subject);
  const int schema = json_get<int>(json, "schema_version", subject);
  if (schema != kTokensSchema) {
    throw Error(Fault::bad_data, subject, "schema_version " + std::to_string(schema) + ", expected " + std::to_string(kTokensSchema), kHint);
  }
  const std::uint32_t width = width_for(json_get<std::int64_t>(json, "vocab_size", subject));
  const SplitManifest train = split_from(json_get<Json>(json, "train", subject), subject);
  const SplitManifest held_out = split_from(json_get<Json>(json, "held_out", subject), subject);

  TokenSet set;
  set.id = json_get<std::string>(json, "id", subject);
  set.folder = folder;
  set.tokenizer_id = json_get<std::string>(json, "tokenizer", subject);
  set.train_bytes = train.bytes;
  set.train = std::make_shared<FileSplit>(path, "train", width, train);
  set.held_out = std::make_shared<FileSplit>(path, "val", width, held_out);
  return set;
}

}  // namespace isoflop
