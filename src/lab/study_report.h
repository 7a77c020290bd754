// A study folder's files -> what the page says.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "isoflop/lab.h"

namespace isoflop::lab {

/// All that a report needs beside the store.
struct ReportInput {
  const Study& study;
  const CorpusManifest& manifest;
  std::string corpus_title;
  std::string tokenizer_kind;
  std::int64_t vocab_size = 0;
  std::vector<StoredRun> family, sweep;  ///< finished runs, in the order of the table
  std::vector<Baseline> baselines;
};

/// What a budget did to the steps: "steps cut from 3,000 to 1,200 by --flops 1e+12"; empty when none did.
[[nodiscard]] std::string steps_text(const Study& study);

/// One warning that names the runs whose held-out loss is no better than the unigram baseline; none without such runs.
[[nodiscard]] std::vector<Warning> above_unigram(const std::vector<StoredRun>& family, const std::vector<Baseline>& baselines);

/// The laws of a family: for every loss the study names and every meaning of N, the first is the study's own.
/// Runs above the unigram baseline are shown and not fitted.
[[nodiscard]] std::vector<LawView> laws_of(const Study& study, const std::vector<StoredRun>& family, const std::vector<Baseline>& baselines);

/// One or two sentences: which regime the runs are in and, where a law was asked for, what that means for it.
[[nodiscard]] std::string regime_text(const std::vector<StoredRun>& family, const std::vector<LawView>& laws);

[[nodiscard]] StudyReport study_report(const ReportInput& input, const RunStore& store);

/// report.html and figures/*.svg, with the plan the folder keeps. Returns the page's path.
[[nodiscard]] std::filesystem::path write_report(StudyReport report, const std::filesystem::path& folder);

/// STUDY/tokenizer.json. What is wrong with it is said with its cure.
[[nodiscard]] std::unique_ptr<Tokenizer> study_tokenizer(const std::filesystem::path& folder);

/// laws.json: the runs the laws were fitted to, the laws, and the baselines (docs/formats/laws.md).
void write_laws(const std::filesystem::path& folder, const Study& study, const std::vector<LawView>& laws, const std::vector<StoredRun>& family,
                const std::vector<StoredRun>& sweep, const std::vector<Baseline>& baselines, const std::string& corpus_title,
                const std::vector<Warning>& warnings);

}  // namespace isoflop::lab
