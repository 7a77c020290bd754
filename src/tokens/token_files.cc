#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/sealed_json.h"
#include "isoflop/tokens.h"
#include "tokens/token_format.h"

namespace isoflop {
namespace tokens {
namespace {

namespace fs = std::filesystem;

// Maps a file of items and holds every byte of it to its header and the manifest's checksum.
MappedFile open_items(const fs::path& path, const FileHeader& expected) {
  if (std::error_code error; !fs::is_regular_file(path, error)) throw not_whole(path, "is missing from the token folder");
  MappedFile file(path);
  const auto bytes = file.bytes();
  if (bytes.size() < kHeaderBytes)
    throw not_whole(path, "truncated: " + std::to_string(bytes.size()) + " bytes, shorter than its header");
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), kHeaderBytes);
  if (head.substr(0, 8) != expected.magic) throw not_whole(path, "is not a token file of this kind");
  if (head != header_bytes(expected)) throw not_whole(path, "changed: its header does not agree with tokens.json");
  const std::uint64_t size = kHeaderBytes + expected.count * expected.width;
  if (bytes.size() != size) {
    throw not_whole(path, (bytes.size() < size ? "truncated: " : "too long: ") + std::to_string(bytes.size()) +
                              " bytes, expected " + std::to_string(size));
  }
  if (xxh3(bytes.subspan(kHeaderBytes)) != expected.checksum)
    throw not_whole(path, "changed: the checksum of its tokens does not hold");
  return file;
}

class FileSplit final : public TokenSplit {
 public:
  FileSplit(const fs::path& folder, const std::string& split, std::uint32_t width, const SplitManifest& manifest)
      : width_(width) {
    for (const ShardFacts& shard : manifest.shards) {
      const FileHeader header{kTokenMagic, width, static_cast<std::uint64_t>(shard.tokens), static_cast<std::uint64_t>(size_),
                              shard.checksum};
      shards_.push_back(open_items(folder / shard_name(split, shards_.size()), header));
      begin_.push_back(size_);
      size_ += shard.tokens;
    }
    begin_.push_back(size_);
    const fs::path units_path = folder / units_name(split);
    const MappedFile units =
        open_items(units_path, {kUnitMagic, kUnitBytes, static_cast<std::uint64_t>(manifest.units), 0, manifest.units_checksum});
    units_.resize(static_cast<std::size_t>(manifest.units));
    static_assert(sizeof(TokenUnit) == kUnitBytes);
    if (!units_.empty()) std::memcpy(units_.data(), units.bytes().data() + kHeaderBytes, units_.size() * kUnitBytes);
    std::int64_t next = 0;
    for (const TokenUnit& unit : units_) {
      if (unit.first != next || unit.tokens < 0 || unit.tokens > size_ - next)
        throw not_whole(units_path, "its units do not cover the split");
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
      const std::byte* from =
          shards_[shard].bytes().data() + kHeaderBytes + static_cast<std::size_t>(first - begin_[shard]) * width_;
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

/// A folder without a manifest: torn, or another kind of folder, which is not to be deleted.
[[noreturn]] void refuse_without_manifest(const fs::path& folder) {
  std::string inside;
  bool torn = fs::is_empty(folder);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    torn = torn || entry.path().extension() == ".tok";
    if (fs::exists(entry.path() / kManifestName)) inside = std::max(inside, entry.path().string());
  }
  if (torn) throw not_whole(folder / kManifestName, "is missing from the token folder");
  throw Error(Fault::bad_data, folder.string(), inside.empty() ? "is no token folder" : "is a folder of token folders",
              inside.empty() ? "`isoflop tok encode` makes one" : "name one of them: " + inside);
}

}  // namespace
}  // namespace tokens

TokenSet open_tokens(const std::string& folder) {
  using namespace tokens;
  const fs::path path = folder, manifest_path = path / kManifestName;
  if (!fs::exists(path)) throw Error(Fault::missing_input, folder, "no such token folder", "make it with `isoflop tok encode`");
  if (!fs::is_directory(path)) throw Error(Fault::bad_data, folder, "is a file, expected a token folder");
  if (!fs::exists(manifest_path)) refuse_without_manifest(path);
  const std::string subject = manifest_path.string();
  const Json json = parse_json(unseal_json(read_file(manifest_path), subject, kRebuildHint), subject);
  const int schema = json_get<int>(json, "schema_version", subject);
  if (schema != kTokensSchema) {
    throw Error(Fault::bad_data, subject,
                "schema_version " + std::to_string(schema) + ", expected " + std::to_string(kTokensSchema), kRebuildHint);
  }
  const std::uint32_t width = width_for(json_get<std::int64_t>(json, "vocab_size", subject));
  const SplitManifest train = split_from(json_get<Json>(json, "train", subject), subject);
  const SplitManifest held_out = split_from(json_get<Json>(json, "held_out", subject), subject);

  TokenSet set;
  set.id = json_get<std::string>(json, "id", subject);
  set.folder = folder;
  set.tokenizer_id = json_get<std::string>(json, "tokenizer", subject);
  set.vocab_size = json_get<std::int64_t>(json, "vocab_size", subject);
  set.train_bytes = train.bytes;
  set.train = std::make_shared<FileSplit>(path, kTrainName, width, train);
  set.held_out = std::make_shared<FileSplit>(path, kHeldOutName, width, held_out);
  return set;
}

}  // namespace isoflop
