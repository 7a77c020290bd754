// Numbers to text and back (shortest round trip, no locale), and rows of CSV: part of the room base.
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
[[nodiscard]] std::string format_billions(double value);        ///< for people, a count: "95.86B"
[[nodiscard]] std::string format_gigabytes(double bytes);       ///< for people: "80 GB", 1e9 bytes each, as makers of
                                                                ///< accelerators count
[[nodiscard]] std::string format_percent(double share);         ///< for people: 0.123 is "12.3 %"
[[nodiscard]] std::optional<double> parse_double(std::string_view text);  ///< the whole text or nothing
[[nodiscard]] std::optional<std::int64_t> parse_int(std::string_view text);

/// Cells between commas, in quotes where they hold a comma, a quote or a line end (RFC 4180), and a line end.
[[nodiscard]] std::string csv_row(const std::vector<std::string>& cells);

}  // namespace isoflop
