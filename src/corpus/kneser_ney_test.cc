// Kneser-Ney against a text worked by hand, sums of one, and sources whose entropy is known.
#include "corpus/kneser_ney.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/random.h"
#include "corpus/character_models.h"

namespace isoflop::corpus {
namespace {

using Symbols = std::vector<std::uint32_t>;

NgramTree tree_of(const std::vector<Symbols>& texts, int orders) {
  NgramTree tree(orders, NgramTree::Keep::all);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    tree.begin(static_cast<int>(i % NgramTree::kGroups));
    for (const std::uint32_t symbol : texts[i]) tree.add(symbol);
  }
  return tree;
}

// some texts over few symbols, so that every order has counts of every kind
std::vector<Symbols> some_texts(std::uint64_t seed, std::size_t texts, std::size_t length, std::uint64_t vocabulary) {
  const Philox random{.seed = seed};
  std::vector<Symbols> all(texts);
  std::uint64_t next = 0;
  for (Symbols& text : all)
    for (std::size_t i = 0; i < length; ++i) {
      const auto drawn = static_cast<std::uint32_t>(random.below(vocabulary, next++));
      text.push_back(i > 0 && random.below(3, next++) > 0 ? (text.back() + 1 + drawn % 2) % static_cast<std::uint32_t>(vocabulary)
                                                          : drawn);
    }
  return all;
}

TEST(NgramTree, CountsEveryNgramAsAMapDoes) {
  const auto texts = some_texts(1, 9, 300, 5);
  const NgramTree tree = tree_of(texts, 4);
  for (int n = 1; n <= 4; ++n) {
    std::map<Symbols, std::uint32_t> counts;
    std::map<Symbols, std::map<std::int64_t, bool>> left;
    std::int64_t positions = 0;
    for (const Symbols& text : texts)
      for (std::size_t i = 0; i + static_cast<std::size_t>(n) <= text.size(); ++i) {
        const Symbols gram(text.begin() + static_cast<std::ptrdiff_t>(i), text.begin() + static_cast<std::ptrdiff_t>(i) + n);
        ++counts[gram];
        ++positions;
        left[gram][i == 0 ? -1 : static_cast<std::int64_t>(text[i - 1])] = true;
      }
    EXPECT_EQ(tree.positions(n), positions);
    ASSERT_EQ(tree.distinct(n), static_cast<std::int64_t>(counts.size()));
    for (const auto& [gram, count] : counts) {
      std::uint32_t node = 0;
      for (int k = 1; k <= n; ++k) node = tree.find(k, node, gram[static_cast<std::size_t>(k - 1)]);
      ASSERT_NE(node, NgramTree::kNone);
      EXPECT_EQ(tree.counts(n)[node], count);
      if (n < 4) {
        EXPECT_EQ(tree.left_neighbours(n)[node], left[gram].size());
      }
    }
  }
  EXPECT_EQ(tree.find(1, 0, 99), NgramTree::kNone);
}

TEST(KneserNey, ATextWorkedByHandHasItsProbabilities) {
  // a b a b c. Bigrams ab 2, ba 1, bc 1; before a: the start and b, before b: a, before c: b. So few counts take the fallback
  // 1/2, 1, 3/2.
  const NgramTree tree = tree_of({{0, 1, 0, 1, 2}}, 2);
  const KneserNey model(tree, 3);
  // left neighbours 2, 1, 1 of 4, of which 1 + 1/2 + 1/2 is taken and spread over 3 symbols and the unknown one
  const auto lower = [&](std::uint32_t w) { return model.probability(Symbols{2}, w, 2); };  // c is never followed
  EXPECT_DOUBLE_EQ(lower(0), 0.375);
  EXPECT_DOUBLE_EQ(lower(1), 0.25);
  EXPECT_DOUBLE_EQ(lower(2), 0.25);
  EXPECT_DOUBLE_EQ(lower(3), 0.125);
  EXPECT_DOUBLE_EQ(model.probability(Symbols{0}, 1, 2), (2 - 1 + 1 * 0.25) / 2);
  EXPECT_DOUBLE_EQ(model.probability(Symbols{0}, 0, 2), (0 + 1 * 0.375) / 2);
  EXPECT_DOUBLE_EQ(model.probability(Symbols{1}, 0, 2), (1 - 0.5 + 1 * 0.375) / 2);
  EXPECT_DOUBLE_EQ(model.probability(Symbols{1}, 2, 2), (1 - 0.5 + 1 * 0.25) / 2);
  EXPECT_DOUBLE_EQ(model.probability(Symbols{0, 0, 0, 1}, 2, 2), model.probability(Symbols{1}, 2, 2));
  // the model of order 1 counts: a 2, b 2, c 1
  EXPECT_DOUBLE_EQ(model.probability({}, 0, 1), (2 - 1 + 2.5 * 0.25) / 5);
}

TEST(KneserNey, DiscountsAreChenAndGoodmansOfTheCountsOfCounts) {
  // counts of counts 8, 4, 2, 1: Y = 8 / (8 + 8)
  Symbols text;
  std::uint32_t symbol = 0;
  for (const auto& [count, times] : {std::pair{1, 8}, {2, 4}, {3, 2}, {4, 1}})
    for (int i = 0; i < times; ++i, ++symbol) text.insert(text.end(), static_cast<std::size_t>(count), symbol);
  const KneserNey model(tree_of({text}, 1), symbol);
  const Discounts discounts = model.discounts(1, true);
  EXPECT_DOUBLE_EQ(discounts[0], 1 - 2 * 0.5 * 4 / 8);
  EXPECT_DOUBLE_EQ(discounts[1], 2 - 3 * 0.5 * 2 / 4);
  EXPECT_DOUBLE_EQ(discounts[2], 3 - 4 * 0.5 * 1 / 2);
}

TEST(KneserNey, SumsToOneInEveryContextAtEveryOrder) {
  constexpr std::uint32_t kVocabulary = 6;
  const NgramTree tree = tree_of(some_texts(2, 20, 400, kVocabulary), 4);
  const KneserNey model(tree, kVocabulary);
  const Philox random{.seed = 3};
  for (std::uint64_t round = 0; round < 500; ++round) {
    Symbols history;
    for (std::uint64_t i = 0; i < round % 6; ++i)
      history.push_back(static_cast<std::uint32_t>(random.below(kVocabulary + 1, round, static_cast<std::uint32_t>(i))));
    for (int order = 1; order <= 4; ++order) {
      double sum = 0;
      for (std::uint32_t w = 0; w <= kVocabulary; ++w) sum += model.probability(history, w, order);
      ASSERT_NEAR(sum, 1, 1e-12) << "round " << round << ", order " << order;
    }
  }
}

TEST(KneserNey, ATextCostsTheSumOfItsSymbols) {
  const NgramTree tree = tree_of(some_texts(4, 10, 300, 7), 5);
  const KneserNey model(tree, 7);
  Symbols text = some_texts(5, 1, 200, 7)[0];
  text[50] = 7;  // unknown
  KneserNey::Loss loss;
  model.score(text, loss);
  EXPECT_EQ(loss.symbols, 200);
  EXPECT_EQ(loss.unknown, 1);
  for (int order = 1; order <= 5; ++order) {
    double nats = 0;
    for (std::size_t i = 0; i < text.size(); ++i) nats -= std::log(model.probability(std::span(text).first(i), text[i], order));
    EXPECT_NEAR(loss.nats[static_cast<std::size_t>(order - 1)], nats, 1e-9 * nats) << order;
  }
}

// a chain over two symbols: 0 is followed by 1 with p, 1 by 0 with q
Symbols chain(std::uint64_t seed, std::size_t length, double p, double q) {
  const Philox random{.seed = seed};
  Symbols text{0};
  while (text.size() < length) {
    const bool turn = random.uniform(text.size()) < (text.back() == 0 ? p : q);
    text.push_back(turn ? 1 - text.back() : text.back());
  }
  return text;
}
double binary_entropy(double p) {
  return -p * std::log(p) - (1 - p) * std::log(1 - p);
}

TEST(KneserNey, AMarkovChainsEntropyLiesBetweenItsCountsAndItsModel) {
  const double p = 0.2, q = 0.35, of_zero = q / (p + q);
  const double rate = of_zero * binary_entropy(p) + (1 - of_zero) * binary_entropy(q);
  const NgramTree tree = tree_of({chain(6, 200'000, p, q)}, 3);
  const KneserNey model(tree, 2);
  KneserNey::Loss loss;
  model.score(chain(7, 200'000, p, q), loss);
  const auto per_symbol = [&](int order) { return loss.nats[static_cast<std::size_t>(order - 1)] / 200'000; };
  EXPECT_NEAR(plug_in_entropy(tree, 0).nats, binary_entropy(of_zero), 0.004);
  EXPECT_NEAR(per_symbol(1), binary_entropy(of_zero), 0.004);
  for (int context = 1; context < 3; ++context) {
    EXPECT_NEAR(plug_in_entropy(tree, context).nats, rate, 0.004);
    EXPECT_NEAR(per_symbol(context + 1), rate, 0.004);
  }
}

TEST(PlugInEntropy, IsTooLowByItsBiasOnAShortText) {
  // independent fair symbols of 16: ln 16 whatever the context; short texts miss most continuations
  const Philox random{.seed = 8};
  double shortfall = 0, bias = 0;
  for (std::uint64_t round = 0; round < 40; ++round) {
    Symbols text;
    for (std::uint64_t i = 0; i < 2000; ++i) text.push_back(static_cast<std::uint32_t>(random.below(16, 2000 * round + i)));
    const PlugInEntropy entropy = plug_in_entropy(tree_of({text}, 2), 1);
    EXPECT_EQ(entropy.contexts, 16);
    shortfall += (std::log(16) - entropy.nats) / 40;
    bias += entropy.bias / 40;
  }
  EXPECT_GT(shortfall, 0.04);
  EXPECT_NEAR(bias, shortfall, 0.1 * shortfall);
}

TEST(PlugInEntropy, OfAPeriodicTextFallsToNothing) {
  Symbols text;
  for (int i = 0; i < 1000; ++i) text.push_back(static_cast<std::uint32_t>(i % 2));
  const NgramTree tree = tree_of({text}, 2);
  EXPECT_NEAR(plug_in_entropy(tree, 0).nats, std::log(2), 1e-12);
  EXPECT_NEAR(plug_in_entropy(tree, 1).nats, 0, 1e-12);
}

TEST(CharacterModels, CharactersThatTrainingNeverSawCostTheirBytes) {
  CharacterModels models(2);
  models.learn("ababab");
  TextCost known, unknown;
  models.score("ab", known);
  models.score("a\xE6\x97\xA5", unknown);  // a kanji of three bytes
  EXPECT_EQ(unknown.characters, 2);
  EXPECT_EQ(unknown.bytes, 4);
  EXPECT_EQ(unknown.unknown, 1);
  EXPECT_EQ(known.unknown, 0);
  EXPECT_GT(unknown.bits[1], known.bits[1] + 24);
}

}  // namespace
}  // namespace isoflop::corpus
