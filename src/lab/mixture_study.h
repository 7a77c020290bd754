// A study of mixtures: proxies designed, trained as ordinary runs, their law, the weights it recommends, and whether they hold.
#pragma once

#include "isoflop/lab.h"
#include "lab/execute.h"
#include "lab/prepare.h"

namespace isoflop::lab {

/// Reads every source (and the target's text), builds one tokenizer of all training text, and encodes each by itself. `tokens` of
/// the result is all of them, one after another.
[[nodiscard]] Prepared prepare_mixture(const Study& study, const LabOptions& options);

/// One run of a mixture. `weights` by source; the target's text has none and is scored only.
[[nodiscard]] PlannedRun plan_mixture_run(const Study& study, const Prepared& prepared, const Mixture& weights,
                                          std::uint64_t seed, double learning_rate, const std::string& name,
                                          const std::string& group);

/// Whether the sources hold text for as many different mixtures as are asked for, none seen more often than max_epochs in a run;
/// of a study of sizes always.
[[nodiscard]] bool holds_text_for_mixtures(const Study& study, const Prepared& prepared);
/// Throws   bad_data that says so in the study's own keys.
[[noreturn]] void refuse_too_little_text(const Study& study, const Prepared& prepared);

/// The proxies: every mixture of the design at every learning rate, the tuned rate first. Throws as refuse_too_little_text.
[[nodiscard]] std::vector<PlannedRun> plan_proxies(const Study& study, const Prepared& prepared);

/// The whole job after `prepare_mixture`. Nothing when a stop came while training.
[[nodiscard]] std::optional<MixtureResult> run_mixture_study(const Study& study, const Workplace& place, StudyResult& result);

}  // namespace isoflop::lab
