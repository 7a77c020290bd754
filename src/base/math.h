// exp, log, tanh, erf, cos of our own: no libm function decides a stored number (it dispatches by CPU).
// Only + - * / sqrt and bit operations, so the same bytes on every x86-64 and every compiler that keeps -ffp-contract=off.
#pragma once

namespace isoflop {

[[nodiscard]] double exp_(double x);
[[nodiscard]] double log_(double x);
[[nodiscard]] double tanh_(double x);
[[nodiscard]] double erf_(double x);
[[nodiscard]] double cos_(double x);  ///< |x| <= 1e6
[[nodiscard]] double pow_(double x, double y);  ///< x > 0

}  // namespace isoflop
