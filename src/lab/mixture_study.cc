#include "lab/mixture_study.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "base/apportion.h"
#include "base/file.h"
#include "isoflop/text.h"
#include "lab/design.h"
#include "lab/mixture_result.h"
#include "lab/process.h"
#include "laws/mixture_simplex.h"

namespace isoflop::lab {
namespace {

constexpr const char* kGroup = "mixture";
constexpr const char* kConfirm = "mixture-confirm";

/// The sources, then the text that is scored only.
std::vector<MixtureSource> texts_of(const MixtureStudy& mixture) {
  std::vector<MixtureSource> texts = mixture.sources;
  if (mixture.target_text) texts.push_back(*mixture.target_text);
  return texts;
}

Corpus open_text(const Study& study, const MixtureSource& text, const LabOptions& options) {
  CorpusOptions corpus = study.corpus;
  corpus.inputs = resolve_inputs(text.inputs, (options.cache / "corpora").string(), options.stop, options.progress);
  return Corpus::open(corpus, options.stop, options.progress);
}

Mixture natural_of(const Study& study, const Prepared& prepared) {
  Mixture natural;
  double sum = 0;
  for (std::size_t i = 0; i < study.mixture->sources.size(); ++i) sum += static_cast<double>(prepared.parts[i].train->size());
  for (std::size_t i = 0; i < study.mixture->sources.size(); ++i)
    natural[study.mixture->sources[i].name] = static_cast<double>(prepared.parts[i].train->size()) / sum;
  return natural;
}

std::map<std::string, double> unique_tokens_of(const Study& study, const Prepared& prepared) {
  std::map<std::string, double> unique;
  for (std::size_t i = 0; i < study.mixture->sources.size(); ++i)
    unique[study.mixture->sources[i].name] = static_cast<double>(prepared.parts[i].train->size());
  return unique;
}

double tokens_of_a_run(const Study& study, const Prepared& prepared) {
  const Mixture natural = natural_of(study, prepared);
  return static_cast<double>(
      plan_mixture_run(study, prepared, natural, study.seeds.front(), study.train.optimizer.learning_rate, "", kGroup).tokens);
}

/// A weight is a multiple of 1 over these: of a thousandth, or in a short run of eight of its windows. Sources take turns to
/// within a window or two of their share, so less would be none, and two mixtures one run.
std::int64_t weight_steps(const Study& study, const Prepared& prepared) {
  constexpr double kLeastWindows = 8;
  const double windows = tokens_of_a_run(study, prepared) / static_cast<double>(study.models.front().shape.block_size);
  for (const std::int64_t steps : {1000, 500, 200, 100, 50, 20})
    if (static_cast<double>(steps) * kLeastWindows <= windows) return steps;
  return 10;
}

/// Whether the sources can fill a run, none seen more often than max_epochs.
bool fill_a_run(const Study& study, const Prepared& prepared) {
  const double tokens = tokens_of_a_run(study, prepared);
  const std::int64_t steps = weight_steps(study, prepared);
  std::int64_t room = 0;
  for (const auto& [source, unique] : unique_tokens_of(study, prepared))
    room += laws::steps_under(study.mixture->max_epochs * unique / tokens, steps);
  return room >= steps;
}

/// Fewer than asked for where there are no more; none where the sources cannot fill a run.
std::vector<Mixture> designed(const Study& study, const Prepared& prepared) {
  if (!fill_a_run(study, prepared)) return {};
  const MixtureStudy& mixture = *study.mixture;
  MixtureDesignOptions options{.prior = natural_of(study, prepared), .proxies = mixture.proxies, .seed = mixture.seed};
  options.step = 1 / static_cast<double>(weight_steps(study, prepared));
  options.caps = caps_by_repetition(unique_tokens_of(study, prepared), tokens_of_a_run(study, prepared), mixture.max_epochs);
  return design_mixtures(options).proxies;
}

std::vector<double> rates_of(const Study& study) {
  std::vector<double> rates{study.train.optimizer.learning_rate};
  if (study.mixture->learning_rates > 1) rates.push_back(rates[0] * study.mixture->small_rate);
  return rates;
}

/// Mean held-out loss of every text, from the sums over its units in the last evaluation.
std::vector<std::optional<double>> losses_of(const StoredRun& run, const RunStore& store, const Prepared& prepared) {
  std::vector<std::optional<double>> losses(prepared.parts.size());
  if (run.record.status != RunStatus::done) return losses;
  const std::vector<EvalRecord> evals = store.evals(run.id);
  if (evals.empty()) return losses;
  std::vector<double> nats(losses.size()), tokens(losses.size());
  std::vector<std::int64_t> last;  // units of the texts up to and including each
  for (const TokenSet& part : prepared.parts)
    last.push_back((last.empty() ? 0 : last.back()) + static_cast<std::int64_t>(part.held_out->units().size()));
  for (const DocumentLoss& document : evals.back().documents) {
    const auto text = static_cast<std::size_t>(std::upper_bound(last.begin(), last.end(), document.document) - last.begin());
    if (text >= losses.size())
      throw Error(Fault::bad_data, "run " + run.id, "its evaluation is of another held-out text",
                  "remove its folder, it is made again");
    nats[text] += document.nats;
    tokens[text] += static_cast<double>(document.tokens);
  }
  for (std::size_t i = 0; i < losses.size(); ++i)
    if (tokens[i] > 0) losses[i] = nats[i] / tokens[i];
  return losses;
}

/// A run as a row of the table of proxies.
struct Row {
  StudyRun run;
  Mixture weights;
  std::vector<std::optional<double>> losses;
};

MixtureTable table_of(const Study& study, const std::vector<Row>& rows) {
  MixtureTable table;
  for (const MixtureSource& source : study.mixture->sources) table.domains.push_back(source.name);
  for (const MixtureSource& text : texts_of(*study.mixture)) table.targets.push_back(text.name);
  table.runs.loss_kind = "final";
  table.runs.loss_unit = "nats";
  table.runs.n_convention = "params";
  table.runs.subject = study.name;
  for (const Row& row : rows) {
    if (!row.losses.front()) {
      table.runs.warnings.push_back(
          {"not_done", row.run.planned.name + " is " + to_string(row.run.stored.record.status) + " and left out"});
      continue;
    }
    table.runs.labels.push_back(row.run.planned.name);
    for (const std::string& domain : table.domains) table.runs.columns["share." + domain].emplace_back(row.weights.at(domain));
    for (std::size_t i = 0; i < table.targets.size(); ++i)
      table.runs.columns["loss." + table.targets[i]].push_back(row.losses[i]);
    table.runs.columns["learning_rate"].emplace_back(row.run.planned.spec.optimizer.learning_rate);
  }
  if (table.runs.labels.size() < 3)
    throw Error(Fault::diverged, "mixture study", "fewer than 3 proxies ended with a loss", "try a lower learning_rate");
  return table;
}

std::string csv_of(const MixtureTable& table) {
  std::vector<std::string> columns;
  for (const std::string& domain : table.domains) columns.push_back("share." + domain);
  columns.emplace_back("learning_rate");
  for (const std::string& target : table.targets) columns.push_back("loss." + target);
  std::vector<std::string> cells{"run"};
  cells.insert(cells.end(), columns.begin(), columns.end());
  std::string text = csv_row(cells);
  for (std::size_t row = 0; row < table.runs.labels.size(); ++row) {
    cells = {table.runs.labels[row]};
    for (const std::string& column : columns) {
      const auto& value = table.runs.columns.at(column)[row];
      cells.push_back(value ? format_number(*value) : "");
    }
    text += csv_row(cells);
  }
  return text;
}

/// Weights as multiples of a step that sum to 1: what a run can be named by.
Mixture rounded(const Mixture& mixture, std::int64_t steps) {
  std::vector<double> shares;
  for (const auto& [name, share] : mixture) shares.push_back(share);
  const std::vector<std::int64_t> counts = apportion(shares, steps);
  Mixture weights;
  for (const auto& [name, share] : mixture)
    weights[name] = static_cast<double>(counts[weights.size()]) / static_cast<double>(steps);
  return weights;
}

/// One session of a mixture study.
class MixtureSession {
 public:
  MixtureSession(const Study& study, const Workplace& place, StudyResult& result)
      : study_(study), place_(place), result_(result) {}

  std::optional<MixtureResult> run() {
    for (const PlannedRun& planned : plan_proxies(study_, place_.prepared)) {
      auto row = trained(planned);
      if (!row) return std::nullopt;
      proxies_.push_back(std::move(*row));
      result_.runs.push_back(proxies_.back().run);
    }
    MixtureResult mixture;
    const MixtureTable table = table_of(study_, proxies_);
    write_output(result_.folder / "proxies.csv", csv_of(table));
    MixtureFitOptions fit;
    fit.law = study_.mixture->law;
    for (const auto& [target, weight] : target()) fit.targets.push_back(target);
    fit.threads = place_.team.size();
    fit.stop = place_.options.stop;
    fit.seed = study_.mixture->seed;
    mixture.model = fit_mixture(table, fit);
    write_output(result_.folder / kMixtureLaw, mixture_to_text(mixture.model));

    MixtureOptimiseOptions optimise{.target = target()};
    optimise.natural = natural_of(study_, place_.prepared);
    optimise.unique_tokens = unique_tokens_of(study_, place_.prepared);
    optimise.tokens = tokens_of_a_run(study_, place_.prepared);
    optimise.max_epochs = study_.mixture->max_epochs;
    optimise.threads = place_.team.size();
    optimise.stop = place_.options.stop;
    mixture.optimum = optimise_mixture(mixture.model, optimise);
    if (!confirm(mixture)) return std::nullopt;
    write_mixture_result(result_.folder, mixture, table);
    return mixture;
  }

 private:
  [[nodiscard]] std::map<std::string, double> target() const {
    const MixtureStudy& mixture = *study_.mixture;
    std::map<std::string, double> target;
    for (const std::string& name : mixture.target) target[name] = 1;
    if (target.empty() && mixture.target_text) target[mixture.target_text->name] = 1;
    if (target.empty())
      for (const MixtureSource& source : mixture.sources) target[source.name] = 1;
    double sum = 0;
    for (const auto& [name, weight] : target) sum += weight;
    for (auto& [name, weight] : target) weight /= sum;
    return target;
  }

  /// Nothing when a stop was requested.
  std::optional<Row> trained(PlannedRun planned) {
    bool new_run = false;
    auto stored = execute(planned, place_, new_run);
    if (new_run) ++result_.trained;
    if (!stored) return std::nullopt;
    planned.done = true;
    Row row{.run = {*stored, planned}, .weights = {}, .losses = losses_of(*stored, place_.store, place_.prepared)};
    for (std::size_t i = 0; i < study_.mixture->sources.size(); ++i)
      row.weights[study_.mixture->sources[i].name] = planned.spec.data[i].weight;
    return row;
  }

  [[nodiscard]] std::optional<double> target_loss(const Row& row) const {
    const auto texts = texts_of(*study_.mixture);
    double loss = 0;
    for (const auto& [name, weight] : target())
      for (std::size_t i = 0; i < texts.size(); ++i) {
        if (texts[i].name != name) continue;
        if (!row.losses[i]) return std::nullopt;
        loss += weight * *row.losses[i];
      }
    return loss;
  }

  /// The weights recommended and those they are compared with, every seed, at equal tokens. False when stopped.
  bool confirm(MixtureResult& mixture) {
    const std::int64_t steps = weight_steps(study_, place_.prepared);
    // the tuned one comes first
    const double rate = mixture.model.fits.front().learning_rate.value_or(study_.train.optimizer.learning_rate);
    std::vector<std::pair<std::string, Mixture>> asked{{"recommended", rounded(mixture.optimum.mixture(), steps)}};
    for (const MixtureComparison& c : mixture.optimum.comparisons) asked.emplace_back(c.with, rounded(c.mixture, steps));
    for (const auto& [name, weights] : asked) {
      MeasuredMixture measured{.name = name, .weights = weights, .losses = {}, .mean = {}, .verdict = {}};
      for (const std::uint64_t seed : study_.seeds) {
        std::string run = "confirm-" + name + "-s" + std::to_string(seed);
        std::replace(run.begin(), run.end(), ' ', '-');
        const auto row = trained(plan_mixture_run(study_, place_.prepared, weights, seed, rate, run, kConfirm));
        if (!row) return false;
        result_.sweep.push_back(row->run);
        if (const auto loss = target_loss(*row)) measured.losses.push_back(*loss);
      }
      mixture.measured.push_back(std::move(measured));
    }
    judge(mixture);
    return true;
  }

  const Study& study_;
  const Workplace& place_;
  StudyResult& result_;
  std::vector<Row> proxies_;
};

}  // namespace

Prepared prepare_mixture(const Study& study, const LabOptions& options) {
  if (!study.corpus.inputs.empty())
    throw Error(Fault::usage, "--data", "a study of mixtures names its texts itself", "change [[mixture.sources]]");
  Prepared prepared;
  const std::vector<MixtureSource> texts = texts_of(*study.mixture);
  std::vector<Corpus> corpora;
  for (const MixtureSource& text : texts) {
    corpora.push_back(open_text(study, text, options));
    prepared.title += (prepared.title.empty() ? "" : ", ") + text.name;
    prepared.texts.push_back({text.name, corpora.back().manifest()});
  }
  prepared.tokenizer = tokenizer_for(study, std::span(corpora).first(study.mixture->sources.size()), options);
  EncodeOptions encode;
  encode.root = (options.cache / "tokens").string();
  encode.threads = std::max<std::int64_t>(1, options.threads);
  std::vector<std::shared_ptr<const TokenSplit>> train, held_out;
  const std::int64_t window = study.models.front().shape.block_size + 1;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    TokenSet& part =
        prepared.parts.emplace_back(encode_corpus(corpora[i], *prepared.tokenizer, encode, options.stop, options.progress));
    const bool trained_on = i < study.mixture->sources.size();
    if (trained_on && part.train->size() < window)
      throw Error(Fault::bad_data, texts[i].name,
                  "holds " + format_count(static_cast<double>(part.train->size())) +
                      " training tokens, less than one window of " + format_count(static_cast<double>(window)),
                  "leave the source out, or use a smaller block_size");
    if (part.held_out->units().empty() || part.held_out->size() < 2)
      throw Error(Fault::bad_data, texts[i].name, "holds nothing out to score", "give it more text");
    held_out.push_back(part.held_out);
    if (trained_on) {
      train.push_back(part.train);
      prepared.tokens.train_bytes += part.train_bytes;
    }
  }
  prepared.tokens.train = join_splits(std::move(train));
  prepared.tokens.held_out = join_splits(std::move(held_out));
  prepared.tokens.id = prepared.parts.front().id;
  prepared.tokens.tokenizer_id = prepared.parts.front().tokenizer_id;
  prepared.train_bytes_per_token = static_cast<double>(prepared.tokens.train_bytes) /
                                   static_cast<double>(std::max<std::int64_t>(1, prepared.tokens.train->size()));
  prepared.resident_bytes = resident_bytes();
  return prepared;
}

bool holds_text_for_mixtures(const Study& study, const Prepared& prepared) {
  if (!study.mixture) return true;
  // between caps that nearly fill a run there are few mixtures, and all alike; in a short run there are few anyway
  const std::int64_t enough = std::min(study.mixture->proxies, weight_steps(study, prepared) / 2);
  return static_cast<std::int64_t>(designed(study, prepared).size()) >= enough;
}

void refuse_too_little_text(const Study& study, const Prepared& prepared) {
  double held = 0;
  std::string sizes;
  for (const auto& [source, unique] : unique_tokens_of(study, prepared)) {
    held += unique;
    sizes += (sizes.empty() ? "" : ", ") + source + " " + format_count(unique);
  }
  const double most = study.mixture->max_epochs * held;
  const char* key = study.target_flops ? "target_flops" : study.target_param_data_ratio ? "target_param_data_ratio" : "max_iters";
  throw Error(Fault::bad_data, "study `" + study.name + "`",
              "a run of " + format_count(tokens_of_a_run(study, prepared)) +
                  " tokens is too long for mixtures of its sources: they hold " + format_count(held) + " training tokens (" +
                  sizes + "), at most " + format_number(study.mixture->max_epochs) + " times over " + format_count(most),
              std::string("give the sources more text, raise max_epochs under [mixture], or lower ") + key);
}

PlannedRun plan_mixture_run(const Study& study, const Prepared& prepared, const Mixture& weights, std::uint64_t seed,
                            double learning_rate, const std::string& name, const std::string& group) {
  PlannedRun planned = plan_run(study, prepared, study.models.front(), seed, learning_rate, 1, group);
  planned.name = name;
  const std::vector<MixtureSource> texts = texts_of(*study.mixture);
  planned.spec.data.clear();
  planned.unique_tokens = 0;
  planned.epochs = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto weight = weights.find(texts[i].name);
    const double share = i < study.mixture->sources.size() && weight != weights.end() ? weight->second : 0;
    planned.spec.data.push_back(DataSpec{prepared.parts[i].id, share, std::nullopt, std::nullopt});
    if (!(share > 0)) continue;
    planned.unique_tokens += prepared.parts[i].train->size();
    planned.epochs = std::max(planned.epochs,
                              share * static_cast<double>(planned.tokens) / static_cast<double>(prepared.parts[i].train->size()));
  }
  planned.spec = resolve(planned.spec);
  planned.id = run_id(planned.spec);
  planned.regime = regime_of(planned.params.params, planned.tokens, planned.unique_tokens);
  if (planned.epochs > 1 && planned.regime == Regime::fresh) planned.regime = Regime::repeated;  // one of its sources is
  return planned;
}

std::vector<PlannedRun> plan_proxies(const Study& study, const Prepared& prepared) {
  std::vector<PlannedRun> runs;
  const std::vector<Mixture> mixtures = designed(study, prepared);
  if (mixtures.size() < 4) refuse_too_little_text(study, prepared);  // as many as a study may ask for at least
  const std::vector<double> rates = rates_of(study);
  for (std::size_t r = 0; r < rates.size(); ++r)
    for (std::size_t i = 0; i < mixtures.size(); ++i)
      runs.push_back(plan_mixture_run(study, prepared, mixtures[i], study.seeds.front(), rates[r],
                                      "proxy-" + std::to_string(i + 1) + (r == 0 ? "" : "-small"), kGroup));
  return runs;
}

std::optional<MixtureResult> run_mixture_study(const Study& study, const Workplace& place, StudyResult& result) {
  return MixtureSession(study, place, result).run();
}

}  // namespace isoflop::lab
