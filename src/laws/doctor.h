// What the rules of an examination are made of.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "laws/rows.h"

namespace isoflop::laws {

using Verdict = TableFinding::Verdict;

/// The rows that have a positive number in both columns, as (x, y).
[[nodiscard]] std::vector<std::pair<double, double>> pairs_of(const Observations& table, const std::string& x,
                                                              const std::string& y);
[[nodiscard]] std::vector<double> values_of(const Observations& table, const std::string& name);
/// The first of the columns that has no number.
[[nodiscard]] std::string missing_of(const Observations& table, const std::vector<std::string>& columns);
[[nodiscard]] double median(std::vector<double> values);

/// What was found, in the order of the rules.
struct Findings {
  std::vector<TableFinding> list;

  void add(const std::string& rule, Verdict verdict, const std::string& text, const std::string& source,
           const std::string& remedy);
  /// There is no such column.
  void unseen(const std::string& rule, const std::string& what, const std::string& source);
  void too_few(const std::string& rule, std::size_t rows, std::size_t needed);
};

/// What the surface L(N, D) makes of the rows: its floor, its stability against the loss function and against the dearest rows.
void examine_surface(const Observations& table, const FitOptions& asked, Findings& findings);

}  // namespace isoflop::laws
