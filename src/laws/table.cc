// CSV text -> observations. Strict: what is wrong is named by line and column, never guessed.
#include "laws/table.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/csv.h"
#include "isoflop/text.h"
#include "laws/formats.h"
#include "laws/rows.h"
#include "laws/words.h"

namespace isoflop {
namespace laws {

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 40;
  return text.size() <= kMost ? std::string(text) : std::string(text.substr(0, kMost)) + "...";
}

Header::Header(const CsvTable& table) {
  for (std::size_t i = 0; i < table.header.size(); ++i) index_.try_emplace(table.header[i], i);
}

std::optional<std::size_t> Header::find(const std::string& name) const {
  const auto at = index_.find(name);
  if (at == index_.end()) return std::nullopt;
  return at->second;
}

RowNames::RowNames(const CsvTable& table) : table_(table) {
  const Header header(table);
  for (const char* name : {"name", "run", "label", "model"})
    if (const auto column = header.find(name)) columns_.push_back(*column);
}

std::string RowNames::operator()(std::size_t row) const {
  for (const std::size_t column : columns_)
    if (!table_.rows[row][column].empty()) return table_.rows[row][column];
  return table_.lines.empty() ? "row " + std::to_string(row + 1) : "line " + std::to_string(table_.lines[row]);
}

std::string place_of(const CsvTable& table, std::size_t row) {
  return table.lines.empty() ? table.subject + ": " + quoted(RowNames(table)(row))
                             : table.subject + ":" + std::to_string(table.lines[row]);
}

CsvTable without_rows(const CsvTable& table) {
  return {.subject = table.subject, .header = table.header, .rows = {}, .lines = {}, .warnings = table.warnings};
}

void take_row(const CsvTable& from, std::size_t row, CsvTable& to) {
  to.rows.push_back(from.rows[row]);
  if (!from.lines.empty()) to.lines.push_back(from.lines[row]);
}

const std::set<std::string>& number_columns() {
  static const std::set<std::string> kNames{"params",
                                            "params_non_embedding",
                                            "params_matmul",
                                            "tokens",
                                            "unique_tokens",
                                            "distinct_tokens_seen",
                                            "train_bytes",
                                            "flops",
                                            "flops_exact",
                                            "flops_6nd",
                                            "flops_full_attention",
                                            "loss",
                                            "loss_best",
                                            "train_loss",
                                            "loss_se_eval",
                                            "bits_per_byte",
                                            "learning_rate",
                                            "batch_tokens",
                                            "step",
                                            "weight"};
  return kNames;
}

}  // namespace laws

namespace {

using namespace laws;

/// Every word that a table's column may have for a law or for the reading of its rows.
std::vector<std::string> read_words() {
  std::set<std::string> words = number_columns();
  for (const char* word : {"group", "run", "name", "label", "model", "seed", "status", "loss_kind", "loss_unit"})
    words.insert(word);
  for (const LawInfo& law : known_laws()) {
    words.insert(law.inputs.begin(), law.inputs.end());
    if (!law.response.empty()) words.insert(law.response);
  }
  return {words.begin(), words.end()};
}

bool is_read(const std::string& word) {
  const std::vector<std::string> words = read_words();
  return word.starts_with("share.") || std::binary_search(words.begin(), words.end(), word);
}

std::string nearest_word(const std::string& word) {
  if (const auto near = nearest(word, read_words())) return "did you mean `" + *near + "`?";
  return "the form is OURS=COLUMN, ours e.g. params, tokens, loss, flops, learning_rate";
}

/// Our word -> the table's column, by what the caller said, then by the same name, then as the table's kind has it, then by the
/// letter of the papers.
std::map<std::string, std::string> sources_of(const CsvTable& table, const std::map<std::string, std::string>& rename) {
  std::map<std::string, std::string> source;
  const Header header(table);
  for (const std::string& name : table.header) source[name] = name;
  const KnownTable* known = known_table(table.header);
  if (known != nullptr)
    for (const auto& [ours, theirs] : known->rename) source[ours] = theirs;
  for (const auto& [ours, theirs] : rename) {
    if (!is_read(ours) && !header.find(ours))
      throw Error(Fault::usage, "--map", "no law reads `" + quoted(ours) + "`", nearest_word(ours));
    if (!header.find(theirs)) {
      const auto near = nearest(theirs, table.header);
      throw Error(Fault::bad_data, table.subject, "no column `" + quoted(theirs) + "`",
                  near ? "did you mean `" + *near + "`?" : "");
    }
    source[ours] = theirs;
  }
  static const std::array<std::pair<const char*, const char*>, 5> kLetters{
      {{"params", "N"}, {"tokens", "D"}, {"flops", "C"}, {"loss", "L"}, {"learning_rate", "lr"}}};
  for (const auto& [ours, letter] : kLetters)
    if (!source.contains(ours) && header.find(letter)) source[ours] = letter;
  return source;
}

/// The one word of a column; of a table that does not have it, or only empty cells, nothing.
std::optional<std::string> one_value(const CsvTable& table, const std::string& column) {
  const auto index = Header(table).find(column);
  if (!index) return std::nullopt;
  std::set<std::string> values;
  for (const auto& row : table.rows)
    if (const std::string word = trimmed(row[*index]); !word.empty()) values.insert(word);
  if (values.size() > 1)
    throw Error(Fault::bad_data, table.subject,
                "column `" + column + "` mixes " + quoted(*values.begin()) + " and " + quoted(*values.rbegin()),
                "fit one at a time: --where '" + column + "=" + quoted(*values.begin()) + "'");
  if (values.empty()) return std::nullopt;
  return *values.begin();
}

/// The learning rates of every run, from a table of steps: the cells that are numbers, by the names the observations get.
std::map<std::string, Schedule> schedules_of(const CsvTable& table, const std::map<std::string, std::string>& sources,
                                             const std::map<std::string, std::string>& rename) {
  std::map<std::string, Schedule> schedules;
  if (!sources.contains("step") || !sources.contains("learning_rate")) return schedules;
  const Header header(table);
  const RowNames names(table);
  const std::size_t steps = *header.find(sources.at("step")), rates = *header.find(sources.at("learning_rate"));
  const auto group = rename.find("group");
  const auto own = group == rename.end() ? std::nullopt : header.find(group->second);
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const auto step = parse_double(trimmed(table.rows[row][steps])), rate = parse_double(trimmed(table.rows[row][rates]));
    if (!step || !rate) continue;
    Schedule& schedule = schedules[own ? trimmed(table.rows[row][*own]) : names.any() ? names(row) : ""];
    schedule.steps.push_back(*step);
    schedule.learning_rates.push_back(*rate);
  }
  return schedules;
}

/// The rows a law may be fitted to: runs that are done, and not the short ones of a learning-rate sweep.
CsvTable finished_rows(const CsvTable& table, std::vector<Warning>& warnings) {
  // the run table's words (docs/formats/runs-table.md); this room does not see the record's
  static const std::array<const char*, 4> kStatus{"done", "diverged", "stopped", "running"};
  const Header header(table);
  const RowNames names(table);
  const auto status = header.find("status"), group = header.find("group");
  CsvTable kept = without_rows(table);
  std::map<std::string, std::vector<std::string>> unfinished;
  std::vector<std::string> sweep;
  const bool of_steps = header.find("step").has_value();  // many rows are one run
  const auto note = [&](std::vector<std::string>& runs, const std::string& name) {
    if (!of_steps || runs.empty() || runs.back() != name) runs.push_back(name);
  };
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const std::string word = status ? trimmed(table.rows[row][*status]) : "";
    if (!word.empty() && std::find(kStatus.begin(), kStatus.end(), word) == kStatus.end())
      throw Error(Fault::bad_data, place_of(table, row),
                  "column `status` is `" + quoted(word) + "`, expected done, diverged, stopped or running",
                  "an empty cell is a finished run");
    if (group && trimmed(table.rows[row][*group]) == "learning-rate") {
      note(sweep, names(row));
    } else if (!word.empty() && word != "done") {
      note(unfinished[word], names(row));
    } else {
      take_row(table, row, kept);
    }
  }
  for (const auto& [word, runs] : unfinished)
    warnings.push_back({"not_done", plural(runs.size(), "run") + " with status " + word + " left out: " + listed(runs)});
  if (!sweep.empty())
    warnings.push_back(
        {"sweep_runs", plural(sweep.size(), "run") +
                           " of the group learning-rate left out: a sweep's runs are short, and differ in their rate"});
  return kept;
}

/// A column as numbers; nothing where a cell of a column that need not be one is none.
std::optional<Column> numbers_of(const CsvTable& table, std::size_t column, bool strict) {
  Column values;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const std::string cell = trimmed(table.rows[row][column]);
    const auto value = parse_double(cell);
    if (!cell.empty() && !value) {
      if (!strict) return std::nullopt;
      throw Error(Fault::bad_data, place_of(table, row),
                  "column `" + quoted(table.header[column]) + "`: `" + quoted(cell) + "` is not a number");
    }
    values.push_back(value);
  }
  return values;
}

/// What the losses are counted in: by the flag, by the table's column, by its kind. Bits become nats; bits per byte stay what
/// they are.
void set_loss_unit(const CsvTable& table, const std::string& flag, const KnownTable* known, Observations& observations) {
  static const std::map<std::string, std::string> kUnits{
      {"nats", "nats"}, {"bits", "bits"}, {"bpb", "bits_per_byte"}, {"bits_per_byte", "bits_per_byte"}};
  const auto unit_of = [&](Fault fault, const std::string& subject, const std::string& word) {
    const auto unit = kUnits.find(word);
    if (unit == kUnits.end())
      throw Error(fault, subject, "no unit of loss `" + quoted(word) + "`",
                  "known: nats, bits (both per token), bpb (bits per byte)");
    return unit->second;
  };
  std::string unit = known != nullptr ? known->loss_unit : "";
  if (const auto word = one_value(table, "loss_unit")) unit = unit_of(Fault::bad_data, table.subject, *word);
  if (!flag.empty()) {
    const std::string asked = unit_of(Fault::usage, "--loss-unit", flag);
    if (!unit.empty() && unit != asked)
      throw Error(Fault::bad_data, table.subject, "losses are in " + unit + ", and --loss-unit says " + flag,
                  "leave the flag out");
    unit = asked;
  }
  observations.loss_unit = unit.empty() ? "unstated" : unit;
  if (unit != "bits") return;
  constexpr double kLn2 = 0.69314718055994530942;
  for (const char* name : {"loss", "loss_best", "train_loss", "loss_se_eval", "loss_full_context", "source_loss"})
    if (const auto column = observations.columns.find(name); column != observations.columns.end())
      for (auto& value : column->second)
        if (value) *value *= kLn2;
  observations.loss_unit = "nats";
}

/// Tokens of a table that states N and C = 6 N D only.
void compute_tokens(Observations& observations) {
  const auto n = observations.columns.find("params"), c = observations.columns.find("flops");
  if (n == observations.columns.end() || c == observations.columns.end() || observations.columns.contains("tokens")) return;
  Column tokens;
  for (std::size_t row = 0; row < observations.labels.size(); ++row) {
    tokens.emplace_back();
    if (n->second[row] && c->second[row]) tokens.back() = *c->second[row] / (6 * *n->second[row]);
  }
  observations.columns["tokens"] = std::move(tokens);
  observations.warnings.push_back({"tokens_computed", "no column of tokens: D is C / (6 N)"});
}

/// The rows that are asked for.
CsvTable chosen_rows(const CsvTable& table, const TableOptions& options) {
  CsvTable rows = options.where.empty() ? table : rows_where(table, options.where);
  if (rows.rows.empty())
    throw Error(Fault::bad_data, table.subject, "no row holds `" + quoted(options.where) + "`", "loosen --where");
  if (options.drop.empty()) return rows;
  rows = rows_but(rows, options.drop);
  if (rows.rows.empty()) throw Error(Fault::bad_data, table.subject, "every row is dropped", "name fewer with --drop");
  return rows;
}

/// Rows of `whole` as observations; what other rows say of schedules counts too.
Observations observations_of(const CsvTable& whole, const CsvTable& rows, const TableOptions& options) {
  Observations observations;
  const std::map<std::string, std::string>& rename = options.rename;
  const std::map<std::string, std::string> sources = sources_of(rows, rename);
  const KnownTable* known = known_table(rows.header);
  const CsvTable table = finished_rows(rows, observations.warnings);
  observations.warnings.insert(observations.warnings.end(), whole.warnings.begin(), whole.warnings.end());
  const Header header(table);
  const RowNames names(table);
  observations.schedules = schedules_of(whole, sources, rename);
  observations.subject = table.subject;
  observations.lines = table.lines;
  for (std::size_t row = 0; row < table.rows.size(); ++row) observations.labels.push_back(names(row));
  // a name the caller gives to `group` is whose rows go together; a column that is called so by itself names a part of a study
  if (const auto group = rename.find("group"); group != rename.end()) {
    const std::size_t column = *header.find(group->second);
    for (const auto& row : table.rows) observations.groups.push_back(trimmed(row[column]));
  }

  for (const auto& [ours, theirs] : sources) {
    if (ours == "group") continue;
    const bool strict = number_columns().contains(ours) || rename.contains(ours);
    if (auto values = numbers_of(table, *header.find(theirs), strict)) observations.columns[ours] = std::move(*values);
  }

  // a table that names what it counts states its convention; a letter does not
  if (known != nullptr && !known->n_convention.empty() && !rename.contains("params"))
    observations.n_convention = known->n_convention;
  else if (sources.contains("params") && (sources.at("params") == "params" || rename.contains("params")))
    observations.n_convention = "params";
  for (const char* name : {"flops_exact", "flops_6nd", "flops_full_attention"})
    if (observations.flops_convention == "unstated" && header.find(name)) observations.flops_convention = name;
  observations.loss_kind = one_value(table, "loss_kind").value_or("unstated");
  set_loss_unit(table, options.loss_unit, rename.contains("loss") ? nullptr : known, observations);
  if (known != nullptr && known->six_nd) compute_tokens(observations);
  return observations;
}

}  // namespace

CsvTable parse_csv(const std::string& text, const std::string& subject) {
  CsvTable table{.subject = subject, .header = {}, .rows = {}, .lines = {}, .warnings = {}};
  std::vector<CsvRecord> records = read_csv(text, subject);
  if (records.empty()) throw Error(Fault::bad_data, subject, "the table is empty, expected a header line");
  table.header = std::move(records.front().cells);
  const std::string first = subject + ":1";
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    table.header[i] = trimmed(table.header[i]);
    if (table.header[i].empty()) throw Error(Fault::bad_data, first, "column " + std::to_string(i + 1) + " has no name");
    if (!seen.insert(table.header[i]).second)
      throw Error(Fault::bad_data, first, "two columns are named `" + quoted(table.header[i]) + "`");
  }
  for (auto record = records.begin() + 1; record != records.end(); ++record) {
    auto& [line, cells] = *record;
    if (cells.size() == 1 && cells[0].empty() && table.header.size() > 1) continue;  // an empty line
    if (cells.size() != table.header.size())
      throw Error(Fault::bad_data, subject + ":" + std::to_string(line),
                  std::to_string(cells.size()) + " cells, expected " + std::to_string(table.header.size()) + " as in the header");
    table.rows.push_back(std::move(cells));
    table.lines.push_back(line);
  }
  if (table.rows.empty()) throw Error(Fault::bad_data, subject, "a header and no rows");
  return table;
}

Observations observations_from_table(const CsvTable& table, const TableOptions& options) {
  return observations_of(table, chosen_rows(table, options), options);
}

std::pair<Observations, Observations> split_observations(const CsvTable& table, const std::string& expression,
                                                         const TableOptions& options) {
  const auto [cheap, dear] = split_where(chosen_rows(table, options), expression);
  if (cheap.rows.empty() || dear.rows.empty())
    throw Error(Fault::bad_data, table.subject,
                std::string(cheap.rows.empty() ? "no row holds" : "every row holds") + " `" + quoted(expression) + "`",
                "--holdout says which rows are fitted; the others are predicted");
  return {observations_of(table, cheap, options), observations_of(table, dear, options)};
}

Observations observations_from_csv(const std::string& text, const std::string& subject, const TableOptions& options) {
  return observations_from_table(read_runs(text, subject), options);
}

}  // namespace isoflop
