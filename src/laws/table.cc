// CSV text -> observations. Strict: what is wrong is named by line and column, never guessed.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/csv.h"
#include "base/text.h"
#include "isoflop/laws.h"
#include "laws/words.h"

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

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

struct Condition {
  std::size_t column = 0;
  std::string op, literal;
  [[nodiscard]] bool orders() const { return op[0] == '<' || op[0] == '>'; }
};

bool is_number(const std::string& text) {
  const auto value = parse_double(text);
  return value && !std::isnan(*value);
}

bool holds(const Condition& condition, const std::string& cell, const std::string& place) {
  if (cell.empty()) return false;
  int order = 0;
  const auto a = parse_double(cell), b = parse_double(condition.literal);
  if (a && b) {
    if (std::isnan(*a) || std::isnan(*b)) return false;
    order = *a < *b ? -1 : *a > *b ? 1 : 0;
  } else if (b && condition.orders()) {
    throw Error(Fault::bad_data, place, "`" + cell.substr(0, 40) + "` is not a number, and --where compares it with " + condition.literal,
                "leave such rows out first: --where 'COLUMN != WORD and ...'");
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

[[noreturn]] void refuse_where(const std::string& problem) {
  throw Error(Fault::usage, "--where", problem,
              "the form is: column (= != < <= > >=) literal, joined by `and`; text of several words is quoted: name = 'my run'");
}

struct Token {
  enum class Kind { word, quoted, op } kind = Kind::word;
  std::string text;
  std::size_t begin = 0, end = 0;  // in the expression
  [[nodiscard]] bool is(const std::string& word) const { return kind == Kind::word && text == word; }
};

std::vector<Token> where_tokens(const std::string& expression) {
  const std::string blank = " \t\r\n", signs = "=!<>";
  std::vector<Token> tokens;
  for (std::size_t at = expression.find_first_not_of(blank); at != std::string::npos; at = expression.find_first_not_of(blank, at)) {
    const std::size_t begin = at;
    const char c = expression[at];
    if (c == '\'' || c == '"') {
      at = expression.find(c, begin + 1);
      if (at == std::string::npos) refuse_where("a quote is opened and never closed: " + expression.substr(begin));
      ++at;
      tokens.push_back({Token::Kind::quoted, expression.substr(begin + 1, at - begin - 2), begin, at});
    } else if (signs.find(c) != std::string::npos) {
      at = std::min(expression.find_first_not_of(signs, begin), expression.size());
      tokens.push_back({Token::Kind::op, expression.substr(begin, at - begin), begin, at});
    } else {
      at = std::min(expression.find_first_of(blank + signs, begin), expression.size());
      tokens.push_back({Token::Kind::word, expression.substr(begin, at - begin), begin, at});
    }
  }
  return tokens;
}

bool column_is_numbers(const CsvTable& table, std::size_t column) {
  if (number_columns().contains(table.header[column])) return true;
  bool any = false;
  for (const auto& row : table.rows) {
    const std::string cell = trimmed(row[column]);
    if (!cell.empty() && !parse_double(cell)) return false;
    any = any || !cell.empty();
  }
  return any;
}

/// column op literal (and column op literal)*
std::vector<Condition> parse_where(const CsvTable& table, const std::string& expression) {
  const std::vector<Token> tokens = where_tokens(expression);
  if (tokens.empty()) refuse_where("is empty");
  std::vector<Condition> conditions;
  for (std::size_t at = 0;;) {
    // the column: all up to the comparison, for a name may hold blanks
    const std::size_t first = at;
    while (at < tokens.size() && tokens[at].kind != Token::Kind::op && !tokens[at].is("and")) ++at;
    if (first == tokens.size()) refuse_where("ends with `and`: no condition follows it");
    if (at == tokens.size() || tokens[at].kind != Token::Kind::op) {
      const std::size_t end = at == first ? tokens[at].end : tokens[at - 1].end;
      refuse_where("`" + expression.substr(tokens[first].begin, end - tokens[first].begin) + "` has no comparison");
    }
    if (at == first) refuse_where("no column stands before `" + tokens[at].text + "`");
    const std::string name = at == first + 1 ? tokens[first].text
                                             : expression.substr(tokens[first].begin, tokens[at - 1].end - tokens[first].begin);
    static const std::set<std::string> kSigns{"=", "!=", "<", "<=", ">", ">="};
    const std::string op = tokens[at].text;
    if (!kSigns.contains(op)) refuse_where("cannot read `" + op + "`");
    ++at;
    if (at == tokens.size() || tokens[at].kind == Token::Kind::op || tokens[at].is("and"))
      refuse_where("no value follows `" + name + " " + op + "`");
    const std::string literal = tokens[at++].text;

    const auto column = column_index(table, name);
    if (!column) {
      const auto near = nearest(name, table.header);
      throw Error(Fault::usage, "--where", "no column `" + name + "` in " + table.subject,
                  near ? "did you mean `" + *near + "`?" : "");
    }
    conditions.push_back({*column, op, literal});
    if (conditions.back().orders() && !is_number(literal) && column_is_numbers(table, *column))
      refuse_where("`" + literal + "` is not a number, and `" + name + " " + op + "` compares numbers");

    if (at == tokens.size()) return conditions;
    if (tokens[at].is("or") || tokens[at].is("OR") || tokens[at].is("||"))
      refuse_where("`" + tokens[at].text + "` is not known: conditions are joined by `and`, so that all must hold");
    if (!tokens[at].is("and"))
      refuse_where("cannot read `" + expression.substr(tokens[at].begin) + "` after `" + name + " " + op + " " + literal + "`");
    ++at;
  }
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

std::string label_of(const CsvTable& table, std::size_t row) {
  for (const char* name : {"name", "run", "label", "model"})
    if (const auto column = column_index(table, name); column && !table.rows[row][*column].empty()) return table.rows[row][*column];
  return "line " + std::to_string(table.lines[row]);
}

/// The rows a law may be fitted to: runs that are done, and not the short ones of a learning-rate sweep.
CsvTable finished_rows(const CsvTable& table, std::vector<Warning>& warnings) {
  // the run table's words (docs/formats/runs-table.md); this room does not see the record's
  static const std::array<const char*, 4> kStatus{"done", "diverged", "stopped", "running"};
  const auto status = column_index(table, "status"), group = column_index(table, "group");
  CsvTable kept{.subject = table.subject, .header = table.header, .rows = {}, .lines = {}};
  std::map<std::string, std::vector<std::string>> unfinished;
  std::vector<std::string> sweep;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const std::string word = status ? trimmed(table.rows[row][*status]) : "";
    if (!word.empty() && std::find(kStatus.begin(), kStatus.end(), word) == kStatus.end())
      throw Error(Fault::bad_data, at_line(table.subject, table.lines[row]),
                  "column `status` is `" + word.substr(0, 40) + "`, expected done, diverged, stopped or running",
                  "an empty cell is a finished run");
    if (group && trimmed(table.rows[row][*group]) == "learning-rate") {
      sweep.push_back(label_of(table, row));
    } else if (!word.empty() && word != "done") {
      unfinished[word].push_back(label_of(table, row));
    } else {
      kept.rows.push_back(table.rows[row]);
      kept.lines.push_back(table.lines[row]);
    }
  }
  for (const auto& [word, names] : unfinished)
    warnings.push_back({"not_done", plural(names.size(), "run") + " with status " + word + " left out: " + listed(names)});
  if (!sweep.empty())
    warnings.push_back({"sweep_runs", plural(sweep.size(), "run") +
                                          " of the group learning-rate left out: a sweep's runs are short, and differ in their rate"});
  return kept;
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

std::pair<CsvTable, CsvTable> split_where(const CsvTable& table, const std::string& expression) {
  const std::vector<Condition> conditions = parse_where(table, expression);
  CsvTable kept{.subject = table.subject, .header = table.header, .rows = {}, .lines = {}}, others = kept;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const bool all = std::all_of(conditions.begin(), conditions.end(), [&](const Condition& c) {
      return holds(c, trimmed(table.rows[row][c.column]),
                   at_line(table.subject, table.lines[row]) + ": column `" + table.header[c.column] + "`");
    });
    CsvTable& to = all ? kept : others;
    to.rows.push_back(table.rows[row]);
    to.lines.push_back(table.lines[row]);
  }
  return {std::move(kept), std::move(others)};
}

CsvTable rows_where(const CsvTable& table, const std::string& expression) {
  return split_where(table, expression).first;
}

Observations observations_from_table(const CsvTable& whole, const std::map<std::string, std::string>& rename) {
  Observations observations;
  const std::map<std::string, std::string> sources = sources_of(whole, rename);
  const CsvTable table = finished_rows(whole, observations.warnings);
  observations.subject = table.subject;
  observations.lines = table.lines;
  for (std::size_t row = 0; row < table.rows.size(); ++row) observations.labels.push_back(label_of(table, row));
  // a name the caller gives to `group` is whose rows go together; a column that is called so by itself names a part of a study
  if (const auto group = rename.find("group"); group != rename.end())
    for (const auto& row : table.rows) observations.groups.push_back(trimmed(row[*column_index(table, group->second)]));

  for (const auto& [ours, theirs] : sources) {
    const std::size_t column = *column_index(table, theirs);
    if (ours == "group") continue;
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

Observations observations_from_csv(const std::string& text, const std::string& subject, const std::string& where,
                                   const std::map<std::string, std::string>& rename) {
  CsvTable table = parse_csv(text, subject);
  if (!where.empty()) table = rows_where(table, where);
  if (table.rows.empty()) throw Error(Fault::bad_data, subject, "no row holds `" + where + "`", "loosen --where");
  return observations_from_table(table, rename);
}

}  // namespace isoflop
