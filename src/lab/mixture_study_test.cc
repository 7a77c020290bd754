// A study of mixtures on small texts: proxies, law, weights, and runs that try them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "base/sealed_json.h"
#include "base/testing.h"
#include "isoflop/lab.h"
#include "lab/mixture_result.h"
#include "lab/mixture_study.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Sentences over words of one's own: sources that differ.
std::string babble(const std::vector<std::string>& words, std::size_t characters, std::uint32_t state) {
  std::string text;
  for (int sentence = 0; text.size() < characters; ++sentence) {
    for (int w = 0; w < 6; ++w) {
      state = state * 1664525U + 1013904223U;
      text += (w == 0 ? "" : " ") + words[(state >> 16) % words.size()];
    }
    text += sentence % 5 == 4 ? ".\n\n" : ". ";
  }
  return text;
}

const std::vector<std::string> kLetters{"abba", "cabbage", "face", "decade", "bead"},
    kOther{"zoo", "xylo", "wuzzy", "vow", "yummy"};

struct Place {
  LabOptions options;
  Study study;
};

Place place_for(const std::string& name, const std::string& mixture = "proxies = 4\n") {
  const fs::path folder = fresh_folder(name);
  write_output(folder / "a.txt", babble(kLetters, 12'000, 1));
  write_output(folder / "b.txt", babble(kOther, 8'000, 2));
  write_output(folder / "like_a.txt", babble(kLetters, 6'000, 3));
  const std::string text = R"(
name = "mix"
[data]
split = "block"
block_characters = 500
[model]
block_size = 16
[[models]]
name = "proxy"
n_layer = 1
n_head = 1
n_embd = 8
[train]
learning_rate = 2e-2
batch_size = 4
max_iters = 40
seeds = [0, 1]
dtype = "float32"
[mixture]
)" + mixture + "[[mixture.sources]]\nname = \"a\"\ninputs = \"" +
                           (folder / "a.txt").string() + "\"\n[[mixture.sources]]\nname = \"b\"\ninputs = \"" +
                           (folder / "b.txt").string() + "\"\n[mixture.target_text]\nname = \"like_a\"\ninputs = \"" +
                           (folder / "like_a.txt").string() + "\"\n";
  Place place;
  place.options.out = folder / "study";
  place.options.cache = folder / "cache";
  place.options.threads = 2;
  place.options.isa = Isa::ref;
  place.study = study_from_toml(text, "mix.toml");
  return place;
}

TEST(MixtureStudy, GoesFromTextsToWeightsAndTriesThem) {
  Place place = place_for("whole");
  const StudyResult result = run_study(place.study, place.options);
  ASSERT_TRUE(result.mixture);
  EXPECT_EQ(result.runs.size(), 8U) << "four mixtures at two learning rates";
  const MixtureResult& mixture = *result.mixture;
  ASSERT_EQ(mixture.model.fits.size(), 2U) << "a law for each rate";
  EXPECT_EQ(mixture.optimum.target.begin()->first, "like_a");
  EXPECT_GT(mixture.optimum.mixture().at("a"), 0.5) << "the source that is like the target";
  ASSERT_GE(mixture.measured.size(), 4U);
  EXPECT_EQ(mixture.measured[0].name, "recommended");
  EXPECT_EQ(mixture.measured[0].losses.size(), 2U);
  EXPECT_TRUE(mixture.seed_sd);

  // what lies in the folder is what mix reads
  const auto csv = (place.options.out / "proxies.csv").string();
  EXPECT_EQ(mixture_table(parse_csv(read_file(csv), csv)).rows(), 8);
  const auto law = place.options.out / "mixture.json";
  EXPECT_EQ(mixture_from_text(read_file(law), law.string()).domains.size(), 2U);
  const Json json =
      parse_json(unseal_json(read_file(place.options.out / "mixture_result.json"), "mixture_result.json"), "mixture_result.json");
  EXPECT_EQ(json["measured"][0]["name"], "recommended");

  // again: nothing is trained twice
  const StudyResult again = run_study(place.study, place.options);
  EXPECT_EQ(again.trained, 0);
  EXPECT_EQ(mixture_to_text(again.mixture->model), mixture_to_text(mixture.model));

  // its page, also drawn anew, says what it came to and holds every run
  const std::string page = read_file(result.report);
  for (const std::string& words : {std::string("Weights of the sources"), std::string("As measured"), std::string("proxy-1"),
                                   std::string("confirm-recommended-s1")})
    EXPECT_THAT(page, HasSubstr(words));
  fs::remove(result.report);
  EXPECT_EQ(read_file(report_study(place.options.out)), page);
  EXPECT_TRUE(RunStore::open_existing(place.options.out).verify().empty());

  // no law of N is to be had of it, and another study is not written over it
  const Error no_law = error_of([&] { (void)run_table_of_folder(place.options.out); });
  EXPECT_EQ(no_law.fault(), Fault::usage);
  EXPECT_THAT(no_law.hint(), HasSubstr("proxies.csv"));
  Study other = place.study;
  other.name = "other";
  const Error refused = error_of([&] { (void)run_study(other, place.options); });
  EXPECT_EQ(refused.fault(), Fault::usage);
  EXPECT_THAT(refused.problem(), HasSubstr("holds the study `mix`"));
}

MeasuredMixture measured(const std::string& name, double share, std::vector<double> losses) {
  return {.name = name, .weights = {{"a", share}, {"b", 1 - share}}, .losses = std::move(losses), .mean = {}, .verdict = {}};
}

TEST(MixtureStudy, IsConfirmedByWhatIsBetterThanTheSpreadOfSeeds) {
  MixtureResult result;
  result.measured = {measured("recommended", 0.7, {1.00, 1.02}), measured("natural", 0.5, {1.10, 1.12}),
                     measured("uniform", 0.7, {1.00, 1.02})};
  lab::judge(result);
  EXPECT_NEAR(*result.seed_sd, 0.01414, 1e-4);
  EXPECT_EQ(result.measured[1].verdict, "better");
  EXPECT_EQ(result.measured[2].verdict, "the same");
  EXPECT_TRUE(result.confirmed);

  result.measured[1].losses = {1.01, 1.03};
  lab::judge(result);
  EXPECT_EQ(result.measured[1].verdict, "undecided");
  EXPECT_FALSE(result.confirmed);

  result.measured[1].losses = {0.9, 0.92};
  lab::judge(result);
  EXPECT_EQ(result.measured[1].verdict, "worse");
  EXPECT_FALSE(result.confirmed);

  result.measured = {measured("recommended", 0.7, {1.0, 1.1}), measured("natural", 0.7, {1.0, 1.1})};
  lab::judge(result);
  EXPECT_FALSE(result.confirmed) << "nothing was compared";

  result.measured = {measured("recommended", 0.7, {1.0}), measured("natural", 0.5, {2.0})};
  lab::judge(result);
  EXPECT_EQ(result.measured[1].verdict, "undecided") << "one seed tells no spread";
}

TEST(MixtureStudy, ABudgetHoldsTheRunsThatTryTheWeightsToo) {
  Place place = place_for("budget");
  place.study.total_flops = 1e9;
  const StudyPlan plan = plan_study(place.study, place.options);
  EXPECT_LE(plan.flops_exact_most, 1e9);
  EXPECT_GT(plan.flops_exact_most, plan.flops_exact);
  const StudyResult result = run_study(place.study, place.options);
  double spent = 0;
  for (const StoredRun& run : RunStore::open_existing(place.options.out).list())
    spent += run.record.flops.exact * static_cast<double>(run.record.tokens);
  EXPECT_LE(spent, 1e9);
  EXPECT_GT(spent, 0.4 * 1e9);
  EXPECT_TRUE(result.mixture);
}

TEST(MixtureStudy, ATextTooSmallForItsRunsIsNamedInTheStudysOwnKeys) {
  Place place = place_for("small");
  const auto refused = [&] { return error_of([&] { (void)plan_study(place.study, place.options); }); };
  place.study.train.max_iters = 2000;
  const Error steps = refused();
  EXPECT_EQ(steps.fault(), Fault::bad_data);
  EXPECT_EQ(steps.subject(), "study `mix`");
  EXPECT_THAT(steps.problem(), testing::AllOf(HasSubstr("a run of 128,000 tokens"), HasSubstr("at most 4 times over")));
  EXPECT_THAT(steps.hint(),
              testing::AllOf(HasSubstr("max_epochs under [mixture]"), HasSubstr("max_iters"), testing::Not(HasSubstr("--"))));

  // a budget beyond the text says how much of it there is use for
  place.study.train.max_iters = 40;
  place.study.total_flops = 1e12;
  const Error budget = refused();
  EXPECT_EQ(budget.fault(), Fault::usage);
  EXPECT_EQ(budget.subject(), "--flops 1e+12");
  EXPECT_THAT(budget.hint(), HasSubstr("max_epochs (4) under [mixture]"));
  const std::string hint = budget.hint();
  place.study.total_flops = std::stod(hint.substr(hint.find("--flops ") + 8));
  const StudyPlan most = plan_study(place.study, place.options);
  EXPECT_GT(most.runs.front().tokens, 3.2 * 18'000) << "nearly four times the training text";
  place.study.total_flops.reset();
  place.study.total_minutes = 1e6;
  EXPECT_EQ(refused().subject(), "--minutes 1e+06");
}

TEST(MixtureStudy, NoProxyHasAShareOfLessThanEightWindows) {
  Place place = place_for("windows", "proxies = 8\n");
  place.study.train.dtype = Dtype::float32;
  const lab::Prepared prepared = lab::prepare(place.study, place.options);
  const double windows = 40 * 4;
  for (const PlannedRun& run : lab::plan_proxies(place.study, prepared))
    for (const DataSpec& data : run.spec.data) EXPECT_TRUE(data.weight == 0 || data.weight * windows > 7.999) << data.weight;
}

TEST(MixtureStudy, AMixtureTrainsOnItsSharesAndIsScoredOnEveryText) {
  Place place = place_for("shares");
  place.study.train.dtype = Dtype::float32;
  const lab::Prepared prepared = lab::prepare(place.study, place.options);
  ASSERT_EQ(prepared.parts.size(), 3U);
  EXPECT_EQ(prepared.tokens.train->size(), prepared.parts[0].train->size() + prepared.parts[1].train->size())
      << "not the target's text";
  EXPECT_EQ(prepared.tokens.held_out->size(),
            prepared.parts[0].held_out->size() + prepared.parts[1].held_out->size() + prepared.parts[2].held_out->size());
  const PlannedRun run = lab::plan_mixture_run(place.study, prepared, {{"a", 0.25}, {"b", 0.75}}, 0, 1e-3, "r", "mixture");
  ASSERT_EQ(run.spec.data.size(), 3U);
  EXPECT_EQ(run.spec.data[1].weight, 0.75);
  EXPECT_EQ(run.spec.data[2].weight, 0);
  EXPECT_NE(run.id, lab::plan_mixture_run(place.study, prepared, {{"a", 0.5}, {"b", 0.5}}, 0, 1e-3, "r", "mixture").id);
}

TEST(MixtureStudy, TheResolvedStudyIsTheSameStudy) {
  const Place place =
      place_for("resolved", "proxies = 6\nmax_epochs = 2.5\nlearning_rates = 1\ntarget = [\"a\", \"like_a\"]\nseed = 9\n");
  const std::string toml = to_toml(place.study);
  const Study back = study_from_toml(toml, "again.toml");
  EXPECT_EQ(to_toml(back), toml);
  ASSERT_TRUE(back.mixture);
  EXPECT_EQ(back.mixture->proxies, 6);
  EXPECT_EQ(back.mixture->target.size(), 2U);
}

TEST(MixtureStudy, WhatCannotBeMeantIsNamedAtItsPlace) {
  const auto problem = [](const std::string& mixture) {
    return std::string(error_of([&] { (void)place_for("bad", mixture); }).what());
  };
  EXPECT_THAT(problem("proxies = 1\n"), HasSubstr("proxies"));
  EXPECT_THAT(problem("target = \"aa\"\n"), HasSubstr("`aa` is no source"));
  EXPECT_THAT(problem("proxy = 5\n"), HasSubstr("unknown key `mixture.proxy`"));
  EXPECT_THAT(problem("law = \"cubic\"\n"), HasSubstr("cubic"));
}

}  // namespace
}  // namespace isoflop
