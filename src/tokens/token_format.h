// What token files look like: the header of .tok and .units, the manifest's splits (docs/formats/tokens.md). Inside the room
// only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace isoflop::tokens {

inline constexpr int kTokensSchema = 1;
inline constexpr std::uint32_t kFileVersion = 1;
inline constexpr std::size_t kHeaderBytes = 64;
inline constexpr std::uint32_t kUnitBytes = 24;
inline constexpr std::string_view kTokenMagic = "ISOFTOKN";
inline constexpr std::string_view kUnitMagic = "ISOFUNIT";
inline constexpr const char* kManifestName = "tokens.json";
inline constexpr const char* kTrainName = "train";
inline constexpr const char* kHeldOutName = "val";
inline constexpr const char* kRebuildHint = "delete the folder; it is rebuilt from the text by the same command";

struct FileHeader {
  std::string_view magic;
  std::uint32_t width = 0;  ///< bytes per item
  std::uint64_t count = 0, first = 0, checksum = 0;
};
[[nodiscard]] std::string header_bytes(const FileHeader& header);

struct ShardFacts {
  std::int64_t tokens = 0;
  std::uint64_t checksum = 0;
};
struct SplitManifest {
  std::int64_t tokens = 0, units = 0, bytes = 0;
  std::uint64_t units_checksum = 0;
  std::vector<ShardFacts> shards;
};
[[nodiscard]] Json json_of(const SplitManifest& split);
/// Throws bad_data if a count is negative or a checksum is none.
[[nodiscard]] SplitManifest split_from(const Json& json, const std::string& subject);

[[nodiscard]] std::string shard_name(const std::string& split, std::size_t index);
[[nodiscard]] std::string units_name(const std::string& split);
/// Bytes per token: the least that holds the vocabulary.
[[nodiscard]] std::uint32_t width_for(std::int64_t vocab_size);

/// bad_data naming the file, and how to get it back.
[[nodiscard]] Error not_whole(const std::filesystem::path& path, const std::string& problem);

}  // namespace isoflop::tokens
