// isoflop plan: a law and a budget -> what to train, what it will reach, and how sure that is.
#include <filesystem>
#include <iostream>
#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/plan_machines.h"
#include "cli/plan_output.h"
#include "isoflop/lab.h"
#include "isoflop/plan.h"
#include "isoflop/report.h"

namespace cli {
namespace {

struct PlanFlags {
  std::string law = "published:epoch2024", draws, against = "auto", budgets, seal, ladder_out, report, figures, study;
  std::optional<double> flops, target_loss, params, tokens, granularity, active_share;
  std::optional<double> inference_tokens, unique_tokens, bytes_per_token, residual_sd;
  std::vector<std::string> repetition;
  // serving and money
  std::optional<double> requests, training_hour, training_peak, serving_hour, serving_peak, data_price;
  double request_input = 70, request_output = 215, training_mfu = 0.375, input_mfu = 0.5, output_mfu = 0.01, fixed_cost = 0;
  std::string currency = "USD";
  // the ladder
  std::optional<double> pilot_flops;
  double drift = isoflop::LadderOptions{}.drift;
  std::int64_t sizes = isoflop::LadderOptions{}.sizes;
  std::optional<double> continue_tokens;
  double replay = 0;
  std::string precision;
  MachineFlags machines;
  bool explain = false;
};

/// A published law, a rule, or a file with the name of a fit behind `#`.
isoflop::PlanningLaw read_law(const std::string& text, const std::map<std::string, double>& held) {
  const auto hash = text.rfind('#');
  const std::string file = text.substr(0, hash);
  if (text.starts_with("published:") || text.starts_with("tokens_per_param:") ||
      (!std::filesystem::exists(file) && !file.ends_with(".json")))
    return isoflop::planning_law(text, held);
  return isoflop::planning_law_from_json(read_table(file), file, hash == std::string::npos ? "" : text.substr(hash + 1), held);
}

std::vector<isoflop::PlanningLaw> laws_beside(const PlanFlags& flags, const isoflop::PlanningLaw& law) {
  std::vector<isoflop::PlanningLaw> others;
  if (flags.against == "none") return others;
  std::vector<std::string> names = split(flags.against);
  if (flags.against == "auto")
    names = {"tokens_per_param:20", "published:hoffmann2022_unrounded", "published:epoch2024", "published:muennighoff2023",
             "published:kaplan2020_optimal_params"};
  for (const std::string& name : names)
    if (name != law.name) others.push_back(read_law(name, {}));
  return others;
}

/// LAW or LAW:CONSTANT=NUMBER,...
isoflop::Repetition read_repetition(const std::string& text) {
  const auto colon = text.find(':');
  isoflop::Repetition repetition;
  repetition.law = text.substr(0, colon);
  if (repetition.law != "data_constrained") repetition.constants.clear();
  if (colon == std::string::npos) return repetition;
  for (const auto& [name, value] :
       parse_pairs("--repetition", text.substr(colon + 1), "LAW:CONSTANT=NUMBER,..., e.g. overfit_penalty:P=0.05,m=0.4,k=0.7"))
    repetition.constants[name] = number_of("--repetition", value, false);
  return repetition;
}

double price_of_flop(double hour, double peak, double utilisation) {
  return hour / (3600 * peak * utilisation);
}

/// What is served: tokens, or requests where money counts.
std::optional<isoflop::Serving> serving_of(const PlanFlags& flags) {
  if (!flags.inference_tokens && !flags.requests) return std::nullopt;
  if (flags.inference_tokens && flags.requests)
    throw isoflop::Error(isoflop::Fault::usage, "--requests", "contradicts --inference-tokens", "give one of them");
  isoflop::Serving serving;
  serving.training_utilisation = flags.training_mfu;
  serving.input_utilisation = flags.input_mfu;
  serving.output_utilisation = flags.output_mfu;
  if (flags.inference_tokens) {
    serving.tokens = *flags.inference_tokens;
    return serving;
  }
  serving.input_tokens = *flags.requests * flags.request_input;
  serving.output_tokens = *flags.requests * flags.request_output;
  serving.tokens = serving.input_tokens + serving.output_tokens;
  if (!flags.training_hour || !flags.training_peak)
    throw isoflop::Error(isoflop::Fault::usage, "--requests", "counts in money and has no price",
                         "give --training-price-per-hour and --training-peak, and --serving-... where serving runs elsewhere");
  serving.training_price = price_of_flop(*flags.training_hour, *flags.training_peak, 1);
  serving.serving_price =
      price_of_flop(flags.serving_hour.value_or(*flags.training_hour), flags.serving_peak.value_or(*flags.training_peak), 1);
  return serving;
}

std::optional<isoflop::Prices> prices_of(const PlanFlags& flags) {
  if (!flags.data_price && !(flags.training_hour && flags.training_peak)) return std::nullopt;
  isoflop::Prices prices;
  prices.currency = flags.currency;
  prices.fixed = flags.fixed_cost;
  prices.data_token = flags.data_price.value_or(0);
  if (flags.training_hour && flags.training_peak) {
    prices.training_flop = price_of_flop(*flags.training_hour, *flags.training_peak, flags.training_mfu);
    prices.serving_flop = price_of_flop(flags.serving_hour.value_or(*flags.training_hour),
                                        flags.serving_peak.value_or(*flags.training_peak), flags.output_mfu);
  }
  return prices;
}

isoflop::PrecisionPlan precision_of(const std::string& text) {
  isoflop::PrecisionPlan plan;
  isoflop::PrecisionLaw& law = plan.law;
  const std::map<std::string, double*> words{{"gamma_weights", &law.gamma_weights},
                                             {"offset_weights", &law.offset_weights},
                                             {"gamma_activations", &law.gamma_activations},
                                             {"offset_activations", &law.offset_activations},
                                             {"gamma_cache", &law.gamma_cache},
                                             {"offset_cache", &law.offset_cache},
                                             {"post_c", &law.post_c},
                                             {"post_gamma", &law.post_gamma},
                                             {"post_gamma_d", &law.post_gamma_d},
                                             {"post_gamma_n", &law.post_gamma_n},
                                             {"weight_bits", &plan.weight_bits},
                                             {"activation_bits", &plan.activation_bits},
                                             {"cache_bits", &plan.cache_bits}};
  for (const auto& [name, value] : parse_pairs("--precision", text, "WORD=NUMBER,..., e.g. gamma_weights=2.67,weight_bits=8")) {
    const auto word = words.find(name);
    if (word == words.end()) {
      std::string known;
      for (const auto& [other, place] : words) known += (known.empty() ? "" : ", ") + other;
      throw isoflop::Error(isoflop::Fault::usage, "--precision", "no `" + name + "`", "known: " + known);
    }
    *word->second = number_of("--precision", value, false);
  }
  return plan;
}

isoflop::PlanRequest request_of(const PlanFlags& flags) {
  isoflop::PlanRequest request;
  std::map<std::string, double> held;
  if (flags.granularity) held["granularity"] = *flags.granularity;
  if (flags.active_share) held["active_share"] = *flags.active_share;
  request.law = read_law(flags.law, held);
  if (!flags.draws.empty()) isoflop::add_draws(request.law, isoflop::parse_csv(read_table(flags.draws), flags.draws));
  request.others = laws_beside(flags, request.law);
  request.flops = flags.flops;
  request.target_loss = flags.target_loss;
  request.params = flags.params;
  request.tokens = flags.tokens;
  for (const std::string& flops : split(flags.budgets)) request.budgets.push_back(number_of("--budgets", flops, true));
  request.unique_tokens = flags.unique_tokens;
  if (!flags.repetition.empty()) {
    request.repetitions.clear();
    for (const std::string& text : flags.repetition) request.repetitions.push_back(read_repetition(text));
  }
  request.bytes_per_token = flags.bytes_per_token;
  request.residual_sd = flags.residual_sd;
  request.serving = serving_of(flags);
  request.prices = prices_of(flags);
  if (flags.continue_tokens) {
    request.continual.emplace();
    request.continual->added_tokens = *flags.continue_tokens;
    request.continual->replay = flags.replay;
  }
  if (!flags.precision.empty()) request.precision = precision_of(flags.precision);
  if (flags.pilot_flops) {
    request.ladder.emplace();
    request.ladder->pilot_flops = *flags.pilot_flops;
    request.ladder->drift = flags.drift;
    request.ladder->sizes = flags.sizes;
  }
  return request;
}

/// What machines say, beside what the law says.
void add_machines(const isoflop::MachinePlan& machines, const std::optional<isoflop::Range>& budget, Json& json) {
  json["budget"] = budget ? Json{{"low", budget->low}, {"value", budget->value}, {"high", budget->high}} : Json(nullptr);
  Json more = Json::parse(isoflop::machines_to_json(machines));
  for (const auto& warning : more["warnings"]) json["warnings"].push_back(warning);
  more.erase("warnings");
  json.update(more);
}

/// The page, the pictures, and the section of a study's report that were asked for.
void draw(const PlanFlags& flags, const isoflop::Plan& plan, const isoflop::MachinePlan& machines, const Json& json,
          const Globals& globals) {
  if (flags.report.empty() && flags.figures.empty() && flags.study.empty()) return;
  const isoflop::PageSection section = isoflop::plan_section(plan, machines);
  if (!flags.figures.empty()) {
    std::vector<isoflop::Figure> figures;
    for (const isoflop::CaptionedFigure& captioned : section.figures) figures.push_back(captioned.figure);
    isoflop::write_figures(flags.figures, figures);
    note(globals, "figures: " + flags.figures);
  }
  if (!flags.report.empty()) {
    const isoflop::Page page{.kicker = "Training plan",
                             .title = isoflop::format_billions(plan.model.params) + " parameters on " +
                                      isoflop::format_billions(plan.model.tokens) + " tokens",
                             .subtitle = isoflop::format_significant(plan.flops, 4) + " FLOPs by " + plan.law.name,
                             .sections = {section},
                             .made_by = made_by()};
    isoflop::write_output(flags.report, isoflop::page_html(page));
    note(globals, "report: " + flags.report);
  }
  if (!flags.study.empty()) note(globals, "report: " + isoflop::keep_plan(flags.study, json.dump(1), section).string());
}

/// Nothing that is written replaces what is read or written beside it, and nothing a sealed forecast.
void check_outputs(const PlanFlags& flags) {
  const std::string law = flags.law.substr(0, flags.law.rfind('#'));
  refuse_to_overwrite("--seal", flags.seal, {law, flags.draws, flags.machines.hardware, flags.report});
  refuse_to_overwrite("--report", flags.report, {law, flags.draws, flags.machines.hardware});
  if (!flags.seal.empty() && std::filesystem::exists(flags.seal))
    throw isoflop::Error(isoflop::Fault::usage, "--seal",
                         flags.seal + " exists: a forecast that could be written over would not be sealed", "name another file");
  refuse_forecast("--report", flags.report);
}

/// What is read with others alone, and would say nothing without them.
const std::vector<Need> kNeeds{
    {"--hardware", {"--gpus"}},
    {"--replay", {"--continue-tokens"}},
    {"--repetition", {"--unique-tokens"}},
    {"--drift", {"--pilot-flops"}},
    {"--pilot-sizes", {"--pilot-flops"}},
    {"--ladder-out", {"--pilot-flops"}},
    {"--request-input", {"--requests"}},
    {"--request-output", {"--requests"}},
    {"--input-mfu", {"--requests"}},
    {"--training-price-per-hour", {"--training-peak"}},
    {"--training-peak", {"--training-price-per-hour"}},
    {"--training-mfu", {"--training-price-per-hour"}},
    {"--output-mfu", {"--training-price-per-hour"}},
    {"--output-mfu", {"--requests", "--inference-tokens"}},
    {"--serving-price-per-hour", {"--training-price-per-hour"}},
    {"--serving-price-per-hour", {"--requests", "--inference-tokens"}},
    {"--serving-peak", {"--training-price-per-hour"}},
    {"--serving-peak", {"--requests", "--inference-tokens"}},
    {"--fixed-cost", {"--price-per-token", "--training-price-per-hour"}},
    {"--currency", {"--price-per-token", "--training-price-per-hour"}},
};

void run_plan(const CLI::App& command, const PlanFlags& flags, const Globals& globals) {
  check_needs(command, kNeeds);
  check_outputs(flags);
  isoflop::PlanRequest request = request_of(flags);
  const auto budget = machine_budget(flags.machines);
  if (budget) {
    const std::string said = flags.machines.days ? "--days" : "--usd";
    for (const auto& [given, name] : {std::pair{flags.flops.has_value(), "--flops"},
                                      {flags.target_loss.has_value(), "--target-loss"},
                                      {flags.params && flags.tokens, "--params and --tokens"}})
      if (given)
        throw isoflop::Error(isoflop::Fault::usage, said, std::string("contradicts ") + name + ": each of them says the budget",
                             "give one of them");
    request.flops = budget->value;
    for (const double end : {budget->low, budget->high})
      if (end != budget->value) request.budgets.push_back(end);
  }
  const isoflop::Plan plan = isoflop::make_plan(request);
  const isoflop::MachinePlan machines = isoflop::plan_machines(plan, machine_request(flags.machines));
  Json json = Json::parse(isoflop::plan_to_json(plan));
  add_machines(machines, budget, json);
  if (!flags.ladder_out.empty() && plan.ladder) {
    for (const std::string& file : write_ladder(flags.ladder_out, *plan.ladder)) json["ladder"]["studies"].push_back(file);
  }
  if (!flags.seal.empty()) {
    if (!plan.law.surface)
      throw isoflop::Error(isoflop::Fault::usage, "--seal", "the law " + plan.law.name + " forecasts no loss");
    isoflop::Forecast forecast{.law = plan.law,
                               .model = plan.model,
                               .interval = {},
                               .residual_sd = flags.residual_sd.value_or(plan.law.residual_sd.value_or(0))};
    if (const auto it = plan.intervals.find("prediction"); it != plan.intervals.end())
      forecast.interval = it->second;
    else if (const auto of_model = plan.intervals.find("loss_of_model"); of_model != plan.intervals.end())
      forecast.interval = of_model->second;
    const std::string text = isoflop::forecast_to_json(forecast);
    isoflop::write_output(flags.seal, text);
    json["sealed"] = {{"file", flags.seal}, {"sha256", isoflop::forecast_hash(text)}};
  }
  draw(flags, plan, machines, json, globals);
  if (globals.json) return print_json(json);
  print_plan(plan, isoflop::plan_tables(plan, machines), json, flags.explain, flags.currency);
  print_machines(machines);
  std::vector<isoflop::Warning> warnings = plan.warnings;
  warnings.insert(warnings.end(), machines.warnings.begin(), machines.warnings.end());
  warnings.insert(warnings.end(), machines.cost.warnings.begin(), machines.cost.warnings.end());
  print_warnings(warnings);
}

void add_money_flags(CLI::App& command, PlanFlags& flags) {
  command.add_option("--requests", flags.requests, "served over the model's life: the optimum counts money instead of FLOPs")
      ->check(above_zero());
  command.add_option("--request-input", flags.request_input, "tokens read for a request")
      ->capture_default_str()
      ->check(from_zero());
  command.add_option("--request-output", flags.request_output, "tokens written for a request")
      ->capture_default_str()
      ->check(from_zero());
  command.add_option("--training-price-per-hour", flags.training_hour, "money for a device's hour in training")
      ->check(above_zero());
  command.add_option("--training-peak", flags.training_peak, "FLOP/s of that device, dense")->check(above_zero());
  command.add_option("--serving-price-per-hour", flags.serving_hour, "of the device that serves (default: as in training)")
      ->check(above_zero());
  command.add_option("--serving-peak", flags.serving_peak, "FLOP/s of that device")->check(above_zero());
  command.add_option("--training-mfu", flags.training_mfu, "share of the peak that training reaches")
      ->capture_default_str()
      ->check(above_zero());
  command.add_option("--input-mfu", flags.input_mfu, "share of the peak that reading a prompt reaches")
      ->capture_default_str()
      ->check(above_zero());
  command.add_option("--output-mfu", flags.output_mfu, "share of the peak that writing reaches")
      ->capture_default_str()
      ->check(above_zero());
  command.add_option("--price-per-token", flags.data_price, "money for a new unique token: collection, labelling, governance")
      ->check(above_zero());
  command.add_option("--fixed-cost", flags.fixed_cost, "money that does not depend on the model")
      ->capture_default_str()
      ->check(from_zero());
  command.add_option("--currency", flags.currency, "a word for the prices")->capture_default_str();
}

}  // namespace

void add_plan(CLI::App& program, Globals& globals) {
  auto flags = std::make_shared<PlanFlags>();
  CLI::App* command =
      add_command(program, globals, "plan", "What to train with a budget, what it will reach, and how sure that is",
                  "isoflop plan --flops 1e24 --law published:epoch2024");
  command->add_option("--flops", flags->flops, "C, the training compute")->check(above_zero());
  command
      ->add_option("--target-loss", flags->target_loss,
                   "the least compute that reaches this loss; with --params the data that do")
      ->check(above_zero());
  command->add_option("--params", flags->params, "N; alone: the budget of which it is the optimum")->check(above_zero());
  command->add_option("--tokens", flags->tokens, "D; alone: the budget of which it is the optimum")->check(above_zero());
  add_machine_flags(*command, flags->machines);
  command->add_option("--budgets", flags->budgets, "further C, joined by commas: their optima");
  command->add_option("--law", flags->law, "published:NAME, tokens_per_param:20, or FILE[#law] as isoflop fit --json writes it")
      ->capture_default_str();
  command->add_option("--draws", flags->draws, "the law's resamples (isoflop fit --draws): every number gets its interval");
  command->add_option("--against", flags->against, "laws of the matrix of wasted compute, joined by commas; auto; none")
      ->capture_default_str();
  command->add_option("--granularity", flags->granularity, "of experts, for laws that read it")->check(above_zero());
  command->add_option("--active-share", flags->active_share, "share of N that computes a token (mixture of experts)")
      ->check(above_zero());
  command
      ->add_option("--inference-tokens", flags->inference_tokens,
                   "served over the model's life: least FLOPs of training and serving")
      ->check(from_zero());
  command->add_option("--unique-tokens", flags->unique_tokens, "text there is: beyond it tokens repeat")->check(above_zero());
  command->add_option("--repetition", flags->repetition,
                      "what repetition is worth: data_constrained, or LAW:CONSTANT=NUMBER,...; may be given again");
  command->add_option("--bytes-per-token", flags->bytes_per_token, "of the tokenizer: the ratio in bytes for each parameter")
      ->check(above_zero());
  command->add_option("--residual-sd", flags->residual_sd, "scatter of ln L of one run about the law (default: the fit's)")
      ->check(above_zero());
  command->add_option("--continue-tokens", flags->continue_tokens, "new text to train the model on later")->check(above_zero());
  command->add_option("--replay", flags->replay, "share of old text in that mix")
      ->capture_default_str()
      ->check(from_zero_below_one());
  command->add_option("--precision", flags->precision,
                      "constants of the precision law and bits: gamma_weights=...,offset_weights=...,weight_bits=8,...");
  add_money_flags(*command, *flags);
  command->add_option("--pilot-flops", flags->pilot_flops, "which pilots to run first, for this much compute in all")
      ->check(above_zero());
  command->add_option("--drift", flags->drift, "sd of ln N* for each factor of e beyond the dearest pilot")
      ->capture_default_str()
      ->check(from_zero());
  command->add_option("--pilot-sizes", flags->sizes, "models of a rung")->capture_default_str()->check(whole_number(3, 99));
  command->add_option("--ladder-out", flags->ladder_out, "a folder for a study of each rung, which isoflop run takes");
  command->add_option("--seal", flags->seal, "write the forecast to this file: isoflop score judges it when the run is done");
  command->add_option("--report", flags->report, "write the plan as a page to this file (HTML, offline), with pictures");
  command->add_option("--figures", flags->figures, "a folder to write the pictures to (SVG)");
  command->add_option("--study", flags->study, "keep the plan in this study's folder: plan.json, and a section of its report");
  command->add_flag("--explain", flags->explain, "the formulas with the numbers put in");
  command->callback([flags, command, &globals] { run_plan(*command, *flags, globals); });
}

}  // namespace cli
