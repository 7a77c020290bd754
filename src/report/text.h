// Text for pages: escaping, a guess of its width, numbers as people read them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isoflop::report {

/// For HTML and SVG, in text and in quoted attributes: markup characters as entities, what is not UTF-8 as U+FFFD, control
/// and direction-changing characters left out.
[[nodiscard]] std::string escape(std::string_view text);

/// Not longer than `most` code points; the cut shows as an ellipsis. Works on valid and invalid UTF-8.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t most);

/// CSS pixels of a line in the page's sans-serif at `size`: a guess on the generous side, the same on every machine.
[[nodiscard]] double text_width(std::string_view text, double size);

[[nodiscard]] std::string fixed(double value, int decimals);      ///< "3.920"; a true minus sign
[[nodiscard]] std::string coordinate(double value);               ///< "12.5": two decimals at most, ASCII
[[nodiscard]] std::string significant(double value, int digits);  ///< "20.78", trailing zeros kept; a true minus sign
[[nodiscard]] std::string short_count(double value);              ///< "344 k", "15.7 M" with a no-break space
[[nodiscard]] std::string or_dash(const std::optional<std::string>& text);

inline constexpr const char* kMinus = "\xE2\x88\x92";
inline constexpr const char* kNoBreak = "\xC2\xA0";

}  // namespace isoflop::report
