// Pilots before a dear run: which, and when to stop.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "base/math.h"
#include "isoflop/text.h"
#include "isoflop/plan.h"

namespace isoflop {
namespace {

// a rung's study looks for its learning rates at its smallest and its largest size
constexpr int kRatesAtMost = 7;
constexpr double kSweepLength = 0.25;  // of a run

/// What a rung's study takes at most, in runs of its budget.
double runs_of_rung(std::int64_t sizes) {
  return static_cast<double>(sizes) + 2 * kRatesAtMost * kSweepLength;
}

// the constants as they are known: ln E, ln A, ln B, alpha, beta
constexpr std::size_t kConstants = 5;
using Vector = std::array<double, kConstants>;
using Matrix = std::array<Vector, kConstants>;

Vector times(const Matrix& m, const Vector& v) {
  Vector product{};
  for (std::size_t i = 0; i < kConstants; ++i)
    for (std::size_t j = 0; j < kConstants; ++j) product[i] += m[i][j] * v[j];
  return product;
}

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < kConstants; ++i) sum += a[i] * b[i];
  return sum;
}

/// d ln L of a run by the constants.
Vector slopes_of_loss(const AdditiveLaw& law, const ModelPlan& model) {
  const double loss = law.loss(model.params, model.tokens);
  const double a = law.a * pow_(model.params, -law.alpha) / loss, b = law.b * pow_(model.tokens, -law.beta) / loss;
  return {law.floor / loss, a, b, -a * log_(model.params), -b * log_(model.tokens)};
}

/// d ln N* of a budget by the constants.
Vector slopes_of_optimum(const AdditiveLaw& law, double flops, double flops_per) {
  const Optimum best = law.optimum(flops, flops_per);
  const double sum = law.alpha + law.beta;
  return {0, 1 / sum, -1 / sum, (1 / law.alpha - log_(best.params)) / sum, (log_(best.tokens) - 1 / law.beta) / sum};
}

/// What is known before any pilot: the draws' covariance; without draws that the two terms of the loss at the pilots' size are
/// known within half an e-fold, their exponents within 0.05 and the floor within 15 %.
Matrix prior_of(const PlanningLaw& law, double pilot_flops) {
  Matrix covariance{};
  if (law.draws.size() >= kLeastDraws) {
    std::vector<Vector> rows;
    Vector mean{};
    for (const AdditiveLaw& d : law.draws) rows.push_back({log_(std::max(d.floor, 1e-6)), log_(d.a), log_(d.b), d.alpha, d.beta});
    for (const Vector& row : rows)
      for (std::size_t i = 0; i < kConstants; ++i) mean[i] += row[i] / static_cast<double>(rows.size());
    for (const Vector& row : rows)
      for (std::size_t i = 0; i < kConstants; ++i)
        for (std::size_t j = 0; j < kConstants; ++j)
          covariance[i][j] +=
              (row[i] - mean[i]) * (row[j] - mean[j]) * law.widening * law.widening / static_cast<double>(rows.size() - 1);
    return covariance;
  }
  const Optimum centre = law.surface->optimum(pilot_flops, law.flops_per);
  const double n = log_(centre.params), d = log_(centre.tokens), floor = 0.15 * 0.15, term = 0.5 * 0.5, exponent = 0.05 * 0.05;
  covariance[0][0] = floor;
  covariance[1][1] = term + n * n * exponent;
  covariance[2][2] = term + d * d * exponent;
  covariance[3][3] = covariance[4][4] = exponent;
  covariance[1][3] = covariance[3][1] = n * exponent;
  covariance[2][4] = covariance[4][2] = d * exponent;
  return covariance;
}

/// After a further run whose ln L has this variance.
void learn(Matrix& covariance, const Vector& slopes, double variance) {
  const Vector gain = times(covariance, slopes);
  const double total = variance + dot(slopes, gain);
  for (std::size_t i = 0; i < kConstants; ++i)
    for (std::size_t j = 0; j < kConstants; ++j) covariance[i][j] -= gain[i] * gain[j] / total;
}

class Planner {
 public:
  Planner(const PlanningLaw& law, const LadderOptions& options)
      : law_(law), options_(options), slopes_(slopes_of_optimum(*law.surface, options.target_flops, law.flops_per)),
        best_(law.surface->optimum(options.target_flops, law.flops_per)) {}

  [[nodiscard]] Rung rung_at(double flops) const {
    Rung rung;
    rung.flops = flops;
    const Optimum best = law_.surface->optimum(flops, law_.flops_per);
    const auto last = static_cast<double>(options_.sizes - 1);
    for (std::int64_t i = 0; i < options_.sizes; ++i) {
      const double factor = exp_(log_(4) * (2 * static_cast<double>(i) / last - 1));
      ModelPlan model{factor * best.params, best.tokens / factor, flops, {}};
      model.loss = law_.surface->loss(model.params, model.tokens);
      rung.models.push_back(model);
    }
    rung.cost = flops * runs_of_rung(options_.sizes);
    return rung;
  }

  [[nodiscard]] Matrix after(Matrix covariance, const Rung& rung) const {
    for (const ModelPlan& model : rung.models)
      learn(covariance, slopes_of_loss(*law_.surface, model), options_.residual_sd * options_.residual_sd);
    return covariance;
  }

  /// sd of ln N* of the target.
  [[nodiscard]] double spread(const Matrix& covariance, double dearest) const {
    const double drift = options_.drift * std::max(0.0, log_(options_.target_flops / dearest));
    return std::sqrt(std::max(0.0, dot(slopes_, times(covariance, slopes_))) + drift * drift);
  }

  /// Expected share of the target's compute: the middle of 40 slices of a normal distribution of ln N.
  [[nodiscard]] double waste(double sd) const {
    double sum = 0, weights = 0;
    for (int i = -20; i < 20; ++i) {
      const double z = 0.2 * (i + 0.5), weight = exp_(-0.5 * z * z), factor = exp_(z * sd);
      sum += weight * wasted_compute(*law_.surface, factor * best_.params, best_.tokens / factor, law_.flops_per);
      weights += weight;
    }
    return sum / weights;
  }

 private:
  const PlanningLaw& law_;
  const LadderOptions& options_;
  Vector slopes_;
  Optimum best_;
};

void check_options(const PlanningLaw& law, const LadderOptions& options) {
  if (!law.surface || law.surface->power != 1)
    throw Error(Fault::usage, "--pilot-flops", "pilots are planned with a law E + A/N^alpha + B/D^beta",
                "e.g. --law published:epoch2024");
  if (!(options.pilot_flops > 0) || !(options.pilot_flops < options.target_flops))
    throw Error(Fault::usage, "--pilot-flops",
                format_number(options.pilot_flops) + " is not between 0 and the target's " + format_number(options.target_flops));
  if (!(options.residual_sd > 0) || !(options.drift >= 0) || options.sizes < 3)
    throw Error(Fault::usage, "--pilot-flops", "needs a scatter of runs above 0, a drift from 0 and 3 sizes or more");
}

/// The budgets a rung may have: half a decade apart; all of them together cost what pilots may cost.
std::vector<double> candidates(const LadderOptions& options) {
  constexpr std::size_t kMost = 12;
  const double series = 1 - 1 / std::sqrt(10.0), most = series * options.pilot_flops / runs_of_rung(options.sizes);
  const double least = options.least_flops > 0 ? std::min(options.least_flops, most) : 1e-3 * most;
  std::vector<double> budgets;
  for (double flops = most; flops >= least * (1 - 1e-9) && budgets.size() < kMost; flops /= std::sqrt(10.0))
    budgets.push_back(flops);
  std::reverse(budgets.begin(), budgets.end());
  return budgets;
}

}  // namespace

Ladder plan_ladder(const PlanningLaw& law, const LadderOptions& options) {
  check_options(law, options);
  const Planner planner(law, options);
  const std::vector<double> budgets = candidates(options);
  // a law that was fitted to dear runs has drifted less when it comes to the target
  const double start = law.draws.size() >= kLeastDraws && law.fitted_flops ? law.fitted_flops->second : budgets.front();
  const Matrix prior = prior_of(law, budgets.back());
  std::vector<Rung> rungs;
  for (const double flops : budgets) rungs.push_back(planner.rung_at(flops));

  Ladder ladder;
  ladder.factor_before = exp_(1.96 * planner.spread(prior, start));
  ladder.waste_before = planner.waste(planner.spread(prior, start));
  // what a choice of rungs, a bit each, saves beyond its cost
  const auto value_of = [&](std::size_t choice) -> std::optional<double> {
    Matrix known = prior;
    double dearest = start, cost = 0;
    for (std::size_t i = 0; i < rungs.size(); ++i) {
      if (!((choice >> i) & 1U)) continue;
      known = planner.after(known, rungs[i]);
      dearest = std::max(dearest, rungs[i].flops);
      cost += rungs[i].cost;
    }
    if (cost > options.pilot_flops * (1 + 1e-9)) return std::nullopt;
    return (ladder.waste_before - planner.waste(planner.spread(known, dearest))) * options.target_flops - cost;
  };
  std::size_t best = 0;
  double most = 0;
  for (std::size_t choice = 1; choice < (std::size_t{1} << rungs.size()); ++choice)
    if (const auto value = value_of(choice); value && *value > most) most = *value, best = choice;

  // in the order of doing them, each with what it adds to those before
  Matrix known = prior;
  double dearest = start, waste = ladder.waste_before;
  for (std::size_t i = 0; i < rungs.size(); ++i) {
    if (!((best >> i) & 1U)) continue;
    Rung rung = rungs[i];
    known = planner.after(known, rung);
    dearest = std::max(dearest, rung.flops);
    const double spread = planner.spread(known, dearest);
    rung.waste = planner.waste(spread);
    rung.factor = exp_(1.96 * spread);
    rung.saved = (waste - rung.waste) * options.target_flops;
    waste = rung.waste;
    ladder.cost += rung.cost;
    ladder.rungs.push_back(std::move(rung));
  }
  ladder.share = ladder.cost / options.target_flops;
  const bool room = ladder.cost + rungs.front().cost <= options.pilot_flops * (1 + 1e-9);
  ladder.stop = room ? "a further rung costs more than it saves" : "the pilots' budget is spent";
  return ladder;
}

std::string rung_study(const Rung& rung, const std::string& name) {
  std::string text =
      "# One rung of a ladder of pilots: sizes about the optimum of one budget of FLOPs, a learning rate each.\n"
      "# A model's name is its parameters without embeddings.\n";
  text += "name = \"" + name + "\"\ntitle = \"Pilots of " + format_significant(rung.flops, 3) + " FLOPs\"\n\n";
  text +=
      "[data]\nsplit = \"automatic\"\nval_fraction = 0.1\ntokenizer = \"byte\"\norder = \"epochs\"\n\n[model]\nblock_size = "
      "256\n";
  std::vector<std::string> shapes;
  for (const ModelPlan& model : rung.models) {
    // n_embd / n_layer from 16 at a million parameters to 128; 12 n_layer n_embd^2 of them
    const double aspect = std::clamp(16 * pow_(model.params / 1e6, 0.2), 16.0, 128.0);
    const auto layers = std::max<long long>(1, std::llround(pow_(model.params / (12 * aspect * aspect), 1.0 / 3)));
    const double width = std::sqrt(model.params / (12 * static_cast<double>(layers)));
    const long long head = width < 512 ? 16 : 64, heads = std::max<long long>(1, std::llround(width / static_cast<double>(head)));
    Shape counted;
    counted.n_layer = layers, counted.n_head = heads, counted.n_embd = heads * head;
    counted.vocab_size = counted.block_size = 1;
    std::string shape = "n_layer = " + std::to_string(layers) + "\nn_head = " + std::to_string(heads) +
                        "\nn_embd = " + std::to_string(heads * head) + "\n";
    if (std::find(shapes.begin(), shapes.end(), shape) != shapes.end()) continue;  // two sizes of one shape are one
    text += "\n[[models]]\nname = \"" + format_billions(static_cast<double>(param_counts(counted).params_non_embedding)) +
            "\"\n" + shape;
    shapes.push_back(std::move(shape));
  }
  text +=
      "\n[train]\nbeta1 = 0.9\nbeta2 = \"scaled\"\nweight_decay = 0.1\ngrad_clip = 1.0\nschedule = \"cosine\"\nwarmup_iters = "
      "\"scaled\"\n"
      "min_lr_fraction = 0.1\nbatch_size = 8\ninit_std = \"scaled\"\ntarget_flops = " +
      format_significant(rung.flops, 6) +
      "\n\n[learning_rate_sweep]\nstart = 2e-3\nfactor = 2.0\nlength = " + format_number(kSweepLength) +
      "\nwidest = " + std::to_string(kRatesAtMost) + "\n\n[fit]\nloss = [\"final\"]\n";
  return text;
}

}  // namespace isoflop
