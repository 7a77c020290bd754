// The colours and the one style sheet of every figure, light and dark.
#pragma once

#include <string>

namespace isoflop::report {

inline constexpr int kOrderedSteps = 9;  ///< classes o0 ... o8: small to large, readable by the colour-blind (viridis, cut)

/// Rules for the classes the SVG writer uses, with prefers-color-scheme. Selectors start with `.fig`.
[[nodiscard]] std::string figure_css();
/// Custom properties of the page (--paper, --ink, ...), with prefers-color-scheme.
[[nodiscard]] std::string page_colours_css();

[[nodiscard]] std::string ordered_class(double order);  ///< 0 ... 1 -> "o0" ... "o8"

}  // namespace isoflop::report
