// Readers of proxy tables and mixture laws on texts that nobody meant.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sealed_json.h"
#include "fuzz.h"
#include "isoflop/mixture.h"
#include "long_lines.h"

namespace isoflop::fuzz {
namespace {

constexpr std::uint64_t kTexts = 10'000;
const std::string kAlphabet = std::string(",\"\n\r;\t .-+eE0123456789nainfx'={}[]:") + std::string(1, '\0') + "\xff";

TEST(FuzzedProxies, AreFittedOrRefusedWithTheirLine) {
  Mutator mutator({"index,a,b,c\n1,0.5,0.25,0.25\n2,0.1,0.9,0\n3,0,0,1\n4,0.3,0.3,0.4\n5,1,0,0\n",
                   "run,share.a,share.b,share.c,loss,loss.a,learning_rate\nx,0.5,0.25,0.25,3,2,1e-3\ny,0.1,0.9,0,3.5,,1e-3\nz,0,"
                   "0,1,4,2.5,1e-4\nw,0.3,0.3,0.4,3.2,2,1e-4\n"},
                  kAlphabet, 11);
  std::uint64_t read = 0;
  for (std::uint64_t i = 0; i < kTexts; ++i) {
    const std::string text = mutator.text(i);
    SCOPED_TRACE(testing::PrintToString(text));
    const std::string problem = problem_of([&] {
      const MixtureTable table = mixture_table(parse_csv(text, "t.csv"));
      ++read;
      for (std::int64_t row = 0; row < table.rows(); ++row) {
        double sum = 0;
        for (const auto& [domain, share] : table.shares(static_cast<std::size_t>(row))) sum += share;
        ASSERT_NEAR(sum, 1, 1e-12);
      }
      if (!table.targets.empty() && i % 20 == 0) (void)fit_mixture(table, {.ridge = 1e-2, .bootstrap = 2, .folds = 2});
    });
    if (!problem.empty()) {
      EXPECT_THAT(problem, testing::StartsWith("t.csv"));
    }
  }
  EXPECT_GT(read, kTexts / 40);
}

TEST(FuzzedMixtureLaws, PredictOrAreRefusedEvenWhenTheirSealIsWhole) {
  std::vector<std::string> seeds;
  const MixtureTable table = mixture_table(
      parse_csv("share.a,share.b,loss\n0.5,0.5,3\n0.1,0.9,3.5\n0,1,4\n0.3,0.7,3.3\n1,0,2.5\n0.8,0.2,2.7\n", "t.csv"));
  for (const char* law : {"log_linear", "additive", "trees"}) {
    const std::string sealed = mixture_to_text(fit_mixture(
        table, {.law = law, .ridge = 1e-2, .bootstrap = 2, .folds = 0, .trees = {.trees = 2, .depth = 2, .leaf_rows = 1}}));
    seeds.push_back(unseal_json(sealed, "m"));
  }
  Mutator mutator(seeds, kAlphabet, 12);
  for (std::uint64_t i = 0; i < kTexts; ++i) {
    const std::string text = mutator.text(i);
    SCOPED_TRACE(testing::PrintToString(text));
    const std::string sealed =
        text.size() > 2 && text.front() == '{' && text.back() == '}' && text.find('\n') == std::string::npos ? seal_json(text)
                                                                                                             : text;
    (void)problem_of([&] {
      const MixtureModel model = mixture_from_text(sealed, "m.json");
      for (const MixtureFit& fit : model.fits)
        (void)predict_mixture(model, fit, {{model.domains[0], 0.5}, {model.domains[1], 0.5}});
      if (!model.fits.empty() && model.law != "trees" && i % 10 == 0) (void)optimise_mixture(model);
    });
  }
}

}  // namespace
}  // namespace isoflop::fuzz
