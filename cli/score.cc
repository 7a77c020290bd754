// isoflop score: a sealed forecast and the run it was of -> how good it was.
#include <filesystem>
#include <iostream>
#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/plan_output.h"
#include "isoflop/lab.h"
#include "isoflop/plan.h"

namespace cli {
namespace {

using isoflop::format_billions;
using isoflop::format_significant;

struct ScoreFlags {
  std::string forecast, run, name;
  TableFlags rows;
};

/// What a row is called, and its loss as the forecast means it.
struct Row {
  std::string label;
  double params = 0, tokens = 0, loss = 0;
};

double cell(const isoflop::Observations& table, const std::string& column, std::size_t row) {
  const auto it = table.columns.find(column);
  if (it == table.columns.end() || !it->second[row])
    throw isoflop::Error(isoflop::Fault::bad_data, table.subject + ": " + table.labels[row], "has no `" + column + "`",
                         "a run is judged by params, tokens and loss; --map names other columns");
  return *it->second[row];
}

/// Where the rows are, and which: STUDY/runs/ID is that run of the study.
std::pair<std::string, std::string> place_of(const ScoreFlags& flags) {
  const std::filesystem::path folder = std::filesystem::path(flags.run) / "";
  if (!std::filesystem::exists(folder / "spec.json")) return {flags.run, flags.rows.where};
  const std::filesystem::path run = folder.parent_path();
  return {run.parent_path().parent_path().string(), "run=" + run.filename().string()};
}

std::vector<Row> rows_of(const ScoreFlags& flags, const std::string& n_column, const std::string& loss_column) {
  const auto [path, where] = place_of(flags);
  TableFlags only = flags.rows;
  only.where = where;
  const isoflop::Observations table = read_observations(path, only);
  std::vector<Row> rows;
  std::string known;
  for (std::size_t i = 0; i < table.labels.size(); ++i) {
    known += (known.empty() ? "" : ", ") + table.labels[i];
    if (!flags.name.empty() && !table.labels[i].starts_with(flags.name)) continue;
    rows.push_back({table.labels[i], cell(table, n_column, i), cell(table, "tokens", i), cell(table, loss_column, i)});
  }
  if (rows.empty())
    throw isoflop::Error(isoflop::Fault::usage, "--run", "no run `" + flags.name + "` in " + flags.run, "it has " + known);
  return rows;
}

void run_score(const ScoreFlags& flags, const Globals& globals) {
  const std::string text = read_table(flags.forecast);
  const isoflop::Forecast forecast = isoflop::forecast_from_json(text, flags.forecast);
  const std::string n_column = forecast.law.n_convention == "params_non_embedding" || forecast.law.n_convention == "params_matmul"
                                   ? forecast.law.n_convention
                                   : "params";
  Json runs = Json::array();
  std::vector<std::vector<std::string>> table;
  const std::string& kind = forecast.law.loss_kind;
  const std::string loss_column = kind == "best" ? "loss_best" : kind == "train" ? "train_loss" : "loss";
  for (const Row& row : rows_of(flags, n_column, loss_column)) {
    const isoflop::Score score = isoflop::score_forecast(forecast, row.params, row.tokens, row.loss);
    const std::string verdict = !score.inside ? "no interval" : *score.inside ? "inside" : "outside";
    runs.push_back(
        {{"run", row.label},
         {"params", score.params},
         {"tokens", score.tokens},
         {"loss", score.loss},
         {"predicted", score.predicted},
         {"error", score.error},
         {"interval", score.interval
                          ? Json{{"low", score.interval->low}, {"high", score.interval->high}, {"level", score.interval->level}}
                          : Json(nullptr)},
         {"inside", score.inside ? Json(*score.inside) : Json(nullptr)},
         {"quantile", score.quantile ? Json(*score.quantile) : Json(nullptr)},
         {"other_model", score.other_model},
         {"verdict", verdict}});
    table.push_back({row.label, format_billions(score.params), format_billions(score.tokens), format_significant(score.loss, 5),
                     format_significant(score.predicted, 5), format_significant(score.error, 3), span(score.interval, false),
                     verdict + (score.other_model ? ", another model than forecast" : "")});
  }
  if (globals.json)
    return print_json(
        {{"forecast", flags.forecast}, {"sha256", isoflop::forecast_hash(text)}, {"law", forecast.law.name}, {"runs", runs}});
  std::cout << "forecast of " << forecast.law.name << ": " << format_billions(forecast.model.params) << " parameters on "
            << format_billions(forecast.model.tokens) << " tokens, loss "
            << format_significant(forecast.model.loss.value_or(0), 5) << "\n";
  print_table({"run", "N", "D", "loss", "forecast", "off by", "interval", ""}, table);
}

}  // namespace

void add_score(CLI::App& program, Globals& globals) {
  auto flags = std::make_shared<ScoreFlags>();
  CLI::App* command = add_command(program, globals, "score", "Judges a sealed forecast by the run it was of",
                                  "isoflop score forecast.json out/mine --run d12");
  command->add_option("forecast", flags->forecast, "what isoflop plan --seal wrote")->required();
  command->add_option("runs", flags->run, "a study's folder, or a CSV table of runs")->required();
  command->add_option("--run", flags->name, "the run (the beginning of its name); default: all there are");
  add_table_flags(*command, flags->rows);
  command->callback([flags, &globals] { run_score(*flags, globals); });
}

}  // namespace cli
