// The words by which texts say what a number counts: one table for prose, labels and headers. Claims checker only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isoflop/cost.h"
#include "plan/claims_text.h"

namespace isoflop::plan {

inline constexpr double kMinute = 60, kHour = 3600, kDay = 86400, kWeek = 7 * kDay, kYear = 365.25 * kDay, kMonth = kYear / 12;

/// Where a word is read; several as bits.
enum Place : unsigned {
  kUnit = 1,     ///< behind a number, also within an expression
  kMeasure = 2,  ///< behind a number of a sentence, whatever its unit seemed to be
  kNearby = 4,   ///< before a number in its clause
  kLabel = 8,    ///< before a number, joined to it by : = は is
  kHeader = 16,  ///< in a column's header or a key
};

struct Word {
  std::string text;
  Kind kind = Kind::none;
  double factor = 1;  ///< to plain units
};

/// Longer ones first, so that the first that fits is the longest.
[[nodiscard]] const std::vector<Word>& words_of(Place place);

/// A label as it is compared: n_layer, n-layer and "n layer" are one.
[[nodiscard]] std::string plain_label(std::string label);

/// What millions, 億 and the like behind a number, or alone in a header's brackets, multiply it by.
struct Magnitude {
  std::string_view text;
  double factor;
};
[[nodiscard]] const std::vector<Magnitude>& magnitudes();

/// An accelerator of data/hardware.toml by its name or an alias, however it is spaced: "A100", "H100 PCIe", "TPUv4".
struct NamedAccelerator {
  const Accelerator* accelerator = nullptr;
  std::size_t begin = 0, end = 0;
};
[[nodiscard]] std::optional<NamedAccelerator> accelerator_at(const std::string& text, std::size_t at);
[[nodiscard]] std::optional<NamedAccelerator> first_accelerator(const std::string& text);

/// "GPU", "A100 GPUs", "NVIDIA H100s", 枚 at `at`: where it ends; npos if there is none.
[[nodiscard]] std::size_t device_word(const std::string& text, std::size_t at);
/// "GPU-hours", "A100時間": the time that devices take.
[[nodiscard]] std::optional<Unit> device_time_at(const std::string& text, std::size_t at);

}  // namespace isoflop::plan
