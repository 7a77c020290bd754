// Kneser-Ney models over characters: trained on texts, judged on others in bits.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "corpus/kneser_ney.h"
#include "corpus/ngrams.h"
#include "corpus/symbols.h"

namespace isoflop::corpus {

/// What texts cost under the models of order 1 up: bits, the bytes of characters that training never saw included, 8 bits each.
struct TextCost {
  std::vector<double> bits;  ///< summed, by order - 1
  std::int64_t characters = 0, bytes = 0;
  std::int64_t unknown = 0;  ///< characters of them
};

class CharacterModels {
 public:
  explicit CharacterModels(int orders) : tree_(orders, NgramTree::Keep::all) {}

  void learn(std::string_view text, int group = 0);
  /// Needs    everything learnt before the first call.
  void score(std::string_view text, TextCost& cost);

  [[nodiscard]] const NgramTree& tree() const { return tree_; }
  [[nodiscard]] std::int64_t vocabulary() const { return ids_.size(); }

 private:
  NgramTree tree_;
  CharacterIds ids_;
  std::vector<std::uint32_t> symbols_;
  std::optional<KneserNey> models_;
};

}  // namespace isoflop::corpus
