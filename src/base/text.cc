#include "isoflop/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace isoflop {
namespace {

template <class T, class... Format>
std::string to_text(T value, Format... format) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format...).ptr;
  return {buffer.data(), end};
}

template <class T>
std::optional<T> parse_whole(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t keep = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, keep});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string format_number(double value) { return to_text(value); }
std::string format_number(std::int64_t value) { return to_text(value); }

std::string format_significant(double value, int digits) {
  if (!std::isfinite(value)) return to_text(value);
  return to_text(value, std::chars_format::general, digits);
}

std::string format_count(double value) {
  std::string digits = to_text(std::llround(value));
  const std::size_t first = !digits.empty() && digits[0] == '-' ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string format_si(double value) {
  static constexpr const char* kPrefix[] = {"", " k", " M", " G", " T", " P", " E"};
  std::size_t power = 0;
  while (std::fabs(value) >= 999.5 && power + 1 < std::size(kPrefix)) {
    value /= 1000;
    ++power;
  }
  return to_text(value, std::chars_format::general, 3) + kPrefix[power];
}

std::string format_billions(double value) {
  static constexpr const char* kUnits[] = {"", "k", "M", "B", "T"};
  std::size_t unit = 0;
  while (std::fabs(value) >= 999.95 && unit + 1 < std::size(kUnits)) value /= 1000, ++unit;
  return format_significant(value, 4) + kUnits[unit];
}

std::string format_gigabytes(double bytes) { return format_significant(bytes / 1e9, 3) + " GB"; }
std::string format_percent(double share) { return format_significant(100 * share, 3) + " %"; }

std::string format_bytes(double value) {
  static constexpr const char* kUnit[] = {" B", " KiB", " MiB", " GiB", " TiB"};
  std::size_t power = 0;
  while (std::fabs(value) >= 1023.5 && power + 1 < std::size(kUnit)) {
    value /= 1024;
    ++power;
  }
  return to_text(value, std::chars_format::fixed, power == 0 || value >= 100 ? 0 : 1) + kUnit[power];
}

std::string format_seconds(double seconds) {
  if (seconds < 9.95) return to_text(seconds, std::chars_format::fixed, 1) + " s";
  const auto total = std::llround(seconds);
  if (total < 60) return to_text(total) + " s";
  if (total < 3600) return to_text(total / 60) + " min " + to_text(total % 60) + " s";
  return to_text(total / 3600) + " h " + to_text(total % 3600 / 60) + " min";
}

std::optional<double> parse_double(std::string_view text) { return parse_whole<double>(text); }
std::optional<std::int64_t> parse_int(std::string_view text) { return parse_whole<std::int64_t>(text); }

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  if (word.size() > 200) return best;  // no name, and the distance is quadratic
  for (const std::string& candidate : candidates) {
    if (candidate.size() >= word.size() + best_distance) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string csv_row(const std::vector<std::string>& cells) {
  std::string row;
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) row += ',';
    if (cell.find_first_of(",\"\r\n") == std::string::npos) {
      row += cell;
      continue;
    }
    row += '"';
    for (const char c : cell) row += c == '"' ? std::string("\"\"") : std::string(1, c);
    row += '"';
  }
  return row + '\n';
}

}  // namespace isoflop
