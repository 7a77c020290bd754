// isoflop doctor TABLE: the mistakes that others made and a table can show, each with its rule, number, source and remedy.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/math.h"
#include "laws/collapse.h"
#include "laws/doctor.h"
#include "laws/doubts.h"
#include "laws/table.h"
#include "laws/words.h"

namespace isoflop {
namespace {

using namespace laws;

double decades(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return log_(*high / *low) / log_(10);
}

/// One examination: the table, what was fitted to it, and what was found.
class Examination : Findings {
 public:
  Examination(const Observations& table, const FitOptions& options) : table_(table), options_(options) {}

  std::vector<TableFinding> run() {
    units();
    counts();
    conventions();
    flops_formula();
    copies();
    range_of("params", "range of sizes", 1.5, "parameters");
    compute_range();
    ratio_range();
    repetition();
    order();
    learning_rates();
    replicates();
    checkpoints();
    curves();
    list.push_back(examine_collapse(table_, options_.loss_column));
    examine_surface(table_, options_, *this);
    return std::move(list);
  }

 private:
  [[nodiscard]] bool has(const std::string& column) const { return !values_of(table_, column).empty(); }

  void unseen_without(const std::string& rule, const std::vector<std::string>& columns) {
    unseen(rule, missing_of(table_, columns), "");
  }

  void units() {
    const std::vector<double> loss = values_of(table_, options_.loss_column);
    if (loss.empty()) return unseen("unit of the loss", options_.loss_column, "");
    const auto [low, high] = std::minmax_element(loss.begin(), loss.end());
    const bool mixed = *high / *low > 8, small = *low < 1;
    add("unit of the loss",
        mixed   ? Verdict::bad
        : small ? Verdict::doubtful
                : Verdict::good,
        "losses from " + people(*low) + " to " + people(*high) +
            (mixed   ? ": two units in one column?"
             : small ? ": below 1 nat a token, so perhaps bits per byte or nats per character"
                     : ""),
        "losses of different tokenisers, corpora or units never share a fit",
        "one unit and one held-out text a table; convert before fitting");
  }

  void counts() {
    std::vector<double> params, tokens;
    for (const auto& [n, d] : pairs_of(table_, options_.n_column, "tokens")) params.push_back(n), tokens.push_back(d);
    if (params.empty()) params = values_of(table_, options_.n_column);
    if (params.empty()) return unseen("unit of N and D", options_.n_column, "");
    const auto doubt = doubtful_counts(params, tokens);
    add("unit of N and D", doubt ? Verdict::bad : Verdict::good, doubt.value_or("parameters and tokens are counted one by one"),
        "papers' tables have millions of parameters beside billions of tokens; the exponents do not tell, every optimum is off",
        "multiply the columns out: N and D are counts");
  }

  void conventions() {
    const bool stated = table_.n_convention != "unstated";
    add("what N counts", stated ? Verdict::good : Verdict::doubtful, "N is " + table_.n_convention,
        "Porian et al. 2024: 0.835 or 0.706 by the count alone; Pearce and Song 2024: 0.78 or 0.52",
        "name the column params, params_non_embedding or params_matmul, or map it");
  }

  void flops_formula() {
    const std::string rule = "FLOPs against 6 N D";
    std::string name;
    for (const char* column : {"flops", "flops_exact", "flops_6nd", "flops_full_attention"})
      if (name.empty() && has(column)) name = column;
    if (name.empty()) return unseen(rule, "flops", "");
    const Column *n = find_column(table_, options_.n_column), *d = find_column(table_, "tokens"),
                 *c = find_column(table_, name);
    std::vector<double> ratios;
    for (std::size_t row = 0; n && d && row < table_.labels.size(); ++row)
      if ((*n)[row] && (*d)[row] && (*c)[row] && *(*n)[row] > 0 && *(*d)[row] > 0)
        ratios.push_back(*(*c)[row] / (6 * *(*n)[row] * *(*d)[row]));
    if (ratios.empty()) return unseen_without(rule, {options_.n_column, "tokens", name});
    const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
    const double middle = median(ratios);
    const bool other_unit = middle < 0.1 || middle > 100, forward_only = middle < 0.5, uneven = *high / *low > 1.5;
    add(rule, other_unit || forward_only ? Verdict::bad : uneven ? Verdict::doubtful : Verdict::good,
        name + " / (6 N D): median " + people(middle) + ", from " + people(*low) + " to " + people(*high) +
            (other_unit     ? ": another unit, as PF-days?"
             : forward_only ? ": forward passes only?"
                            : ""),
        "run names that carried forward FLOPs (a factor of 3); a head that was or was not counted bends the exponent",
        "count FLOPs one way for every row, and say which");
  }

  void copies() {
    if (pairs_of(table_, options_.n_column, options_.loss_column).empty())
      return unseen_without("copies", {options_.n_column, options_.loss_column});
    const Column *n = find_column(table_, options_.n_column), *d = find_column(table_, "tokens"),
                 *l = find_column(table_, options_.loss_column);
    std::set<std::vector<double>> seen;
    std::size_t count = 0;
    for (std::size_t row = 0; row < table_.labels.size(); ++row)
      if ((*n)[row] && (*l)[row])
        count += seen.insert({*(*n)[row], d && (*d)[row] ? *(*d)[row] : 0, *(*l)[row]}).second ? 0 : 1;
    add("copies", count > 0 ? Verdict::bad : Verdict::good, plural(count, "row") + " equal another in N, D and loss",
        "one run counted twice narrows every interval", "leave copies out");
  }

  void range_of(const std::string& column, const std::string& rule, double enough, const std::string& what) {
    const std::vector<double> values = values_of(table_, column == "params" ? options_.n_column : column);
    if (values.empty()) return unseen(rule, column, "");
    const double span = decades(values);
    add(rule,
        span < 1        ? Verdict::bad
        : span < enough ? Verdict::doubtful
                        : Verdict::good,
        what + " span " + people(span) + " decades",
        "a floor is not identified on small ranges: E = 0 and an exponent of .93 at R2 = .97",
        "add runs at the ends: sizes a factor of 30 apart at the least");
  }

  void compute_range() {
    std::vector<double> c;
    for (const auto& [n, d] : pairs_of(table_, options_.n_column, "tokens")) c.push_back(6 * n * d);
    if (c.empty()) return unseen_without("range of compute", {options_.n_column, "tokens"});
    const double span = decades(c);
    add("range of compute",
        span < 1   ? Verdict::bad
        : span < 2 ? Verdict::doubtful
                   : Verdict::good,
        "6 N D spans " + people(span) + " decades",
        "a law is used far beyond its rows: from one decade, a forecast of two is a guess", "two decades of compute or more");
  }

  void ratio_range() {
    std::vector<double> ratio, ln_n, ln_d;
    for (const auto& [n, d] : pairs_of(table_, options_.n_column, "tokens")) {
      ratio.push_back(d / n);
      ln_n.push_back(log_(n));
      ln_d.push_back(log_(d));
    }
    if (ratio.empty()) return unseen_without("range of D / N", {options_.n_column, "tokens"});
    if (ratio.size() < 3) return too_few("range of D / N", ratio.size(), 3);
    const auto [low, high] = std::minmax_element(ratio.begin(), ratio.end());
    const bool narrow = *high / *low < 4;
    add("range of D / N",
        narrow              ? Verdict::bad
        : *high / *low < 20 ? Verdict::doubtful
                            : Verdict::good,
        "tokens per parameter from " + people(*low) + " to " + people(*high),
        "Sardana et al. 2024: fits at usual ratios overstate the gain at extreme ones; on one ratio alpha and beta cannot be "
        "told apart",
        "train each budget at several sizes: D / N over a factor of 20 or more");
  }

  void repetition() {
    const auto rows = pairs_of(table_, "tokens", "unique_tokens");
    if (rows.empty()) return unseen("repeated text", "unique_tokens", "");
    std::size_t repeated = 0;
    double most = 0;
    for (const auto& [tokens, unique] : rows) {
      repeated += tokens > unique ? 1 : 0;
      most = std::max(most, tokens / unique);
    }
    add("repeated text", repeated > 0 ? Verdict::bad : Verdict::good,
        plural(repeated, "row") + " saw more tokens than are unique, up to " + people(most) + " times over",
        "Muennighoff et al. 2023: a plain law has R2 = .445 on repeated runs",
        "fit fresh rows, or --law data_constrained, overfit_penalty, overfit_capacity");
  }

  /// A run with more of both and a worse loss was trained badly, or belongs to another family.
  void order() {
    const Column *n = find_column(table_, options_.n_column), *d = find_column(table_, "tokens"),
                 *l = find_column(table_, options_.loss_column);
    if (!n || !d || !l) return unseen_without("more is better", {options_.n_column, "tokens", options_.loss_column});
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < table_.labels.size(); ++row)
      if ((*n)[row] && (*d)[row] && (*l)[row]) rows.push_back(row);
    if (rows.empty()) return unseen_without("more is better", {options_.n_column, "tokens", options_.loss_column});
    if (rows.size() > 3000) return add("more is better", Verdict::unseen, "not looked at: more than 3,000 rows", "", "");
    std::vector<std::string> worse;
    for (const std::size_t a : rows)
      if (std::any_of(rows.begin(), rows.end(), [&](std::size_t b) {
            return *(*n)[b] < 0.5 * *(*n)[a] && *(*d)[b] < 0.5 * *(*d)[a] && *(*l)[b] < *(*l)[a];
          }))
        worse.push_back(table_.labels[a]);
    add("more is better", worse.empty() ? Verdict::good : Verdict::bad,
        plural(worse.size(), "run") + " did worse than one of half the size on half the tokens" +
            (worse.empty() ? "" : ": " + listed(worse)),
        "diverged, mis-tuned or mis-labelled runs carry the fit where they are few", "look at them, and leave them out by name");
  }

  void learning_rates() {
    const auto rows = pairs_of(table_, options_.n_column, "learning_rate");
    if (rows.empty()) return unseen("learning rate bracketed", "learning_rate", "Porian et al. 2024: .571 untuned, .497 tuned");
    const Column *n = find_column(table_, options_.n_column), *d = find_column(table_, "tokens"),
                 *lr = find_column(table_, "learning_rate"), *l = find_column(table_, options_.loss_column);
    std::map<std::pair<double, double>, std::map<double, double>> best;  // (N, D) -> rate -> least loss
    for (std::size_t row = 0; l && row < table_.labels.size(); ++row) {
      if (!(*n)[row] || !(*lr)[row] || !(*l)[row]) continue;
      auto& loss = best[{*(*n)[row], d && (*d)[row] ? *(*d)[row] : 0}].try_emplace(*(*lr)[row], INFINITY).first->second;
      loss = std::min(loss, *(*l)[row]);
    }
    std::size_t edge = 0, tried = 0;
    for (const auto& [cell, rates] : best) {
      if (rates.size() < 2) continue;  // nothing was bracketed here: a sweep may stand elsewhere
      ++tried;
      const auto least =
          std::min_element(rates.begin(), rates.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
      edge += least == rates.begin() || std::next(least) == rates.end() ? 1 : 0;
    }
    if (tried == 0)
      return add("learning rate bracketed", Verdict::unseen, "no setting of N and D was tried at two rates", "", "");
    add("learning rate bracketed",
        edge == 0          ? Verdict::good
        : 2 * edge > tried ? Verdict::bad
                           : Verdict::doubtful,
        counted(static_cast<double>(edge)) + " of " + plural(tried, "setting") +
            " of N and D have their best rate at the edge of those tried",
        "Porian et al. 2024: .571 untuned, .497 tuned", "for every size a rate above and one below the best");
  }

  void replicates() {
    const Column *n = find_column(table_, options_.n_column), *d = find_column(table_, "tokens"),
                 *l = find_column(table_, options_.loss_column);
    std::map<std::pair<double, double>, std::set<double>> cells;  // a copy is no second run
    for (std::size_t row = 0; n && d && l && row < table_.labels.size(); ++row)
      if ((*n)[row] && (*d)[row] && (*l)[row]) cells[{*(*n)[row], *(*d)[row]}].insert(*(*l)[row]);
    if (cells.empty())
      return unseen_without("noise of the seed", {options_.n_column, "tokens", options_.loss_column});
    const auto with = std::count_if(cells.begin(), cells.end(), [](const auto& c) { return c.second.size() > 1; });
    add("noise of the seed", with > 0 ? Verdict::good : Verdict::doubtful,
        plural(static_cast<std::size_t>(with), "setting") + " of N and D with more than one run",
        "Muennighoff et al.'s seeds differ by .001 to .026 nats: without replicates, scatter and misfit look alike",
        "two seeds at the smallest sizes, where they are cheap");
  }

  void checkpoints() {
    std::map<double, std::set<double>> lengths;
    for (const auto& [n, d] : pairs_of(table_, options_.n_column, "tokens")) lengths[n].insert(d);
    if (lengths.empty() && table_.groups.empty())
      return unseen_without("checkpoints of one run", {options_.n_column, "tokens"});
    const bool many = std::any_of(lengths.begin(), lengths.end(), [](const auto& l) { return l.second.size() > 12; });
    add("checkpoints of one run", !table_.groups.empty() || !many ? Verdict::good : Verdict::doubtful,
        table_.groups.empty()
            ? (many ? "a size has more than 12 lengths: are these checkpoints?" : "no size has more than 12 lengths")
            : "rows are grouped by run",
        "Besiroglu et al. 2024: intervals from rows that are not independent are too narrow; a loss in mid-schedule is not a "
        "finished run's",
        "--group COLUMN; finished runs only");
  }

  void curves() {
    const std::size_t rows = pairs_of(table_, options_.n_column, "tokens").size();
    if (rows == 0) return unseen_without("minima of isoFLOP curves", {options_.n_column, "tokens"});
    if (!has(options_.loss_column)) return unseen_without("minima of isoFLOP curves", {options_.loss_column});
    if (rows < 6) return too_few("minima of isoFLOP curves", rows, 6);
    IsoflopOptions isoflop;
    isoflop.n_column = options_.n_column;
    isoflop.loss_column = options_.loss_column;
    isoflop.allow_repeated = true;
    isoflop.law.draws = 0;
    const FitResult fit = fit_isoflop(table_, isoflop);
    std::size_t edges = 0, strays = 0, used = 0;
    for (const Warning& warning : fit.warnings) {
      edges += warning.code == "edge_minimum" || warning.code == "no_minimum" ? 1 : 0;
      strays += warning.code == "stray_points" ? 1 : 0;
    }
    if (fit.fit)
      for (const BudgetOptimum& o : fit.fit->optima) used += o.used ? 1 : 0;
    if (used + edges == 0) return add("minima of isoFLOP curves", Verdict::unseen, "no budget has three sizes", "", "");
    add("minima of isoFLOP curves", edges == 0 && strays == 0 ? Verdict::good : Verdict::doubtful,
        plural(used, "budget") + " with a minimum inside; " + counted(static_cast<double>(edges)) + " without; " +
            plural(strays, "budget") + " with rows off the curve",
        "a minimum at an edge is no minimum; Epoch's rows at 1e20 hold a stray of another run",
        "add sizes beyond the edge; isoflop fit --law isoflop names the rows");
  }

  const Observations& table_;
  const FitOptions& options_;
};

}  // namespace

std::string to_string(TableFinding::Verdict verdict) {
  switch (verdict) {
    case Verdict::good: return "good";
    case Verdict::doubtful: return "doubtful";
    case Verdict::bad: return "bad";
    case Verdict::unseen: break;
  }
  return "unseen";
}

TableFinding examine_collapse(const Observations& steps, const std::string& loss_column) {
  TableFinding finding;
  finding.rule = "collapse of loss curves";
  finding.source =
      "Qiu et al. 2025 (arXiv:2507.02119): the curves of well-scaled compute-optimal runs are one, to less than the noise of a "
      "seed";
  const auto collapse = collapse_of(steps, loss_column);
  if (!collapse) {
    finding.verdict = Verdict::unseen;
    finding.text = "no three loss curves of several sizes (columns step, params, loss)";
    return finding;
  }
  const bool doubtful = collapse->deviation > std::max(0.015, 2 * collapse->noise);
  finding.verdict = collapse->broken() ? Verdict::bad : doubtful ? Verdict::doubtful : Verdict::good;
  finding.text = laws::to_string(*collapse);
  if (finding.verdict != Verdict::good)
    finding.remedy =
        "look at the run that leaves the others: a learning rate, warm-up, batch or length that does not scale with its size";
  return finding;
}

std::vector<TableFinding> examine_table(const Observations& table, const FitOptions& options) {
  const auto known = [&](const auto& column) {
    const std::string& name = column.first;
    return number_columns().contains(name) || name == options.n_column || name == options.loss_column;
  };
  if (std::none_of(table.columns.begin(), table.columns.end(), known))
    throw Error(Fault::bad_data, table.subject.empty() ? "table" : table.subject,
                "no column here is known: neither params, tokens, loss nor flops",
                "name the table's columns with --map params=COLUMN,tokens=COLUMN,loss=COLUMN");
  return Examination(table, options).run();
}

}  // namespace isoflop
