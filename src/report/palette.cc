#include "report/palette.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isoflop::report {
namespace {

struct Colour {
  const char* name;
  const char* light;
  const char* dark;
};

// contrast with the paper is at least 4.5 for what is read (ink, soft, accent), by intent low for the grid
constexpr Colour kColours[] = {
    {"paper", "#fdfcfa", "#16171a"},  {"raised", "#f6f4ef", "#1d1f23"}, {"ink", "#1f1e1b", "#e9e7e2"},
    {"soft", "#66625a", "#a5a198"},   {"grid", "#e9e6df", "#292b30"},   {"rule", "#cfcabf", "#3c3f46"},
    {"accent", "#1c5aa0", "#8ab8f2"}, {"warn", "#9a4a12", "#f0b27a"},
};

// viridis without its palest tenth; on dark paper the large models are the bright ones
constexpr std::array<const char*, kOrderedSteps> kOrderedLight{"#74b53d", "#44a96a", "#27998a", "#23868e", "#2b718e",
                                                               "#355c8c", "#404688", "#472d7b", "#440d54"};
constexpr std::array<const char*, kOrderedSteps> kOrderedDark{"#7480c8", "#5b8fc4", "#45a0b8", "#35b0a4", "#44be8a",
                                                              "#6fcb68", "#a2d64a", "#d0e04a", "#f8e65c"};

const char* colour(const std::string& name, bool dark) {
  for (const Colour& c : kColours)
    if (name == c.name) return dark ? c.dark : c.light;
  return "";
}

std::string rules(bool dark) {
  const auto of = [&](const char* name) { return std::string(colour(name, dark)); };
  std::string css;
  css += ".fig .paper{fill:" + of("paper") + "}";
  css += ".fig text{fill:" + of("ink") + "}.fig .soft{fill:" + of("soft") + "}";
  css += ".fig .halo{stroke:" + of("paper") + "}";
  css += ".fig .grid{stroke:" + of("grid") + "}.fig .frame{stroke:" + of("rule") + "}.fig .muted{stroke:" + of("soft") + "}";
  css += ".fig .accent{stroke:" + of("accent") + "}.fig .dot{fill:" + of("accent") + ";stroke:" + of("paper") + "}";
  css += ".fig .open{fill:" + of("paper") + ";stroke:" + of("accent") + "}.fig .mdot{fill:" + of("soft") +
         ";stroke:" + of("paper") + "}";
  css += ".fig .band{fill:" + of("accent") + "}";
  for (int i = 0; i < kOrderedSteps; ++i) {
    const std::string value = dark ? kOrderedDark[static_cast<std::size_t>(i)] : kOrderedLight[static_cast<std::size_t>(i)];
    const std::string name = ".fig .o" + std::to_string(i);
    css += name + "{stroke:" + value + "}" + name + "f{fill:" + value + ";stroke:" + of("paper") + "}";
  }
  return css;
}

std::string properties(bool dark) {
  std::string css;
  for (const Colour& c : kColours) css += std::string("--") + c.name + ":" + (dark ? c.dark : c.light) + ";";
  return css;
}

}  // namespace

std::string figure_css() {
  return ".fig{font-family:system-ui,-apple-system,\"Segoe UI\",\"Helvetica Neue\",Arial,\"Noto Sans\",\"Liberation "
         "Sans\",sans-serif;font-size:12px;font-variant-numeric:tabular-nums}"
         ".fig .grid,.fig .frame,.fig .muted,.fig .accent,.fig .ord{fill:none}"
         ".fig .halo{stroke-width:3.5px;stroke-linejoin:round;paint-order:stroke}" +
         rules(false) + "@media (prefers-color-scheme:dark){" + rules(true) + "}";
}

std::string page_colours_css() {
  return ":root{color-scheme:light dark;" + properties(false) + "}@media (prefers-color-scheme:dark){:root{" + properties(true) +
         "}}";
}

std::string ordered_class(double order) {
  const double step = std::clamp(order, 0.0, 1.0) * (kOrderedSteps - 1);
  return "o" + std::to_string(static_cast<int>(std::floor(step + 0.5)));
}

}  // namespace isoflop::report
