// Where the time of a training step goes. Read by benchmarks; no result depends on it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

namespace isoflop {

enum class Part { products, weight_gradients, attention, head, cross_entropy, elementwise, merge, update };
inline constexpr std::size_t kParts = 8;

/// Seconds by part, summed over threads.
using PartSeconds = std::array<double, kParts>;

[[nodiscard]] inline std::string to_string(Part part) {
  switch (part) {
    case Part::products:
      return "products";
    case Part::weight_gradients:
      return "weight gradients";
    case Part::attention:
      return "attention";
    case Part::head:
      return "head";
    case Part::cross_entropy:
      return "cross-entropy";
    case Part::elementwise:
      return "elementwise";
    case Part::merge:
      return "merge of lanes";
    case Part::update:
      break;
  }
  return "norm, update, packing";
}

/// A stopwatch of one thread: what passed since the last lap belongs to the part named.
class PartClock {
 public:
  void start() { last_ = Clock::now(); }
  void lap(Part part) {
    const Clock::time_point now = Clock::now();
    seconds_[static_cast<std::size_t>(part)] += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }
  [[nodiscard]] const PartSeconds& seconds() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_{};
  PartSeconds seconds_{};
};

}  // namespace isoflop
