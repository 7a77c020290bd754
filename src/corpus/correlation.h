// How strongly symbols depend on those some places before them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace isoflop::corpus {

/// The top singular value of C(a, b) = p(x_i = a, x_{i + lag} = b) - p(x_i = a) p(x_{i + lag} = b).
///
/// Source   Cagnetta et al. 2026 (arXiv:2602.07488), the correlation strength ||C(n)||_op.
/// Needs    symbols below `vocabulary`, lag >= 1.
/// Result   pairs lie within one text; power iteration, to 1e-5 or 100 steps, from a seeded start.
/// Checked  correlation_test.cc: two-state Markov chains, whose C is known; independent symbols.
[[nodiscard]] double correlation_strength(std::span<const std::vector<std::uint32_t>> texts, std::int64_t vocabulary,
                                          std::int64_t lag);

}  // namespace isoflop::corpus
