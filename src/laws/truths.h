// What makes the tables of a simulation: a law, or one that is wrong in a known way.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "laws/problem.h"

namespace isoflop::laws {

struct World {
  std::vector<double> ln_response;  ///< of each row, without noise
  /// What a table's row has beside it.
  std::function<double(std::uint64_t seed, std::int64_t table, std::int64_t row, std::int64_t run)> noise;
  std::map<std::string, double> truth;  ///< by the name of the quantity; a name that is not there has none
  Theta near{};                         ///< a start for fits
};

/// The problem whose responses a simulation draws (they are the noise-free ones), and what draws them.
[[nodiscard]] std::pair<Problem, World> world_of(const std::string& law, const std::map<std::string, double>& constants,
                                                 const Observations& design, const SimulateOptions& options);

}  // namespace isoflop::laws
