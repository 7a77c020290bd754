#include "report/text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "isoflop/text.h"

namespace isoflop::report {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// The code point at `at`, which moves behind it; U+FFFD (one byte eaten) where the bytes are not UTF-8.
char32_t next(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(at);
  const int extra = first < 0x80                    ? 0
                    : first >= 0xC2 && first < 0xE0 ? 1
                    : first >= 0xE0 && first < 0xF0 ? 2
                    : first >= 0xF0 && first < 0xF5 ? 3
                                                    : -1;
  if (extra < 0) return ++at, kReplacement;
  char32_t point = extra == 0 ? first : first & (0x3Fu >> extra);
  for (int i = 1; i <= extra; ++i) {
    const unsigned more = byte(at + static_cast<std::size_t>(i));
    if ((more & 0xC0u) != 0x80u) return ++at, kReplacement;
    point = (point << 6) | (more & 0x3Fu);
  }
  const bool overlong = (extra == 2 && point < 0x800) || (extra == 3 && point < 0x10000);
  if (overlong || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return ++at, kReplacement;
  at += static_cast<std::size_t>(extra) + 1;
  return point;
}

void put(std::string& out, char32_t p) {
  const auto byte = [&](char32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  if (p < 0x80) return byte(p);
  if (p < 0x800) return byte(0xC0 | (p >> 6)), byte(0x80 | (p & 0x3F));
  if (p < 0x10000) return byte(0xE0 | (p >> 12)), byte(0x80 | ((p >> 6) & 0x3F)), byte(0x80 | (p & 0x3F));
  byte(0xF0 | (p >> 18)), byte(0x80 | ((p >> 12) & 0x3F)), byte(0x80 | ((p >> 6) & 0x3F)), byte(0x80 | (p & 0x3F));
}

// characters that draw nothing or turn the line around: a name must not reorder the page
bool left_out(char32_t p) {
  return (p < 0x20 && p != '\t' && p != '\n') || (p >= 0x7F && p < 0xA0) || (p >= 0x202A && p <= 0x202E) ||
         (p >= 0x2066 && p <= 0x2069) || p == 0x200E || p == 0x200F || p == 0xFFFE || p == 0xFFFF;
}

std::string with_minus(std::string text) {
  if (!text.empty() && text[0] == '-') text.replace(0, 1, kMinus);
  return text;
}

std::string to_fixed(double value, int decimals) {
  std::array<char, 400> buffer{};
  return {buffer.data(),
          std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, decimals).ptr};
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t at = 0; at < text.size();) {
    const char32_t p = next(text, at);
    if (left_out(p)) continue;
    switch (p) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        put(out, p);
    }
  }
  return out;
}

std::string shorten(std::string_view text, std::size_t most) {
  std::string out;
  std::size_t count = 0, at = 0, cut = 0;
  while (at < text.size()) {
    if (count + 1 == most) cut = out.size();
    if (count == most) return out.substr(0, cut) + "\xE2\x80\xA6";
    put(out, next(text, at));
    ++count;
  }
  return out;
}

double text_width(std::string_view text, double size) {
  double em = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t p = next(text, at);
    if (left_out(p) || (p >= 0x300 && p < 0x370)) continue;
    // the widest of the usual sans-serifs (DejaVu), so that a label fits in every other one
    const bool wide = p >= 0x1100 && p != 0x2026 && p != 0x2212 && !(p >= 0x2000 && p < 0x2E80);  // kana, kanji, hangul, emoji
    const bool narrow = p == ' ' || p == 0xA0 || p == '.' || p == ',' || p == 'i' || p == 'l' || p == 'j' || p == ':' || p == '|';
    const bool broad = p == 'm' || p == 'M' || p == 'W' || p == '%';
    const bool capital = (p >= 'A' && p <= 'Z') || p == 'w' || p == 0x2212;
    em += wide ? 1.02 : narrow ? 0.35 : broad ? 0.98 : capital ? 0.8 : 0.63;
  }
  return em * size;
}

std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return "not finite";
  std::string text = to_fixed(value, decimals);
  if (text[0] == '-' && text.find_first_not_of("-0.") == std::string::npos) text.erase(0, 1);  // no minus zero
  return with_minus(text);
}

std::string coordinate(double value) {
  std::string text = to_fixed(value, 2);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string significant(double value, int digits) {
  if (!std::isfinite(value)) return "not finite";
  if (value == 0) return "0";
  // the decimal exponent from the rounded number itself
  std::array<char, 64> buffer{};
  const std::string science(
      buffer.data(),
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific, digits - 1).ptr);
  const int exponent = std::stoi(science.substr(science.find('e') + 1));
  if (exponent < -4 || exponent >= 7) return with_minus(science.substr(0, science.find('e'))) + "e" + std::to_string(exponent);
  return with_minus(to_fixed(value, digits - 1 - exponent > 0 ? digits - 1 - exponent : 0));
}

std::string short_count(double value) {
  std::string text = format_si(value);
  if (const auto space = text.find(' '); space != std::string::npos) text.replace(space, 1, kNoBreak);
  return text;
}

std::string or_dash(const std::optional<std::string>& text) {
  return text ? *text : "\xE2\x80\x93";
}

}  // namespace isoflop::report
