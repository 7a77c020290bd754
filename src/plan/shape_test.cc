// Architectures for a parameter count.
#include <gmock/gmock.h>

#include <cmath>

#include "base/json.h"
#include "base/testing.h"
#include "isoflop/cost.h"
#include "isoflop/plan.h"
#include "plan/testing.h"

namespace isoflop {
namespace {

using plan::near;
using testing::HasSubstr;

class EverySize : public testing::TestWithParam<double> {};

TEST_P(EverySize, HasShapesWithinThreePercentInBothStyles) {
  for (const Style style : {Style::gpt2, Style::llama}) {
    const auto choices = feasible_shapes(GetParam(), {.style = style});
    ASSERT_FALSE(choices.empty());
    EXPECT_LT(std::abs(choices[0].off), .03) << to_string(style);
    for (const ShapeChoice& c : choices) {
      EXPECT_EQ(c.counts.params, param_counts(c.shape).params);
      EXPECT_TRUE(near(static_cast<double>(c.counts.params), GetParam() * (1 + c.off), 1e-12));
      EXPECT_EQ(c.shape.n_embd % 64, 0);
      EXPECT_EQ(inner_size(c.shape) % 64, 0);
      EXPECT_EQ(c.shape.vocab_size % 64, 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Plan, EverySize, testing::Values(2e7, 1e8, 1e9, 7e9, 7e10, 4e11));

TEST(FeasibleShapes, FindPublishedModelsAmongTheirCandidates) {
  // LLaMA-7B, its exact count asked for
  const auto choices = feasible_shapes(6'738'415'616, {.kv_heads = 32});
  ASSERT_FALSE(choices.empty());
  EXPECT_EQ(choices[0].shape.n_layer, 32);
  EXPECT_EQ(choices[0].shape.n_embd, 4096);
  EXPECT_EQ(choices[0].shape.n_inner, 11008);
  EXPECT_EQ(choices[0].off, 0);
}

TEST(FeasibleShapes, CountAsTheLawDoesAndSayWhatRoundingCosts) {
  const auto loss = [](double n) { return 2 + std::pow(std::log(n / 1e9), 2); };  // least at the target
  const auto choices = feasible_shapes(1e9, {.n_convention = "params_non_embedding", .loss_at = loss});
  for (const ShapeChoice& c : choices) {
    EXPECT_TRUE(near(static_cast<double>(c.counts.params_non_embedding), 1e9 * (1 + c.off), 1e-12));
    EXPECT_TRUE(near(*c.loss_rise, std::pow(std::log(1 + c.off), 2), 1e-6));
  }
  EXPECT_FALSE(feasible_shapes(1e9)[0].loss_rise);
  EXPECT_FALSE(parse_json(shape_to_json(choices[0]), "shape")["loss_rise"].is_null());
}

TEST(FeasibleShapes, AreNoneWhereTheVocabularyAloneTakesMore) {
  EXPECT_TRUE(feasible_shapes(1e5).empty());
  EXPECT_GT(least_shape_params(1e5), 2e6);  // 32,000 words, 64 wide
  EXPECT_FALSE(feasible_shapes(least_shape_params(1e5)).empty());
}

TEST(FeasibleShapes, RefuseWhatCannotBeMeant) {
  EXPECT_EQ(error_of([] { (void)feasible_shapes(-1); }).fault(), Fault::usage);
  EXPECT_EQ(error_of([] { (void)feasible_shapes(1e9, {.n_convention = "all"}); }).fault(), Fault::usage);
  EXPECT_THAT(error_of([] { (void)style_from("lama"); }).hint(), HasSubstr("`llama`"));
}

TEST(Shape, FlopsPerTokenAreThoseOfTheLayersWithAllOfAttention) {
  ShapeOptions options;
  options.style = Style::gpt2;
  options.n_convention = kFlopsPerToken;
  const double wanted = 1e10;
  const auto shapes = feasible_shapes(wanted, options);
  ASSERT_FALSE(shapes.empty());
  const Shape& s = shapes.front().shape;
  // M = 72 n_layer d^2 + 12 n_layer d T
  const double layers = static_cast<double>(s.n_layer), d = static_cast<double>(s.n_embd), t = static_cast<double>(s.block_size);
  EXPECT_TRUE(near(72 * layers * d * d + 12 * layers * d * t, 6 * wanted * (1 + shapes.front().off), 1e-3));
}

}  // namespace
}  // namespace isoflop
