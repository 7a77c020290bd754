#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/fixture.h"

namespace isoflop {
namespace {

TEST(Evaluate, SumsOfTheUnitsAreTheEnginesSums) {
  const Setting setting;
  FakeEngine engine;
  const EvalRecord record = evaluate(engine, *setting.held_out, *setting.tokenizer, {}, 7, 84);
  std::vector<std::int32_t> all(41);
  setting.held_out->copy(0, 41, all.data());
  double nats = 0, squares = 0;
  std::int64_t bytes = 0;
  std::vector<double> unit_nats(3);
  for (std::size_t p = 1; p < all.size(); ++p) {  // the first token has no context
    const double value = engine.nats_of(all[p - 1], all[p]);
    nats += value;
    unit_nats[p < 17 ? 0 : p < 31 ? 1 : 2] += value;
    bytes += setting.tokenizer->bytes_of(all[p]);
  }
  EXPECT_EQ(record.step, 7);
  EXPECT_EQ(record.tokens, 84);
  EXPECT_EQ(record.scored_tokens, 40);
  EXPECT_EQ(record.scored_bytes, bytes);
  EXPECT_NEAR(record.loss, nats / 40, 1e-14);
  EXPECT_NEAR(record.bits_per_byte, nats / std::log(2.0) / static_cast<double>(bytes), 1e-13);

  ASSERT_EQ(record.documents.size(), 3);
  const double tokens[] = {16, 14, 10};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(record.documents[i].document, static_cast<std::int64_t>(i));
    EXPECT_EQ(static_cast<double>(record.documents[i].tokens), tokens[i]);
    EXPECT_NEAR(record.documents[i].nats, unit_nats[i], 1e-12);
    squares += std::pow(unit_nats[i] - nats / 40 * tokens[i], 2);
  }
  ASSERT_TRUE(record.loss_se);
  EXPECT_NEAR(*record.loss_se, std::sqrt(3.0 / 2.0 * squares) / 40, 1e-14);
}

TEST(Evaluate, WindowsDoNotOverlapAndTheLastIsShort) {
  const Setting setting;
  FakeEngine engine;
  (void)evaluate(engine, *stream(40), *setting.tokenizer, {}, 0, 0);
  ASSERT_EQ(engine.evaluated.size(), 2);
  EXPECT_EQ(engine.evaluated[0].sequences, 9);
  EXPECT_EQ(engine.evaluated[0].length, 4);
  EXPECT_EQ(engine.evaluated[1].sequences, 1);
  EXPECT_EQ(engine.evaluated[1].length, 3);
  std::vector<std::int32_t> inputs = engine.evaluated[0].inputs, expected(39);
  inputs.insert(inputs.end(), engine.evaluated[1].inputs.begin(), engine.evaluated[1].inputs.end());
  stream(40)->copy(0, 39, expected.data());
  EXPECT_EQ(inputs, expected);
}

TEST(Evaluate, FullContextLossIsTheLastQuarterOfFullWindows) {
  const Setting setting;
  FakeEngine engine;
  const auto split = stream(12);  // two windows of 4, one of 3
  const EvalRecord record = evaluate(engine, *split, *setting.tokenizer, {}, 0, 0);
  std::vector<std::int32_t> all(12);
  split->copy(0, 12, all.data());
  ASSERT_TRUE(record.loss_full_context);
  EXPECT_NEAR(*record.loss_full_context, (engine.nats_of(all[3], all[4]) + engine.nats_of(all[7], all[8])) / 2, 1e-15);
  EXPECT_FALSE(evaluate(engine, *stream(4), *setting.tokenizer, {}, 0, 0).loss_full_context);
}

TEST(Evaluate, OneUnitHasNoStandardError) {
  const Setting setting;
  FakeEngine engine;
  EXPECT_FALSE(evaluate(engine, *stream(40), *setting.tokenizer, {}, 0, 0).loss_se);
  EXPECT_FALSE(evaluate(engine, *stream(40, {{0, 40, 40}}), *setting.tokenizer, {}, 0, 0).loss_se);
}

TEST(Evaluate, ASampleScoresTheSameWindowsEveryTime) {
  const Setting setting;
  FakeEngine one, two, whole;
  const auto split = stream(4001);
  const EvalRecord a = evaluate(one, *split, *setting.tokenizer, {.max_windows = 20}, 0, 0);
  const EvalRecord b = evaluate(two, *split, *setting.tokenizer, {.max_windows = 20}, 50, 600);
  EXPECT_EQ(a.scored_tokens, 80);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(one.evaluated[0].inputs, two.evaluated[0].inputs);
  EXPECT_NE(a.loss, evaluate(whole, *split, *setting.tokenizer, {}, 0, 0).loss);
  EXPECT_EQ(evaluate(whole, *split, *setting.tokenizer, {.max_windows = 5000}, 0, 0).scored_tokens, 4000);
}

TEST(Evaluate, ASplitWithNothingToScoreIsRefused) {
  const Setting setting;
  FakeEngine engine;
  EXPECT_EQ(error_of([&] { (void)evaluate(engine, *stream(1), *setting.tokenizer, {}, 0, 0); }).fault(), Fault::bad_data);
}

}  // namespace
}  // namespace isoflop
