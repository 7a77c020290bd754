// A study folder's files -> what the page says.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/lab.h"
#include "lab/prepare.h"

namespace isoflop::lab {

/// All that a report needs beside the store.
struct ReportInput {
  const Study& study;
  const std::vector<NamedManifest>& texts;
  std::string corpus_title;
  std::string tokenizer_kind;
  std::int64_t vocab_size = 0;
  std::vector<StoredRun> family, sweep;  ///< finished runs, in the order of the table
  std::vector<Baseline> baselines;
};

/// What a budget did to the steps: "steps cut from 3,000 to 1,200 by --flops 1e+12"; empty when none did.
[[nodiscard]] std::string steps_text(const Study& study);

/// Appends those that are not there yet.
void add_unsaid(std::vector<Warning>& warnings, const std::vector<Warning>& more);

/// The laws of a family: for every loss the study names and every meaning of N, the first is the study's own.
/// Runs above the unigram baseline are shown and not fitted; those above the 5-gram are fitted and marked pre-asymptotic.
[[nodiscard]] std::vector<LawView> laws_of(const Study& study, const std::vector<StoredRun>& family,
                                           const std::vector<Baseline>& baselines);

/// One or two sentences: which regime the runs are in and, where a law was asked for, what that means for it.
[[nodiscard]] std::string regime_text(const std::vector<StoredRun>& family, const std::vector<LawView>& laws);

[[nodiscard]] StudyReport study_report(const ReportInput& input, const RunStore& store);

/// report.html and figures/*.svg, with the plan the folder keeps. Returns the page's path.
[[nodiscard]] std::filesystem::path write_report(StudyReport report, const std::filesystem::path& folder);

/// STUDY/tokenizer.json. What is wrong with it is said with its cure.
[[nodiscard]] std::unique_ptr<Tokenizer> study_tokenizer(const std::filesystem::path& folder);

/// laws.json: the runs the laws were fitted to, the laws, and the baselines (docs/formats/laws.md).
void write_laws(const std::filesystem::path& folder, const Study& study, const std::vector<LawView>& laws,
                const std::vector<StoredRun>& family, const std::vector<StoredRun>& sweep, const std::vector<Baseline>& baselines,
                const std::string& corpus_title, const std::vector<Warning>& warnings);

}  // namespace isoflop::lab
