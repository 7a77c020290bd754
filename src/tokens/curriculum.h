// What is done to a run's sequences beyond drawing them: an order by difficulty, and noise on their inputs.
#pragma once

#include <memory>

#include "isoflop/tokens.h"

namespace isoflop::tokens {

/// The sequences of every epoch of the run, by the mean surprisal of their targets under the token shares of the whole run.
///
/// Source   curriculum learning: Bengio et al. 2009, Curriculum Learning (ICML); unigram surprisal as the measure of difficulty.
/// Needs    epochs without replacement (contract); options.updates > 0: the last epoch is the part of it that the run reaches.
/// Numerics ties keep the seeded order; the same for any number of threads, stops and resumes.
/// Checked  curriculum_test.cc.
[[nodiscard]] std::unique_ptr<BatchSource> ordered_by_surprisal(std::unique_ptr<BatchSource> batches, const BatchOptions& options);

/// Every input token is another of the vocabulary, drawn evenly, with probability `token_noise`: a function of (seed, sequence, place).
///
/// Source   word replacement as data noising: Xie et al. 2017 (arXiv:1703.02573), here with an even distribution.
/// Needs    options.vocab_size > 1 (contract).
/// Checked  curriculum_test.cc.
[[nodiscard]] std::unique_ptr<BatchSource> with_token_noise(std::unique_ptr<BatchSource> batches, const BatchOptions& options);

/// Both, as the options ask.
[[nodiscard]] std::unique_ptr<BatchSource> arranged(std::unique_ptr<BatchSource> batches, const BatchOptions& options);

}  // namespace isoflop::tokens
