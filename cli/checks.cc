// What a number on the command line must be, said in one short line. CLI11's own checks let nan through, turn -1 into 2^64 - 1
// and clamp what is too large.
#include <charconv>
#include <cmath>
#include <optional>

#include "cli/command.h"

namespace cli {
namespace {

template <class Number>
std::optional<Number> parsed(const std::string& text) {
  Number value{};
  const char* first = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(first, last, value);
  return problem == std::errc() && end == last ? std::optional(value) : std::nullopt;
}

CLI::Validator number(const std::string& expected, bool (*good)(double)) {
  return CLI::Validator(
      [expected, good](std::string& text) {
        const std::optional<double> value = parsed<double>(text);
        return value && std::isfinite(*value) && good(*value) ? std::string() : "is " + text + ", expected " + expected;
      },
      "");
}

}  // namespace

CLI::Validator above_zero() {
  return number("a finite number above 0", [](double value) { return value > 0; });
}

CLI::Validator from_zero() {
  return number("a finite number from 0", [](double value) { return value >= 0; });
}

CLI::Validator from_zero_below_one() {
  return number("a number in [0, 1)", [](double value) { return value >= 0 && value < 1; });
}

CLI::Validator whole_number(std::int64_t least, std::int64_t most) {
  return CLI::Validator(
      [least, most](std::string& text) {
        const std::optional<std::int64_t> value = parsed<std::int64_t>(text);
        if (value && *value >= least && *value <= most) return std::string();
        return "is " + text + ", expected a whole number from " + std::to_string(least) + " to " +
               (most == kMostWhole ? "2^53" : std::to_string(most));
      },
      "");
}

CLI::Validator bytes_with_unit() {
  return CLI::Validator(
      [](std::string& text) {
        const std::string given = text;
        try {
          // CLI11 says its own words, by a result or an exception
          if (!given.starts_with('-') && CLI::AsSizeValue(false)(text).empty()) return std::string();
        } catch (const CLI::Error&) {
        }
        return "is " + given + ", expected bytes such as 512MB or 4GB";
      },
      "");
}

void accept_exponents(CLI::App& app) {
  for (CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    if (!option->get_type_name().starts_with("INT") && !option->get_type_name().starts_with("UINT")) continue;
    option->transform(CLI::Validator(
        [](std::string& text) {
          const std::optional<double> value = parsed<double>(text);
          if (!parsed<std::int64_t>(text) && value && *value == std::floor(*value) &&
              std::fabs(*value) <= static_cast<double>(kMostWhole))
            text = std::to_string(static_cast<std::int64_t>(*value));
          return std::string();
        },
        ""));
  }
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) accept_exponents(*sub);
}

}  // namespace cli
