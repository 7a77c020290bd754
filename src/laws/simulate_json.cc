// A simulation as JSON (docs/formats/laws.md).
#include "base/json.h"
#include "isoflop/laws.h"

namespace isoflop {

std::string simulation_to_json(const Simulation& s) {
  Json coverage = Json::object();
  for (const auto& [name, c] : s.coverage)
    coverage[name] = {{"truth", c.truth}, {"covered", c.covered},           {"covered_se", c.covered_se}, {"above", c.above},
                      {"below", c.below}, {"median_width", c.median_width}, {"bias", c.bias}};
  const Json object{{"law", s.law},
                    {"truth", s.truth},
                    {"noise", s.noise},
                    {"rows", s.rows},
                    {"tables", s.tables},
                    {"fitted", s.fitted},
                    {"level", s.level},
                    {"interval_method", s.interval_method},
                    {"coverage", coverage}};
  return object.dump();
}

}  // namespace isoflop
