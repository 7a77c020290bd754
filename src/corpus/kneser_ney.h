// Interpolated modified Kneser-Ney models of every order of a tree of n-grams.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "corpus/ngrams.h"

namespace isoflop::corpus {

/// What is taken off a count of one, two, three and more.
using Discounts = std::array<double, 3>;

/// p(w | h) = max(a(hw) - D(a(hw)), 0) / a(h.) + (sum of what was taken off) / a(h.) p(w | h without its first symbol), down to a
/// uniform distribution over the vocabulary and one unknown symbol. a is the count at the model's own order and the number of
/// distinct left neighbours below it; Y = n1 / (n1 + 2 n2), D1 = 1 - 2 Y n2 / n1, D2 = 2 - 3 Y n3 / n2, D3+ = 3 - 4 Y n4 / n3 at
/// each order.
///
/// Source   Kneser and Ney 1995; Chen and Goodman 1998 (Harvard TR-10-98), sections 3 and 4.1.6.
/// Result   where the counts of counts do not give discounts (a small or a made text), 1/2, 1 and 3/2, as KenLM's fallback.
/// Checked  kneser_ney_test.cc: a text worked by hand, sums of one in every context; kneser_ney_reference_test.cc: another
/// program's
///          figures on tinyshakespeare.
class KneserNey {
 public:
  /// `tree` keeps all and outlives this; its symbols are below `vocabulary`.
  KneserNey(const NgramTree& tree, std::int64_t vocabulary);

  struct Loss {
    std::vector<double> nats;  ///< summed, by order - 1
    std::int64_t symbols = 0;
    std::int64_t unknown = 0;  ///< of them
  };
  /// Adds what a text costs under each order's model. Contexts begin with the text; a symbol outside the vocabulary is the
  /// unknown one.
  void score(std::span<const std::uint32_t> text, Loss& loss) const;

  /// p(symbol | the last order - 1 symbols of history); `vocabulary` stands for the unknown symbol.
  [[nodiscard]] double probability(std::span<const std::uint32_t> history, std::uint32_t symbol, int order) const;

  [[nodiscard]] Discounts discounts(int n, bool own_order) const {
    return (own_order ? own_ : lower_)[static_cast<std::size_t>(n - 1)].discounts;
  }

 private:
  // of one order, by context (a node of order n - 1)
  struct Table {
    Discounts discounts{};
    std::vector<double> total, taken;
  };
  [[nodiscard]] Table table_of(int n, std::span<const std::uint32_t> counts) const;
  [[nodiscard]] static double mixed(const Table& table, std::uint32_t context, std::uint32_t count, double lower);

  const NgramTree& tree_;
  double uniform_;
  std::vector<Table> own_, lower_;  // by order - 1: as a model's own order, and below another
};

/// The plug-in entropy of the symbol after `context` others, in nats, and how many contexts and continuations it rests on.
///
/// Source   Miller 1955 for `bias`: (continuations - contexts) / (2 positions), what the plug-in value is too low by, to first
/// order.
struct PlugInEntropy {
  double nats = 0;
  double bias = 0;
  std::int64_t contexts = 0, continuations = 0, positions = 0;
};
[[nodiscard]] PlugInEntropy plug_in_entropy(const NgramTree& tree, int context);

}  // namespace isoflop::corpus
