#include "corpus/character_models.h"

#include "base/check.h"
#include "base/math.h"

namespace isoflop::corpus {

void CharacterModels::learn(std::string_view text, int group) {
  ISOFLOP_CHECK(!models_);
  symbols_.clear();
  ids_.encode(text, true, symbols_);
  tree_.begin(group);
  for (const std::uint32_t symbol : symbols_) tree_.add(symbol);
}

void CharacterModels::score(std::string_view text, TextCost& cost) {
  if (!models_) models_.emplace(tree_, ids_.size());
  symbols_.clear();
  ids_.encode(text, false, symbols_);
  KneserNey::Loss loss;
  models_->score(symbols_, loss);

  std::int64_t spelt = 0, at = 0, start = 0;  // bytes of unknown characters
  bool unknown = false;
  for_each_character(text, [&](char32_t, std::size_t byte) {
    if (unknown) spelt += static_cast<std::int64_t>(byte) - start;
    start = static_cast<std::int64_t>(byte);
    unknown = symbols_[static_cast<std::size_t>(at++)] == CharacterIds::kUnknown;
  });
  if (unknown) spelt += static_cast<std::int64_t>(text.size()) - start;

  cost.bits.resize(loss.nats.size());
  for (std::size_t i = 0; i < cost.bits.size(); ++i) cost.bits[i] += loss.nats[i] / log_(2) + 8 * static_cast<double>(spelt);
  cost.characters += loss.symbols;
  cost.bytes += static_cast<std::int64_t>(text.size());
  cost.unknown += loss.unknown;
}

}  // namespace isoflop::corpus
