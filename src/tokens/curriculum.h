// What is done to a run's sequences beyond drawing them: an order by difficulty, and noise on their inputs.
#pragma once

#include <memory>

#include "isoflop/tokens.h"

namespace isoflop::tokens {

/// `order`: the sequences of every epoch of the run by the mean surprisal of their targets under the token shares of the whole
/// run; the last epoch is the part of it that the run reaches. `token_noise`: every input token is another of the vocabulary,
/// drawn evenly, with that probability, a function of (seed, sequence, place).
///
/// Source   curriculum learning: Bengio et al. 2009, Curriculum Learning (ICML), unigram surprisal as the measure of difficulty;
///          word replacement as data noising: Xie et al. 2017 (arXiv:1703.02573), here with an even distribution.
/// Numerics ties keep the seeded order; the same for any number of threads, stops and resumes.
/// Throws   bad_study for an order without epochs or `updates`, and for noise without a vocabulary.
/// Checked  curriculum_test.cc.
[[nodiscard]] std::unique_ptr<BatchSource> arranged(std::unique_ptr<BatchSource> batches, const BatchOptions& options);

}  // namespace isoflop::tokens
