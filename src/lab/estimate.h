// What runs will take on this machine: memory by the engine's own count, time by a few measured steps.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/team.h"
#include "isoflop/lab.h"
#include "lab/prepare.h"
#include "model/engine.h"

namespace isoflop::lab {

/// How runs are computed without being another run: nothing here changes a byte but `isa`.
struct Means {
  Isa isa = Isa::ref;
  bool recompute = false;
};

[[nodiscard]] EngineOptions engine_options(const RunSpec& spec, const Means& means);

/// Bytes of the process while this run trains: what it held with the tokens mapped, the engine and its batches.
[[nodiscard]] std::int64_t run_bytes(const Prepared& prepared, const RunSpec& spec, const Means& means, std::int64_t threads);

/// Seconds of a step and of scoring a token, measured on random tokens; one measurement per shape is kept.
class Calibration {
 public:
  Calibration(const Means& means, Team& team, std::stop_token stop) : means_(means), team_(team), stop_(std::move(stop)) {}
  /// The whole run: steps and evaluations. Throws stopped.
  [[nodiscard]] double seconds(const RunSpec& spec, std::int64_t held_out_tokens);

 private:
  struct Cost {
    double per_token = 0, per_update = 0, per_scored_token = 0;
  };
  [[nodiscard]] Cost measure(const RunSpec& spec);
  Means means_;
  Team& team_;
  std::stop_token stop_;
  std::map<std::string, Cost> costs_;
};

/// Of measured times; 0 of none.
[[nodiscard]] double median(std::vector<double> values);

/// Throws Error{failure} when `bytes` is more than this machine has left, naming both.
void refuse_if_too_large(const std::string& what, std::int64_t bytes);

}  // namespace isoflop::lab
