// Which rows of a table are read: conditions on their cells, and rows by name.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "isoflop/text.h"
#include "laws/table.h"

namespace isoflop {
namespace {

using namespace laws;

struct Condition {
  std::size_t column = 0;
  std::string op, literal;
  [[nodiscard]] bool orders() const { return op[0] == '<' || op[0] == '>'; }
};

bool is_number(const std::string& text) {
  const auto value = parse_double(text);
  return value && !std::isnan(*value);
}

bool holds(const Condition& condition, const CsvTable& table, std::size_t row) {
  const std::string cell = trimmed(table.rows[row][condition.column]);
  if (cell.empty()) return false;
  int order = 0;
  const auto a = parse_double(cell), b = parse_double(condition.literal);
  if (a && b) {
    if (std::isnan(*a) || std::isnan(*b)) return false;
    order = *a < *b ? -1 : *a > *b ? 1 : 0;
  } else if (b && condition.orders()) {
    throw Error(Fault::bad_data, place_of(table, row) + ": column `" + quoted(table.header[condition.column]) + "`",
                "`" + quoted(cell) + "` is not a number, and --where compares it with " + quoted(condition.literal),
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
  for (std::size_t at = expression.find_first_not_of(blank); at != std::string::npos;
       at = expression.find_first_not_of(blank, at)) {
    const std::size_t begin = at;
    const char c = expression[at];
    if (c == '\'' || c == '"') {
      at = expression.find(c, begin + 1);
      if (at == std::string::npos) refuse_where("a quote is opened and never closed: " + quoted(expression.substr(begin)));
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
  const Header header(table);
  if (tokens.empty()) refuse_where("is empty");
  std::vector<Condition> conditions;
  for (std::size_t at = 0;;) {
    // the column: all up to the comparison, for a name may hold blanks
    const std::size_t first = at;
    while (at < tokens.size() && tokens[at].kind != Token::Kind::op && !tokens[at].is("and")) ++at;
    if (first == tokens.size()) refuse_where("ends with `and`: no condition follows it");
    if (at == tokens.size() || tokens[at].kind != Token::Kind::op) {
      const std::size_t end = at == first ? tokens[at].end : tokens[at - 1].end;
      refuse_where("`" + quoted(expression.substr(tokens[first].begin, end - tokens[first].begin)) + "` has no comparison");
    }
    if (at == first) refuse_where("no column stands before `" + quoted(tokens[at].text) + "`");
    const std::string name =
        at == first + 1 ? tokens[first].text : expression.substr(tokens[first].begin, tokens[at - 1].end - tokens[first].begin);
    static const std::set<std::string> kSigns{"=", "!=", "<", "<=", ">", ">="};
    const std::string op = tokens[at].text;
    if (!kSigns.contains(op)) refuse_where("cannot read `" + quoted(op) + "`");
    ++at;
    if (at == tokens.size() || tokens[at].kind == Token::Kind::op || tokens[at].is("and"))
      refuse_where("no value follows `" + quoted(name) + " " + op + "`");
    const std::string literal = tokens[at++].text;

    const auto column = header.find(name);
    if (!column) {
      const auto near = nearest(name, table.header);
      throw Error(Fault::usage, "--where", "no column `" + quoted(name) + "` in " + table.subject,
                  near ? "did you mean `" + *near + "`?" : "");
    }
    conditions.push_back({*column, op, literal});
    if (conditions.back().orders() && !is_number(literal) && column_is_numbers(table, *column))
      refuse_where("`" + quoted(literal) + "` is not a number, and `" + quoted(name) + " " + op + "` compares numbers");

    if (at == tokens.size()) return conditions;
    if (tokens[at].is("or") || tokens[at].is("OR") || tokens[at].is("||"))
      refuse_where("`" + tokens[at].text + "` is not known: conditions are joined by `and`, so that all must hold");
    if (!tokens[at].is("and"))
      refuse_where("cannot read `" + quoted(expression.substr(tokens[at].begin)) + "` after `" + quoted(name) + " " + op + " " +
                   quoted(literal) + "`");
    ++at;
  }
}

}  // namespace

std::pair<CsvTable, CsvTable> split_where(const CsvTable& table, const std::string& expression) {
  const std::vector<Condition> conditions = parse_where(table, expression);
  CsvTable kept = without_rows(table), others = without_rows(table);
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const bool all = std::all_of(conditions.begin(), conditions.end(), [&](const Condition& c) { return holds(c, table, row); });
    take_row(table, row, all ? kept : others);
  }
  return {std::move(kept), std::move(others)};
}

CsvTable rows_where(const CsvTable& table, const std::string& expression) {
  return split_where(table, expression).first;
}

CsvTable rows_but(const CsvTable& table, const std::vector<std::string>& dropped) {
  const RowNames names(table);
  std::map<std::string, bool> used;
  for (const std::string& name : dropped) used[name] = false;
  CsvTable kept = without_rows(table);
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    auto it = used.find(names(row));
    if (it == used.end() && !table.lines.empty()) it = used.find("line " + std::to_string(table.lines[row]));
    if (it == used.end())
      take_row(table, row, kept);
    else
      it->second = true;
  }
  for (const auto& [name, found] : used) {
    if (found) continue;
    std::vector<std::string> known;
    for (std::size_t row = 0; row < std::min<std::size_t>(table.rows.size(), 1000); ++row) known.push_back(names(row));
    const auto near = nearest(name, known);
    throw Error(
        Fault::usage, "--drop", "no row `" + quoted(name) + "` in " + table.subject,
        near ? "did you mean `" + *near + "`?" : "a row is its name (column name, run, label or model), or e.g. `line 17`");
  }
  return kept;
}

}  // namespace isoflop
