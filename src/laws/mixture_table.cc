// Tables of proxy runs -> shares and losses by name.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/check.h"
#include "base/random.h"
#include "isoflop/text.h"
#include "isoflop/mixture.h"
#include "laws/mixture.h"
#include "laws/rows.h"
#include "laws/table.h"

namespace isoflop {
namespace {

using laws::quoted;
using laws::trimmed;

constexpr std::array kSharePrefixes{"share.", "share_", "weight.", "proportion_", "proportion."};
constexpr std::array kLossPrefixes{"loss.", "loss_"};
constexpr std::array kKeys{"index", "id", "run", "name", "label"};
constexpr double kSumTolerance = 0.01;  // tables are rounded to three digits

/// Columns that name or describe a run, or are other losses of it.
bool describes_run(const std::string& column) {
  static const std::set<std::string> kNames{"index",      "id",
                                            "run",        "name",
                                            "label",      "model",
                                            "group",      "seed",
                                            "lr",         "status",
                                            "loss_kind",  "loss_unit",
                                            "n_layer",    "n_embd",
                                            "regime",     "n_head",
                                            "loss_best",  "loss_sd_seed",
                                            "perplexity", "loss_full_context",
                                            "N",          "D",
                                            "C",          "epochs"};
  return kNames.contains(column) || (column != "loss" && laws::number_columns().contains(column));
}

std::optional<std::string> behind_prefix(const std::string& header, const auto& prefixes) {
  for (const std::string prefix : prefixes)
    if (header.size() > prefix.size() && header.starts_with(prefix)) return header.substr(prefix.size());
  return std::nullopt;
}

/// What tells headers apart: without the beginning and the end that all share, cut at separators.
std::vector<std::string> told_apart(std::vector<std::string> names) {
  constexpr const char* kSeparators = "._/- ";
  if (names.size() < 2) return names;
  std::size_t front = names[0].size(), back = names[0].size();
  for (const std::string& name : names) {
    const auto [a, b] = std::mismatch(names[0].begin(), names[0].end(), name.begin(), name.end());
    front = std::min(front, static_cast<std::size_t>(a - names[0].begin()));
    const auto [c, d] = std::mismatch(names[0].rbegin(), names[0].rend(), name.rbegin(), name.rend());
    back = std::min(back, static_cast<std::size_t>(c - names[0].rbegin()));
  }
  while (front > 0 && std::string_view(kSeparators).find(names[0][front - 1]) == std::string_view::npos) --front;
  while (back > 0 && std::string_view(kSeparators).find(names[0][names[0].size() - back]) == std::string_view::npos) --back;
  for (std::string& name : names) {
    if (name.size() <= front + back) return names;  // nothing would be left of one
  }
  for (std::string& name : names) name = name.substr(front, name.size() - front - back);
  return names;
}

/// Which columns hold what, and what each is called.
struct Columns {
  std::vector<std::size_t> at;
  std::vector<std::string> names;
};

void refuse_doubles(const CsvTable& table, const Columns& columns, const std::string& what) {
  std::set<std::string> seen;
  for (const std::string& name : columns.names)
    if (!seen.insert(name).second)
      throw Error(Fault::bad_data, table.subject, "two columns are the " + what + " of `" + quoted(name) + "`",
                  "name each once: share.X and loss.X");
}

/// Columns by prefix: those of one table, or of either of two that use our words.
Columns prefixed(const CsvTable& table, const auto& prefixes, bool loss) {
  Columns columns;
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    const std::string& header = table.header[i];
    if (describes_run(header)) continue;
    if (loss && header == "loss") {
      columns.at.push_back(i);
      columns.names.push_back(header);
    } else if (const auto name = behind_prefix(header, prefixes)) {
      columns.at.push_back(i);
      columns.names.push_back(*name);
    }
  }
  refuse_doubles(table, columns, loss ? "loss" : "share");
  return columns;
}

/// Every column of numbers that does not describe the run.
Columns all_numbers(const CsvTable& table, const auto& prefixes, bool loss) {
  Columns columns;
  std::vector<std::string> headers;
  bool ours = true;
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    if (describes_run(table.header[i]) || table.header[i].empty()) continue;
    // numbers by the first cell that is filled: a run whose loss is missing may come first
    const auto filled =
        std::find_if(table.rows.begin(), table.rows.end(), [i](const auto& row) { return !trimmed(row[i]).empty(); });
    if (!table.rows.empty() && (filled == table.rows.end() || !parse_double(trimmed((*filled)[i])))) continue;
    columns.at.push_back(i);
    headers.push_back(table.header[i]);
    ours = ours && behind_prefix(table.header[i], prefixes).has_value();
  }
  if (ours) {
    for (std::string& header : headers) header = *behind_prefix(header, prefixes);
    columns.names = headers;
  } else {
    columns.names = told_apart(headers);
  }
  refuse_doubles(table, columns, loss ? "loss" : "share");
  return columns;
}

double number_at(const CsvTable& table, std::size_t row, std::size_t column) {
  const std::string cell = trimmed(table.rows[row][column]);
  const auto value = parse_double(cell);
  if (!value)
    throw Error(Fault::bad_data, laws::place_of(table, row),
                "column `" + quoted(table.header[column]) + "`: `" + quoted(cell) + "` is not a number");
  return *value;
}

/// Shares of every row: from 0 to 1, summing to 1.
std::vector<std::vector<double>> read_shares(const CsvTable& table, const Columns& columns) {
  if (columns.at.size() < 2)
    throw Error(Fault::bad_data, table.subject, std::to_string(columns.at.size()) + " columns of shares, expected 2 or more",
                "name them share.X, or give the weights as a table of their own");
  std::vector<std::vector<double>> shares(table.rows.size());
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    double sum = 0;
    for (const std::size_t column : columns.at) {
      const double share = number_at(table, row, column);
      if (!(share >= 0 && share <= 1))
        throw Error(Fault::bad_data, laws::place_of(table, row),
                    "column `" + quoted(table.header[column]) + "` is " + format_number(share) + ", expected a share from 0 to 1",
                    "shares are of 1, not percentages");
      shares[row].push_back(share);
      sum += share;
    }
    if (!(std::fabs(sum - 1) <= kSumTolerance))
      throw Error(Fault::bad_data, laws::place_of(table, row), "the shares sum to " + format_number(sum) + ", expected 1",
                  "every source has a column, and the shares of a row sum to 1");
    for (double& share : shares[row]) share /= sum;
  }
  return shares;
}

void check_losses(const CsvTable& table, const Columns& columns) {
  for (std::size_t row = 0; row < table.rows.size(); ++row)
    for (const std::size_t column : columns.at) {
      if (trimmed(table.rows[row][column]).empty()) continue;  // a run whose loss is missing
      if (const double loss = number_at(table, row, column); !(loss > 0 && std::isfinite(loss)))
        throw Error(Fault::bad_data, laws::place_of(table, row),
                    "column `" + quoted(table.header[column]) + "` is " + format_number(loss) + ", expected a positive loss");
    }
}

/// The column that both tables have to tell runs apart, with no name twice in either.
std::optional<std::pair<std::size_t, std::size_t>> key_of(const CsvTable& a, const CsvTable& b) {
  const laws::Header first(a), second(b);
  for (const char* key : kKeys) {
    const auto i = first.find(key), j = second.find(key);
    if (!i || !j) continue;
    for (const auto& [table, column] : {std::pair{&a, *i}, {&b, *j}}) {
      std::set<std::string> seen;
      for (std::size_t row = 0; row < table->rows.size(); ++row)
        if (const std::string name = trimmed(table->rows[row][column]); !seen.insert(name).second)
          throw Error(Fault::bad_data, laws::place_of(*table, row),
                      "column `" + std::string(key) + "` has `" + quoted(name) + "` twice",
                      "the rows of the two tables meet by this column");
    }
    return std::pair{*i, *j};
  }
  return std::nullopt;
}

/// For each row of the weights, its row of the losses.
std::vector<std::size_t> partners(const CsvTable& weights, const CsvTable& losses) {
  std::vector<std::size_t> rows;
  const auto key = key_of(weights, losses);
  if (!key) {
    if (weights.rows.size() != losses.rows.size())
      throw Error(Fault::bad_data, losses.subject,
                  std::to_string(losses.rows.size()) + " rows, expected " + std::to_string(weights.rows.size()) + " as in " +
                      weights.subject,
                  "rows meet in order where there is no column index, id, run, name or label in both");
    for (std::size_t row = 0; row < weights.rows.size(); ++row) rows.push_back(row);
    return rows;
  }
  std::map<std::string, std::size_t> by_name;
  for (std::size_t row = 0; row < losses.rows.size(); ++row) by_name[trimmed(losses.rows[row][key->second])] = row;
  for (std::size_t row = 0; row < weights.rows.size(); ++row) {
    const std::string name = trimmed(weights.rows[row][key->first]);
    const auto partner = by_name.find(name);
    if (partner == by_name.end())
      throw Error(Fault::bad_data, laws::place_of(weights, row), losses.subject + " has no row `" + quoted(name) + "`",
                  "the rows of the two tables meet by `" + weights.header[key->first] + "`");
    rows.push_back(partner->second);
  }
  if (rows.size() != losses.rows.size())
    throw Error(Fault::bad_data, losses.subject,
                std::to_string(losses.rows.size()) + " rows, " + std::to_string(rows.size()) + " in " + weights.subject,
                "the rows of the two tables meet by `" + weights.header[key->first] + "`");
  return rows;
}

MixtureTable table_of(const CsvTable& table, const Columns& share_columns, const Columns& loss_columns) {
  if (const auto unit = laws::Header(table).find("loss_unit"))
    for (std::size_t row = 0; row < table.rows.size(); ++row)
      if (trimmed(table.rows[row][*unit]) == "bits")
        throw Error(Fault::bad_data, laws::place_of(table, row), "losses are in bits, expected nats", "multiply them by ln 2");
  const auto shares = read_shares(table, share_columns);
  check_losses(table, loss_columns);

  // what is true of any table of runs: rows that are done, their names, params, tokens, learning rates
  CsvTable plain = table;
  MixtureTable result{.runs = {}, .domains = share_columns.names, .targets = loss_columns.names, .families = {}};
  for (std::size_t j = 0; j < share_columns.at.size(); ++j)
    plain.header[share_columns.at[j]] = laws::share_column(share_columns.names[j]);
  for (std::size_t j = 0; j < loss_columns.at.size(); ++j)
    plain.header[loss_columns.at[j]] = laws::loss_column(loss_columns.names[j]);
  for (std::size_t row = 0; row < plain.rows.size(); ++row)
    for (std::size_t j = 0; j < share_columns.at.size(); ++j)
      plain.rows[row][share_columns.at[j]] = format_number(shares[row][j]);
  // rows that have no name are called by what tells them apart: a design's index
  if (!laws::RowNames(table).any())
    for (const char* key : kKeys)
      if (const auto column = laws::Header(table).find(key)) {
        plain.header[*column] = "name";
        break;
      }
  TableOptions options;
  if (laws::Header(plain).find("group")) options.rename["group"] = "group";
  result.runs = observations_from_table(plain, options);
  result.families = std::move(result.runs.groups);
  result.runs.groups.clear();
  if (std::all_of(result.families.begin(), result.families.end(), [&](const std::string& f) { return f == result.families[0]; }))
    result.families.clear();
  if (result.runs.rows() == 0) throw Error(Fault::bad_data, table.subject, "no finished run is left");
  return result;
}

}  // namespace

Mixture MixtureTable::shares(std::size_t row) const {
  Mixture mixture;
  for (const std::string& domain : domains) mixture[domain] = runs.columns.at(laws::share_column(domain))[row].value_or(0);
  return mixture;
}

MixtureTable mixture_table(const CsvTable& table) {
  Columns shares = prefixed(table, kSharePrefixes, false);
  Columns losses = prefixed(table, kLossPrefixes, true);
  // a table of weights alone
  if (shares.at.empty() && losses.at.empty()) shares = all_numbers(table, kSharePrefixes, false);
  return table_of(table, shares, losses);
}

MixtureTable mixture_table(const CsvTable& weights, const CsvTable& losses) {
  const Columns shares = all_numbers(weights, kSharePrefixes, false), lost = all_numbers(losses, kLossPrefixes, true);
  if (lost.at.empty()) throw Error(Fault::bad_data, losses.subject, "no column of losses", "a column of numbers for each loss");
  (void)read_shares(weights, shares);  // what is wrong is said of its own file
  check_losses(losses, lost);
  const std::vector<std::size_t> partner = partners(weights, losses);

  CsvTable both = weights;
  Columns loss_columns{.at = {}, .names = lost.names};
  const std::set<std::string> known(weights.header.begin(), weights.header.end());
  std::vector<std::size_t> taken;
  for (std::size_t column = 0; column < losses.header.size(); ++column) {
    const bool loss = std::find(lost.at.begin(), lost.at.end(), column) != lost.at.end();
    if (!loss && (known.contains(losses.header[column]) || !describes_run(losses.header[column]))) continue;
    if (loss) loss_columns.at.push_back(both.header.size());
    both.header.push_back(losses.header[column]);
    taken.push_back(column);
  }
  for (std::size_t row = 0; row < both.rows.size(); ++row)
    for (const std::size_t column : taken) both.rows[row].push_back(losses.rows[partner[row]][column]);
  return table_of(both, shares, loss_columns);
}

MixtureTable some_rows(const MixtureTable& table, std::int64_t count, std::uint64_t seed) {
  const std::int64_t rows = table.rows();
  if (count >= rows) return table;
  ISOFLOP_CHECK(count > 0);
  const Permutation shuffled(static_cast<std::uint64_t>(rows), seed, laws::kSubsetKey);
  std::vector<std::size_t> chosen;
  for (std::int64_t i = 0; i < count; ++i) chosen.push_back(shuffled(static_cast<std::uint64_t>(i)));
  std::sort(chosen.begin(), chosen.end());
  return laws::rows_of(table, chosen);
}

namespace laws {

std::string share_column(const std::string& domain) { return "share." + domain; }
std::string loss_column(const std::string& target) { return target == "loss" ? target : "loss." + target; }

Mixture named(const std::vector<std::string>& domains, const std::vector<double>& shares) {
  Mixture mixture;
  for (std::size_t j = 0; j < shares.size(); ++j) mixture[domains[j]] = shares[j];
  return mixture;
}

MixtureTable rows_of(const MixtureTable& table, const std::vector<std::size_t>& rows) {
  MixtureTable part{.runs = rows_of(table.runs, rows), .domains = table.domains, .targets = table.targets, .families = {}};
  for (const std::size_t row : rows)
    if (!table.families.empty()) part.families.push_back(table.families[row]);
  return part;
}

}  // namespace laws
}  // namespace isoflop
