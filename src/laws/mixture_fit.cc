// Proxy runs -> a law for each target, family of models and learning rate.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>

#include "base/random.h"
#include "base/team.h"
#include "isoflop/text.h"
#include "laws/agreement.h"
#include "laws/intervals.h"
#include "laws/mixture_parts.h"
#include "laws/rows.h"
#include "laws/words.h"

namespace isoflop {
namespace laws {
namespace {

/// One part's law.
class PartFit {
 public:
  PartFit(const MixtureTable& table, const MixturePart& part, const MixtureForm& form, bool trees,
          const MixtureFitOptions& options)
      : table_(table),
        options_(options),
        form_(form),
        trees_(trees),
        rows_(rows_of_part(table, part, form)),
        objective_{.kind = Objective::Kind::huber, .delta = options.delta, .log_residual = false} {
    result_.target = part.target;
    result_.family = part.family;
    result_.learning_rate = part.rate;
    result_.tuned = part.tuned;
    Fit& fit = result_.fit;
    fit.law = options.law;
    const auto& laws = known_mixture_laws();
    fit.formula = std::find_if(laws.begin(), laws.end(), [&](const LawInfo& law) { return law.name == options.law; })->formula;
    fit.n_convention = table.runs.n_convention;
    fit.flops_convention = table.runs.flops_convention;
    fit.loss_kind = table.runs.loss_kind;
    fit.loss_unit = table.runs.loss_unit;
    fit.rows = rows_.count;
    fit.fitted = part.rows;
    for (const std::size_t row : part.rows) fit.row_labels.push_back(table.runs.labels[row]);
    result_.seed_sd = seed_sd_of(rows_);
    const auto best =
        static_cast<std::size_t>(std::min_element(rows_.loss.begin(), rows_.loss.begin() + rows_.count) - rows_.loss.begin());
    result_.best_proxy = table.shares(part.rows[best]);
    result_.best_loss = rows_.loss[best];
  }

  MixtureFit run() {
    if (trees_) fit_trees();
    else fit_form();
    judge();
    if (!trees_ && options_.bootstrap > 0) resample();
    doubt();
    return std::move(result_);
  }

 private:
  void fit_trees() {
    const BoostedTrees boosted = boost(rows_, table_.domains.size(), options_.trees);
    result_.base = boosted.base;
    result_.trees = boosted.trees;
    result_.fit.stop = format_count(static_cast<double>(options_.trees.trees)) + " trees";
    result_.fit.objective_definition = "sum of squares of L - L_hat, nats, over 2";
    if (const std::int64_t folds = folds_here(); folds > 1) result_.cross_validated = agreement(left_out(folds, 0));
  }

  void fit_form() {
    choose_ridge();
    found_ = search(form_, rows_, objective_, result_.ridge);
    Fit& fit = result_.fit;
    result_.parameters = found_.best.theta;
    fit.constants = form_.constants(found_.best.theta, table_.domains);
    fit.objective = found_.best.value;
    fit.objective_definition =
        objective_.definition() + ", and ridge " + format_number(result_.ridge) + " / 2 times squares about the mean";
    fit.stop = to_string(found_.best.stop);
    fit.starts = found_.starts;
    fit.starts_agreeing = found_.agreeing;
    fit.gradient_norm = found_.best.gradient_norm;
    if (const std::int64_t folds = folds_here(); folds > 1) result_.cross_validated = agreement(left_out(folds, result_.ridge));
  }

  [[nodiscard]] std::int64_t folds_here() const { return std::min(options_.folds, rows_.units); }

  /// The ridge under which rows left out are predicted best.
  void choose_ridge() {
    result_.ridge = options_.ridge.value_or(1e-2);
    const std::int64_t folds = std::min<std::int64_t>(std::max<std::int64_t>(options_.folds, 2), rows_.units);
    if (options_.ridge || folds < 2) return;
    double least = INFINITY;
    for (const double ridge : {1e-4, 1e-3, 1e-2, 1e-1, 1.0}) {
      found_ = search(form_, rows_, objective_, ridge);
      const std::vector<double> predicted = left_out(folds, ridge);
      double sum = 0;
      for (std::int64_t i = 0; i < rows_.count; ++i) sum += (predicted[i] - rows_.loss[i]) * (predicted[i] - rows_.loss[i]);
      if (sum < least) least = sum, result_.ridge = ridge;
      if (options_.stop.stop_requested()) return;
    }
  }

  /// Predictions of every row by a fit that has not seen its mixture.
  std::vector<double> left_out(std::int64_t folds, double ridge) {
    const std::vector<std::int64_t> fold_of = folds_of(static_cast<std::size_t>(rows_.units), folds, options_.seed);
    std::vector<double> predicted(static_cast<std::size_t>(rows_.count));
    std::vector<std::vector<double>> shares;
    std::atomic<std::int64_t> next{0};
    Team team(std::max<std::int64_t>(1, std::min(options_.threads, folds)));
    team.run([&](std::int64_t) {
      for (std::int64_t fold = next++; fold < folds && !options_.stop.stop_requested(); fold = next++) {
        const auto out = [&](std::int64_t i) { return fold_of[rows_.unit[i]] == fold; };
        MixtureRows rows = rows_;
        for (std::int64_t i = 0; i < rows.count; ++i)
          if (out(i)) rows.weight[i] = 0;
        if (trees_) {
          const BoostedTrees boosted = boost(kept(rows), table_.domains.size(), options_.trees);
          for (std::int64_t i = 0; i < rows.count; ++i)
            if (out(i)) predicted[i] = tree_value(boosted.base, boosted.trees, rows.row(i).data());
        } else {
          const auto end = minimise(form_, rows, objective_, ridge, found_.best.theta);
          for (std::int64_t i = 0; i < rows.count; ++i)
            if (out(i)) predicted[i] = form_.value(end.theta, rows.row(i));
        }
      }
    });
    return predicted;
  }

  /// Rows that weigh something: a tree counts its leaves' rows.
  static MixtureRows kept(const MixtureRows& rows) {
    MixtureRows some{.count = 0, .inputs = {}, .loss = {}, .weight = {}, .unit = {}, .units = 0};
    some.inputs.resize(rows.inputs.size());
    for (std::int64_t i = 0; i < rows.count; ++i) {
      if (!(rows.weight[i] > 0)) continue;
      for (std::size_t j = 0; j < rows.inputs.size(); ++j) some.inputs[j].push_back(rows.inputs[j][i]);
      some.loss.push_back(rows.loss[i]);
      some.weight.push_back(rows.weight[i]);
      ++some.count;
    }
    return some;
  }

  [[nodiscard]] double value_at(std::int64_t i) const {
    const std::vector<double> x = rows_.row(i);
    return trees_ ? tree_value(result_.base, result_.trees, x.data()) : form_.value(result_.parameters, x);
  }

  [[nodiscard]] Agreement agreement(const std::vector<double>& predicted) const {
    return agreement_of(predicted, {rows_.loss.begin(), rows_.loss.begin() + rows_.count});
  }

  void judge() {
    Fit& fit = result_.fit;
    std::vector<double> predicted;
    double squares = 0;
    for (std::int64_t i = 0; i < rows_.count; ++i) {
      predicted.push_back(value_at(i));
      fit.residuals.push_back(rows_.loss[i] - predicted.back());
      squares += fit.residuals.back() * fit.residuals.back();
    }
    result_.in_sample = agreement(predicted);
    fit.r_squared = result_.in_sample.r_squared;
    fit.degrees_of_freedom = std::max<std::int64_t>(0, rows_.count - (trees_ ? 0 : static_cast<std::int64_t>(form_.size())));
    if (trees_) fit.objective = 0.5 * squares;
    // trees run through their rows: what they miss is known from rows left out only
    if (trees_ && result_.cross_validated) result_.residual_sd = result_.cross_validated->rmse;
    else if (fit.degrees_of_freedom > 0) result_.residual_sd = std::sqrt(squares / static_cast<double>(fit.degrees_of_freedom));
    else if (result_.cross_validated) result_.residual_sd = result_.cross_validated->rmse;
  }

  /// Mixtures drawn with replacement, all runs of each.
  void resample() {
    const Philox random{options_.seed, Stream::bootstrap};
    std::vector<std::vector<double>> draws(static_cast<std::size_t>(options_.bootstrap));
    std::atomic<std::int64_t> next{0};
    Team team(std::max<std::int64_t>(1, std::min(options_.threads, options_.bootstrap)));
    team.run([&](std::int64_t) {
      MixtureRows rows = rows_;
      for (std::int64_t b = next++; b < options_.bootstrap && !options_.stop.stop_requested(); b = next++) {
        std::vector<double> times(static_cast<std::size_t>(rows.units));
        for (std::int64_t i = 0; i < rows.units; ++i)
          times[random.below(static_cast<std::uint64_t>(rows.units), static_cast<std::uint64_t>(b),
                             static_cast<std::uint32_t>(i))] += 1;
        for (std::int64_t i = 0; i < rows.count; ++i) rows.weight[i] = times[rows.unit[i]];
        const MixtureMinimum end = minimise(form_, rows, objective_, result_.ridge, found_.best.theta, 60);
        if (end.stop != Minimum::Stop::no_start) draws[b] = end.theta;
      }
    });
    for (auto& draw : draws)
      if (!draw.empty()) result_.draws.push_back(std::move(draw));
    set_intervals();
  }

  void set_intervals() {
    Fit& fit = result_.fit;
    if (result_.draws.size() < kLeastDraws || fit.degrees_of_freedom < 1) return;
    fit.interval_widening = student_widening(static_cast<double>(fit.degrees_of_freedom), options_.level);
    std::map<std::string, std::vector<double>> values;
    for (const auto& draw : result_.draws)
      for (const auto& [name, value] : form_.constants(draw, table_.domains)) values[name].push_back(value);
    for (auto& [name, draws] : values) {
      const double value = fit.constants.at(name);
      fit.intervals[name] = interval_of_draws(std::move(draws), value, options_.level, fit.interval_widening);
      if (name == "c" || name == "E") fit.intervals[name] = within(fit.intervals[name], {0, INFINITY}, value);  // floors
    }
    fit.interval_method = "bootstrap of mixtures, " + format_count(static_cast<double>(result_.draws.size())) + " draws";
  }

  void doubt() {
    Fit& fit = result_.fit;
    const auto constants = static_cast<std::int64_t>(form_.size());
    if (!trees_ && rows_.units <= constants)
      fit.warnings.push_back(
          {"few_mixtures", plural(static_cast<std::size_t>(rows_.units), "mixture") + " for " + std::to_string(constants) +
                               " constants: the ridge decides what the rows do not; about 2 mixtures a source are enough"});
    if (trees_ && rows_.units < 20 * static_cast<std::int64_t>(table_.domains.size()))
      fit.warnings.push_back({"few_mixtures", plural(static_cast<std::size_t>(rows_.units), "mixture") + " for trees of " +
                                                  std::to_string(table_.domains.size()) + " sources: a law needs fewer"});
    std::vector<std::string> constant;
    for (std::size_t j = 0; j < table_.domains.size(); ++j) {
      const auto& x = rows_.inputs[j];
      if (std::all_of(x.begin(), x.end(), [&](double share) { return share == x[0]; })) constant.push_back(table_.domains[j]);
    }
    if (!constant.empty())
      fit.warnings.push_back({"constant_share", "the share of " + listed(constant) +
                                                    " is the same in every row: what more of it does is not known"});
    if (!trees_ && form_.has_floor() && !result_.parameters.empty() && result_.parameters[0] == 0)
      fit.warnings.push_back({"floor_at_zero", "the floor is at 0: the rows show no curvature that would tell it"});
    if (!trees_ && found_.best.stop != Minimum::Stop::converged)
      fit.warnings.push_back({"not_converged", "the minimiser ended: " + to_string(found_.best.stop)});
    if (result_.cross_validated && result_.cross_validated->r_squared && *result_.cross_validated->r_squared < 0.5)
      fit.warnings.push_back(
          {"poor_prediction", "of mixtures left out the law explains " +
                                  format_significant(100 * std::max(0.0, *result_.cross_validated->r_squared), 2) +
                                  " % of the variance: do not choose weights by it"});
  }

  const MixtureTable& table_;
  const MixtureFitOptions& options_;
  const MixtureForm form_;
  bool trees_;
  MixtureRows rows_;
  Objective objective_;
  MixtureSearch found_;
  MixtureFit result_;
};

void check_options(const MixtureFitOptions& options) {
  if (!(options.delta > 0)) throw Error(Fault::usage, "--delta", format_number(options.delta) + " is not a positive number");
  if (options.ridge && !(*options.ridge >= 0))
    throw Error(Fault::usage, "--ridge", format_number(*options.ridge) + " is below 0");
  if (options.bootstrap < 0 || options.folds < 0 || options.folds == 1)
    throw Error(Fault::usage, "--folds", "expected 0, or 2 and more");
  if (options.trees.trees < 1 || options.trees.depth < 1 || options.trees.leaf_rows < 1 ||
      !(options.trees.rate > 0 && options.trees.rate <= 1))
    throw Error(Fault::usage, "--law trees", "trees, depth and leaf rows are 1 or more, the rate in (0, 1]");
}

std::vector<std::string> targets_of(const MixtureTable& table, const MixtureFitOptions& options) {
  if (table.targets.empty())
    throw Error(Fault::bad_data, table.runs.subject, "no column of losses",
                "name it loss or loss.X, or give the losses as a table of their own");
  if (options.targets.empty()) return table.targets;
  std::set<std::string> once;
  for (const std::string& target : options.targets) {
    if (!once.insert(target).second) throw Error(Fault::usage, "--target", "`" + target + "` is given twice");
    if (std::find(table.targets.begin(), table.targets.end(), target) != table.targets.end()) continue;
    const auto near = nearest(target, table.targets);
    throw Error(Fault::usage, "--target", "no loss `" + target + "`",
                near ? "did you mean `" + *near + "`?" : "the table has " + listed(table.targets));
  }
  return options.targets;
}

}  // namespace

}  // namespace laws

MixtureModel fit_mixture(const MixtureTable& table, const MixtureFitOptions& options) {
  using namespace laws;
  const auto kind = mixture_kind(options.law);
  check_options(options);
  const bool params = varies(table, "params"), tokens = varies(table, "tokens");
  const MixtureForm form(kind.value_or(MixtureForm::Kind::linear), table.domains.size(), params, tokens);
  const auto& known = known_mixture_laws();
  MixtureModel model{
      .law = options.law,
      .formula = std::find_if(known.begin(), known.end(), [&](const LawInfo& law) { return law.name == options.law; })->formula,
      .domains = table.domains,
      .fits = {},
      .flips = {},
      .mean = {},
      .most = {},
      .level = options.level,
      .warnings = table.runs.warnings};
  if (form.kind() == MixtureForm::Kind::additive && kind)
    for (const char* column : {"params", "tokens"}) doubt_gaps(table, column, model.warnings);
  for (const std::string& domain : table.domains)
    for (const auto& share : table.runs.columns.at(share_column(domain))) {
      model.mean[domain] += *share / static_cast<double>(table.rows());
      model.most[domain] = std::max(model.most[domain], *share);
    }
  const auto targets = targets_of(table, options);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (options.progress)
      options.progress({.stage = "fit mixture law",
                        .done = static_cast<double>(i),
                        .total = static_cast<double>(targets.size()),
                        .unit = "losses",
                        .detail = targets[i]});
    const std::vector<MixturePart> parts = parts_of(table, targets[i], form.reads_params() || form.reads_tokens());
    const MixturePart* tuned = nullptr;
    for (const MixturePart& part : parts) {
      if (part.tuned) tuned = &part;
      else model.flips.push_back(flips_of(table, *tuned, part));
      if (part.rows.size() < 3) {
        model.warnings.push_back({"few_rows", targets[i] + (part.family.empty() ? "" : " of " + part.family) + ": " +
                                                  plural(part.rows.size(), "row") +
                                                  (part.rate ? " at learning rate " + format_number(*part.rate) : "") +
                                                  ", expected 3 or more: not fitted"});
        continue;
      }
      model.fits.push_back(PartFit(table, part, form, !kind, options).run());
      if (options.stop.stop_requested()) throw Error(Fault::interrupted, "mix fit", "interrupted");
    }
  }
  for (const RankFlips& flips : model.flips) {
    if (flips.flipped == 0) continue;
    model.warnings.push_back({"rates_disagree", flips.target + (flips.family.empty() ? "" : " of " + flips.family) + ": " +
                                                    format_count(static_cast<double>(flips.flipped)) + " of " +
                                                    format_count(static_cast<double>(flips.pairs)) +
                                                    " pairs of mixtures change their order between learning rates " +
                                                    format_number(flips.tuned_rate) + " and " + format_number(flips.other_rate) +
                                                    ": such pairs are undecided"});
  }
  return model;
}

}  // namespace isoflop
