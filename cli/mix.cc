// isoflop mix: which mixtures to run as proxies, the law of their losses, and the weights it recommends.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "isoflop/mixture.h"

namespace cli {
namespace {

struct DesignFlags {
  std::string sources, temperatures = "1,2", spread = "0.5,20", caps, out;
  std::optional<double> tokens;
  double max_epochs = 4;
  bool no_anchors = false;
  isoflop::MixtureDesignOptions options;
};

struct FitFlags {
  std::vector<std::string> tables;
  std::string targets, out;
  std::int64_t rows = 0, threads = 0;
  std::optional<double> ridge;
  isoflop::MixtureFitOptions options;
};

struct PredictFlags {
  std::string law, targets, out;
  std::vector<std::string> tables;
};

struct OptimiseFlags {
  std::string law, target, unique, natural;
  std::int64_t threads = 0;
  isoflop::MixtureOptimiseOptions options;
};

using isoflop::format_percent;
using isoflop::format_significant;

std::string cell(const std::optional<double>& value) { return value ? format_significant(*value, 4) : "-"; }

std::string range(const std::optional<isoflop::Interval>& interval, double scale = 1, int digits = 4) {
  return interval
             ? format_significant(scale * interval->low, digits) + " to " + format_significant(scale * interval->high, digits)
             : "-";
}

std::map<std::string, double> numbers(const std::string& flag, const std::string& text, const std::string& form) {
  std::map<std::string, double> values;
  for (const auto& [name, value] : parse_pairs(flag, text, form)) {
    if (!values.try_emplace(name, number_of(flag, value, false)).second)
      throw isoflop::Error(isoflop::Fault::usage, flag, "`" + name + "` is given twice");
  }
  return values;
}

/// NAME=WEIGHT pairs, or names that weigh the same.
std::map<std::string, double> weighted_names(const std::string& flag, const std::string& text) {
  std::map<std::string, double> values;
  for (const std::string& part : split(text)) {
    const auto at = part.find('=');
    const std::string name = part.substr(0, at);
    if (!values.try_emplace(name, at == std::string::npos ? 1 : number_of(flag, part.substr(at + 1), false)).second)
      throw isoflop::Error(isoflop::Fault::usage, flag, "`" + name + "` is given twice");
  }
  return values;
}

isoflop::MixtureTable read_mixtures(const std::vector<std::string>& paths) {
  const isoflop::CsvTable first = isoflop::parse_csv(read_table(paths[0]), paths[0]);
  if (paths.size() == 1) return isoflop::mixture_table(first);
  return isoflop::mixture_table(first, isoflop::parse_csv(read_table(paths[1]), paths[1]));
}

void print_warnings(const std::vector<isoflop::Warning>& warnings) {
  for (const auto& w : warnings) std::cout << w.code << ": " << w.text << "\n";
}

// ---- design

void run_design(const DesignFlags& flags, const Globals& globals) {
  isoflop::MixtureDesignOptions options = flags.options;
  const auto sources = numbers("--sources", flags.sources, "NAME=TOKENS, e.g. --sources web=5e9,code=8e8");
  options.prior = sources;
  options.caps = numbers("--caps", flags.caps, "NAME=SHARE, e.g. --caps code=0.3");
  if (flags.tokens)
    for (const auto& [name, cap] : isoflop::caps_by_repetition(sources, *flags.tokens, flags.max_epochs)) {
      const auto [at, fresh] = options.caps.try_emplace(name, cap);
      if (!fresh) at->second = std::min(at->second, cap);
    }
  options.temperatures.clear();
  for (const std::string& text : split(flags.temperatures))
    options.temperatures.push_back(number_of("--temperatures", text, true));
  const auto spread = split(flags.spread);
  if (spread.size() != 2) throw isoflop::Error(isoflop::Fault::usage, "--spread", "expected two numbers, e.g. 0.5,20");
  options.spread_low = number_of("--spread", spread[0], true);
  options.spread_high = number_of("--spread", spread[1], true);
  options.anchors = !flags.no_anchors;
  options.stop = stop_requested();
  refuse_to_overwrite("--out", flags.out, {});
  const isoflop::MixtureDesign design = isoflop::design_mixtures(options);
  const std::string table = isoflop::mixture_design_to_csv(design);
  if (!flags.out.empty()) isoflop::write_output(flags.out, table);
  if (globals.json) {
    Json object = Json::parse(isoflop::mixture_design_to_json(design));
    object["out"] = flags.out;
    return print_json(object);
  }
  if (flags.out.empty()) std::cout << table;
  for (const auto& w : design.warnings) note(globals, w.code + ": " + w.text);
  note(globals, std::to_string(design.proxies.size()) + " proxies of " + std::to_string(design.candidates) +
                    " candidates; each constant's error is " +
                    format_significant(std::exp(-0.5 * (design.log_determinant - design.log_determinant_random)), 3) +
                    " of what as many random ones would leave");
}

// ---- fit

void print_fit(const isoflop::MixtureModel& model) {
  std::cout << model.law << ": " << (model.fits.empty() ? "no law" : model.formula) << "\n\n";
  if (model.fits.empty()) return print_warnings(model.warnings);
  std::vector<std::vector<std::string>> rows;
  for (const auto& m : model.fits)
    rows.push_back({m.target, m.family, m.learning_rate ? format_significant(*m.learning_rate, 4) : "",
                    std::to_string(m.fit.rows), cell(m.in_sample.r_squared), cell(m.in_sample.spearman),
                    m.cross_validated ? cell(m.cross_validated->r_squared) : "-",
                    m.cross_validated ? cell(m.cross_validated->spearman) : "-", format_significant(m.residual_sd, 3)});
  print_table({"loss", "family", "rate", "rows", "R2", "Spearman", "R2 left out", "Spearman left out", "residual sd"}, rows);
  if (model.fits.size() == 1 && !model.fits[0].fit.constants.empty()) {
    std::cout << "\n";
    std::vector<std::vector<std::string>> constants;
    const isoflop::Fit& fit = model.fits[0].fit;
    for (const auto& [name, value] : fit.constants) {
      const auto interval = fit.intervals.find(name);
      constants.push_back({name, format_significant(value, 5), interval == fit.intervals.end() ? "-" : range(interval->second)});
    }
    print_table({"constant", "value", "interval"}, constants);
  }
  std::cout << "\n";
  print_warnings(model.warnings);
  for (const auto& m : model.fits)
    for (const auto& w : m.fit.warnings)
      std::cout << m.target << (m.family.empty() ? "" : " of " + m.family) << ": " << w.code << ": " << w.text << "\n";
}

void run_fit(const FitFlags& flags, const Globals& globals) {
  refuse_to_overwrite("--out", flags.out, flags.tables);
  isoflop::MixtureTable table = read_mixtures(flags.tables);
  if (flags.rows > 0) table = isoflop::some_rows(table, flags.rows, flags.options.seed);
  isoflop::MixtureFitOptions options = flags.options;
  options.targets = split(flags.targets);
  options.ridge = flags.ridge;
  options.threads = threads_of(flags.threads);
  options.stop = stop_requested();
  options.progress = progress_to_stderr(globals);
  const isoflop::MixtureModel model = isoflop::fit_mixture(table, options);
  if (!flags.out.empty()) isoflop::write_output(flags.out, isoflop::mixture_to_text(model));
  if (!globals.json) return print_fit(model);
  Json object{{"tables", flags.tables}};
  object.update(Json::parse(isoflop::mixture_to_json(model)));
  print_json(object);
}

// ---- predict

void run_predict(const PredictFlags& flags, const Globals& globals) {
  std::vector<std::string> read = flags.tables;
  read.push_back(flags.law);
  refuse_to_overwrite("--out", flags.out, read);
  const isoflop::MixtureModel model = isoflop::mixture_from_text(read_table(flags.law), flags.law);
  const isoflop::MixtureTable table = read_mixtures(flags.tables);
  const auto predictions = isoflop::predict_mixtures(model, table, split(flags.targets));
  if (!flags.out.empty()) isoflop::write_output(flags.out, isoflop::mixture_predictions_to_csv(predictions, table));
  if (globals.json) {
    Json object{{"law", model.law}, {"file", flags.law}};
    object.update(Json::parse(isoflop::mixture_predictions_to_json(predictions, table)));
    return print_json(object);
  }
  std::vector<std::vector<std::string>> rows, agreements;
  for (const auto& p : predictions) {
    for (std::size_t i = 0; i < p.predicted.size(); ++i)
      rows.push_back({table.runs.labels[i], p.target, format_significant(p.predicted[i], 5), range(p.intervals[i])});
    if (const auto& a = p.agreement)
      agreements.push_back({p.target, std::to_string(a->rows), cell(a->r_squared), cell(a->spearman),
                            format_significant(a->mean_absolute_error, 3)});
  }
  if (flags.out.empty() && agreements.empty()) print_table({"row", "loss", "predicted", "interval of a run"}, rows);
  if (!agreements.empty()) print_table({"loss", "rows", "R2", "Spearman", "mean abs. error"}, agreements);
}

// ---- optimise

void run_optimise(const OptimiseFlags& flags, const Globals& globals) {
  const isoflop::MixtureModel model = isoflop::mixture_from_text(read_table(flags.law), flags.law);
  isoflop::MixtureOptimiseOptions options = flags.options;
  options.target = weighted_names("--target", flags.target);
  options.unique_tokens = numbers("--unique-tokens", flags.unique, "NAME=TOKENS, e.g. web=5e9,code=8e8");
  options.natural = numbers("--natural", flags.natural, "NAME=SHARE, e.g. web=0.8,code=0.2");
  options.threads = threads_of(flags.threads);
  options.stop = stop_requested();
  const isoflop::MixtureOptimum optimum = isoflop::optimise_mixture(model, options);
  if (globals.json) {
    Json object{{"file", flags.law}};
    object.update(Json::parse(isoflop::mixture_optimum_to_json(optimum)));
    return print_json(object);
  }
  std::vector<std::vector<std::string>> shares, comparisons;
  for (const auto& s : optimum.shares)
    shares.push_back({s.domain, format_percent(s.weight), range(s.interval, 100, 3), s.cap < 1 ? format_percent(s.cap) : "",
                      s.epochs ? format_significant(*s.epochs, 3) : ""});
  print_table({"source", "weight", "interval, %", "cap", "epochs"}, shares);
  std::cout << "\npredicted loss " << format_significant(optimum.loss.value, 5) << " (" << range(optimum.loss.interval)
            << ")\n\n";
  for (const auto& c : optimum.comparisons) {
    const bool same = c.verdict == isoflop::MixtureComparison::Verdict::same;
    comparisons.push_back({c.with, format_significant(c.loss, 5), same ? "" : format_significant(c.gain.value, 3),
                           same ? "" : range(c.gain.interval, 1, 3), to_string(c.verdict), c.reason});
  }
  print_table({"against", "loss", "gain", "interval", "", ""}, comparisons);
  if (!optimum.decided) std::cout << "\nthe data cannot decide that these weights are better than all of the others\n";
  print_warnings(optimum.warnings);
}

void add_design(CLI::App& mix, Globals& globals) {
  auto flags = std::make_shared<DesignFlags>();
  isoflop::MixtureDesignOptions& options = flags->options;
  CLI::App* command = add_command(
      mix, globals, "design",
      "Proposes mixtures for proxy runs: Dirichlet draws about the sources' proportions, of which those that tell most",
      "isoflop mix design --sources web=5e9,code=8e8,books=3e8 --proxies 32 --out proxies.csv");
  command
      ->add_option("--sources", flags->sources,
                   "NAME=TOKENS,...: what each source holds (or any numbers in the prior's proportion)")
      ->required();
  command->add_option("--proxies", options.proxies, "mixtures to propose; about 2 a source are enough for a law")
      ->capture_default_str()
      ->check(whole_number(2, 100000));
  command
      ->add_option("--temperatures", flags->temperatures, "the draws are about the prior to the power 1/T, for each of these T")
      ->capture_default_str();
  command
      ->add_option("--spread", flags->spread, "sums of the Dirichlet's parameters, from,to: small ones draw few sources at once")
      ->capture_default_str();
  command->add_option("--candidates", options.candidates, "draws to choose from")
      ->capture_default_str()
      ->check(whole_number(2, 1000000));
  command->add_option("--step", options.step, "weights are multiples of this and sum to 1")
      ->capture_default_str()
      ->check(above_zero());
  command->add_option("--tokens", flags->tokens, "of a proxy run: no source is seen more than --max-epochs times")
      ->check(above_zero());
  command->add_option("--max-epochs", flags->max_epochs, "with --tokens")->capture_default_str()->check(above_zero());
  command->add_option("--caps", flags->caps, "NAME=SHARE,...: the largest share of a source");
  command->add_flag("--no-anchors", flags->no_anchors, "do not add the prior and the uniform mixture");
  command->add_option("--seed", options.seed, "of the draws")->capture_default_str()->check(whole_number(0));
  command->add_option("--out", flags->out, "write the mixtures to this CSV instead of standard output");
  command->callback([flags, &globals] { run_design(*flags, globals); });
}

void add_mix_fit(CLI::App& mix, Globals& globals) {
  auto flags = std::make_shared<FitFlags>();
  isoflop::MixtureFitOptions& options = flags->options;
  CLI::App* command = add_command(mix, globals, "fit",
                                  "Fits a mixture law to proxy runs, with resampled intervals and what it says of runs left out",
                                  "isoflop mix fit weights.csv losses.csv --target web --out mixture.json");
  command->add_option("tables", flags->tables, "a table with share.X and loss.X columns, or a table of weights and one of losses")
      ->required()
      ->expected(1, 2);
  command->add_option("--target", flags->targets, "losses to fit, joined by commas; default: all");
  command->add_option("--law", options.law, "log_linear, linear, additive, trees")->capture_default_str();
  command->add_option("--delta", options.delta, "nats: where Huber's function turns from square to line")
      ->capture_default_str()
      ->check(above_zero());
  command->add_option("--ridge", flags->ridge, "on the constants about their mean; default: by cross-validation")
      ->check(from_zero());
  command->add_option("--bootstrap", options.bootstrap, "resamples the intervals are made of; 0: none")
      ->capture_default_str()
      ->check(whole_number(0, 100000));
  command->add_option("--folds", options.folds, "of the cross-validation; 0: none")
      ->capture_default_str()
      ->check(whole_number(0, 1000));
  command->add_option("--seed", options.seed, "of resamples, folds and --rows")->capture_default_str()->check(whole_number(0));
  command->add_option("--level", options.level, "confidence level")->capture_default_str()->check(level_range());
  command->add_option("--rows", flags->rows, "fit this many rows, drawn by the seed; 0: all")
      ->capture_default_str()
      ->check(whole_number(0));
  command->add_option("--trees", options.trees.trees, "law trees: how many")
      ->capture_default_str()
      ->check(whole_number(1, 100000));
  command->add_option("--tree-rate", options.trees.rate, "law trees: of what a tree adds")
      ->capture_default_str()
      ->check(above_zero());
  command->add_option("--tree-depth", options.trees.depth, "law trees: levels of splits")
      ->capture_default_str()
      ->check(whole_number(1, 20));
  command->add_option("--leaf-rows", options.trees.leaf_rows, "law trees: rows of a leaf at the least")
      ->capture_default_str()
      ->check(whole_number(1));
  command->add_option("--threads", flags->threads, "cores (default: all); the numbers do not depend on it")
      ->check(whole_number(1, 4096));
  command->add_option("--out", flags->out, "write the law to this mixture.json, for predict and optimise");
  command->callback([flags, &globals] { run_fit(*flags, globals); });
}

void add_predict(CLI::App& mix, Globals& globals) {
  auto flags = std::make_shared<PredictFlags>();
  CLI::App* command = add_command(mix, globals, "predict",
                                  "What a mixture law says of mixtures; of runs whose losses are known how well it says it",
                                  "isoflop mix predict mixture.json mixtures.csv");
  command->add_option("law", flags->law, "what isoflop mix fit --out wrote")->required();
  command->add_option("tables", flags->tables, "a table of mixtures (losses too, if known), or one of weights and one of losses")
      ->required()
      ->expected(1, 2);
  command->add_option("--target", flags->targets, "losses, joined by commas; default: all the law has");
  command->add_option("--out", flags->out, "write the predictions to this CSV");
  command->callback([flags, &globals] { run_predict(*flags, globals); });
}

void add_optimise(CLI::App& mix, Globals& globals) {
  auto flags = std::make_shared<OptimiseFlags>();
  isoflop::MixtureOptimiseOptions& options = flags->options;
  CLI::App* command = add_command(
      mix, globals, "optimise", "The weights of least predicted loss, and whether the data can tell that they are better",
      "isoflop mix optimise mixture.json --target web --unique-tokens web=5e9,code=8e8 --tokens 1e10");
  command->alias("optimize");
  command->add_option("law", flags->law, "what isoflop mix fit --out wrote")->required();
  command->add_option("--target", flags->target, "a loss, or NAME=WEIGHT,... of several; default: all, equally");
  command->add_option("--family", options.family, "which family of models, where the table had a column group");
  command->add_option("--unique-tokens", flags->unique, "NAME=TOKENS,...: what each source holds; natural proportions are these");
  command
      ->add_option("--tokens", options.tokens,
                   "of the run to be planned: with --unique-tokens no source is seen more than --max-epochs times")
      ->check(above_zero());
  command->add_option("--max-epochs", options.max_epochs, "of any source")->capture_default_str()->check(above_zero());
  command->add_option("--natural", flags->natural,
                      "NAME=SHARE,...: natural proportions, where they are not those of --unique-tokens");
  command
      ->add_option("--prior-weight", options.prior_weight,
                   "nats on the divergence from natural proportions (else from uniform ones): keeps the weights near them")
      ->capture_default_str()
      ->check(from_zero());
  command->add_option("--params", options.params, "of the run, where the law reads N")->check(above_zero());
  command->add_option("--seed", options.seed, "of trees' simulated mixtures")->capture_default_str()->check(whole_number(0));
  command->add_option("--threads", flags->threads, "cores (default: all); the numbers do not depend on it")
      ->check(whole_number(1, 4096));
  command->callback([flags, &globals] { run_optimise(*flags, globals); });
}

}  // namespace

void add_mix(CLI::App& program, Globals& globals) {
  CLI::App* mix =
      add_command(program, globals, "mix", "Mixture laws: which shares of the sources give the least loss, from small proxy runs",
                  "isoflop mix fit weights.csv losses.csv --target web --out mixture.json");
  mix->require_subcommand(1);
  add_design(*mix, globals);
  add_mix_fit(*mix, globals);
  add_predict(*mix, globals);
  add_optimise(*mix, globals);
}

}  // namespace cli
