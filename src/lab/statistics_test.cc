// A corpus' statistics: lines recovered from what made them, and a small text measured whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/json.h"
#include "base/random.h"
#include "base/testing.h"
#include "base/utf8.h"
#include "isoflop/stats.h"
#include "lab/corpus_reader.h"
#include "lab/data_exponent.h"

namespace isoflop::lab {
namespace {

using testing::HasSubstr;

TEST(EntropyDecay, RecoversTheExponentWhateverTheEntropyAtTheEnd) {
  for (const double gamma : {0.15, 0.325, 1.0, 2.0}) {
    for (const double floor : {0.0, 1.3}) {
      std::vector<double> losses;
      for (int n = 1; n <= 6; ++n) losses.push_back(floor + 2.5 * std::pow(n, -gamma));
      const auto found = entropy_decay(losses, 0.95);
      ASSERT_TRUE(found);
      EXPECT_NEAR(found->value, gamma, 1e-6) << floor;
      EXPECT_NEAR(found->interval->high - found->interval->low, 0, 1e-4);
    }
  }
  EXPECT_FALSE(entropy_decay({2, 1}, 0.95));
  EXPECT_FALSE(entropy_decay({2, 1, 1.5}, 0.95));
  EXPECT_FALSE(entropy_decay({3, 2, 1.5}, 0.95)->interval) << "two differences, two constants";
}

TEST(CorrelationDecay, RecoversTheExponent) {
  std::vector<std::pair<double, double>> strengths;
  for (const double lag : {1, 2, 4, 9, 30}) strengths.emplace_back(lag, 0.2 * std::pow(lag, -0.88));
  const auto found = correlation_decay(strengths, 0.95);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->value, 0.88, 1e-12);
  EXPECT_FALSE(correlation_decay({{1, 1.0}, {2, 0.5}}, 0.95));
  EXPECT_FALSE(correlation_decay({{1, 1.0}, {2, 1.5}, {3, 2.0}}, 0.95));
}

// Cagnetta et al. 2026, equations 11 to 16: gamma 0.325 and beta 0.88 give 0.185, 0.265 and 0.94 give 0.141
TEST(PredictedExponent, IsThePublishedOneOfThePublishedStatistics) {
  const auto of = [](double gamma, double gamma_error, double beta, double beta_error) {
    return predicted_exponent({gamma, Interval{gamma - gamma_error, gamma + gamma_error, 0.68}, {}, {}},
                              {beta, Interval{beta - beta_error, beta + beta_error, 0.68}, {}, {}});
  };
  const Estimate stories = of(0.325, 0.003, 0.88, 0.06), wiki = of(0.265, 0.016, 0.94, 0.16);
  EXPECT_NEAR(stories.value, 0.185, 5e-4);
  EXPECT_NEAR(stories.interval->high - stories.value, 0.013, 1e-3);
  EXPECT_NEAR(wiki.value, 0.141, 5e-4);
  EXPECT_NEAR(wiki.interval->high - wiki.value, 0.025, 3e-3);
}

// words that follow each other with preferences, so that every measure has something to find
std::string made_text(std::size_t words) {
  const Philox random{.seed = 12};
  std::string text;
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < words; ++i) {
    const auto rank = static_cast<std::uint64_t>(std::pow(3000.0, random.uniform(i, 0)));
    last = random.uniform(i, 1) < 0.5 ? (last * 7 + 13) % 3000 : rank;
    std::uint64_t letters = last * 2654435761U + 1;
    for (int k = 0; k < 4; ++k, letters /= 26) text += static_cast<char>('a' + letters % 26);
    text += i % 11 == 10 ? ".\n\n" : " ";
  }
  return text;
}

class Statistics : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fresh_folder();
    replace_file(folder_ / "a.txt", made_text(40'000));
    replace_file(folder_ / "b.txt", made_text(9'000));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] Corpus open(SplitKind split = SplitKind::automatic) const {
    return Corpus::open({.inputs = {folder_.string()}, .split = split});
  }
  std::filesystem::path folder_;
};

TEST_F(Statistics, OrderTheBaselinesBracketTheEntropiesAndCountTheWords) {
  MeasureOptions options;
  options.beta = 0.28;
  const CorpusStatistics statistics = measure_corpus(open(), options);
  EXPECT_TRUE(statistics.whole);
  EXPECT_FALSE(statistics.unspaced);
  EXPECT_NEAR(static_cast<double>(statistics.words), 49'000, 20);  // blocks may cut a word
  ASSERT_EQ(statistics.sources.size(), 2U);
  EXPECT_GT(statistics.sources[0].words, 39'000);
  ASSERT_EQ(statistics.growth.size(), 12U);
  for (const GrowthCurve& curve : statistics.growth) {
    EXPECT_LE(curve.exponent.interval->low, curve.exponent.value);
    EXPECT_GE(curve.exponent.value, 0);
    EXPECT_LE(curve.exponent.value, 1);
    EXPECT_LE(curve.distinct, curve.positions);
  }
  ASSERT_EQ(statistics.entropy.size(), 6U);
  for (const ContextEntropy& entropy : statistics.entropy)
    EXPECT_LT(entropy.plug_in, *entropy.held_out + 1e-3) << entropy.context;
  EXPECT_TRUE(statistics.entropy[1].sampled);
  ASSERT_EQ(statistics.models.size(), 5U);
  EXPECT_EQ(statistics.models[0].name, "unigram");
  EXPECT_EQ(statistics.models[2].name, "5-gram");
  EXPECT_LT(statistics.models[2].bits_per_byte, statistics.models[1].bits_per_byte);
  EXPECT_LT(statistics.models[1].bits_per_byte, statistics.models[0].bits_per_byte);
  EXPECT_DOUBLE_EQ(statistics.models[2].bits_per_byte, statistics.models[2].bits_per_character) << "ASCII";
  ASSERT_TRUE(statistics.efficient);
  EXPECT_NEAR(statistics.efficient->low, 0.44, 1e-12);
  EXPECT_NEAR(statistics.efficient->high, 0.72, 1e-12);
  EXPECT_EQ(statistics.data_exponent.over, "characters");
  EXPECT_EQ(statistics.data_exponent.strengths.size(), 15U);
}

TEST_F(Statistics, AreTheSameForAnyNumberOfThreads) {
  MeasureOptions one, three;
  three.threads = 3;
  EXPECT_EQ(to_json(measure_corpus(open(), one)), to_json(measure_corpus(open(), three)));
}

TEST_F(Statistics, OfASampleSaySoAndCountEverythingAllTheSame) {
  MeasureOptions options;
  options.sample_bytes = 60'000;
  const CorpusStatistics sample = measure_corpus(open(), options), whole = measure_corpus(open());
  EXPECT_FALSE(sample.whole);
  EXPECT_GT(sample.sample_bytes, 20'000);
  EXPECT_LT(sample.sample_bytes, 120'001);
  EXPECT_EQ(sample.words, whole.words);
  EXPECT_EQ(sample.warnings[0].code, "sample");
}

TEST_F(Statistics, WithATokenizerCountTokensAndPredictOverThem) {
  const Corpus corpus = open();
  const auto tokenizer = build_tokenizer({.kind = TokenizerKind::byte}, corpus);
  MeasureOptions options;
  options.tokenizer = tokenizer.get();
  const CorpusStatistics statistics = measure_corpus(corpus, options);
  ASSERT_TRUE(statistics.tokens);
  EXPECT_EQ(statistics.tokens->unique_tokens + (tokenizer->end_of_text() ? 0 : corpus.manifest().held_out.bytes),
            statistics.tokens->tokens);
  EXPECT_EQ(*statistics.sources[0].tokens + *statistics.sources[1].tokens, statistics.tokens->tokens);
  EXPECT_EQ(statistics.data_exponent.over, "tokens");
  // bytes are sampled well, so gamma comes from the text; a given one is taken as it is
  options.gamma = 0.3;
  const DataExponent given = measure_corpus(corpus, options).data_exponent;
  ASSERT_TRUE(given.predicted);
  EXPECT_EQ(given.gamma->value, 0.3);
  EXPECT_DOUBLE_EQ(given.predicted->value, 0.3 / (2 * given.correlation->value));
}

TEST_F(Statistics, WithoutHeldOutTextSayThatNoModelIsJudged) {
  const CorpusStatistics statistics = measure_corpus(open(SplitKind::none));
  EXPECT_TRUE(statistics.models.empty());
  EXPECT_FALSE(statistics.entropy[0].held_out);
  EXPECT_FALSE(statistics.data_exponent.predicted);
  EXPECT_EQ(statistics.data_exponent.reason, "no text is held out");
}

TEST_F(Statistics, WithoutHeldOutTextAGivenGammaPredictsAllTheSame) {
  const Corpus corpus = open(SplitKind::none);
  const auto tokenizer = build_tokenizer({.kind = TokenizerKind::byte, .from = VocabularyFrom::whole_corpus}, corpus);
  for (const Tokenizer* over : {static_cast<const Tokenizer*>(nullptr), static_cast<const Tokenizer*>(tokenizer.get())}) {
    MeasureOptions options;
    options.gamma = 0.3;
    options.tokenizer = over;
    const DataExponent exponent = measure_corpus(corpus, options).data_exponent;
    ASSERT_TRUE(exponent.predicted);
    EXPECT_EQ(exponent.reason, "");
  }
}

std::vector<double> growth_exponents(const std::filesystem::path& folder) {
  std::vector<double> exponents;
  const Corpus corpus = Corpus::open({.inputs = {folder.string()}, .split = SplitKind::none});
  for (const GrowthCurve& curve : measure_corpus(corpus).growth) exponents.push_back(curve.exponent.value);
  return exponents;
}

TEST_F(Statistics, GrowAlikeInOneFileAndInSixty) {
  const std::string text = made_text(12'000);
  std::filesystem::create_directories(folder_ / "one");
  replace_file(folder_ / "one/a.txt", text);
  for (std::size_t i = 0; i < 60; ++i) {
    std::filesystem::create_directories(folder_ / "sixty");
    const std::size_t begin = i * text.size() / 60, end = (i + 1) * text.size() / 60;
    replace_file(folder_ / "sixty" / (std::to_string(10 + i) + ".txt"), text.substr(begin, end - begin));
  }
  const std::vector<double> one = growth_exponents(folder_ / "one"), sixty = growth_exponents(folder_ / "sixty");
  ASSERT_EQ(one.size(), 12U);
  ASSERT_EQ(sixty.size(), one.size());
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], sixty[i], 0.02) << i;
}

TEST(EqualParts, AreEqualToACharacterAndHoldTheTextInItsOrder) {
  for (const std::vector<Piece>& pieces : {std::vector<Piece>{{std::string(1001, 'a'), 0}},
                                           {{"ab", 0}, {"日本語の文章" + std::string(300, 'c'), 0}, {"d", 0}},
                                           {{"x", 0}}}) {
    std::string text, again;
    for (const Piece& piece : pieces) text += piece.text;
    std::map<int, std::size_t> bytes;
    for (const Piece& piece : in_equal_parts(pieces)) {
      again += piece.text;
      bytes[piece.group] += piece.text.size();
      EXPECT_TRUE(starts_character(piece.text[0]));
    }
    EXPECT_EQ(again, text);
    for (const auto& [group, size] : bytes) EXPECT_LE(size, text.size() / 16 + 4) << group;
  }
}

TEST_F(Statistics, AreDrawnWhereTheyAre) {
  const CorpusStatistics statistics = measure_corpus(open());
  std::vector<std::string> ids;
  for (const Figure& figure : corpus_figures(statistics)) {
    ids.push_back(figure.id);
    EXPECT_THAT(figure_svg(figure), HasSubstr("<svg"));
    EXPECT_FALSE(figure.description.empty());
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"growth_words", "growth_characters", "entropy", "correlation"}));
  EXPECT_TRUE(corpus_figures({}).empty());
}

TEST_F(Statistics, RefuseOptionsOutOfRange) {
  const auto fault = [&](MeasureOptions options) {
    try {
      (void)measure_corpus(open(), options);
    } catch (const Error& error) {
      return error.fault();
    }
    return Fault::failure;
  };
  EXPECT_EQ(fault({.sample_bytes = 10}), Fault::usage);
  EXPECT_EQ(fault({.orders = 1}), Fault::usage);
  EXPECT_EQ(fault({.threads = 0}), Fault::usage);
  EXPECT_EQ(fault({.beta = 1.5}), Fault::usage);
  EXPECT_EQ(fault({.beta = std::nan("")}), Fault::usage);
  EXPECT_EQ(fault({.gamma = -1}), Fault::usage);
}

}  // namespace
}  // namespace isoflop::lab
