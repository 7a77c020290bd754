// How compute is best shared between parameters and tokens, N*(C) and D*(C), and what it reaches, L*(C): read off runs without a
// law
// of the loss. Approach 1: the lower envelope of training curves. Approach 2: the minimum of loss at each budget of FLOPs
// (isoFLOP).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/fit_law.h"

namespace isoflop {

/// How the intervals of N*(C) and D*(C) are made.
enum class AllocationInterval {
  automatic,   ///< seed_noise from 8 points on, if the points scatter no more than their errors say; else student
  student,     ///< Student's t of the points about the line: holds whatever moved each point by itself
  seed_noise,  ///< percentiles over draws: every row's loss (or every optimum) with noise of its size added
  rows,        ///< percentiles over draws: rows of a budget, or runs of a family, drawn with replacement
};

struct AllocationOptions {
  AllocationInterval interval = AllocationInterval::automatic;  ///< of N* and D*, and by the same rule of L*
  double level = 0.95;
  std::int64_t draws = 1000;  ///< 0: none; the intervals are Student's t
  std::uint64_t seed = 0;     ///< of the draws
  bool weighted = true;       ///< points weigh 1 / se^2 where each has one; false: equally
  std::vector<double> at;     ///< budgets to answer for: N*, D*, D/N, L* at each, in `derived`
};

struct IsoflopOptions {
  std::string n_column = "params";
  std::string loss_column = "loss";
  std::vector<double> budgets;  ///< FLOPs; a row belongs to the nearest within `tolerance`. Empty: found where rows gather
  double tolerance = 0.1;       ///< relative
  CurveMinimumBy minimum = CurveMinimumBy::parabola;
  /// Half the width of the window about the minimum that the parabola sees, in decades of N; it holds 5 sizes or more where the
  /// curve has them. 0: the whole curve, which goes wrong on wide ones (on Porian's, exponents of 2 instead of 0.8).
  double window_decades = 0.6;
  bool log_loss = false;     ///< the parabola is of ln L instead of L
  bool keep_strays = false;  ///< use rows off their budget, rows off its curve and copies, too; but copies they are still named
  bool keep_edges = false;   ///< use minima at an edge or outside the points, too; they are still named
  std::optional<double> loss_sd;  ///< nats: noise of one run's loss; none: from the scatter about the parabolas
  bool allow_repeated = false;
  AllocationOptions law;
};

/// Fits N*(C) = k_n C^a and D*(C) = k_d C^b through the size of least loss at each budget of FLOPs.
///
/// Source   Hoffmann et al. 2022 (arXiv:2203.15556), section 3.2 (parabola); Porian et al. 2024 (arXiv:2406.19146), section 2
///          (Akima, noise of the seed, weights); the same by a quadratic in log10 D: Llama 3 (arXiv:2407.21783), section 3.2.1.
/// Units    C as in the first of `flops`, flops_exact, flops_6nd that is there, else 6 N D with a warning; the fit says which.
/// Needs    3 budgets whose curve has its minimum inside for a law with an interval (2 give a line). D*: a column `tokens`.
///          A budget carries no law when its least loss is at an edge, its parabola opens downward or has its vertex outside the
///          points, it has fewer than 3 sizes, or its minimum leaves the curve in half of the draws: `optima` says so for each.
///          Left out as strays: rows whose FLOPs lie off their budget's others, and rows off the curve of the others by 1 % of
///          the loss and more than chance allows.
/// Result   constants k_n, a, k_d, b; frontier_k, frontier_c of L*(C) = k C^-c and, from 4 budgets on, floor_e, floor_k, floor_c
///          of
///          L*(C) = e + k C^-c, e = 0 where they do not tell a floor; derived a, b, residual_sd (ln L about the parabolas) and,
///          for
///          each C in `law.at`, params_opt@C, tokens_opt@C, tokens_per_param@C, loss@C; `draws` of all of these but residual_sd,
///          by
///          Student's t about the laws where the intervals are; no fit with fewer than 2 budgets left. r_squared is of ln N* over
///          the budgets used, each counting 1.
/// Throws   Error{bad_data}, naming row and column, if a number it reads is not finite and positive or a column is missing;
///          Error{usage} naming the option that cannot be meant.
/// Checked  isoflop_test.cc: grids made by known laws, coverage over 300 tables; isoflop_reference_test.cc: Hoffmann's curves as
///          read by Epoch, Porian's, Llama 3's.
[[nodiscard]] FitResult fit_isoflop(const Observations& table, const IsoflopOptions& options = {});

struct OptimaOptions {
  std::string flops_column = "flops";
  std::string n_column;   ///< empty: n_opt, else params
  std::string d_column;   ///< empty: d_opt, t_opt, else tokens, whichever is there; without any, N*(C) alone
  std::string se_column;  ///< standard error of ln N*; empty: n_log_std where it is there
  AllocationOptions law;
};

/// Fits N*(C) = k_n C^a and D*(C) = k_d C^b to a table of optima, one row a budget, by least squares in logarithms.
///
/// Source   Porian et al. 2024 (arXiv:2406.19146), section 2: weights 1 / se^2 of ln N*.
/// Needs    2 budgets for a line, 3 for an interval. Rows without an optimum are left out and named. Draws need the errors.
/// Result   as fit_isoflop(); the rows are `optima`, and without losses in all of them there is no L*(C).
/// Throws   as fit_isoflop().
/// Checked  isoflop_reference_test.cc: Porian's 15 exponents to 4 digits, nanochat's under three conventions.
[[nodiscard]] FitResult fit_optima(const Observations& table, const OptimaOptions& options = {});

struct EnvelopeOptions {
  std::string n_column = "params";
  std::string loss_column = "loss";
  std::int64_t grid = 1500;  ///< log-spaced values of C
  bool keep_edges = false;   ///< use the first and the last size of the envelope, too
  bool allow_repeated = false;
  AllocationOptions law;  ///< automatic: student; rows: whole runs are drawn, too wide with few; seed_noise is as rows
};

/// Fits N*(C) = k_n C^a, D*(C) = k_d C^b and the frontier L*(C) along the lower envelope of training curves.
///
/// Source   Hoffmann et al. 2022 (arXiv:2203.15556), section 3.1: of all runs, the one of least loss at each of 1500 values of C.
///          Theirs is a line through all of these; ours counts each size once, at the middle of its values of C, for N stands
///          still between two sizes and a line through m such steps is too flat by 1 / m^2.
/// Units    rows are steps of runs: rows of one group, else of one label, are one run. C as in fit_isoflop().
/// Needs    4 sizes or more; runs of 2 steps or more. Between steps ln L is a line in ln C; nothing is extrapolated. The first
///          and the last size of the envelope are left out: where they would give way is not seen.
/// Result   as fit_isoflop(), sizes as `optima`. Student's t counts sizes: the steps of one run are not further evidence. No
///          residuals.
/// Throws   as fit_isoflop(); Error{bad_data} too if a run changes its size.
/// Checked  envelope_test.cc: curves of a known law give its exponents back; coverage over 100 tables.
[[nodiscard]] FitResult fit_envelope(const Observations& table, const EnvelopeOptions& options = {});

}  // namespace isoflop
