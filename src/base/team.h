// A team of cores: one parallel region at a time, no global pool.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace isoflop {

class Team {
 public:
  explicit Team(std::int64_t threads);  // one rank is the caller
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  [[nodiscard]] std::int64_t size() const;

  /// Runs body(rank) on every rank, 0 on the caller, and returns when all are done. The first exception comes through.
  void run(const std::function<void(std::int64_t rank)>& body);

  /// From inside run: waits for every rank.
  void barrier();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace isoflop
