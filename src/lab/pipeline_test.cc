// The whole job on a small text: text in, law and page out; again, and nothing is trained twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "lab/fixture.h"
#include "runs/run_folder.h"

namespace isoflop::lab {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string run_bytes(const fs::path& study, const std::string& id) {
  std::string bytes;
  for (const char* file : {"spec.json", "steps.jsonl", "eval.jsonl", "record.json"})
    bytes += read_file(study / "runs" / id / file);
  fs::path newest;
  for (const auto& entry : fs::directory_iterator(study / "runs" / id / "ckpt")) newest = std::max(newest, entry.path());
  return bytes + read_file(newest / "model.safetensors");
}

TEST(Pipeline, GoesFromTextToALawAndAPage) {
  Place place = place_for("whole");
  const StudyResult result = run_study(place.study, place.options);
  ASSERT_EQ(result.runs.size(), 3U);
  EXPECT_EQ(result.trained, 3);
  for (const StudyRun& run : result.runs) {
    ASSERT_TRUE(run.stored.record.loss);
    EXPECT_LT(*run.stored.record.loss, 2.7) << "letters drawn by frequency alone cost 2.8 nats";
    EXPECT_TRUE(run.stored.record.bits_per_byte);
    EXPECT_EQ(run.stored.record.regime, Regime::fresh);
  }
  for (const char* file : {"study.toml", "study.resolved.toml", "corpus.manifest.json", "tokenizer.json", "runs.csv", "laws.json",
                           "report.html", "figures"}) {
    EXPECT_TRUE(fs::exists(place.options.out / file)) << file;
  }
  EXPECT_THAT(read_file(result.report), HasSubstr("</html>"));

  // what the runs are held against, kept in the cache and known to whoever fits the folder
  const std::vector<Baseline> lines = baselines_of_folder(place.options.out);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].name, "unigram");
  EXPECT_EQ(lines[1].name, "5-gram");
  EXPECT_LT(lines[1].loss, lines[0].loss);
  EXPECT_THAT(lines[1].what, HasSubstr("bits per byte"));
  const auto kept = fs::directory_iterator(place.options.cache / "baselines");
  EXPECT_THAT(read_file(kept->path()), HasSubstr("\"5-gram\""));
  EXPECT_TRUE(std::any_of(result.warnings.begin(), result.warnings.end(), [](const Warning& w) {
    return w.code == "pre_asymptotic";
  })) << "120 steps";
}

TEST(Pipeline, ASecondCallTrainsNothingAndSaysTheSame) {
  Place place = place_for("again");
  const StudyResult first = run_study(place.study, place.options);
  const std::string page = read_file(first.report);
  const StudyResult second = run_study(place.study, place.options);
  EXPECT_EQ(second.trained, 0);
  EXPECT_EQ(read_file(second.report), page);
  EXPECT_EQ(read_file(report_study(place.options.out)), page);
}

TEST(Pipeline, AKeptPlanIsASectionOfTheReportUntilItsFileIsGone) {
  Place place = place_for("kept");
  const StudyResult result = run_study(place.study, place.options);
  const std::string page = read_file(result.report);
  PageSection section;
  section.title = "A plan";
  section.lead = "1e24 FLOPs train a model";
  const fs::path with_plan = keep_plan(place.options.out, "{\"flops\": 1e24}", section);
  EXPECT_THAT(read_file(with_plan), HasSubstr("1e24 FLOPs train a model"));
  const std::string drawn = read_file(with_plan);
  EXPECT_EQ(read_file(run_study(place.study, place.options).report), drawn);

  const std::string kept = read_file(place.options.out / "plan.json");
  std::string changed = kept;
  changed.replace(changed.find("1e24 FLOPs"), 4, "1e25");
  write_output(place.options.out / "plan.json", changed);
  const Error error = error_of([&] { (void)report_study(place.options.out); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.hint(), HasSubstr("plan --study"));
  fs::remove(place.options.out / "plan.json");
  EXPECT_EQ(read_file(report_study(place.options.out)), page);
  EXPECT_EQ(error_of([&] { (void)keep_plan(place.options.out / "nowhere", "{}", section); }).fault(), Fault::missing_input);
}

TEST(Pipeline, OneThreadAndThreeGiveTheSameBytes) {
  Place one = place_for("one"), three = place_for("three");
  one.options.threads = 1;
  three.options.threads = 3;
  const StudyResult a = run_study(one.study, one.options), b = run_study(three.study, three.options);
  for (std::size_t i = 0; i < a.runs.size(); ++i) {
    ASSERT_EQ(a.runs[i].stored.id, b.runs[i].stored.id);
    EXPECT_EQ(run_bytes(one.options.out, a.runs[i].stored.id), run_bytes(three.options.out, b.runs[i].stored.id));
  }
}

TEST(Pipeline, AStudyStoppedAnywhereEndsInTheBytesOfOneThatWasNot) {
  Place whole = place_for("unstopped"), stopped = place_for("stopped");
  const StudyResult expected = run_study(whole.study, whole.options);
  stopped.options.checkpoint_interval = 7;
  StudyResult result;
  int calls = 0;
  for (; calls < 40; ++calls) {
    std::stop_source stop;
    int steps = 0;
    stopped.options.stop = stop.get_token();
    stopped.options.progress = [&](const Progress& p) {
      if (p.stage.substr(0, 5) == "train" && ++steps == 11) stop.request_stop();
    };
    result = run_study(stopped.study, stopped.options);
    if (!result.report.empty()) break;
  }
  EXPECT_GT(calls, 5);
  ASSERT_EQ(result.runs.size(), expected.runs.size());
  for (const StudyRun& run : expected.runs) {
    EXPECT_EQ(run_bytes(whole.options.out, run.stored.id), run_bytes(stopped.options.out, run.stored.id))
        << run.stored.record.name;
  }
}

TEST(Pipeline, ASweepSetsARatePerSizeAndIsNotRepeated) {
  Place place = place_for(
      "sweep", std::string(kSmallStudy) + "[learning_rate_sweep]\nstart = 1e-2\nfactor = 3.0\nlength = 0.5\nwidest = 4\n");
  const StudyResult first = run_study(place.study, place.options);
  EXPECT_GE(first.sweep.size(), 6U);
  const StudyResult second = run_study(place.study, place.options);
  EXPECT_EQ(second.trained, 0);
  EXPECT_EQ(second.sweep.size(), first.sweep.size());
}

TEST(Pipeline, ADivergedRunIsDataAndIsNotTrainedAgain) {
  Place place = place_for("diverged");
  place.study.models.resize(1);
  place.study.train.optimizer.learning_rate = 1e30;
  place.study.train.optimizer.grad_clip = 0;
  const StudyResult result = run_study(place.study, place.options);
  ASSERT_EQ(result.runs.size(), 1U);
  EXPECT_EQ(result.runs[0].stored.record.status, RunStatus::diverged);
  EXPECT_FALSE(result.runs[0].stored.record.loss);
  EXPECT_TRUE(result.fits.empty());
  EXPECT_EQ(run_study(place.study, place.options).trained, 0);
}

TEST(Pipeline, RunsThatLearnedNothingOfContextAreNamedAndCarryNoLaw) {
  Place place = place_for("above");
  place.study.train.max_iters = 6;
  place.study.train.optimizer.learning_rate = 1e-5;
  const StudyResult result = run_study(place.study, place.options);
  EXPECT_TRUE(result.fits.empty());
  EXPECT_THAT(result.law_in_words, testing::AllOf(HasSubstr("No law of N"), HasSubstr("3 runs (a, b, c)"), HasSubstr("unigram")));
  EXPECT_THAT(result.regime_text, testing::Not(HasSubstr("plain law")));
  EXPECT_EQ(read_file(report_study(place.options.out)), read_file(result.report));
}

TEST(Pipeline, APlanSaysWhatARunThenIs) {
  Place place = place_for("plan");
  const StudyPlan plan = plan_study(place.study, place.options);
  const StudyResult result = run_study(place.study, place.options);
  ASSERT_EQ(plan.runs.size(), result.runs.size());
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    EXPECT_EQ(plan.runs[i].id, result.runs[i].stored.id);
    EXPECT_EQ(plan.runs[i].tokens, result.runs[i].stored.record.tokens);
    EXPECT_GT(plan.runs[i].seconds, 0);
  }
  EXPECT_TRUE(plan_study(place.study, place.options).runs[0].done);
}

TEST(Pipeline, ATextShorterThanAWindowIsBadData) {
  Place place = place_for("short");
  for (StudyModel& model : place.study.models) model.shape.block_size = 100'000;
  try {
    (void)run_study(place.study, place.options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::bad_data);
    EXPECT_THAT(error.hint(), HasSubstr("block_size"));
  }
}

TEST(Pipeline, AModelTooLargeForTheMachineIsRefusedBeforeAnythingIsTrained) {
  Place place = place_for("large");
  StudyModel giant = place.study.models.front();
  giant.name = "giant";
  giant.shape.n_layer = 400;
  giant.shape.n_head = 64;
  giant.shape.n_embd = 8192;
  place.study.models.push_back(giant);
  try {
    (void)run_study(place.study, place.options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::failure);
    EXPECT_THAT(std::string(error.what()), HasSubstr("giant"));
  }
  EXPECT_FALSE(fs::exists(place.options.out / "runs.csv"));
}

TEST(Pipeline, NoTextOrAnUnknownOneIsMissingInput) {
  Place place = place_for("missing");
  place.study.corpus.inputs = {"/nowhere.txt"};
  try {
    (void)run_study(place.study, place.options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::missing_input);
    EXPECT_EQ(error.subject(), "/nowhere.txt");
  }
  place.study.corpus.inputs = {"sott"};
  try {
    (void)run_study(place.study, place.options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.hint(), HasSubstr("sotu"));
  }
}

TEST(Pipeline, ThePageNamesARunThatChangedItsKernelSet) {
  Place place = place_for("isa");
  const StudyResult result = run_study(place.study, place.options);
  EXPECT_THAT(read_file(result.report), testing::Not(HasSubstr("more than one kernel set")));
  const fs::path folder = result.runs.front().stored.folder;
  auto sealed = read_record(folder);
  ASSERT_TRUE(sealed);
  sealed->record.isa_changed = true;
  write_output(folder / "record.json", record_document(*sealed));
  EXPECT_THAT(read_file(report_study(place.options.out)), HasSubstr("more than one kernel set"));
}

TEST(Pipeline, TextCanBeSampledFromARun) {
  Place place = place_for("sample");
  (void)run_study(place.study, place.options);
  SampleOptions sample;
  sample.tokens = 60;
  sample.prompt = "the law";
  const std::string text = sample_run(place.options.out, "c", sample);
  EXPECT_EQ(text.substr(0, 7), "the law");
  EXPECT_EQ(text.size(), 67U);
  EXPECT_EQ(sample_run(place.options.out, "c", sample), text);
  EXPECT_THROW((void)sample_run(place.options.out, "nobody", sample), Error);
  std::stop_source stop;
  stop.request_stop();
  sample.stop = stop.get_token();
  EXPECT_EQ(error_of([&] { (void)sample_run(place.options.out, "c", sample); }).fault(), Fault::stopped);
}

TEST(Pipeline, ABytePairStudyScoresBytesAndIsVerified) {
  std::string text = kSmallStudy;
  text.replace(text.find("tokenizer = \"char\""), 18, "tokenizer = \"bpe\"\nvocab_size = 300\nsplit_pattern = \"gpt2\"");
  Place place = place_for("bpe", text), other = place_for("bpe_threads", text);
  other.options.threads = 1;
  const StudyResult result = run_study(place.study, place.options), again = run_study(other.study, other.options);
  const auto tokenizer = read_tokenizer((place.options.out / "tokenizer.json").string());
  EXPECT_EQ(tokenizer->kind(), "bpe");
  EXPECT_EQ(tokenizer->vocab_size(), 300);
  for (const StudyRun& run : result.runs) {
    const RunRecord& record = run.stored.record;
    const EvalRecord eval = RunStore::open(place.options.out).evals(run.stored.id).back();
    ASSERT_TRUE(record.loss && record.bits_per_byte);
    EXPECT_GT(eval.scored_bytes, 2 * eval.scored_tokens);
    const double nats = *record.loss * static_cast<double>(eval.scored_tokens);
    EXPECT_NEAR(*record.bits_per_byte, nats / std::log(2) / static_cast<double>(eval.scored_bytes), 1e-12);
  }
  for (std::size_t i = 0; i < result.runs.size(); ++i) {
    EXPECT_EQ(run_bytes(place.options.out, result.runs[i].stored.id), run_bytes(other.options.out, again.runs[i].stored.id));
  }
  EXPECT_EQ(run_study(place.study, place.options).trained, 0);
  EXPECT_FALSE(sample_run(place.options.out, "c", {}).empty());

  std::string named = kSmallStudy;  // the same from its file
  named.replace(named.find("tokenizer = \"char\""), 18,
                "tokenizer_file = \"" + (other.options.out / "tokenizer.json").string() + "\"");
  Place third = place_for("bpe_file", named);
  EXPECT_EQ(run_study(third.study, third.options).runs.front().stored.id, result.runs.front().stored.id);

  RunStore store = RunStore::open(place.options.out);
  EXPECT_THAT(store.verify(), testing::IsEmpty());
  const fs::path file = place.options.out / "tokenizer.json";
  std::string bytes = read_file(file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  replace_file(file, bytes);
  EXPECT_THAT(store.verify(), testing::SizeIs(1));
}

}  // namespace
}  // namespace isoflop::lab
