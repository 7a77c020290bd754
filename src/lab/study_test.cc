// A study is a file: what it may say, and what it is told when it cannot be meant.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "isoflop/lab.h"

namespace isoflop {
namespace {

using testing::HasSubstr;

constexpr const char* kModel = "[[models]]\nname = \"a\"\nn_layer = 1\nn_head = 1\nn_embd = 8\n";

Error error_of_study(const std::string& text) {
  return error_of([&] { (void)study_from_toml(text, "s.toml"); });
}

class EveryPreset : public testing::TestWithParam<std::string> {};

TEST_P(EveryPreset, ReadsAndComesBackTheSameFromItsResolvedText) {
  const Study study = preset_study(GetParam());
  EXPECT_EQ(study.name, GetParam());
  EXPECT_EQ(to_toml(study_from_toml(to_toml(study), "again")), to_toml(study));
}
INSTANTIATE_TEST_SUITE_P(, EveryPreset, testing::ValuesIn(preset_names()), [](const auto& test) {
  std::string name = test.param;
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
});

TEST(Preset, TheSourceModelsCountAsTheSourceSays) {
  const std::int64_t expected[] = {343'936, 1'281'024, 3'401'088, 5'714'432, 15'659'520};
  const Study study = preset_study("gpt2mini");
  ASSERT_EQ(study.models.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    Shape shape = study.models[i].shape;
    shape.vocab_size = 3554;
    EXPECT_EQ(param_counts(shape).params, expected[i]);
  }
  EXPECT_EQ(study.train.max_iters, 2000);
  EXPECT_EQ(study.train.schedule.warmup_iters, 100);
  EXPECT_EQ(preset_study("quick").train.schedule.warmup_iters, 50);
}

TEST(Preset, FirstLawSpansOneAndAHalfDecadesOnOneAspectRatioPath) {
  const Study study = preset_study("first-law");
  ASSERT_GE(study.models.size(), 6U);
  ASSERT_GE(study.seeds.size(), 2U);
  double least = 1e300, most = 0;
  for (const StudyModel& model : study.models) {
    Shape shape = model.shape;
    shape.vocab_size = 257;
    const auto params = static_cast<double>(param_counts(shape).params);
    least = std::min(least, params);
    most = std::max(most, params);
    EXPECT_EQ(shape.n_embd, 16 * shape.n_layer);
  }
  EXPECT_GE(most / least, 31.6);
}

TEST(Preset, AnUnknownOneNamesTheNearest) {
  try {
    (void)preset_study("quik");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::usage);
    EXPECT_THAT(error.hint(), HasSubstr("quick"));
  }
}

TEST(StudyText, AnUnknownKeyIsNamedWithLineColumnAndTheNearestKey) {
  const Error error = error_of_study(std::string("[train]\nlearning_rat = 1e-3\n") + kModel);
  EXPECT_EQ(error.fault(), Fault::bad_study);
  EXPECT_EQ(error.subject(), "s.toml:2:1");
  EXPECT_THAT(error.problem(), HasSubstr("train.learning_rat"));
  EXPECT_THAT(error.hint(), HasSubstr("learning_rate"));
}

TEST(StudyText, AValueOfTheWrongTypeIsNamedWithItsPlace) {
  const Error error = error_of_study(std::string("[train]\nmax_iters = \"many\"\n") + kModel);
  EXPECT_EQ(error.subject(), "s.toml:2:13");
  EXPECT_THAT(error.problem(), HasSubstr("whole number"));
}

TEST(StudyText, TornTomlIsABadStudyWithItsPlace) {
  const Error error = error_of_study("[train\n");
  EXPECT_EQ(error.fault(), Fault::bad_study);
  EXPECT_THAT(error.subject(), HasSubstr("s.toml:1"));
}

TEST(StudyText, AnImpossibleShapeNamesTheModelAndTheKey) {
  const Error error = error_of_study("[[models]]\nname = \"a\"\nn_layer = 1\nn_head = 3\nn_embd = 8\n");
  EXPECT_EQ(error.fault(), Fault::bad_study);
  EXPECT_THAT(std::string(error.what()), testing::AllOf(HasSubstr("a"), HasSubstr("n_embd"), HasSubstr("3")));
}

TEST(StudyText, WhatIsNotBuiltYetIsRefusedByName) {
  EXPECT_THAT(std::string(error_of_study(std::string("[model]\nexperts = 4\n") + kModel).what()), HasSubstr("experts"));
}

TEST(StudyText, DropoutIsAModelsKey) {
  const Study study = study_from_toml(std::string("[model]\ndropout = 0.1\n") + kModel, "s.toml");
  EXPECT_EQ(study.models.front().shape.dropout, 0.1);
  EXPECT_EQ(to_toml(study_from_toml(to_toml(study), "again")), to_toml(study));
  for (const char* bad : {"1.0", "-0.1", "nan"}) {
    EXPECT_THAT(std::string(error_of_study(std::string("[model]\ndropout = ") + bad + "\n" + kModel).what()),
                testing::AllOf(HasSubstr("`dropout`"), HasSubstr("[0, 1)")));
  }
}

TEST(StudyText, HorizonsExcludeEachOther) {
  EXPECT_THAT(error_of_study(std::string("[train]\nmax_iters = 5\ntarget_flops = 1e12\n") + kModel).hint(),
              HasSubstr("exactly one"));
}

TEST(StudyText, AStudyWithoutModelsOrWithTwoOfOneNameIsRefused) {
  EXPECT_THAT(error_of_study("name = \"x\"\n").problem(), HasSubstr("no model"));
  EXPECT_THAT(error_of_study(std::string(kModel) + kModel).problem(), HasSubstr("twice"));
}

TEST(StudyText, AnOptionOfTheCorpusOutOfRangeIsNamedWithItsPlace) {
  for (const char* line : {"val_fraction = 0.6", "val_fraction = 0.0", "block_characters = 0", "text_key = \"\""}) {
    const Error error = error_of_study(std::string("[data]\n") + line + "\n" + kModel);
    EXPECT_EQ(error.fault(), Fault::bad_study) << line;
    EXPECT_THAT(error.subject(), HasSubstr("s.toml:2:")) << line;
  }
}

TEST(StudyText, WhatWouldGiveDoubleRowsIsRefusedAtItsKey) {
  for (const auto& [text, key] :
       {std::pair{std::string("[train]\nseeds = [0, 0]\n") + kModel, "train.seeds"},
        std::pair{std::string("[fit]\nloss = []\n") + kModel, "fit.loss"},
        std::pair{std::string("[fit]\nloss = [\"final\", \"final\"]\n") + kModel, "fit.loss"},
        std::pair{std::string(kModel) + "[[models]]\nname = \"b\"\nn_layer = 1\nn_head = 1\nn_embd = 8\nn_inner = 32\n",
                  "models.name"}}) {
    const Error error = error_of_study(text);
    EXPECT_EQ(error.fault(), Fault::bad_study);
    EXPECT_THAT(error.subject(), testing::StartsWith("s.toml:")) << text;
    EXPECT_THAT(error.problem(), HasSubstr(key));
  }
}

TEST(StudyText, ANumberThatNoRunCouldHaveIsRefusedAtItsPlace) {
  for (const char* line :
       {"max_iters = 9223372036854775807", "max_iters = 0", "max_iters = -1", "target_flops = 1e300", "target_flops = nan",
        "target_flops = 1.0", "target_param_data_ratio = 1e30", "target_param_data_ratio = -1.0", "budget_minutes = inf",
        "batch_size = 0", "learning_rate = nan", "warmup_iters = 500", "beta1 = 1.0"}) {
    const Error error = error_of_study(std::string("[train]\n") + line + "\n" + kModel);
    const std::string key = std::string(line).substr(0, std::string(line).find(' '));
    EXPECT_EQ(error.fault(), Fault::bad_study) << line;
    EXPECT_EQ(error.subject(), "s.toml:2:" + std::to_string(key.size() + 4)) << line;
    EXPECT_THAT(error.problem(), HasSubstr("train." + key)) << line;
  }
  EXPECT_EQ(error_of_study(std::string("[eval]\npatience = 3\n") + kModel).subject(), "s.toml:2:12");
  EXPECT_THAT(error_of_study(std::string("[learning_rate_sweep]\nstart = inf\n") + kModel).problem(),
              HasSubstr("learning_rate_sweep.start"));
}

TEST(StudyText, ASplitThatHoldsNothingOutIsRefusedByItsName) {
  const Error error = error_of_study(std::string("[data]\nsplit = \"none\"\n") + kModel);
  EXPECT_EQ(error.subject(), "s.toml:2:9");
  EXPECT_THAT(error.problem(), HasSubstr("none"));
}

TEST(StudyText, StepsThatABudgetSetComeBackWithWhatSetThem) {
  Study study = study_from_toml(kModel, "s.toml");
  study.steps_set = StepsSet{"--flops 1e+12", 3000};
  const Study again = study_from_toml(to_toml(study), "again");
  ASSERT_TRUE(again.steps_set);
  EXPECT_EQ(again.steps_set->by, "--flops 1e+12");
  EXPECT_EQ(again.steps_set->asked, 3000);
}

TEST(StudyText, ANameThatIsAPathIsRefused) {
  EXPECT_EQ(error_of_study(std::string("name = \"../x\"\n") + kModel).fault(), Fault::bad_study);
}

TEST(Study, NamesABytePairTokenizerWithItsSizeAndPattern) {
  const std::string data = "[data]\ntokenizer = \"bpe\"\nvocab_size = 4096\nsplit_pattern = \"script\"\n";
  const Study study = study_from_toml(data + kModel, "s.toml");
  EXPECT_EQ(study.tokenizer, TokenizerKind::bpe);
  EXPECT_EQ(study.vocab_size, 4096);
  EXPECT_EQ(study.split_pattern, SplitPattern::script);
  EXPECT_EQ(to_toml(study_from_toml(to_toml(study), "again")), to_toml(study));
  EXPECT_THAT(to_toml(study), HasSubstr("vocab_size = 4096"));

  const Error small = error_of_study(std::string("[data]\ntokenizer = \"bpe\"\nvocab_size = 100\n") + kModel);
  EXPECT_EQ(small.fault(), Fault::bad_study);
  EXPECT_THAT(small.what(), testing::AllOf(HasSubstr("s.toml:3"), HasSubstr("expected 257")));
  EXPECT_THAT(error_of_study(std::string("[data]\nvocab_size = 4096\n") + kModel).what(),
              HasSubstr("belongs to tokenizer = \"bpe\""));
  EXPECT_THAT(error_of_study(std::string("[data]\ntokenizer = \"bpe\"\nsplit_pattern = \"gtp2\"\n") + kModel).hint(),
              HasSubstr("did you mean `gpt2`?"));
}

TEST(StudyFile, ATokenizerFileStandsAlone) {
  const std::string text = std::string("[data]\ntokenizer_file = \"t/tokenizer.json\"\n") + kModel;
  const Study study = study_from_toml(text, "s.toml");
  EXPECT_EQ(study.tokenizer_file, "t/tokenizer.json");
  EXPECT_EQ(study_from_toml(to_toml(study), "again.toml").tokenizer_file, "t/tokenizer.json");
  EXPECT_THAT(error_of_study(std::string("[data]\ntokenizer_file = \"t\"\ntokenizer = \"char\"\n") + kModel).what(),
              HasSubstr("stands beside tokenizer_file"));
  EXPECT_THAT(error_of_study(std::string("[data]\ntokenizer_file = \"t\"\nvocab_size = 300\n") + kModel).what(),
              HasSubstr("belongs to tokenizer"));
}

}  // namespace
}  // namespace isoflop
