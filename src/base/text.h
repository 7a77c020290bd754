// Numbers to text and back: shortest round trip, no locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isoflop/base.h"  // nearest

namespace isoflop {

[[nodiscard]] std::string format_number(double value);          ///< shortest round trip; "inf", "nan"
[[nodiscard]] std::string format_number(std::int64_t value);
[[nodiscard]] std::string format_significant(double value, int digits);  ///< for people: "4.884", "1.28e6"
[[nodiscard]] std::string format_count(double value);           ///< for people: "343,936"
[[nodiscard]] std::string format_si(double value);              ///< for people: "15.7 M"
[[nodiscard]] std::string format_bytes(double value);           ///< for people: "1.2 GiB"
[[nodiscard]] std::string format_seconds(double seconds);       ///< for people: "3 min 20 s"
[[nodiscard]] std::optional<double> parse_double(std::string_view text);  ///< the whole text or nothing
[[nodiscard]] std::optional<std::int64_t> parse_int(std::string_view text);

}  // namespace isoflop
