// "expression = value" and formulas in N, D and C. Claims checker only.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plan/claims_text.h"

namespace isoflop::plan {

/// What an expression comes to.
struct Value {
  double value = 0;  ///< its numbers as written, K M B T and prefixes of FLOPs applied
  double step = 0;   ///< a unit of the last digit, of a single number
  double raw = 0;    ///< of a single number without its unit's prefix
  int operators = 0;
  std::vector<double> factors;  ///< of a plain product or quotient
  bool product = false;         ///< two or more factors and nothing else
  double time = 1;              ///< of a product with days or hours in it: seconds in one
  bool duration = false;        ///< FLOPs over FLOP/s: seconds
  Unit unit;                    ///< of a single number, or what stands after the expression
  std::size_t begin = 0, end = 0;
};

/// The expression that begins at `at` and goes on as far as it can be read.
[[nodiscard]] std::optional<Value> read_expression(const std::string& s, std::size_t at, std::size_t until);

/// Two neighbours of a chain a = b ~ c.
struct Equality {
  Value left, right;
  std::string left_text, right_text;
  bool arrow = false;  ///< they are joined by →, which is not always an equals sign
  bool comma = false;  ///< ", about": by less than an equals sign
  bool goes_on = false;  ///< the right side is part of a larger product
};
/// Every pair of a sentence that can be compared: the left side has an operator, or both have units of one kind. `carried` is the
/// last value of the line before, for a line that begins with an equals sign; it is set to the last one of this line.
[[nodiscard]] std::vector<Equality> equalities(const std::string& sentence, std::optional<Value>& carried);

/// A formula in N, D and C, judged by C = 6 N D.
struct Formula {
  std::string text;
  bool holds = false, holds_with_rule = false;  ///< identically; with D = 20 N
  double ratio = 1;                             ///< right side over left side, with D = 20 N
  char symbol = 'N';
  std::optional<std::pair<double, double>> of_compute;  ///< k and p of k C^p, where C is its one letter
  std::optional<double> constant, mended;               ///< its one number, and what that must be
};
[[nodiscard]] std::vector<Formula> formulas(const std::string& sentence);

/// "N = sqrt(1e22 / 120) = 9.13e9, D = 20 N = 1.83e11": a formula of letters whose values the sentence has, beside its value.
struct FormulaValue {
  std::string text;
  double computed = 0;
  Value claimed;
};
[[nodiscard]] std::vector<FormulaValue> formula_values(const std::string& sentence);

}  // namespace isoflop::plan
