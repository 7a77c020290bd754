#include "lab/study_report.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/sealed_json.h"
#include "isoflop/text.h"
#include "lab/baselines.h"
#include "lab/mixture_result.h"
#include "lab/read_with_cure.h"

namespace isoflop {
namespace lab {
namespace {

constexpr const char* kNColumns[] = {"params", "params_non_embedding", "params_matmul"};

std::string people_list(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

template <class Get>
std::string range_of(const std::vector<StoredRun>& runs, Get get, std::string (*format)(double)) {
  if (runs.empty()) return "";
  double low = get(runs.front()), high = low;
  for (const StoredRun& run : runs) {
    low = std::min(low, get(run));
    high = std::max(high, get(run));
  }
  return low == high ? format(low) : format(low) + " to " + format(high);
}

std::string three_digits(double value) { return format_significant(value, 3); }

std::string tokenizer_words(const ReportInput& input) {
  return input.tokenizer_kind + ", vocabulary " + format_count(static_cast<double>(input.vocab_size)) +
         (!input.study.tokenizer_file.empty() ? " (" + std::filesystem::path(input.study.tokenizer_file).filename().string() + ")"
          : input.study.vocabulary == VocabularyFrom::whole_corpus ? " (of the whole text)"
                                                                   : " (of the training split)");
}

// one of several texts in a line
std::string manifest_words(const CorpusManifest& m) {
  std::int64_t characters = 0;
  for (const SourceFacts& source : m.sources) characters += source.characters;
  const auto count = [](std::int64_t value) { return format_count(static_cast<double>(value)); };
  return count(characters) + " characters, " + count(m.held_out.characters) + " of them held out by " + to_string(m.split) +
         "; content " + m.content_id.substr(0, 16);
}

std::vector<Fact> corpus_facts(const ReportInput& input) {
  if (input.texts.size() > 1) {
    std::vector<Fact> facts;
    for (const NamedManifest& text : input.texts) facts.push_back({text.name, manifest_words(text.manifest)});
    facts.push_back({"Tokenizer", tokenizer_words(input)});
    return facts;
  }
  const CorpusManifest& m = input.texts.front().manifest;
  std::int64_t documents = 0, characters = 0, bytes = 0;
  for (const SourceFacts& source : m.sources) {
    documents += source.documents;
    characters += source.characters;
    bytes += source.bytes;
  }
  const auto count = [](std::int64_t value) { return format_count(static_cast<double>(value)); };
  return {{"Text", input.corpus_title},
          {"Documents", count(documents)},
          {"Characters", count(characters)},
          {"Bytes", count(bytes)},
          {"Held out", count(m.held_out.units) + " of " + count(m.train.units + m.held_out.units) + " units by " +
                           to_string(m.split) + ", " + count(m.held_out.characters) + " characters"},
          {"Tokenizer", tokenizer_words(input)},
          {"Content", m.content_id.substr(0, 16)}};
}

// asked and made: a run that diverged or was stopped by its patience made fewer
std::string steps_fact(const ReportInput& input, const RunStore& store) {
  bool all_made = true;
  std::vector<StoredRun> asked = input.family;
  for (StoredRun& run : asked) {
    const std::int64_t steps = store.spec(run.id).max_iters;
    all_made = all_made && run.record.steps == steps;
    run.record.steps = steps;
  }
  const auto steps = [](const StoredRun& run) { return static_cast<double>(run.record.steps); };
  std::string text = range_of(asked, steps, format_count);
  if (!all_made) text = range_of(input.family, steps, format_count) + " made of " + text + " asked for";
  if (input.study.steps_set) text += " (" + steps_text(input.study) + ")";
  return text;
}

std::string compute_fact(const ReportInput& input) {
  std::set<std::string> counted;  // the same weights tried twice are one run
  const auto flops = [&](const std::vector<StoredRun>& runs) {
    double sum = 0;
    for (const StoredRun& run : runs)
      if (counted.insert(run.id).second) sum += run.record.flops.exact * static_cast<double>(run.record.tokens);
    return sum;
  };
  const double family = flops(input.family), sweep = flops(input.sweep);
  const char* what = input.study.mixture ? " of them to try the weights" : " of them for the learning-rate sweep";
  return three_digits(family + sweep) + " FLOPs in all" + (sweep > 0 ? ", " + three_digits(sweep) + what : "");
}

std::string rates_fact(const ReportInput& input, const RunStore& store) {
  std::vector<std::pair<double, const StoredRun*>> tried;
  for (const StoredRun& run : input.sweep) tried.emplace_back(store.spec(run.id).optimizer.learning_rate, &run);
  std::sort(tried.begin(), tried.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.second->record.params.params, a.first) < std::tuple(b.second->record.params.params, b.first);
  });
  std::string text;
  for (const auto& [rate, run] : tried) {
    text += (text.empty() ? "" : "; ") + run->record.name + " at " + format_number(rate) + ": " +
            (run->record.loss ? format_significant(*run->record.loss, 5) : to_string(run->record.status));
  }
  return text;
}

std::string order_fact(const RunSpec& spec) {
  std::string text = spec.order == BatchOrder::random_windows ? "random windows, with replacement" : "epochs without replacement";
  if (spec.order == BatchOrder::easy_first) text += ", the least surprising windows first";
  if (spec.order == BatchOrder::hard_first) text += ", the most surprising windows first";
  if (spec.token_noise > 0) text += "; " + format_significant(100 * spec.token_noise, 3) + " % of the input tokens replaced";
  return text;
}

std::vector<Fact> setup_facts(const ReportInput& input, const RunStore& store) {
  const RunSpec spec = store.spec(input.family.front().id);
  const Study& study = input.study;
  const OptimizerSpec& o = spec.optimizer;
  const ScheduleSpec& s = spec.schedule;
  std::string optimizer = to_string(o.kind) + ", beta " + format_number(o.beta1) + " / " + format_number(o.beta2) +
                          (study.beta2_scaled ? " (scaled with steps)" : "") + ", decay " + format_number(o.weight_decay) +
                          " on " + (o.decay_on == DecayOn::all ? "every parameter" : "matrices") + ", clip " +
                          format_number(o.grad_clip);
  std::string schedule = to_string(s.kind) + ", warm-up " + format_number(s.warmup_iters) + " steps";
  return {
      {"Model", "GPT-2 (pre-LayerNorm, learned positions, " + to_string(spec.shape.activation) + ", tied head), context " +
                    format_number(spec.shape.block_size)},
      {"Optimizer", optimizer},
      {"Learning rate", study.learning_rate_sweep ? "per size, from a bracketed sweep at the smallest and largest size"
                                                  : format_number(o.learning_rate) + " for every size"},
      {"Schedule", schedule},
      {"Batch", format_number(spec.sequences_per_update()) + " sequences, " +
                    format_count(static_cast<double>(spec.tokens_per_update())) + " tokens"},
      {"Steps", steps_fact(input, store)},
      {"Compute", compute_fact(input)},
      {"Order", order_fact(spec)},
      {"Tokens per run",
       range_of(
           input.family, [](const StoredRun& r) { return static_cast<double>(r.record.tokens); }, format_count)},
      {"Tokens per parameter",
       range_of(
           input.family,
           [](const StoredRun& r) { return static_cast<double>(r.record.tokens) / static_cast<double>(r.record.params.params); },
           three_digits)},
      {"Seeds", format_number(static_cast<std::int64_t>(study.seeds.size()))},
      {"Number format", to_string(spec.dtype)}};
}

constexpr const char* kPlanFile = "plan.json";

/// The section that keep_plan() left.
PageSection read_plan(const std::filesystem::path& folder) {
  const std::string subject = (folder / kPlanFile).string();
  const Json kept = parse_json(unseal_json(read_file(subject), subject, cure_of(kPlanFile)), subject);
  return section_from_json(json_get<Json>(kept, "section", subject).dump(), subject);
}

RunReport run_report(const StoredRun& run, const RunStore& store) {
  RunReport report{run.record, run.timing, store.steps(run.id), store.evals(run.id), std::nullopt, std::nullopt};
  const RunSpec spec = store.spec(run.id);
  report.learning_rate = spec.optimizer.learning_rate;
  report.seed = spec.seed;
  return report;
}

}  // namespace

std::string steps_text(const Study& study) {
  if (!study.steps_set) return "";
  const std::int64_t before = study.steps_set->asked, now = study.train.max_iters;
  const auto count = [](std::int64_t value) { return format_count(static_cast<double>(value)); };
  return std::string("steps ") + (now < before ? "cut" : "raised") + " from " + count(before) + " to " + count(now) + " by " +
         study.steps_set->by;
}

void add_unsaid(std::vector<Warning>& warnings, const std::vector<Warning>& more) {
  for (const Warning& one : more)
    if (std::none_of(warnings.begin(), warnings.end(), [&](const Warning& said) { return said.text == one.text; }))
      warnings.push_back(one);
}

std::vector<LawView> laws_of(const Study& study, const std::vector<StoredRun>& family, const std::vector<Baseline>& baselines) {
  std::vector<LawView> views;
  if (study.models.size() < 2) return views;  // one size was asked for: no law was
  const std::optional<double> unigram = baseline_named(baselines, kUnigram), five_gram = baseline_named(baselines, kFiveGram);
  std::vector<StoredRun> learned, above;
  std::set<std::string> pre_asymptotic;
  for (const StoredRun& run : family) {
    (is_above(run, unigram) ? above : learned).push_back(run);
    if (is_above(run, five_gram)) pre_asymptotic.insert(run.record.name);
  }
  const std::vector<Warning> left = below_par(family, baselines);  // what the law was not fitted to, or rests on
  for (const std::string& loss : study.fit_losses) {
    const Observations table = observations_of(learned, loss), left_out = observations_of(above, loss);
    for (const char* column : kNColumns) {
      PowerFitOptions options;
      options.n_column = column;
      options.allow_repeated = study.allow_repeated;
      LawView view = law_view(table, options, fit_power_law(table, options));
      const LawView hollow = law_view(left_out, options, {});
      view.points.insert(view.points.end(), hollow.points.begin(), hollow.points.end());
      for (LawPoint& point : view.points) point.pre_asymptotic = pre_asymptotic.contains(point.name);
      add_unsaid(view.result.warnings, left);
      views.push_back(std::move(view));
    }
  }
  return views;
}

std::string regime_text(const std::vector<StoredRun>& family, const std::vector<LawView>& laws) {
  if (family.empty()) return "No run is finished yet.";
  std::size_t repeated = 0, large = 0;
  double most_epochs = 0;
  for (const StoredRun& run : family) {
    const RunRecord& r = run.record;
    repeated += r.tokens > r.unique_tokens ? 1 : 0;
    large += r.params.params > r.unique_tokens ? 1 : 0;
    most_epochs =
        std::max(most_epochs, static_cast<double>(r.tokens) / static_cast<double>(std::max<std::int64_t>(1, r.unique_tokens)));
  }
  const std::string epochs = format_significant(most_epochs, 3), all = std::to_string(family.size());
  const auto of_all = [&](std::size_t count) {
    return family.size() == 1 ? std::string("the run") : std::to_string(count) + " of " + all + " runs";
  };
  const auto verb = [&](const char* one, const char* several, std::size_t count) { return count == 1 ? one : several; };
  const bool plain =
      large == 0 && std::any_of(laws.begin(), laws.end(), [](const LawView& law) { return law.result.fit.has_value(); }) &&
      std::all_of(family.begin(), family.end(), [](const StoredRun& run) { return run.record.status == RunStatus::done; });

  std::string text;
  if (repeated > 0) {
    text = "Repeated: " + of_all(repeated) + verb(" passes", " pass", repeated) +
           " over the training split more than once, up to " + epochs + " times.";
  } else {
    text = "Fresh: no run sees a token twice (" + epochs + " epochs of the training split)";
    text += plain ? ", so a plain law applies." : ".";
  }
  if (large > 0) {
    const std::string who = of_all(large);
    text += " " + std::string(1, who[0] == 't' ? 'T' : who[0]) + who.substr(1) + verb(" has", " have", large) +
            " more parameters than the training split has tokens";
    text += repeated > 0 ? ": room to memorise it." : ", and none of those is shown twice.";
  }
  if (repeated > 0 && !laws.empty())
    text += " A plain law does not describe repeated text: what is drawn measures repetition and the optimiser as much as N.";
  return text;
}

StudyReport study_report(const ReportInput& input, const RunStore& store) {
  StudyReport report;
  report.title = input.study.title;
  report.subtitle = input.study.mixture ? "mixtures of " + input.corpus_title
                                        : std::to_string(input.study.models.size()) +
                                              (input.study.models.size() == 1 ? " model on " : " sizes on ") + input.corpus_title;
  report.laws = laws_of(input.study, input.family, input.baselines);
  report.regime_text = regime_text(input.family, report.laws);
  for (const StoredRun& run : input.family) report.regime = std::max(report.regime, run.record.regime);
  if (!input.study.reproduces.empty()) {
    report.labels.push_back("Reproduces " + input.study.reproduces +
                            (input.study.steps_set ? "; but for the steps, which a budget set" : ""));
  }
  report.corpus = corpus_facts(input);
  std::set<std::string> isas;
  const std::optional<double> five_gram = baseline_named(input.baselines, kFiveGram);
  for (const StoredRun& run : input.family) {
    report.runs.push_back(run_report(run, store));
    report.runs.back().pre_asymptotic = is_above(run, five_gram);
    isas.insert(run.record.isa);
  }
  if (!input.family.empty()) report.setup = setup_facts(input, store);
  const MachineFacts machine = machine_facts();
  report.machine = {{"Processor", machine.cpu}, {"Kernels", people_list(isas)}};
  report.baselines = input.baselines;
  report.made_by = "isoflop " ISOFLOP_VERSION;

  if (input.study.mixture) {
    for (const StoredRun& run : input.sweep)  // the same weights are one run, a proxy's or of two comparisons
      if (std::none_of(report.runs.begin(), report.runs.end(), [&](const RunReport& one) { return one.record.id == run.id; }))
        report.runs.push_back(run_report(run, store));
  } else if (!input.sweep.empty()) {
    report.setup.push_back({"Rates tried (held-out loss)", rates_fact(input, store)});
  }
  report.warnings = below_par(input.family, input.baselines);
  for (const StoredRun& run : input.family) {
    if (run.record.isa_changed) {
      report.warnings.push_back({"isa_changed", "run " + run.record.name +
                                                    ": its steps were made with more than one kernel set, the last with " +
                                                    run.record.isa + " (--allow-isa-change)"});
    }
    if (run.record.status == RunStatus::diverged)
      report.warnings.push_back({"diverged", "run " + run.record.name + ": " + run.record.reason});
  }
  return report;
}

std::unique_ptr<Tokenizer> study_tokenizer(const std::filesystem::path& folder) {
  return read_with_cure(folder, "tokenizer.json", tokenizer_from_json);
}

std::filesystem::path write_report(StudyReport report, const std::filesystem::path& folder) {
  if (auto mixture = read_mixture_section(folder)) {
    report.headline = std::exchange(mixture->lead, {});
    report.sections.push_back(std::move(*mixture));
  }
  if (std::filesystem::exists(folder / kPlanFile)) report.sections.push_back(read_plan(folder));
  std::vector<Figure> figures = report_figures(report);
  for (const PageSection& section : report.sections)
    for (const CaptionedFigure& figure : section.figures) figures.push_back(figure.figure);
  write_figures((folder / "figures").string(), figures);
  write_output(folder / "report.html", report_html(report));
  return folder / "report.html";
}

void write_laws(const std::filesystem::path& folder, const Study& study, const std::vector<LawView>& laws,
                const std::vector<StoredRun>& family, const std::vector<StoredRun>& sweep, const std::vector<Baseline>& baselines,
                const std::string& corpus_title, const std::vector<Warning>& warnings) {
  Json file{{"schema_version", 1},   {"study", study.name},      {"corpus", corpus_title},
            {"runs", Json::array()}, {"sweep", Json::array()},   {"baselines", json_of(baselines)},
            {"fits", Json::array()}, {"warnings", Json::array()}};
  for (const StoredRun& run : family) file["runs"].push_back(run.id);
  for (const StoredRun& run : sweep) file["sweep"].push_back(run.id);
  for (const LawView& law : laws) {
    if (law.result.fit) file["fits"].push_back(parse_json(fit_to_json(*law.result.fit), "a fit"));
  }
  for (const Warning& warning : warnings) file["warnings"].push_back({{"code", warning.code}, {"text", warning.text}});
  write_output(folder / "laws.json", file.dump(1) + "\n");
}

}  // namespace lab

std::filesystem::path keep_plan(const std::filesystem::path& folder, const std::string& plan_json, const PageSection& section) {
  (void)RunStore::open_existing(folder);
  const Json kept{{"schema_version", 1},
                  {"plan", parse_json(plan_json, "the plan")},
                  {"section", parse_json(section_to_json(section), "the section")}};
  write_output(folder / lab::kPlanFile, seal_json(kept.dump()));
  return report_study(folder);
}

std::filesystem::path report_study(const std::filesystem::path& folder) {
  const RunStore store = RunStore::open_existing(folder);
  if (!std::filesystem::exists(folder / "laws.json")) {
    throw Error(Fault::missing_input, (folder / "laws.json").string(), "no such file: the study is not finished",
                "`isoflop run` goes on where it stopped");
  }
  const std::string subject = (folder / "laws.json").string();
  const Json laws = lab::read_with_cure(folder, "laws.json", parse_json);
  const Study study = lab::read_with_cure(folder, "study.resolved.toml", study_from_toml);
  const std::vector<lab::NamedManifest> texts = lab::read_with_cure(folder, lab::kCorpusManifest, lab::manifests_from_json);
  const auto tokenizer = lab::study_tokenizer(folder);

  const auto runs_named = [&](const char* key) {
    std::vector<StoredRun> runs;
    for (const auto& id : json_get<std::vector<std::string>>(laws, key, subject)) {
      auto run = store.find(id);
      if (!run)
        throw Error(Fault::missing_input, (folder / "runs" / id).string(), "no such run, and laws.json was fitted to it",
                    "`isoflop run` trains it again");
      runs.push_back(std::move(*run));
    }
    return runs;
  };
  lab::ReportInput input{study, texts, json_get<std::string>(laws, "corpus", subject), tokenizer->kind(), tokenizer->vocab_size(),
                         runs_named("runs"), runs_named("sweep"), {}};
  input.baselines = lab::baselines_from(laws, subject);
  StudyReport report = lab::study_report(input, store);
  // what was said when it was run, and what the runs say now
  std::vector<Warning> all;
  for (const Json& warning : laws.at("warnings"))
    all.push_back({json_get<std::string>(warning, "code", subject), json_get<std::string>(warning, "text", subject)});
  lab::add_unsaid(all, report.warnings);
  report.warnings = std::move(all);
  return lab::write_report(report, folder);
}

}  // namespace isoflop
