#include "tokens/token_format.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/hash.h"

static_assert(std::endian::native == std::endian::little);

namespace isoflop::tokens {
namespace {

std::uint64_t checksum_from(const Json& json, const std::string& key, const std::string& subject) {
  const auto text = json_get<std::string>(json, key, subject);
  const auto value = parse_hex64(text);
  if (!value) throw Error(Fault::bad_data, subject, "key `" + key + "` is not a checksum: " + text, kRebuildHint);
  return *value;
}

}  // namespace

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
    throw Error(Fault::bad_data, subject, "a count is negative", kRebuildHint);
  }
  return split;
}

std::string shard_name(const std::string& split, std::size_t index) {
  const std::string digits = std::to_string(index);
  return split + "-" + std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits + ".tok";
}

std::string units_name(const std::string& split) { return split + ".units"; }

std::uint32_t width_for(std::int64_t vocab_size) { return vocab_size <= 256 ? 1 : vocab_size <= 65'536 ? 2 : 4; }

Error not_whole(const std::filesystem::path& path, const std::string& problem) {
  return {Fault::bad_data, path.string(), problem, kRebuildHint};
}

}  // namespace isoflop::tokens
