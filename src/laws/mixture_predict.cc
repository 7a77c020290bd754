// What a fitted mixture law says of mixtures.
#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "isoflop/text.h"
#include "laws/mixture.h"
#include "laws/rows.h"
#include "laws/words.h"

namespace isoflop {
namespace laws {

MixtureForm form_of(const MixtureModel& model, const MixtureFit& fit) {
  return {mixture_kind(model.law).value_or(MixtureForm::Kind::linear), model.domains.size(), fit.fit.constants.contains("alpha"),
          fit.fit.constants.contains("beta")};
}

std::vector<double> inputs_of(const MixtureModel& model, const MixtureFit& fit, const Mixture& mixture,
                              std::optional<double> params, std::optional<double> tokens) {
  double sum = 0;
  for (const auto& [domain, share] : mixture) {
    if (std::find(model.domains.begin(), model.domains.end(), domain) == model.domains.end()) {
      const auto near = nearest(domain, model.domains);
      throw Error(Fault::usage, domain, "the law knows no such source",
                  near ? "did you mean `" + *near + "`?" : "it knows " + listed(model.domains));
    }
    if (!(share >= 0 && std::isfinite(share)))
      throw Error(Fault::usage, domain, "a share of " + format_number(share) + ", expected one from 0 to 1");
    sum += share;
  }
  if (!(std::fabs(sum - 1) <= 0.01))
    throw Error(Fault::usage, "mixture", "the shares sum to " + format_number(sum) + ", expected 1");
  std::vector<double> x;
  for (const std::string& domain : model.domains) {
    const auto share = mixture.find(domain);
    x.push_back(share == mixture.end() ? 0 : share->second / sum);
  }
  for (const auto& [name, constant, value] : {std::tuple{"params", "alpha", params}, {"tokens", "beta", tokens}}) {
    if (!fit.fit.constants.contains(constant)) continue;
    if (!value || !(*value > 0))
      throw Error(Fault::usage, name, "the law reads it and it is not given", std::string("a column ") + name + ", or --" + name);
    x.push_back(log_(*value));
  }
  return x;
}

}  // namespace laws

namespace {

using namespace laws;

double value_of(const MixtureForm& form, const MixtureFit& fit, const std::vector<double>& x) {
  return fit.trees.empty() ? form.value(fit.parameters, x) : tree_value(fit.base, fit.trees, x.data());
}

/// The fit of a row: of its family, and of its learning rate where there is one, else the tuned.
const MixtureFit& fit_of_row(const std::vector<const MixtureFit*>& fits, std::optional<double> rate) {
  for (const MixtureFit* fit : fits)
    if (rate && fit->learning_rate == rate) return *fit;
  return *fits.front();
}

/// Where a further run of this mixture will lie.
std::optional<Interval> run_interval(const MixtureForm& form, const MixtureFit& fit, const std::vector<double>& x,
                                     double predicted, double level) {
  if (!(fit.residual_sd > 0)) return std::nullopt;
  double variance = fit.residual_sd * fit.residual_sd;
  if (fit.draws.size() > 1) {
    double mean = 0, squares = 0;
    std::vector<double> values;
    for (const auto& draw : fit.draws) {
      values.push_back(form.value(draw, x));
      mean += values.back() / static_cast<double>(fit.draws.size());
    }
    for (const double value : values) squares += (value - mean) * (value - mean);
    variance += squares / static_cast<double>(fit.draws.size() - 1);
  } else if (fit.trees.empty()) {
    return std::nullopt;
  }
  const double reach =
      student_t_quantile(0.5 * (1 + level), std::max(1.0, static_cast<double>(fit.fit.degrees_of_freedom))) * std::sqrt(variance);
  return Interval{predicted - reach, predicted + reach, level};
}

std::vector<std::string> targets_of(const MixtureModel& model) {
  std::vector<std::string> targets;
  for (const MixtureFit& fit : model.fits)
    if (std::find(targets.begin(), targets.end(), fit.target) == targets.end()) targets.push_back(fit.target);
  return targets;
}

}  // namespace

std::vector<const MixtureFit*> fits_of(const MixtureModel& model, const std::string& target, const std::string& family) {
  std::vector<const MixtureFit*> fits;
  std::vector<std::string> families;
  bool known = false;
  for (const MixtureFit& fit : model.fits) {
    if (fit.target != target) continue;
    known = true;
    if (std::find(families.begin(), families.end(), fit.family) == families.end()) families.push_back(fit.family);
    if (fit.family == family) fits.push_back(&fit);
  }
  if (!known) {
    const auto near = nearest(target, targets_of(model));
    throw Error(Fault::usage, "--target", "the law has no loss `" + target + "`",
                near ? "did you mean `" + *near + "`?" : "it has " + listed(targets_of(model)));
  }
  if (fits.empty() && family.empty() && families.size() == 1) return fits_of(model, target, families[0]);
  if (fits.empty())
    throw Error(Fault::usage, "--family",
                family.empty() ? "the law has several families of models" : "no family `" + family + "`",
                "name one of " + listed(families));
  std::stable_sort(fits.begin(), fits.end(), [](const MixtureFit* a, const MixtureFit* b) { return a->tuned && !b->tuned; });
  return fits;
}

double predict_mixture(const MixtureModel& model, const MixtureFit& fit, const Mixture& mixture, std::optional<double> params,
                       std::optional<double> tokens) {
  return value_of(form_of(model, fit), fit, inputs_of(model, fit, mixture, params, tokens));
}

std::vector<MixturePrediction> predict_mixtures(const MixtureModel& model, const MixtureTable& table,
                                                const std::vector<std::string>& targets) {
  std::vector<MixturePrediction> predictions;
  for (const std::string& target : targets.empty() ? targets_of(model) : targets) {
    MixturePrediction prediction{.target = target, .predicted = {}, .intervals = {}, .agreement = {}};
    const Column* known = find_column(table.runs, loss_column(target));
    const Column *params = find_column(table.runs, "params"), *tokens = find_column(table.runs, "tokens"),
                 *rates = find_column(table.runs, "learning_rate");
    std::vector<double> with, losses;
    for (std::size_t row = 0; row < table.runs.labels.size(); ++row) {
      const auto of = [row](const Column* column) { return column ? (*column)[row] : std::nullopt; };
      try {
        // a law that reads N itself has one family
        const bool pooled =
            std::all_of(model.fits.begin(), model.fits.end(), [](const MixtureFit& f) { return f.family.empty(); });
        const auto fits = fits_of(model, target, table.families.empty() || pooled ? "" : table.families[row]);
        const MixtureFit& fit = fit_of_row(fits, of(rates));
        const MixtureForm form = form_of(model, fit);
        const std::vector<double> x = inputs_of(model, fit, table.shares(row), of(params), of(tokens));
        prediction.predicted.push_back(value_of(form, fit, x));
        prediction.intervals.push_back(run_interval(form, fit, x, prediction.predicted.back(), model.level));
      } catch (const Error& error) {
        throw Error(Fault::bad_data, place_of(table.runs, row), std::string(error.what()), error.hint());
      }
      if (const auto loss = of(known)) {
        with.push_back(prediction.predicted.back());
        losses.push_back(*loss);
      }
    }
    if (!losses.empty()) prediction.agreement = agreement_of(with, losses);
    predictions.push_back(std::move(prediction));
  }
  return predictions;
}

}  // namespace isoflop
