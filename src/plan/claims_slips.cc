// What people forget, count twice or mistype.
#include "plan/claims_slips.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr double kMostSlack = .03;  // a slip leaves no more room than rounding does

bool is_near(double a, double b, double tolerance) {
  return std::abs(a / b - 1) <= tolerance;
}

std::optional<std::string> power_of_ten(double ratio, double tolerance) {
  for (int k = 1; k <= 12; ++k)
    for (const int power : {k, -k})
      if (is_near(ratio, std::pow(10.0, power), tolerance))
        return k == 1 ? "the decimal point had slipped" : "it were 10^" + std::to_string(power) + " times as much";
  return std::nullopt;
}

/// What an input is in the product: a share of one, hours as hours.
double as_factor(const Quantity& q) {
  switch (q.kind) {
    case Kind::percent:
    case Kind::utilisation:
      return q.value / 100;
    case Kind::seconds:
    case Kind::none:
    case Kind::other:
    case Kind::layers:
      return q.raw;
    case Kind::devices:
    case Kind::overhead:
    case Kind::usd_per_hour:
    case Kind::yen_per_hour:
    case Kind::usd_per_kwh:
    case Kind::yen_per_kwh:
    case Kind::bytes_per_param:
    case Kind::bytes_per_token:
    case Kind::factor:
      return q.value;
    default:
      return 0;
  }
}

std::optional<std::string> input_forgotten(const Mistake& m, double tolerance) {
  const double ratio = m.claimed / m.computed;
  for (const Quantity& q : m.inputs) {
    const double f = as_factor(q);
    if (!(f > 0) || std::abs(log_(f)) < .05) continue;
    const std::string shown = q.written.empty() ? short_number(q.raw) + q.unit : q.written;
    // a device divides a time as it multiplies hours of devices: which way it went is told by the words
    if (is_near(ratio, 1 / f, tolerance) || is_near(ratio, f, tolerance))
      return shown + " were counted " + (is_near(ratio, 1 / f, tolerance) == (f > 1) ? "too rarely" : "too often");
    if (is_near(ratio, 1 / (f * f), tolerance) || is_near(ratio, f * f, tolerance)) return shown + " were put in upside down";
  }
  return std::nullopt;
}

std::optional<std::string> common_factor(double ratio, double tolerance, bool binary) {
  struct Factor {
    double value;
    const char* words;
  };
  static constexpr Factor kFactors[] = {{2, "a factor of 2"},
                                        {6, "the 6 of 6 N D"},
                                        {24, "the 24 hours of a day"},
                                        {60, "the 60 of minutes"},
                                        {3600, "the 3,600 s of an hour"},
                                        {86400, "the seconds of a day"},
                                        {7, "the 7 days of a week"},
                                        {8, "a factor of 8"},
                                        {12, "the 12 months of a year"}};
  for (const Factor& f : kFactors) {
    if (is_near(ratio, f.value, tolerance)) return std::string(f.words) + " were counted too often";
    if (is_near(ratio, 1 / f.value, tolerance)) return std::string(f.words) + " were left out";
  }
  for (const double f : {1.024, 1.048576, 1.073741824})
    if (binary && tolerance < .008 && (is_near(ratio, f, tolerance) || is_near(ratio, 1 / f, tolerance)))
      return "1,024 were taken for 1,000";
  return std::nullopt;
}

std::optional<std::string> inverse_or_complement(const Mistake& m, double tolerance) {
  if (m.kind != Kind::percent && m.kind != Kind::factor) return std::nullopt;
  const double one = m.kind == Kind::percent ? 100 : 1;
  if (m.kind == Kind::percent && is_near(m.claimed, 100 - m.computed, tolerance)) return "what remains were meant";
  if (is_near(m.claimed, one / m.computed, tolerance) || is_near(m.claimed, one * one / m.computed, tolerance))
    return "it were put upside down";
  return std::nullopt;
}

/// The first `count` digits.
std::string digits_of(double value, int count) {
  const double lead = std::floor(std::log10(value) + 1e-12);
  const double scaled = std::round(value / std::pow(10.0, lead - count + 1));
  return std::to_string(static_cast<long long>(scaled));
}

/// Two neighbours swapped, or one digit another, of three or more.
std::optional<std::string> mistyped(const Mistake& m) {
  if (!(m.raw > 0) || !(m.raw < 1e15)) return std::nullopt;
  std::string written = format_number(m.raw);
  std::erase_if(written, [](char c) { return !digit(c); });
  written.erase(0, written.find_first_not_of('0'));
  while (!written.empty() && written.back() == '0') written.pop_back();
  if (written.size() < 3 || written.size() > 12) return std::nullopt;
  const std::string right = digits_of(m.raw * m.computed / m.claimed, static_cast<int>(written.size()));
  const double ratio = m.claimed / m.computed;
  if (right.size() != written.size() || right == written || !(ratio > .1 && ratio < 10)) return std::nullopt;
  std::vector<std::size_t> other;
  for (std::size_t i = 0; i < right.size(); ++i)
    if (right[i] != written[i]) other.push_back(i);
  if (other.size() == 2 && other[1] == other[0] + 1 && right[other[0]] == written[other[1]] &&
      right[other[1]] == written[other[0]])
    return "two digits were swapped";
  if (other.size() == 1 && other[0] + 1 < right.size()) return "one digit were mistyped";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> slip_of(const Mistake& m) {
  const double ratio = m.claimed / m.computed, tolerance = std::clamp(m.tolerance, .006, kMostSlack);
  if (!(ratio > 0) || !std::isfinite(ratio)) return std::nullopt;
  if (auto found = power_of_ten(ratio, tolerance)) return found;
  if (auto found = inverse_or_complement(m, tolerance)) return found;
  if (m.alone) return mistyped(m);
  if (auto found = input_forgotten(m, tolerance)) return found;
  if (auto found = common_factor(ratio, tolerance, m.kind == Kind::bytes || m.kind == Kind::batch_tokens)) return found;
  return mistyped(m);
}

}  // namespace isoflop::plan
