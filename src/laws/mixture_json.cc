// Mixture laws, their optimum and their file as JSON (docs/formats/mixture.md).
#include <algorithm>

#include "base/sealed_json.h"
#include "isoflop/text.h"
#include "laws/json_parts.h"
#include "laws/mixture.h"

namespace isoflop {
namespace {

using laws::dump;
using laws::json_of;

constexpr int kMixtureSchema = 1;
constexpr const char* kHint = "isoflop mix fit --out FILE writes one";

Json of(const Mixture& mixture) {
  Json object = Json::object();
  for (const auto& [domain, share] : mixture) object[domain] = share;
  return object;
}

Json of(const RankFlips& f) {
  Json best = nullptr;
  if (f.best) best = Json{{"tuned", of(f.best->first)}, {"other", of(f.best->second)}};
  return {{"target", f.target},
          {"family", f.family},
          {"tuned_rate", f.tuned_rate},
          {"other_rate", f.other_rate},
          {"mixtures", f.mixtures},
          {"pairs", f.pairs},
          {"flipped", f.flipped},
          {"spearman", json_or_null(f.spearman)},
          {"best", best}};
}

/// What the door and the file both say of one fit.
Json facts_of(const MixtureFit& m) {
  return {{"target", m.target},
          {"family", m.family},
          {"learning_rate", json_or_null(m.learning_rate)},
          {"tuned", m.tuned},
          {"ridge", m.ridge},
          {"residual_sd", m.residual_sd},
          {"in_sample", json_of(m.in_sample)},
          {"cross_validated", json_of(m.cross_validated)},
          {"seed_sd", json_or_null(m.seed_sd)},
          {"best_proxy", of(m.best_proxy)},
          {"best_loss", m.best_loss}};
}

/// A tree as four lists: feature, left, right, value of every node.
Json of(const RegressionTree& tree) {
  Json feature = Json::array(), left = Json::array(), right = Json::array(), value = Json::array();
  for (const auto& node : tree.nodes) {
    feature.push_back(node.feature);
    left.push_back(node.left);
    right.push_back(node.right);
    value.push_back(node.value);
  }
  return Json::array({feature, left, right, value});
}

[[noreturn]] void refuse(const std::string& subject, const std::string& problem) {
  throw Error(Fault::bad_data, subject, problem, kHint);
}

Agreement agreement_from(const Json& object, const std::string& subject) {
  Agreement a{.rows = json_get<std::int64_t>(object, "rows", subject),
              .r_squared = json_find<double>(object, "r_squared", subject),
              .spearman = json_find<double>(object, "spearman", subject)};
  a.mean_absolute_error = json_get<double>(object, "mean_absolute_error", subject);
  a.rmse = json_get<double>(object, "rmse", subject);
  return a;
}

/// A tree whose every path goes down and ends.
RegressionTree tree_from(const Json& json, std::size_t domains, const std::string& subject) {
  if (!json.is_array() || json.size() != 4) refuse(subject, "a tree is not four lists");
  RegressionTree tree;
  try {
    const auto feature = json[0].get<std::vector<std::int32_t>>(), left = json[1].get<std::vector<std::int32_t>>(),
               right = json[2].get<std::vector<std::int32_t>>();
    const auto value = json[3].get<std::vector<double>>();
    if (feature.empty() || left.size() != feature.size() || right.size() != feature.size() || value.size() != feature.size())
      refuse(subject, "a tree's lists differ in length");
    const auto count = static_cast<std::int32_t>(feature.size());
    for (std::int32_t i = 0; i < count; ++i) {
      const auto inside = [&](std::int32_t child) { return child > i && child < count; };
      if (feature[i] < -1 || feature[i] >= static_cast<std::int32_t>(domains) ||
          (feature[i] >= 0 && !(inside(left[i]) && inside(right[i]))))
        refuse(subject, "a tree has a node that leads nowhere");
      tree.nodes.push_back({feature[i], left[i], right[i], value[i]});
    }
  } catch (const nlohmann::json::exception&) {
    refuse(subject, "a tree's lists hold something else than numbers");
  }
  return tree;
}

std::vector<Warning> warnings_from(const Json& object, const std::string& subject) {
  std::vector<Warning> warnings;
  for (const Json& w : json_find<Json>(object, "warnings", subject).value_or(Json::array()))
    warnings.push_back({json_get<std::string>(w, "code", subject), json_get<std::string>(w, "text", subject)});
  return warnings;
}

Mixture mixture_from(const Json& object, const std::string& key, const std::string& subject) {
  const auto mixture = json_get<Mixture>(object, key, subject);
  for (const auto& [domain, share] : mixture)
    if (!(share >= 0 && share <= 1.001)) refuse(subject, "`" + key + "` has a share of " + format_number(share));
  return mixture;
}

MixtureFit fit_from(const Json& object, const MixtureModel& model, const std::string& subject) {
  MixtureFit fit;
  fit.target = json_get<std::string>(object, "target", subject);
  fit.family = json_get<std::string>(object, "family", subject);
  fit.learning_rate = json_find<double>(object, "learning_rate", subject);
  fit.tuned = json_get<bool>(object, "tuned", subject);
  fit.ridge = json_get<double>(object, "ridge", subject);
  fit.residual_sd = json_get<double>(object, "residual_sd", subject);
  fit.seed_sd = json_find<double>(object, "seed_sd", subject);
  fit.best_proxy = mixture_from(object, "best_proxy", subject);
  fit.best_loss = json_get<double>(object, "best_loss", subject);
  fit.in_sample = agreement_from(json_get<Json>(object, "in_sample", subject), subject);
  if (const auto cross = json_find<Json>(object, "cross_validated", subject))
    fit.cross_validated = agreement_from(*cross, subject);
  fit.fit.law = model.law;
  fit.fit.formula = model.formula;
  fit.fit.rows = json_get<std::int64_t>(object, "rows", subject);
  fit.fit.degrees_of_freedom = json_get<std::int64_t>(object, "degrees_of_freedom", subject);
  fit.fit.interval_widening = json_get<double>(object, "interval_widening", subject);
  fit.fit.constants = json_get<std::map<std::string, double>>(object, "constants", subject);
  fit.fit.warnings = warnings_from(object, subject);
  fit.base = json_get<double>(object, "base", subject);
  fit.parameters = json_get<std::vector<double>>(object, "parameters", subject);
  fit.draws = json_get<std::vector<std::vector<double>>>(object, "draws", subject);
  for (const Json& tree : json_get<Json>(object, "trees", subject))
    fit.trees.push_back(tree_from(tree, model.domains.size(), subject));
  if (model.law == "trees") {
    if (fit.trees.empty()) refuse(subject, "no tree is in it");
    return fit;
  }
  const std::size_t size = laws::form_of(model, fit).size();
  const auto fits = [size](const std::vector<double>& theta) { return theta.size() == size; };
  if (!fits(fit.parameters) || !std::all_of(fit.draws.begin(), fit.draws.end(), fits) || !fit.trees.empty())
    refuse(subject, "the fit of `" + fit.target + "` has not the " + std::to_string(size) + " parameters of its law");
  return fit;
}

}  // namespace

std::string mixture_to_text(const MixtureModel& model) {
  Json fits = Json::array();
  for (const MixtureFit& m : model.fits) {
    Json fit = facts_of(m);
    fit["rows"] = m.fit.rows;
    fit["degrees_of_freedom"] = m.fit.degrees_of_freedom;
    fit["interval_widening"] = m.fit.interval_widening;
    fit["constants"] = m.fit.constants;
    fit["base"] = m.base;
    fit["parameters"] = m.parameters;
    fit["draws"] = m.draws;
    fit["warnings"] = json_of(m.fit.warnings);
    fit["trees"] = Json::array();
    for (const RegressionTree& tree : m.trees) fit["trees"].push_back(of(tree));
    fits.push_back(std::move(fit));
  }
  Json object;
  object["schema_version"] = kMixtureSchema;
  object["kind"] = "mixture";
  object["law"] = model.law;
  object["formula"] = model.formula;
  object["domains"] = model.domains;
  object["level"] = model.level;
  object["most"] = of(model.most);
  object["fits"] = std::move(fits);
  object["warnings"] = json_of(model.warnings);
  return seal_json(dump(object));
}

MixtureModel mixture_from_text(const std::string& text, const std::string& subject) {
  const Json object = parse_json(unseal_json(text, subject, kHint), subject);
  if (!object.is_object() || json_find<std::string>(object, "kind", subject).value_or("") != "mixture")
    refuse(subject, "is not a mixture law");
  if (const auto version = json_get<int>(object, "schema_version", subject); version != kMixtureSchema)
    refuse(subject, "schema_version " + std::to_string(version) + ", expected " + std::to_string(kMixtureSchema));
  MixtureModel model;
  model.law = json_get<std::string>(object, "law", subject);
  const auto& known = known_mixture_laws();
  if (std::none_of(known.begin(), known.end(), [&](const LawInfo& law) { return law.name == model.law; }))
    refuse(subject, "no mixture law `" + model.law + "`");
  model.formula = json_get<std::string>(object, "formula", subject);
  model.domains = json_get<std::vector<std::string>>(object, "domains", subject);
  if (model.domains.size() < 2) refuse(subject, "fewer than 2 sources");
  model.level = json_get<double>(object, "level", subject);
  if (!(model.level >= 0.5 && model.level < 1))
    refuse(subject, "level " + format_number(model.level) + ", expected one from 0.5 to 1");
  model.warnings = warnings_from(object, subject);
  model.most = mixture_from(object, "most", subject);
  for (const Json& fit : json_get<Json>(object, "fits", subject)) model.fits.push_back(fit_from(fit, model, subject));
  return model;
}

std::string mixture_to_json(const MixtureModel& model) {
  Json fits = Json::array();
  for (const MixtureFit& m : model.fits) {
    Json fit = facts_of(m);
    fit.update(Json::parse(fit_to_json(m.fit)));
    fits.push_back(std::move(fit));
  }
  Json flips = Json::array();
  for (const RankFlips& f : model.flips) flips.push_back(of(f));
  return dump({{"law", model.law},
               {"formula", model.formula},
               {"domains", model.domains},
               {"mean", of(model.mean)},
               {"most", of(model.most)},
               {"fits", fits},
               {"flips", flips},
               {"warnings", json_of(model.warnings)}});
}

std::string mixture_optimum_to_json(const MixtureOptimum& optimum) {
  Json shares = Json::array(), comparisons = Json::array();
  for (const MixtureShare& s : optimum.shares)
    shares.push_back({{"domain", s.domain},
                      {"weight", s.weight},
                      {"interval", json_of(s.interval)},
                      {"cap", s.cap},
                      {"epochs", json_or_null(s.epochs)}});
  for (const MixtureComparison& c : optimum.comparisons)
    comparisons.push_back({{"with", c.with},
                           {"mixture", of(c.mixture)},
                           {"loss", c.loss},
                           {"gain", json_of(c.gain)},
                           {"gain_other_rate", json_or_null(c.gain_other_rate)},
                           {"verdict", to_string(c.verdict)},
                           {"reason", c.reason}});
  return dump({{"target", optimum.target}, {"family", optimum.family}, {"law", optimum.law}, {"weights", of(optimum.mixture())},
               {"shares", shares}, {"loss", json_of(optimum.loss)}, {"comparisons", comparisons}, {"decided", optimum.decided},
               {"text", optimum.text}, {"warnings", json_of(optimum.warnings)}});
}

std::string mixture_predictions_to_json(const std::vector<MixturePrediction>& predictions, const MixtureTable& table) {
  Json list = Json::array();
  for (const MixturePrediction& p : predictions) {
    Json rows = Json::array();
    for (std::size_t i = 0; i < p.predicted.size(); ++i)
      rows.push_back({{"row", table.runs.labels[i]}, {"predicted", p.predicted[i]}, {"interval", json_of(p.intervals[i])}});
    list.push_back({{"target", p.target}, {"agreement", json_of(p.agreement)}, {"rows", std::move(rows)}});
  }
  return dump({{"predictions", list}});
}

std::string mixture_predictions_to_csv(const std::vector<MixturePrediction>& predictions, const MixtureTable& table) {
  std::string text = csv_row({"row", "target", "predicted", "low", "high"});
  for (const MixturePrediction& p : predictions)
    for (std::size_t i = 0; i < p.predicted.size(); ++i) {
      const auto& interval = p.intervals[i];
      text += csv_row({table.runs.labels[i], p.target, format_number(p.predicted[i]),
                       interval ? format_number(interval->low) : "", interval ? format_number(interval->high) : ""});
    }
  return text;
}

std::string mixture_design_to_json(const MixtureDesign& design) {
  Json proxies = Json::array();
  for (const Mixture& mixture : design.proxies) proxies.push_back(of(mixture));
  return dump({{"domains", design.domains},
               {"proxies", proxies},
               {"candidates", design.candidates},
               {"log_determinant", design.log_determinant},
               {"log_determinant_random", design.log_determinant_random},
               {"warnings", json_of(design.warnings)}});
}

}  // namespace isoflop
