#include "laws/formats.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "base/json.h"
#include "isoflop/text.h"
#include "laws/table.h"

namespace isoflop {
namespace laws {

const KnownTable* known_table(const std::vector<std::string>& header) {
  static const std::vector<KnownTable> kTables{
      {"run table",
       {"run", "params_non_embedding", "params_matmul", "flops_exact", "loss_kind", "bits_per_byte"},
       {},
       "",
       "nats"},
      // runs/scaling_laws.sh of nanochat: total and matmul parameters under names that changed once; held-out bits per byte
      {"nanochat results.csv",
       {"flops_budget", "depth", "num_scaling_params", "tokens_trained", "val_bpb"},
       {{"params", "num_params"},
        {"params_matmul", "num_scaling_params"},
        {"tokens", "tokens_trained"},
        {"flops", "flops_budget"},
        {"loss", "val_bpb"}},
       "params",
       "bits_per_byte"},
      {"nanochat results.csv",
       {"flops_budget", "depth", "params_total", "tokens_trained", "val_bpb"},
       {{"params", "params_total"}, {"tokens", "tokens_trained"}, {"flops", "flops_budget"}, {"loss", "val_bpb"}},
       "params",
       "bits_per_byte"},
      {"nanochat optima", {"param_count", "flops", "n_opt", "d_opt", "val_bpb"}, {{"loss", "val_bpb"}}, "", "bits_per_byte"},
      // data/svg_extracted_data.csv of Epoch: C and N read off a figure, D follows
      {"Epoch's reading of Hoffmann's figure 4",
       {"Model Size", "Training FLOP", "loss"},
       {{"params", "Model Size"}, {"flops", "Training FLOP"}},
       "params",
       "nats",
       true},
      // StepLaw's grid: N without embeddings, the smoothed training loss stands beside `loss`
      {"StepLaw's grid",
       {"params", "tokens", "lr", "min_lr", "batch_seqs", "smooth_loss"},
       {{"learning_rate", "lr"}},
       "params_non_embedding",
       "nats"},
      {"Clark's routing table",
       {"dense_parameter_count", "num_experts", "router_type", "loss_validation"},
       {{"params", "dense_parameter_count"}, {"experts", "num_experts"}, {"loss", "loss_validation"}},
       "params",
       "nats"},
  };
  const std::set<std::string_view> columns(header.begin(), header.end());
  for (const KnownTable& table : kTables)
    if (std::all_of(table.header.begin(), table.header.end(), [&](const std::string& name) { return columns.contains(name); }) &&
        std::all_of(table.rename.begin(), table.rename.end(), [&](const auto& pair) { return columns.contains(pair.second); }))
      return &table;
  return nullptr;
}

namespace {

/// scaling_results.json of the source experiment: {"results": [{name, n_params, val_loss, train_loss, steps, batch_size,
/// block_size}]}.
CsvTable experiment_table(const std::string& text, const std::string& subject) {
  const Json object = parse_json(text, subject);
  const auto results = object.is_object() ? object.find("results") : object.end();
  if (!object.is_object() || results == object.end() || !results->is_array())
    throw Error(Fault::bad_data, subject, "is JSON without a list `results`",
                "a table is CSV, an llm.c log, or a scaling_results.json");
  CsvTable table{.subject = subject,
                 .header = {"name", "params", "tokens", "loss", "train_loss", "loss_kind", "loss_unit"},
                 .rows = {},
                 .lines = {},
                 .warnings = {}};
  std::size_t at = 0;
  std::int64_t line = 1;
  for (const Json& run : *results) {
    const std::string place = subject + ": results[" + std::to_string(table.rows.size()) + "]";
    const auto text_of = [&](const char* key) {
      const auto value = json_find<double>(run, key, place);
      return value ? format_number(*value) : std::string();
    };
    const auto steps = json_find<double>(run, "steps", place), batch = json_find<double>(run, "batch_size", place),
               block = json_find<double>(run, "block_size", place);
    table.rows.push_back({json_find<std::string>(run, "name", place).value_or(""),
                          format_number(json_get<double>(run, "n_params", place)),
                          steps && batch && block ? format_number(*steps * *batch * *block) : "", text_of("val_loss"),
                          text_of("train_loss"), "final", "nats"});
    const std::size_t found = std::min(text.find("\"n_params\"", at), text.size());
    line += std::count(text.begin() + static_cast<std::ptrdiff_t>(at), text.begin() + static_cast<std::ptrdiff_t>(found), '\n');
    table.lines.push_back(line);
    at = std::min(found + 1, text.size());
  }
  if (table.rows.empty()) throw Error(Fault::bad_data, subject, "`results` is empty");
  return table;
}

/// One line of llm.c's main.log: `s:STEP` and `key:number` pairs.
struct LogLine {
  std::int64_t step = 0;
  std::map<std::string, std::string, std::less<>> values;
};

std::optional<LogLine> log_line(std::string_view line) {
  static const std::set<std::string_view> kKeys{"tel", "eval", "trl", "lr", "norm"};
  LogLine parsed;
  for (std::size_t at = 0, word = 0; at < line.size(); ++word) {
    const std::size_t end = std::min(line.find(' ', at), line.size()), colon = line.find(':', at);
    if (colon == std::string_view::npos || colon >= end) return std::nullopt;
    const std::string_view key = line.substr(at, colon - at), value = line.substr(colon + 1, end - colon - 1);
    if (word == 0) {
      const auto step = key == "s" ? parse_int(value) : std::nullopt;
      if (!step || *step < 0) return std::nullopt;
      parsed.step = *step;
    } else if (!kKeys.contains(key) || !parse_double(value) || !parsed.values.emplace(key, value).second) {
      return std::nullopt;
    }
    at = end + 1;
  }
  if (parsed.values.empty()) return std::nullopt;
  return parsed;
}

std::string_view first_line(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// A step's lines are one row; of a run that was resumed the later ones count. A last line without an end may be torn.
CsvTable log_table(const std::string& text, const std::string& subject) {
  static const std::array<const char*, 5> kColumns{"lr", "trl", "norm", "tel", "eval"};
  CsvTable table{.subject = subject,
                 .header = {"step", "learning_rate", "loss", "grad_norm", "loss_eval", "score", "loss_unit"},
                 .rows = {},
                 .lines = {},
                 .warnings = {}};
  std::map<std::int64_t, std::size_t> row_of;
  std::string_view rest = text;
  for (std::int64_t line = 1; !rest.empty(); ++line) {
    const std::string_view whole = first_line(rest);
    const std::size_t end = rest.find('\n');
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (whole.empty()) continue;
    const auto parsed = log_line(whole);
    if (!parsed && end == std::string_view::npos) break;
    if (!parsed)
      throw Error(Fault::bad_data, subject + ":" + std::to_string(line), "`" + quoted(whole) + "` is no line of an llm.c log",
                  "the lines are `s:STEP tel:LOSS`, `s:STEP trl:LOSS lr:RATE norm:NORM` and `s:STEP eval:SCORE`");
    const auto [row, fresh] = row_of.try_emplace(parsed->step, table.rows.size());
    if (fresh) {
      table.rows.push_back({std::to_string(parsed->step), "", "", "", "", "", "nats"});
      table.lines.push_back(line);
    }
    for (std::size_t i = 0; i < kColumns.size(); ++i)
      if (const auto value = parsed->values.find(kColumns[i]); value != parsed->values.end())
        table.rows[row->second][i + 1] = value->second;
  }
  return table;
}

}  // namespace
}  // namespace laws

CsvTable read_runs(const std::string& text, const std::string& subject) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') return laws::experiment_table(text, subject);
  if (laws::log_line(laws::first_line(text))) return laws::log_table(text, subject);
  return parse_csv(text, subject);
}

}  // namespace isoflop
