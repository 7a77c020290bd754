// STUDY/index.db: what the run folders said when they were last read. Never the truth, and nothing here throws: an index that
// is absent, stale, torn or of another version only costs the time to read the folders again.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "isoflop/runs.h"

namespace isoflop {

/// A run as it was when its record.json, which is written last and once, and its spec.json had this stamp (time, size and inode).
struct IndexRow {
  std::string id, stamp, body;
};

/// The stamp of a finished run's folder now; empty if it has no record.json.
[[nodiscard]] std::string stamp_of(const std::filesystem::path& folder);

[[nodiscard]] IndexRow pack_row(const StoredRun& run, const std::string& stamp);
/// Nothing if the row is not as it was packed.
[[nodiscard]] std::optional<StoredRun> unpack_row(const IndexRow& row, const std::filesystem::path& folder);

struct IndexContent {
  bool intact = false;  ///< false: absent or not readable; write it whole
  std::unordered_map<std::string, IndexRow> rows;
};
[[nodiscard]] IndexContent read_index(const std::filesystem::path& path);

/// Puts rows in and takes `removed` out, in one transaction; `anew` starts from an empty database. False: it could not be
/// written.
bool write_index(const std::filesystem::path& path, const std::vector<IndexRow>& rows, const std::vector<std::string>& removed,
                 bool anew);

}  // namespace isoflop
