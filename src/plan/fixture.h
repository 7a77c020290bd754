// What the tests of this room share: laws at the digits that the printed tables were made with. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "isoflop/text.h"
#include "isoflop/plan.h"

namespace isoflop::plan {

inline PlanningLaw law_at(const std::string& name, const std::string& law, const std::map<std::string, double>& constants) {
  std::string text;
  for (const auto& [constant, value] : constants)
    text += (text.empty() ? "" : ", ") + ("\"" + constant + "\": ") + format_number(value);
  PlanningLaw made = planning_law_from_json("{\"law\": \"" + law + "\", \"constants\": {" + text + "}}", name);
  return made;
}

inline PlanningLaw chinchilla(const std::string& name, double e, double a, double b, double alpha, double beta) {
  return law_at(name, "chinchilla", {{"E", e}, {"A", a}, {"B", b}, {"alpha", alpha}, {"beta", beta}});
}

/// Four digits of Hoffmann et al. 2022's TeX source, and of Besiroglu et al. 2024.
inline PlanningLaw tex() { return chinchilla("tex", 1.6934, 406.4, 410.7, .3392, .2849); }
inline PlanningLaw epoch() { return chinchilla("epoch", 1.8172, 482.01, 2085.43, .3478, .3658); }
inline PlanningLaw rounded() { return chinchilla("rounded", 1.69, 406.4, 410.7, .34, .28); }

/// Equal to a number that is printed with so many digits.
inline void expect_printed(double value, double printed, int digits = 4, const std::string& what = {}) {
  const char* scale = std::getenv("ISOFLOP_TOL_SCALE");
  const double half = (scale == nullptr || *scale == '\0' ? 1 : std::strtod(scale, nullptr)) * 0.5 *
                      std::pow(10.0, std::floor(std::log10(std::fabs(printed))) - (digits - 1));
  EXPECT_NEAR(value, printed, half * 1.02) << what;
}

/// Draws about a law: its constants moved by the corners of a box.
inline void give_draws(PlanningLaw& law, std::size_t count, double spread = 0.02) {
  CsvTable table;
  table.subject = "draws.csv";
  for (const auto& [name, value] : law.constants) table.header.push_back(name);
  for (std::size_t i = 0; i < count; ++i) {
    table.rows.emplace_back();
    table.lines.push_back(static_cast<std::int64_t>(i) + 2);
    std::size_t j = 0;
    for (const auto& [name, value] : law.constants) {
      // points of a lattice that is even in every direction
      static constexpr double kSquares[] = {2, 3, 5, 7, 11, 13, 17, 19};
      const double at = std::fmod((static_cast<double>(i) + 0.5) * std::sqrt(kSquares[j++]), 1.0) - 0.5;
      table.rows.back().push_back(format_number(value * (1 + spread * at)));
    }
  }
  add_draws(law, table);
}

}  // namespace isoflop::plan
