#include "laws/mixture_parts.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/math.h"
#include "laws/agreement.h"
#include "laws/rows.h"
#include "laws/words.h"

namespace isoflop::laws {
namespace {

std::vector<double> shares_of(const MixtureTable& table, std::size_t row) {
  std::vector<double> shares;
  for (const std::string& domain : table.domains) shares.push_back(*table.runs.columns.at(share_column(domain))[row]);
  return shares;
}

/// Mean loss of every mixture among rows.
std::map<std::vector<double>, double> losses_by_mixture(const MixtureTable& table, const std::string& target,
                                                        const std::vector<std::size_t>& rows) {
  std::map<std::vector<double>, std::pair<double, double>> sums;
  for (const std::size_t row : rows) {
    auto& [sum, count] = sums[shares_of(table, row)];
    sum += *table.runs.columns.at(loss_column(target))[row];
    count += 1;
  }
  std::map<std::vector<double>, double> means;
  for (const auto& [shares, sum] : sums) means[shares] = sum.first / sum.second;
  return means;
}

/// Which of several rates loses least: over the mixtures that all of them ran, else over its own.
double tuned_rate(const MixtureTable& table, const std::string& target,
                  const std::map<double, std::vector<std::size_t>>& by_rate) {
  std::map<double, std::map<std::vector<double>, double>> losses;
  for (const auto& [rate, rows] : by_rate) losses[rate] = losses_by_mixture(table, target, rows);
  std::map<double, double> own, common;
  for (const auto& [rate, means] : losses)
    for (const auto& [shares, loss] : means) {
      own[rate] += loss / static_cast<double>(means.size());
      if (std::all_of(losses.begin(), losses.end(), [&](const auto& other) { return other.second.contains(shares); }))
        common[rate] += loss;
    }
  const auto& judged = common.empty() ? own : common;
  return std::min_element(judged.begin(), judged.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->first;
}

}  // namespace

std::vector<MixturePart> parts_of(const MixtureTable& table, const std::string& target, bool pooled) {
  const Column& loss = table.runs.columns.at(loss_column(target));
  const Column* rates = find_column(table.runs, "learning_rate");
  const bool with_rates = rates && std::any_of(rates->begin(), rates->end(), [](const auto& rate) { return rate.has_value(); });
  std::vector<std::string> families;  // in the table's order
  std::map<std::string, std::map<double, std::vector<std::size_t>>> rows;
  for (std::size_t row = 0; row < table.runs.labels.size(); ++row) {
    if (!loss[row]) continue;
    const std::string family = pooled || table.families.empty() ? "" : table.families[row];
    if (!rows.contains(family)) families.push_back(family);
    if (with_rates && !(*rates)[row])
      throw Error(Fault::bad_data, place_of(table.runs, row), "has no learning_rate, and other rows have one",
                  "fill it in, or leave the column out");
    rows[family][with_rates ? *(*rates)[row] : 0].push_back(row);
  }
  std::vector<MixturePart> parts;
  for (const std::string& family : families) {
    const auto& by_rate = rows[family];
    const double tuned = tuned_rate(table, target, by_rate);
    const bool several = by_rate.size() > 1;
    parts.push_back({target, family, several ? std::optional(tuned) : std::nullopt, true, by_rate.at(tuned)});
    for (const auto& [rate, own] : by_rate)
      if (rate != tuned) parts.push_back({target, family, rate, false, own});
  }
  return parts;
}

bool varies(const MixtureTable& table, const std::string& name) {
  const Column* column = find_column(table.runs, name);
  if (!column || !std::all_of(column->begin(), column->end(), [](const auto& v) { return v && *v > 0; })) return false;
  return std::any_of(column->begin(), column->end(), [&](const auto& v) { return *v != *(*column)[0]; });
}

void doubt_gaps(const MixtureTable& table, const std::string& name, std::vector<Warning>& warnings) {
  const Column* column = find_column(table.runs, name);
  if (!column) return;
  std::vector<std::string> without;
  std::set<double> values;
  for (std::size_t row = 0; row < column->size(); ++row) {
    if (const auto& value = (*column)[row]; value && *value > 0) values.insert(*value);
    else without.push_back(table.runs.labels[row]);
  }
  if (values.size() > 1 && !without.empty())
    warnings.push_back({"not_read", listed(without) + " of " + plural(column->size(), "row") +
                                        (without.size() == 1 ? " has" : " have") + " no `" + name +
                                        "`: the law does not read it, though it varies"});
}

MixtureRows rows_of_part(const MixtureTable& table, const MixturePart& part, const MixtureForm& form) {
  MixtureRows rows{
      .count = static_cast<std::int64_t>(part.rows.size()), .inputs = {}, .loss = {}, .weight = {}, .unit = {}, .units = 0};
  rows.inputs.resize(form.inputs());
  std::map<std::vector<double>, std::int64_t> units;
  for (const std::size_t row : part.rows) {
    const std::vector<double> shares = shares_of(table, row);
    std::size_t input = 0;
    for (; input < shares.size(); ++input) rows.inputs[input].push_back(shares[input]);
    if (form.reads_params()) rows.inputs[input++].push_back(log_(*table.runs.columns.at("params")[row]));
    if (form.reads_tokens()) rows.inputs[input++].push_back(log_(*table.runs.columns.at("tokens")[row]));
    rows.loss.push_back(*table.runs.columns.at(loss_column(part.target))[row]);
    rows.weight.push_back(1);
    rows.unit.push_back(units.try_emplace(shares, static_cast<std::int64_t>(units.size())).first->second);
  }
  rows.units = static_cast<std::int64_t>(units.size());
  while (rows.padded() % kPack != 0) {
    for (auto& column : rows.inputs) column.push_back(column.back());
    rows.loss.push_back(rows.loss.back());
    rows.weight.push_back(0);
  }
  return rows;
}

std::optional<double> seed_sd_of(const MixtureRows& rows) {
  std::vector<double> sum(static_cast<std::size_t>(rows.units)), count(sum.size());
  for (std::int64_t i = 0; i < rows.count; ++i) sum[rows.unit[i]] += rows.loss[i], count[rows.unit[i]] += 1;
  double squares = 0, degrees = 0;
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const double apart = rows.loss[i] - sum[rows.unit[i]] / count[rows.unit[i]];
    squares += apart * apart;
  }
  for (const double n : count) degrees += n - 1;
  if (degrees < 1) return std::nullopt;
  return std::sqrt(squares / degrees);
}

RankFlips flips_of(const MixtureTable& table, const MixturePart& tuned, const MixturePart& other) {
  RankFlips flips{.target = tuned.target, .family = tuned.family, .tuned_rate = *tuned.rate, .other_rate = *other.rate};
  const auto a = losses_by_mixture(table, tuned.target, tuned.rows), b = losses_by_mixture(table, tuned.target, other.rows);
  std::vector<double> first, second;
  std::vector<const std::vector<double>*> mixtures;
  for (const auto& [shares, loss] : a)
    if (const auto partner = b.find(shares); partner != b.end()) {
      first.push_back(loss);
      second.push_back(partner->second);
      mixtures.push_back(&shares);
    }
  flips.mixtures = static_cast<std::int64_t>(first.size());
  for (std::size_t i = 0; i < first.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      ++flips.pairs;
      if ((first[i] < first[j]) != (second[i] < second[j])) ++flips.flipped;
    }
  flips.spearman = spearman_of(first, second);
  if (first.empty()) return flips;
  const auto best_a = std::min_element(first.begin(), first.end()) - first.begin(),
             best_b = std::min_element(second.begin(), second.end()) - second.begin();
  if (best_a != best_b) flips.best = std::pair{named(table.domains, *mixtures[best_a]), named(table.domains, *mixtures[best_b])};
  return flips;
}

}  // namespace isoflop::laws
