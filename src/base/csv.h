// RFC 4180 text to cells. Strict: what is wrong is named by line and column, never guessed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace isoflop {

struct CsvRecord {
  std::int64_t line = 1;  ///< where it begins, 1-based
  std::vector<std::string> cells;
};

/// Every record, the header first; an empty line is a record of one empty cell. A byte order mark is dropped.
/// Throws Error{bad_data} with `subject:line` for a quote in the wrong place, a zero byte,
/// or a header whose cells are separated by `;` or tabs.
[[nodiscard]] std::vector<CsvRecord> read_csv(const std::string& text, const std::string& subject);

}  // namespace isoflop
