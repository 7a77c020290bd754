#include "isoflop/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "base/json.h"
#include "base/random.h"
#include "base/testing.h"
#include "record/json_text.h"
#include "record/words.h"

namespace isoflop {
namespace {

using testing::HasSubstr;

RunSpec small_spec() {
  RunSpec spec;
  spec.shape.vocab_size = 98;
  spec.data = {{.id = "0123abcd", .weight = 1, .subset_tokens = {}, .max_epochs = {}}};
  spec.tokenizer = "fedc";
  return spec;
}

/// Random values of every kind; doubles from random bits, so that every exponent and last digit is met.
struct Dice {
  Philox philox{.seed = 7, .stream = Stream::simulate};
  std::uint64_t at = 0;

  std::uint64_t bits() { return philox.bits(at++); }
  std::int64_t count() { return static_cast<std::int64_t>(bits() >> (1 + bits() % 62)); }
  bool coin() { return bits() % 2 == 0; }
  double number() {
    if (bits() % 8 == 0) return static_cast<double>(count());
    const double value = std::bit_cast<double>(bits());
    return std::isnan(value) ? -0.0 : value;
  }
  std::string word() { return coin() ? "" : "a \"quoted\" word\n \xE3\x81\x82 " + std::to_string(bits()); }
  template <class T, class Make>
  std::optional<T> maybe(Make make) {
    return coin() ? std::optional<T>(make()) : std::nullopt;
  }
  template <class Enum>
  Enum pick() {
    return words<Enum>()[bits() % words<Enum>().size()].first;
  }
};

RunSpec random_spec(Dice& dice) {
  RunSpec s;
  s.shape = {.n_layer = dice.count(),
             .n_head = dice.count(),
             .n_kv_head = dice.count(),
             .n_embd = dice.count(),
             .n_inner = dice.count(),
             .block_size = dice.count(),
             .vocab_size = dice.count(),
             .bias = dice.coin(),
             .tied_head = dice.coin(),
             .dropout = dice.number(),
             .activation = dice.pick<Activation>(),
             .experts = dice.count(),
             .top_k = dice.count()};
  s.optimizer = {.kind = dice.pick<OptimizerKind>(),
                 .learning_rate = dice.number(),
                 .beta1 = dice.number(),
                 .beta2 = dice.number(),
                 .epsilon = dice.number(),
                 .weight_decay = dice.number(),
                 .decay_on = dice.pick<DecayOn>(),
                 .grad_clip = dice.number()};
  s.schedule = {.kind = dice.pick<ScheduleKind>(),
                .warmup_iters = dice.count(),
                .warmup_from_zero = dice.coin(),
                .min_lr = dice.number(),
                .decay_fraction = dice.number()};
  s.eval = {.interval = dice.count(), .max_windows = dice.count()};
  for (std::uint64_t i = dice.bits() % 3; i > 0; --i) {
    s.data.push_back({.id = dice.word(),
                      .weight = dice.number(),
                      .subset_tokens = dice.maybe<std::int64_t>([&] { return dice.count(); }),
                      .max_epochs = dice.maybe<std::int64_t>([&] { return dice.count(); })});
  }
  s.tokenizer = dice.word();
  s.order = dice.pick<BatchOrder>();
  s.batch_size = dice.count();
  s.gradient_accumulation_steps = dice.count();
  s.max_iters = dice.count();
  s.seed = dice.bits();
  s.dtype = dice.pick<Dtype>();
  s.grad_lanes = dice.count();
  s.init_std = dice.number();
  return s;
}

RunRecord random_record(Dice& dice) {
  const auto number = [&] { return dice.maybe<double>([&] { return dice.number(); }); };
  const auto count = [&] { return dice.maybe<std::int64_t>([&] { return dice.count(); }); };
  return {.id = dice.word(),
          .name = dice.word(),
          .group = dice.word(),
          .status = dice.pick<RunStatus>(),
          .reason = dice.word(),
          .params = {dice.count(), dice.count(), dice.count()},
          .flops = {dice.number(), dice.number(), dice.number()},
          .steps = dice.count(),
          .tokens = dice.count(),
          .unique_tokens = dice.count(),
          .distinct_tokens_seen = count(),
          .train_bytes = count(),
          .loss = number(),
          .loss_se_eval = number(),
          .loss_best = number(),
          .loss_full_context = number(),
          .train_loss = number(),
          .bits_per_byte = number(),
          .regime = dice.pick<Regime>(),
          .isa = dice.word(),
          .isa_changed = dice.coin()};
}

TEST(TextForm, ARandomSpecComesBackBitForBit) {
  Dice dice;
  for (int i = 0; i < 500; ++i) {
    const RunSpec spec = random_spec(dice);
    const std::string text = to_json(spec);
    const RunSpec back = run_spec_from_json(text, "spec.json");
    ASSERT_EQ(to_json(back), text);
    ASSERT_EQ(back.shape, spec.shape);
    ASSERT_EQ(back.seed, spec.seed);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back.optimizer.learning_rate),
              std::bit_cast<std::uint64_t>(spec.optimizer.learning_rate));
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back.init_std), std::bit_cast<std::uint64_t>(spec.init_std));
    ASSERT_EQ(back.data.size(), spec.data.size());
    for (std::size_t k = 0; k < spec.data.size(); ++k) ASSERT_EQ(back.data[k].subset_tokens, spec.data[k].subset_tokens);
  }
}

TEST(TextForm, ARandomRecordComesBackBitForBit) {
  Dice dice;
  for (int i = 0; i < 500; ++i) {
    const RunRecord record = random_record(dice);
    const std::string text = to_json(record);
    const RunRecord back = run_record_from_json(text, "record.json");
    ASSERT_EQ(to_json(back), text);
    ASSERT_EQ(back.loss.has_value(), record.loss.has_value());
    if (record.loss) {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(*back.loss), std::bit_cast<std::uint64_t>(*record.loss));
    }
    ASSERT_EQ(back.params.params_matmul, record.params.params_matmul);
    ASSERT_EQ(back.name, record.name);
  }
}

TEST(TextForm, ARandomStepAndEvaluationComeBackBitForBit) {
  Dice dice;
  for (int i = 0; i < 500; ++i) {
    const StepRecord step{.step = dice.count(),
                          .tokens = dice.count(),
                          .loss = dice.number(),
                          .grad_norm = dice.number(),
                          .learning_rate = dice.number()};
    const StepRecord step_back = step_record_from_json(to_json(step), "steps.jsonl");
    ASSERT_EQ(std::bit_cast<std::uint64_t>(step_back.loss), std::bit_cast<std::uint64_t>(step.loss));
    ASSERT_EQ(to_json(step_back), to_json(step));

    EvalRecord eval{.step = dice.count(),
                    .tokens = dice.count(),
                    .loss = dice.number(),
                    .loss_se = {},
                    .loss_full_context = dice.number(),
                    .documents = {}};
    eval.documents.push_back({.document = dice.count(), .tokens = dice.count(), .bytes = dice.count(), .nats = dice.number()});
    const EvalRecord eval_back = eval_record_from_json(to_json(eval), "eval.jsonl");
    ASSERT_EQ(to_json(eval_back), to_json(eval));
    ASSERT_FALSE(eval_back.loss_se);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(eval_back.documents[0].nats), std::bit_cast<std::uint64_t>(eval.documents[0].nats));
  }
}

TEST(TextForm, ALossThatIsNotANumberComesBackAsOne) {
  const StepRecord back = step_record_from_json(to_json(StepRecord{.loss = NAN, .grad_norm = -INFINITY}), "steps.jsonl");
  EXPECT_TRUE(std::isnan(back.loss));
  EXPECT_EQ(back.grad_norm, -INFINITY);
}

TEST(TextForm, NumbersAreTheShortestThatReadBack) {
  EXPECT_EQ(to_json(StepRecord{.step = 3, .tokens = 8192, .loss = 0.1, .grad_norm = 1e300, .learning_rate = 3e-4}),
            R"({"step":3,"tokens":8192,"loss":0.1,"grad_norm":1e+300,"learning_rate":3e-04})");
  // whole doubles stay whole
  EXPECT_EQ(json_text(Json(9007199254740993.0)), "9007199254740992");
  EXPECT_EQ(json_text(Json(5e-324)), "5e-324");
}

TEST(TextForm, MissingIsNullAndTheVersionComesFirst) {
  const std::string text = to_json(RunRecord{});
  EXPECT_THAT(text, testing::StartsWith("{\n  \"schema_version\": 1,\n  \"id\""));
  EXPECT_THAT(text, HasSubstr("\"loss\": null"));
}

std::string reading_spec(const std::string& from, const std::string& to) {
  std::string text = to_json(small_spec());
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  return message_of(Fault::bad_data, [&] { (void)run_spec_from_json(text, "x/spec.json"); });
}

TEST(StrictReader, NamesTheFileAndTheKey) {
  EXPECT_THAT(reading_spec("\"max_iters\": 500", "\"max_iter\": 500"),
              testing::AllOf(HasSubstr("x/spec.json"), HasSubstr("`max_iters` is missing")));
  EXPECT_THAT(reading_spec("\"max_iters\": 500", "\"max_iters\": 500, \"max_itres\": 1"),
              testing::AllOf(HasSubstr("`max_itres`"), HasSubstr("did you mean `max_iters`")));
  EXPECT_THAT(reading_spec("\"n_layer\": 2", "\"n_layer\": 2.5"), testing::AllOf(HasSubstr("`shape.n_layer`"), HasSubstr("2.5")));
  EXPECT_THAT(reading_spec("\"n_layer\": 2", "\"n_layer\": 18446744073709551615"), HasSubstr("`shape.n_layer`"));
  EXPECT_THAT(reading_spec("\"seed\": 0", "\"seed\": -1"), HasSubstr("`seed`"));
  EXPECT_THAT(reading_spec("\"bias\": true", "\"bias\": 1"), HasSubstr("`shape.bias`"));
  EXPECT_THAT(reading_spec("\"beta1\": 0.9", "\"beta1\": \"0.9\""), HasSubstr("`optimizer.beta1`"));
  EXPECT_THAT(reading_spec("\"kind\": \"adamw\"", "\"kind\": \"adam\""),
              testing::AllOf(HasSubstr("`optimizer.kind`"), HasSubstr("adamw, adafactor")));
  EXPECT_THAT(reading_spec("\"weight\": 1", "\"weight\": null"), HasSubstr("`data[0].weight`"));
  EXPECT_THAT(reading_spec("\"schema_version\": 1", "\"schema_version\": 2"), HasSubstr("newer version"));
  EXPECT_THAT(message_of(Fault::bad_data, [] { (void)step_record_from_json("[1]", "steps.jsonl:1"); }),
              HasSubstr("steps.jsonl:1"));
  EXPECT_THAT(message_of(Fault::bad_data, [] { (void)run_record_from_json("{", "record.json"); }), HasSubstr("record.json"));
}

TEST(Words, EveryWordReadsBackAndAnUnknownOneListsThem) {
  for (const auto& [value, word] : words<ScheduleKind>()) EXPECT_EQ(parse_enum<ScheduleKind>(word, "schedule"), value);
  EXPECT_EQ(to_string(BatchOrder::random_windows), "random_windows");
  EXPECT_EQ(parse_enum<Activation>("gelu_tanh", "activation"), Activation::gelu_tanh);
  EXPECT_THAT(
      message_of(Fault::bad_study, [] { (void)parse_enum<ScheduleKind>("cosin", "lr_schedule"); }),
      testing::AllOf(HasSubstr("lr_schedule"), HasSubstr("constant, linear, cosine, wsd"), HasSubstr("did you mean `cosine`")));
}

TEST(RegimeOf, IsFreshUntilTokensRepeatAndMemorisingOnceParametersOutnumberThem) {
  EXPECT_EQ(regime_of(10, 100, 100), Regime::fresh);
  EXPECT_EQ(regime_of(10, 101, 100), Regime::repeated);
  EXPECT_EQ(regime_of(101, 50, 100), Regime::memorising);
}

TEST(Resolve, FillsWhatIsOpenAndIsItsOwnFixedPoint) {
  RunSpec spec = small_spec();
  spec.batch_size = 3;
  spec.gradient_accumulation_steps = 2;
  const RunSpec resolved = resolve(spec);
  EXPECT_EQ(resolved.grad_lanes, 4);
  EXPECT_EQ(resolved.shape.n_kv_head, 2);
  EXPECT_EQ(resolved.shape.n_inner, 256);
  EXPECT_EQ(to_json(resolve(resolved)), to_json(resolved));
  spec.batch_size = 64;
  EXPECT_EQ(resolve(spec).grad_lanes, 8);
  spec.batch_size = spec.gradient_accumulation_steps = 1;
  EXPECT_EQ(resolve(spec).grad_lanes, 1);
}

TEST(Resolve, RefusesByNameWhatCannotBe) {
  const std::multimap<std::string, std::function<void(RunSpec&)>> cases = {
      {"data", [](RunSpec& s) { s.data.push_back(s.data[0]); }},
      {"data", [](RunSpec& s) { s.data.clear(); }},
      {"data.id", [](RunSpec& s) { s.data[0].id = ""; }},
      {"data.subset_tokens", [](RunSpec& s) { s.data[0].subset_tokens = 0; }},
      {"max_iters", [](RunSpec& s) { s.max_iters = 0; }},
      {"batch_size", [](RunSpec& s) { s.batch_size = 0; }},
      {"gradient_accumulation_steps", [](RunSpec& s) { s.gradient_accumulation_steps = -1; }},
      {"learning_rate", [](RunSpec& s) { s.optimizer.learning_rate = NAN; }},
      {"learning_rate", [](RunSpec& s) { s.optimizer.learning_rate = 0; }},
      {"beta1", [](RunSpec& s) { s.optimizer.beta1 = 1; }},
      {"beta2", [](RunSpec& s) { s.optimizer.beta2 = NAN; }},
      {"weight_decay", [](RunSpec& s) { s.optimizer.weight_decay = -1; }},
      {"warmup_iters", [](RunSpec& s) { s.schedule.warmup_iters = s.max_iters; }},
      {"min_lr", [](RunSpec& s) { s.schedule.min_lr = 1; }},
      {"decay_fraction", [](RunSpec& s) { s.schedule.decay_fraction = 0; }},
      {"grad_lanes", [](RunSpec& s) { s.grad_lanes = 3; }},
      {"grad_lanes", [](RunSpec& s) { s.grad_lanes = 64; }},
      {"eval_interval", [](RunSpec& s) { s.eval.interval = -1; }},
      {"init_std", [](RunSpec& s) { s.init_std = INFINITY; }},
      {"max_iters", [](RunSpec& s) { s.max_iters = std::numeric_limits<std::int64_t>::max() / 2; }},
  };
  for (const auto& [key, spoil] : cases) {
    RunSpec spec = small_spec();
    ASSERT_NO_THROW((void)resolve(spec));
    spoil(spec);
    EXPECT_THAT(message_of(Fault::bad_study, [&] { (void)resolve(spec); }), testing::StartsWith(key + ":"));
  }
}

TEST(RunId, IsSixteenHexDigitsAndStaysTheSame) {
  const std::string id = run_id(resolve(small_spec()));
  EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{16}"));
  EXPECT_EQ(id, run_id(run_spec_from_json(to_json(resolve(small_spec())), "spec.json")));
}

TEST(RunId, KnowsOnlyTheProductOfBatchSizeAndAccumulation) {
  RunSpec a = small_spec(), b = small_spec();
  b.batch_size = 16;
  b.gradient_accumulation_steps = 2;
  EXPECT_EQ(run_id(resolve(a)), run_id(resolve(b)));
  EXPECT_NE(to_json(resolve(a)), to_json(resolve(b)));
  b.gradient_accumulation_steps = 4;
  EXPECT_NE(run_id(resolve(a)), run_id(resolve(b)));
}

TEST(RunId, ChangesWithEveryKeyThatDecidesBytes) {
  const std::vector<std::function<void(RunSpec&)>> changes = {
      [](RunSpec& s) { s.shape.n_layer = 3; },
      [](RunSpec& s) { s.shape.activation = Activation::gelu_tanh; },
      [](RunSpec& s) { s.shape.dropout = 0.1; },
      [](RunSpec& s) { s.optimizer.learning_rate *= 1.0000000000000002; },
      [](RunSpec& s) { s.optimizer.kind = OptimizerKind::adafactor; },
      [](RunSpec& s) { s.schedule.min_lr = 1e-5; },
      [](RunSpec& s) { s.eval.max_windows = 10; },
      [](RunSpec& s) { s.data[0].id = "x"; },
      [](RunSpec& s) { s.data[0].subset_tokens = 1000; },
      [](RunSpec& s) { s.tokenizer = "y"; },
      [](RunSpec& s) { s.order = BatchOrder::random_windows; },
      [](RunSpec& s) { s.max_iters = 501; },
      [](RunSpec& s) { s.seed = 1; },
      [](RunSpec& s) { s.grad_lanes = 4; },
      [](RunSpec& s) { s.init_std = 0.03; },
  };
  std::vector<std::string> ids = {run_id(resolve(small_spec()))};
  for (const auto& change : changes) {
    RunSpec spec = small_spec();
    change(spec);
    ids.push_back(run_id(resolve(spec)));
  }
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
}

}  // namespace
}  // namespace isoflop
