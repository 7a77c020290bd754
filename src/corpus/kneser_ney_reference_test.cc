// tinyshakespeare, the first nine tenths of its characters learnt, the last judged: another program's figures.
#include <gtest/gtest.h>

#include "base/reference.h"
#include "corpus/character_models.h"

namespace isoflop::corpus {
namespace {

TEST(KneserNeyReference, TinyShakespearesLastTenthCostsWhatAnotherProgramFinds) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const std::string text = reference_text("corpora/en/tinyshakespeare.txt");
  constexpr std::size_t kTrain = 1'003'854;
  ASSERT_EQ(text.size(), kTrain + 111'540);
  CharacterModels models(6);
  models.learn(std::string_view(text).substr(0, kTrain));
  TextCost cost;
  models.score(std::string_view(text).substr(kTrain), cost);
  // bits per character of orders 1 to 6, written from Chen and Goodman's formulas in Python with dictionaries of strings
  const double expected[] = {4.829177642303254,  3.5829887756300853, 2.9403703951711,
                             2.4800592816680442, 2.252276272171019,  2.196675236333073};
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_NEAR(cost.bits[i] / static_cast<double>(cost.characters), expected[i], 1e-9) << "order " << i + 1;
}

}  // namespace
}  // namespace isoflop::corpus
