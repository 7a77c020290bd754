// A rule that a table's rows obey, and how it is said. Claims checker only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "plan/claims_regularities.h"

namespace isoflop::plan {

struct Part {
  std::size_t column = 0;
  double power = 1;
  bool logarithm = true;  ///< ln x enters, else x
};

/// sum of power * f(x) = constant
struct Rule {
  std::vector<Part> parts;
  std::optional<double> fixed = {};  ///< its constant, where it is none of the table's
  std::size_t learnt = 1;            ///< constants that the rows decide
  double constant = 0;
  std::vector<std::size_t> holds = {}, broken = {};
};

/// "in 9 of 10 rows GPU-hours = hours x GPUs": the rule solved for one of its columns.
[[nodiscard]] std::string in_words(const Rule& rule, const Part& claimed, const std::vector<TableColumn>& columns);

}  // namespace isoflop::plan
