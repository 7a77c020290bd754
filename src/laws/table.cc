// CSV text -> observations. Strict: what is wrong is named by line and column, never guessed.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/csv.h"
#include "base/text.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

std::string at_line(const std::string& subject, std::int64_t line) {
  return subject + ":" + std::to_string(line);
}

std::optional<std::size_t> column_index(const CsvTable& table, const std::string& name) {
  const auto it = std::find(table.header.begin(), table.header.end(), name);
  if (it == table.header.end()) return std::nullopt;
  return static_cast<std::size_t>(it - table.header.begin());
}

/// Columns of the run table that are numbers by their meaning: a cell that is none is an error, not a text column.
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
                                            "weight"};
  return kNames;
}

struct Condition {
  std::size_t column = 0;
  std::string op, literal;
};

bool holds(const Condition& condition, const std::string& cell) {
  if (cell.empty()) return false;
  int order = 0;
  const auto a = parse_double(cell), b = parse_double(condition.literal);
  if (a && b) {
    if (std::isnan(*a) || std::isnan(*b)) return false;
    order = *a < *b ? -1 : *a > *b ? 1 : 0;
  } else {
    order = cell.compare(condition.literal);
  }
  if (condition.op == "=") return order == 0;
  if (condition.op == "!=") return order != 0;
  if (condition.op == "<") return order < 0;
  if (condition.op == "<=") return order <= 0;
  if (condition.op == ">") return order > 0;
  return order >= 0;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

Condition parse_condition(const CsvTable& table, const std::string& part) {
  const auto at = part.find_first_of("=!<>");
  static const std::string kForm = "the form is: column (= != < <= > >=) literal, joined by `and`";
  if (at == std::string::npos) throw Error(Fault::usage, "--where", "`" + part + "` has no comparison", kForm);
  std::string op(1, part[at]);
  if (at + 1 < part.size() && part[at + 1] == '=' && part[at] != '=') op += '=';
  const std::string name = trimmed(part.substr(0, at));
  std::string literal = trimmed(part.substr(at + op.size()));
  if (op == "!" || name.empty() || literal.empty() || literal[0] == '=')
    throw Error(Fault::usage, "--where", "cannot read `" + part + "`", kForm);
  if (literal.size() >= 2 && (literal.front() == '\'' || literal.front() == '"') && literal.back() == literal.front())
    literal = literal.substr(1, literal.size() - 2);
  const auto column = column_index(table, name);
  if (!column) {
    const auto near = nearest(name, table.header);
    throw Error(Fault::usage, "--where", "no column `" + name + "` in " + table.subject,
                near ? "did you mean `" + *near + "`?" : "");
  }
  return {*column, op, literal};
}

/// Splits at the word `and` outside quotes.
std::vector<std::string> split_at_and(const std::string& expression) {
  std::vector<std::string> parts{""};
  char quote = 0;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (quote == 0 && (c == '\'' || c == '"'))
      quote = c;
    else if (c == quote)
      quote = 0;
    if (quote == 0 && (c == ' ' || c == '\t') && expression.compare(i + 1, 4, "and ") == 0) {
      parts.emplace_back();
      i += 4;
      continue;
    }
    parts.back() += c;
  }
  for (std::string& part : parts) part = trimmed(part);
  return parts;
}

/// Our word -> the table's column, by what the caller said, then by the same name, then by the letter of the papers.
std::map<std::string, std::string> sources_of(const CsvTable& table, const std::map<std::string, std::string>& rename) {
  std::map<std::string, std::string> source;
  for (const std::string& name : table.header) source[name] = name;
  for (const auto& [ours, theirs] : rename) {
    if (!column_index(table, theirs)) {
      const auto near = nearest(theirs, table.header);
      throw Error(Fault::bad_data, table.subject, "no column `" + theirs + "`", near ? "did you mean `" + *near + "`?" : "");
    }
    source[ours] = theirs;
  }
  static const std::array<std::pair<const char*, const char*>, 4> kLetters{
      {{"params", "N"}, {"tokens", "D"}, {"flops", "C"}, {"loss", "L"}}};
  for (const auto& [ours, letter] : kLetters)
    if (!source.contains(ours) && column_index(table, letter)) source[ours] = letter;
  return source;
}

std::string one_value(const CsvTable& table, const std::string& column, const std::string& otherwise) {
  const auto index = column_index(table, column);
  if (!index) return otherwise;
  std::set<std::string> values;
  for (const auto& row : table.rows)
    if (!row[*index].empty()) values.insert(row[*index]);
  if (values.size() > 1)
    throw Error(Fault::bad_data, table.subject, "column `" + column + "` mixes " + *values.begin() + " and " + *values.rbegin(),
                "fit one at a time: --where '" + column + "=" + *values.begin() + "'");
  return values.empty() ? otherwise : *values.begin();
}

}  // namespace

CsvTable parse_csv(const std::string& text, const std::string& subject) {
  CsvTable table{.subject = subject, .header = {}, .rows = {}, .lines = {}};
  std::vector<CsvRecord> records = read_csv(text, subject);
  if (records.empty()) throw Error(Fault::bad_data, subject, "the table is empty, expected a header line");
  table.header = std::move(records.front().cells);
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    table.header[i] = trimmed(table.header[i]);
    if (table.header[i].empty())
      throw Error(Fault::bad_data, at_line(subject, 1), "column " + std::to_string(i + 1) + " has no name");
    if (std::find(table.header.begin(), table.header.begin() + static_cast<std::ptrdiff_t>(i), table.header[i]) !=
        table.header.begin() + static_cast<std::ptrdiff_t>(i))
      throw Error(Fault::bad_data, at_line(subject, 1), "two columns are named `" + table.header[i] + "`");
  }
  for (auto record = records.begin() + 1; record != records.end(); ++record) {
    auto& [line, cells] = *record;
    if (cells.size() == 1 && cells[0].empty() && table.header.size() > 1) continue;  // an empty line
    if (cells.size() != table.header.size())
      throw Error(Fault::bad_data, at_line(subject, line),
                  std::to_string(cells.size()) + " cells, expected " + std::to_string(table.header.size()) + " as in the header");
    table.rows.push_back(std::move(cells));
    table.lines.push_back(line);
  }
  if (table.rows.empty()) throw Error(Fault::bad_data, subject, "a header and no rows");
  return table;
}

CsvTable rows_where(const CsvTable& table, const std::string& expression) {
  std::vector<Condition> conditions;
  for (const std::string& part : split_at_and(expression)) conditions.push_back(parse_condition(table, part));
  CsvTable kept{.subject = table.subject, .header = table.header, .rows = {}, .lines = {}};
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    if (!std::all_of(conditions.begin(), conditions.end(),
                     [&](const Condition& c) { return holds(c, table.rows[row][c.column]); }))
      continue;
    kept.rows.push_back(table.rows[row]);
    kept.lines.push_back(table.lines[row]);
  }
  return kept;
}

Observations observations_from_table(const CsvTable& table, const std::map<std::string, std::string>& rename) {
  Observations observations;
  const std::map<std::string, std::string> sources = sources_of(table, rename);

  std::optional<std::size_t> label;
  for (const char* name : {"name", "run", "label", "model"})
    if (!label) label = column_index(table, name);
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const std::string line = "line " + std::to_string(table.lines[row]);
    observations.labels.push_back(label && !table.rows[row][*label].empty() ? table.rows[row][*label] : line);
  }

  for (const auto& [ours, theirs] : sources) {
    const std::size_t column = *column_index(table, theirs);
    const bool strict = number_columns().contains(ours) || rename.contains(ours);
    std::vector<std::optional<double>> values;
    bool numbers = true;
    for (std::size_t row = 0; row < table.rows.size() && numbers; ++row) {
      const std::string cell = trimmed(table.rows[row][column]);
      const auto value = parse_double(cell);
      if (!cell.empty() && !value) {
        if (strict)
          throw Error(Fault::bad_data, at_line(table.subject, table.lines[row]),
                      "column `" + theirs + "`: `" + cell.substr(0, 40) + "` is not a number");
        numbers = false;
      }
      values.push_back(value);
    }
    if (numbers) observations.columns[ours] = std::move(values);
  }

  // a table that names what it counts states its convention; a letter does not
  if (sources.contains("params") && (sources.at("params") == "params" || rename.contains("params")))
    observations.n_convention = "params";
  for (const char* name : {"flops_exact", "flops_6nd", "flops_full_attention"})
    if (observations.flops_convention == "unstated" && column_index(table, name)) observations.flops_convention = name;
  observations.loss_kind = one_value(table, "loss_kind", "unstated");
  return observations;
}

Observations observations_from_csv(const std::string& text, const std::string& subject) {
  return observations_from_table(parse_csv(text, subject));
}

}  // namespace isoflop
