// steps.jsonl and eval.jsonl: sealed lines in strictly increasing `step`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/record.h"

namespace isoflop {

template <class Record>
[[nodiscard]] Record parse_line(const std::string& text, const std::string& subject);

/// What a file of lines holds, read as far as it is whole.
template <class Record>
struct Lines {
  std::vector<Record> records;
  std::vector<std::size_t> ends;      ///< byte offset behind each record's newline
  bool torn = false;                  ///< the last line has no newline: a writer died in it
  std::optional<std::string> damage;  ///< of the first line that is not as it was written: "line 12: ..."
  /// The least step that the damaged line, as far as it can be read, or a whole line behind it has.
  std::int64_t damage_step = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] std::size_t whole_bytes() const { return ends.empty() ? 0 : ends.back(); }
};

/// A file that is not there holds no lines.
template <class Record>
[[nodiscard]] Lines<Record> read_lines(const std::filesystem::path& path);

/// What is wrong with the lines of `path`: damage, or that they are not those whose checksum the run's record holds (`xxh3`;
/// nothing of a run without one).
template <class Record>
[[nodiscard]] std::optional<std::string> lines_problem(const Lines<Record>& lines, const std::filesystem::path& path,
                                                       const std::optional<std::string>& xxh3);

}  // namespace isoflop
