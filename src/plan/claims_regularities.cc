// Rules that a table's rows obey, learnt from the rows.
#include "plan/claims_regularities.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/math.h"
#include "plan/claims_learnt_rule.h"

namespace isoflop::plan {
namespace {

constexpr std::size_t kMostRows = 128, kMostColumns = 16, kMostForFour = 10;
constexpr double kChance = 1e-3;                          // of a rule that is none
constexpr double kLikely = .05;                           // of one that is to be expected: shares beside what is shared
constexpr double kLeastError = .03;                       // what is nearer was rounded in another way
constexpr std::size_t kLeastRows = 3, kLeastOfFixed = 2;  // that agree

double range_of(const std::vector<double>& all) {
  const auto [low, high] = std::minmax_element(all.begin(), all.end());
  return *high - *low;
}

double variance_of(const std::vector<double>& all) {
  double mean = 0, sum = 0;
  for (const double x : all) mean += x / static_cast<double>(all.size());
  for (const double x : all) sum += (x - mean) * (x - mean) / static_cast<double>(all.size());
  return sum;
}

/// The value that most of the intervals hold.
double most_common(const std::vector<std::pair<double, double>>& middles) {
  std::vector<std::pair<double, int>> ends;
  for (const auto& [middle, half] : middles) {
    ends.emplace_back(middle - half, -1);  // opens before another closes
    ends.emplace_back(middle + half, 1);
  }
  std::sort(ends.begin(), ends.end());
  int open = 0, most = 0;
  double found = ends.front().first;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    open -= ends[i].second;
    if (open > most) {
      most = open;
      found = (ends[i].first + ends[std::min(i + 1, ends.size() - 1)].first) / 2;
    }
  }
  return found;
}

class Finder {
 public:
  explicit Finder(const std::vector<TableColumn>& columns) : columns_(columns) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto held =
          std::count_if(columns[c].cells.begin(), columns[c].cells.end(), [](const auto& x) { return x.has_value(); });
      if (static_cast<std::size_t>(held) > kLeastOfFixed && numeric_.size() < kMostColumns) numeric_.push_back(c);
    }
  }

  std::vector<BrokenCell> run(std::size_t from, std::size_t until) {
    from_ = from;
    std::vector<std::size_t> rows;
    for (std::size_t r = from; r < until; ++r) rows.push_back(r);
    logarithms_.assign(columns_.size(), std::vector<double>(rows.size()));
    for (const std::size_t c : numeric_)
      for (const std::size_t r : rows)
        if (cell(c, r)) logarithms_[c][r - from] = log_(cell(c, r)->value);
    search(rows);
    for (const auto& group : groups(rows)) search(group);
    return verdicts();
  }

 private:
  [[nodiscard]] const std::optional<TableCell>& cell(std::size_t column, std::size_t row) const {
    return columns_[column].cells[row];
  }
  [[nodiscard]] double term(const Part& p, std::size_t row) const {
    return p.power * (p.logarithm ? logarithms_[p.column][row - from_] : cell(p.column, row)->value);
  }
  [[nodiscard]] double half(const Part& p, std::size_t row) const {
    const TableCell& x = *cell(p.column, row);
    return std::abs(p.power) * x.rounding * (p.logarithm ? 1 : x.value);
  }
  [[nodiscard]] double residual(const Rule& rule, std::size_t row) const {
    double sum = 0;
    for (const Part& p : rule.parts) sum += term(p, row);
    return sum;
  }
  [[nodiscard]] double allowed(const Rule& rule, std::size_t row) const {
    double sum = 1e-9;
    for (const Part& p : rule.parts) sum += half(p, row);
    return sum;
  }

  /// Rows of one word each in some column: what holds of the A100s need not hold of the H100s.
  [[nodiscard]] std::vector<std::vector<std::size_t>> groups(const std::vector<std::size_t>& rows) const {
    std::vector<std::vector<std::size_t>> found;
    for (const TableColumn& column : columns_) {
      const auto is_number = [](const auto& x) { return x.has_value(); };
      if (column.texts.empty() || std::any_of(column.cells.begin(), column.cells.end(), is_number)) continue;
      std::map<std::string, std::vector<std::size_t>> of;
      for (const std::size_t r : rows) of[column.texts[r]].push_back(r);
      if (of.size() < 2 || of.size() > rows.size() / 3) continue;
      for (auto& [word, some] : of)
        if (some.size() > kLeastRows && std::find(found.begin(), found.end(), some) == found.end()) found.push_back(some);
    }
    return found;
  }

  void search(const std::vector<std::size_t>& rows) {
    const std::size_t n = numeric_.size();
    const double pairs = static_cast<double>(n * (n - 1)), triples = pairs * static_cast<double>(n);  // and their signs
    for (std::size_t a = 0; a < n; ++a)
      for (std::size_t b = a + 1; b < n; ++b) {
        for (const double p : {-1.0, 1.0}) judge({.parts = {{numeric_[a]}, {numeric_[b], p}}}, rows, pairs);
        for (const auto& [y, x] : {std::pair(a, b), std::pair(b, a)})
          judge({.parts = {{numeric_[y]}, {numeric_[x], -1, false}}, .fixed = 0, .learnt = 0}, rows, pairs);
        power(numeric_[a], numeric_[b], rows, pairs);
        for (std::size_t c = b + 1; c < n; ++c) three(numeric_[a], numeric_[b], numeric_[c], rows, triples);
      }
    if (n <= kMostForFour) four(rows, triples * static_cast<double>(n));
    sums_of_rows(rows, pairs);
  }

  void three(std::size_t a, std::size_t b, std::size_t c, const std::vector<std::size_t>& rows, double tried) {
    for (const double p : {-1.0, 1.0})
      for (const double q : {-1.0, 1.0}) {
        judge({.parts = {{a}, {b, p}, {c, q}}}, rows, 4 * tried / 6);
        // the constants of units and of 6 N D: two rows that agree to many digits are enough
        for (const double constant : {1.0, 3600.0, 1 / 3600.0, 6.0, 1 / 6.0})
          judge({.parts = {{a}, {b, p}, {c, q}}, .fixed = log_(constant), .learnt = 0}, rows, 20 * tried / 6);
      }
    for (const auto& [x, y] : {std::pair(1.0, -1.0), std::pair(-1.0, 1.0), std::pair(-1.0, -1.0)})
      judge({.parts = {{a, 1, false}, {b, x, false}, {c, y, false}}, .fixed = 0, .learnt = 0}, rows, tried);
  }

  void four(const std::vector<std::size_t>& rows, double tried) {
    for (std::size_t a = 0; a < numeric_.size(); ++a)
      for (std::size_t b = a + 1; b < numeric_.size(); ++b)
        for (std::size_t c = b + 1; c < numeric_.size(); ++c)
          for (std::size_t d = c + 1; d < numeric_.size(); ++d)
            for (unsigned signs = 0; signs < 8; ++signs)
              judge({.parts = {{numeric_[a]},
                               {numeric_[b], signs & 1 ? 1. : -1.},
                               {numeric_[c], signs & 2 ? 1. : -1.},
                               {numeric_[d], signs & 4 ? 1. : -1.}}},
                    rows, tried / 3);
  }

  /// A column that is the sum of those before it.
  void sums_of_rows(const std::vector<std::size_t>& rows, double tried) {
    for (std::size_t first = 0; first < numeric_.size(); ++first)
      for (std::size_t last = first + 3; last < numeric_.size(); ++last) {
        Rule rule{.parts = {{numeric_[last], 1, false}}, .fixed = 0, .learnt = 0};
        for (std::size_t c = first; c < last; ++c) rule.parts.push_back({numeric_[c], -1, false});
        judge(std::move(rule), rows, tried);
      }
  }

  /// y ~ x^p with the exponent that two of the rows have.
  void power(std::size_t y, std::size_t x, const std::vector<std::size_t>& rows, double tried) {
    constexpr std::size_t kMostPairs = 12;  // rows
    constexpr double kWide = 1;             // in ln x
    std::optional<Rule> best;
    const std::size_t some = std::min(rows.size(), kMostPairs);
    for (std::size_t first = 0; first < some; ++first)
      for (std::size_t second = first + 1; second < some; ++second) {
        const std::size_t i = first * rows.size() / some, j = second * rows.size() / some;
        if (!cell(y, rows[i]) || !cell(y, rows[j]) || !cell(x, rows[i]) || !cell(x, rows[j])) continue;
        const double run = log_(cell(x, rows[j])->value / cell(x, rows[i])->value),
                     rise = log_(cell(y, rows[j])->value / cell(y, rows[i])->value);
        if (std::abs(run) < kWide || std::abs(rise) < kLeastError) continue;
        Rule rule{.parts = {{y}, {x, -rise / run}}, .learnt = 2};
        if (fit(rule, rows) && (!best || rule.holds.size() > best->holds.size())) best = std::move(rule);
      }
    if (best && best->holds.size() > kLeastRows + 1) keep(*best, rows, tried * static_cast<double>(rows.size() * rows.size()));
  }

  /// Of many rows a few, far apart, say enough.
  [[nodiscard]] bool hopeless(const Rule& rule, const std::vector<std::size_t>& rows) const {
    constexpr std::size_t kSample = 12;
    if (rows.size() < 2 * kSample) return false;
    std::vector<std::pair<double, double>> middles;
    for (std::size_t i = 0; i < kSample; ++i) {
      const std::size_t row = rows[i * rows.size() / kSample];
      if (!std::all_of(rule.parts.begin(), rule.parts.end(), [&](const Part& p) { return cell(p.column, row).has_value(); }))
        return false;
      middles.emplace_back(residual(rule, row), allowed(rule, row));
    }
    const double constant = rule.fixed ? *rule.fixed : most_common(middles);
    const auto held = std::count_if(middles.begin(), middles.end(),
                                    [&](const auto& m) { return std::abs(m.first - constant) <= m.second * (1 + 1e-9); });
    return static_cast<std::size_t>(held) < kSample / 2;
  }

  /// In which rows it holds; false where they are too few.
  bool fit(Rule& rule, const std::vector<std::size_t>& rows) const {
    if (hopeless(rule, rows)) return false;
    std::vector<std::size_t> whole;
    for (const std::size_t r : rows)
      if (std::all_of(rule.parts.begin(), rule.parts.end(), [&](const Part& p) { return cell(p.column, r).has_value(); }))
        whole.push_back(r);
    const bool product = rule.fixed && rule.parts.size() == 3 && rule.parts[0].logarithm;
    const std::size_t least = product ? kLeastOfFixed : kLeastRows;
    if (whole.size() <= least) return false;
    std::vector<std::pair<double, double>> middles;
    for (const std::size_t r : whole) middles.emplace_back(residual(rule, r), allowed(rule, r));
    rule.constant = rule.fixed ? *rule.fixed : most_common(middles);
    rule.holds.clear();
    rule.broken.clear();
    for (std::size_t i = 0; i < whole.size(); ++i)
      (std::abs(middles[i].first - rule.constant) <= middles[i].second * (1 + 1e-9) ? rule.holds : rule.broken)
          .push_back(whole[i]);
    return rule.holds.size() >= least && rule.broken.size() <= std::max<std::size_t>(1, rule.holds.size() / 4);
  }

  void judge(Rule rule, const std::vector<std::size_t>& rows, double tried) {
    if (fit(rule, rows)) keep(rule, rows, tried);
  }

  void keep(const Rule& rule, const std::vector<std::size_t>& rows, double tried) {
    const bool parts_of_whole =
        rule.parts.size() == 2 && columns_[rule.parts[0].column].share != columns_[rule.parts[1].column].share;
    if (by_chance(rule, rows, tried) > (parts_of_whole ? kLikely : kChance) || !needs_every_part(rule) || !follows(rule)) return;
    rules_.push_back(rule);
  }

  /// How many rules would hold as often if the columns had nothing to do with each other.
  [[nodiscard]] double by_chance(const Rule& rule, const std::vector<std::size_t>& rows, double tried) const {
    double variance = 0;
    for (const Part& p : rule.parts) {
      std::vector<double> all;
      for (const std::size_t r : rows)
        if (cell(p.column, r)) all.push_back(term(p, r));
      variance += variance_of(all);
    }
    const double spread = std::sqrt(12 * variance);
    if (!(spread > 0)) return 1e300;
    std::vector<double> chances;
    for (const std::size_t r : rule.holds) chances.push_back(std::min(1., 2 * allowed(rule, r) / spread));
    std::sort(chances.begin(), chances.end(), std::greater<>());
    double expected = tried;
    for (std::size_t i = 0; i + rule.learnt < chances.size(); ++i) expected *= chances[i];
    for (std::size_t i = 0; i < rule.broken.size(); ++i) expected *= static_cast<double>(rows.size());
    return expected;
  }

  /// Every column varies, and none can be left out.
  [[nodiscard]] bool needs_every_part(const Rule& rule) const {
    const std::size_t n = rule.parts.size();
    if (n > 4) return true;  // a sum
    for (unsigned some = 1; some + 1 < (1u << n); ++some) {
      std::vector<double> sums, widths;
      for (const std::size_t r : rule.holds) {
        double sum = 0, of_row = 0;
        for (std::size_t i = 0; i < n; ++i)
          if (some & (1u << i)) {
            sum += term(rule.parts[i], r);
            of_row += half(rule.parts[i], r);
          }
        sums.push_back(sum);
        widths.push_back(of_row);
      }
      std::nth_element(widths.begin(), widths.begin() + static_cast<std::ptrdiff_t>(widths.size() / 2), widths.end());
      const double width = widths[widths.size() / 2];
      const bool alone = (some & (some - 1)) == 0;
      std::vector<double> sorted = sums;
      std::sort(sorted.begin(), sorted.end());
      const auto values = std::unique(sorted.begin(), sorted.end(), [&](double a, double b) { return std::abs(a - b) <= width; });
      if (range_of(sums) <= 4 * width || (alone && values - sorted.begin() < std::min<std::ptrdiff_t>(3, std::ssize(rule.holds))))
        return false;
    }
    return true;
  }

  /// What somebody chose in proportion need not go on so.
  [[nodiscard]] bool follows(const Rule& rule) const {
    return rule.parts.size() > 3 ||
           std::any_of(rule.parts.begin(), rule.parts.end(), [&](const Part& p) { return columns_[p.column].derived; });
  }

  /// Its row differs from those where the rule holds in something else too, in which they are all alike.
  [[nodiscard]] bool excused(const Rule& rule, std::size_t row) const {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (std::any_of(rule.parts.begin(), rule.parts.end(), [&](const Part& p) { return p.column == c; })) continue;
      const TableColumn& column = columns_[c];
      const auto same = [&](std::size_t a, std::size_t b) {
        const auto &x = column.cells[a], &y = column.cells[b];
        if (x && y) return std::abs(log_(x->value / y->value)) <= x->rounding + y->rounding;
        return column.texts.empty() || column.texts[a] == column.texts[b];
      };
      const bool alike = std::all_of(rule.holds.begin(), rule.holds.end(), [&](std::size_t r) { return same(r, rule.holds[0]); });
      if (alike && !same(row, rule.holds[0])) return true;
    }
    return false;
  }

  [[nodiscard]] double what_follows(const Rule& rule, const Part& claimed, std::size_t row) const {
    double rest = rule.constant;
    for (const Part& p : rule.parts)
      if (p.column != claimed.column) rest -= term(p, row);
    rest /= claimed.power;
    return claimed.logarithm ? exp_(std::min(rest, 700.0)) : rest;
  }

  [[nodiscard]] bool far_off(const Rule& rule, std::size_t row) const {
    const double away = std::abs(residual(rule, row) - rule.constant);
    double size = 0;
    for (const Part& p : rule.parts) size = std::max(size, p.logarithm ? 1 : cell(p.column, row)->value);
    return away > 3 * allowed(rule, row) && away > kLeastError * size;
  }

  [[nodiscard]] bool whole_decades(const Rule& rule, std::size_t row) const {
    const double decades = (residual(rule, row) - rule.constant) / log_(10);
    return rule.parts[0].logarithm && std::abs(decades) > .5 && std::abs(decades - std::round(decades)) < .02;
  }

  std::vector<BrokenCell> verdicts() const {
    std::map<std::size_t, std::vector<const Rule*>> of_row;
    for (const Rule& rule : rules_)
      for (const std::size_t row : rule.broken)
        if (far_off(rule, row) && (!excused(rule, row) || whole_decades(rule, row))) of_row[row].push_back(&rule);
    std::vector<BrokenCell> found;
    for (const auto& [row, rules] : of_row)
      if (auto broken = accused(row, rules)) found.push_back(*std::move(broken));
    return found;
  }

  /// The cell that most of the row's broken rules share, and none of those that hold.
  [[nodiscard]] std::optional<BrokenCell> accused(std::size_t row, const std::vector<const Rule*>& rules) const {
    struct Suspect {
      std::size_t column;
      int score;
      const Rule* rule;
      const Part* part;
    };
    std::optional<Suspect> worst;
    for (const std::size_t column : numeric_) {
      const auto part_in = [&](const Rule& rule) -> const Part* {
        const auto found = std::find_if(rule.parts.begin(), rule.parts.end(), [&](const Part& p) { return p.column == column; });
        return found == rule.parts.end() ? nullptr : &*found;
      };
      Suspect suspect{column, columns_[column].derived ? 1 : 0, nullptr, nullptr};
      for (const Rule* rule : rules)
        if (const Part* part = part_in(*rule)) {
          suspect.score += 4;
          // the shortest says it best
          if (suspect.rule == nullptr || rule->parts.size() < suspect.rule->parts.size()) {
            suspect.rule = rule;
            suspect.part = part;
          }
        }
      // what another rule of the row bears out is not what is wrong
      const bool borne_out = std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
        return part_in(rule) != nullptr && std::find(rule.holds.begin(), rule.holds.end(), row) != rule.holds.end();
      });
      if (borne_out) continue;
      if (suspect.rule != nullptr && (!worst || suspect.score >= worst->score)) worst = suspect;
    }
    if (!worst) return std::nullopt;
    const double follows = what_follows(*worst->rule, *worst->part, row);
    if (!(follows > 0) || !std::isfinite(follows)) return std::nullopt;
    return BrokenCell{row, worst->column, follows, allowed(*worst->rule, row), in_words(*worst->rule, *worst->part, columns_)};
  }

  const std::vector<TableColumn>& columns_;
  std::vector<std::size_t> numeric_;
  std::size_t from_ = 0;
  std::vector<std::vector<double>> logarithms_;  ///< of the rows from from_
  std::vector<Rule> rules_;
};

}  // namespace

std::vector<BrokenCell> broken_cells(const std::vector<TableColumn>& columns) {
  std::vector<BrokenCell> found;
  const std::size_t rows = columns.empty() ? 0 : columns[0].cells.size();
  for (std::size_t from = 0; from < rows; from += kMostRows)
    for (BrokenCell& cell : Finder(columns).run(from, std::min(rows, from + kMostRows))) found.push_back(std::move(cell));
  return found;
}

}  // namespace isoflop::plan
