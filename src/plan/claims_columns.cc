// Columns of a table against each other and against their totals.
#include <algorithm>
#include <cmath>
#include <set>

#include "plan/claims_readings.h"
#include "plan/claims_regularities.h"
#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

/// What somebody chooses; what follows from it is measured or computed.
bool chosen(Kind kind) {
  switch (kind) {
    case Kind::params:
    case Kind::tokens:
    case Kind::devices:
    case Kind::steps:
    case Kind::batch_tokens:
    case Kind::layers:
    case Kind::width:
    case Kind::vocabulary:
    case Kind::watts:
    case Kind::usd_per_hour:
    case Kind::yen_per_hour:
      return true;
    default:
      return false;
  }
}

/// The one number of a cell, an expression's value, or what stands before a remark in brackets.
std::optional<Quantity> whole_cell(const std::string& written, const Column& column) {
  const std::string cell = normalised(written);
  const auto all = quantities(cell);
  if (all.empty()) return std::nullopt;
  const auto q = cell_quantity(cell, column);
  if (all.size() == 1) return q;
  const std::size_t first = cell.find_first_not_of(' ');
  const bool bare = std::all_of(all.begin(), all.end(), [](const Quantity& x) { return x.kind == Kind::none; });
  if (const auto value = bare ? read_expression(cell, first, cell.size()) : std::nullopt;
      value && value->operators > 0 && value->end == cell.size()) {
    Quantity computed;
    computed.value = computed.raw = value->value;
    return computed;
  }
  const std::size_t bracket = cell.find('(');
  return bracket != std::string::npos && all[0].end <= bracket && all[1].begin > bracket ? q : std::nullopt;
}

/// The cells of a column that count one thing.
std::vector<std::optional<Quantity>> numbers_of(const Table& table, std::size_t at, const Column& column) {
  std::vector<std::optional<Quantity>> all;
  for (const TableRow& row : table.rows) {
    auto q = at < row.cells.size() ? whole_cell(row.cells[at], column) : std::nullopt;
    if (q && !(q->value > 0)) q.reset();
    all.push_back(std::move(q));
  }
  std::map<Kind, int> kinds;
  for (const auto& q : all)
    if (q) ++kinds[q->kind];
  if (kinds.empty()) return all;
  const Kind most =
      std::max_element(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->first;
  double step = 0;
  bool plain = true;
  for (auto& q : all) {
    if (q && q->kind != most) q.reset();
    if (!q) continue;
    step = step > 0 ? std::min(step, q->step) : q->step;
    plain = plain && q->exact && !q->suffixed && !q->approximate;
  }
  // 160 beside 154 is no round number
  for (auto& q : all)
    if (q && plain) q->step = step;
  return all;
}

/// The digits of a number in order of size: 261 and 216 have the same.
std::string digits_of(double value) {
  std::string digits;
  for (const char c : format_significant(value, 12))
    if (digit(c))
      digits += c;
    else if (c == 'e')
      break;
  digits.erase(std::find_if(digits.rbegin(), digits.rend(), [](char c) { return c != '0'; }).base(), digits.end());
  std::sort(digits.begin(), digits.end());
  return digits;
}

/// Another power of ten, twice or half, or the same digits in another order.
bool is_slip(double claimed, double meant, double rounding) {
  if (!(meant > 0)) return false;
  const double decades = log10_of(claimed / meant);
  if (std::abs(decades) > .5 && std::abs(decades - std::round(decades)) < std::max(.005, rounding)) return true;
  for (const double times : {2., .5})
    if (std::abs(claimed / meant / times - 1) < std::clamp(rounding, .001, .005)) return true;
  const std::string a = digits_of(claimed), b = digits_of(meant);
  return a == b && a.size() > 1 && std::abs(decades) < 1;
}

/// "per layer", うち: counted in another row too.
bool is_counted_elsewhere(const TableRow& row) {
  return !row.cells.empty() &&
         mentions_any(normalised(row.cells[0]), {"per", "each", "of which", "thereof", "あたり", "うち", "内訳"});
}

}  // namespace

bool Checker::convicted(std::int64_t line) const {
  return std::any_of(claims_.begin(), claims_.end(), [&](const Claim& c) { return c.line == line && is_wrong(c); });
}

/// Where most rows of a table are wrong, a unit or a column was not understood; one that differs from the others' factor stays.
void Checker::misread(std::size_t first) {
  constexpr double kSame = .05;
  constexpr std::size_t kMany = 8;  // by factors of their own: fewer rows an author may have got wrong
  std::map<std::string, std::vector<Claim*>> of_kind;
  std::map<std::string, std::set<std::int64_t>> judged;
  for (std::size_t i = first; i < claims_.size(); ++i) {
    if (claims_[i].verdict != ClaimVerdict::cannot_check) judged[claims_[i].kind].insert(claims_[i].line);
    if (is_wrong(claims_[i]) && claims_[i].computed) of_kind[claims_[i].kind].push_back(&claims_[i]);
  }
  for (auto& [kind, wrong] : of_kind) {
    std::vector<double> factors;
    for (const Claim* c : wrong) factors.push_back(*c->claimed / *c->computed);
    std::nth_element(factors.begin(), factors.begin() + static_cast<std::ptrdiff_t>(factors.size() / 2), factors.end());
    const double factor = factors[factors.size() / 2];
    const bool most = wrong.size() >= kMany && 2 * wrong.size() > judged[kind].size();
    const std::vector<Claim*> all = wrong;
    std::erase_if(wrong, [&](const Claim* c) { return std::abs(*c->claimed / *c->computed / factor - 1) > kSame; });
    const bool by_one = wrong.size() >= 3 && 2 * wrong.size() > judged[kind].size();
    if (!most && !by_one) continue;
    for (Claim* c : by_one ? wrong : all) {
      c->verdict = ClaimVerdict::cannot_check;
      c->computed.reset();
      c->explanation = by_one ? "most rows are " + short_number(factor) + " times what follows: the columns mean something else"
                              : "most rows are not what follows: the columns mean something else";
    }
  }
}

void Checker::regularities(const Table& table, const std::vector<Column>& columns) {
  constexpr double kRough = .011;  // two digits
  constexpr double kHalf = .55;    // of a unit of the last digit: rounding, and a little for rounding twice
  std::vector<TableColumn> numbers;
  std::vector<std::vector<std::optional<Quantity>>> read;
  std::vector<std::size_t> rows;
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    if (!is_total_row(table.rows[r])) rows.push_back(r);
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    const auto all = numbers_of(table, c, c < columns.size() ? columns[c] : Column{});
    TableColumn column{
        .name = table.header[c].empty() ? "column " + format_number(static_cast<std::int64_t>(c + 1)) : table.header[c],
        .cells = {}};
    int fine = 0, rough = 0, given = 0, shares = 0;
    double sum = 0;
    for (const std::size_t r : rows) {
      const auto& q = all[r];
      column.cells.push_back(q ? std::optional(TableCell{q->value, (q->approximate ? 2 : kHalf) * q->step / q->value})
                               : std::nullopt);
      column.texts.push_back(c < table.rows[r].cells.size() ? table.rows[r].cells[c] : "");
      if (!q) continue;
      ++(q->step / q->value < kRough ? fine : rough);
      given += chosen(q->kind);
      sum += q->kind == Kind::none ? q->value : 0;
      shares += q->kind == Kind::percent || q->kind == Kind::factor || q->kind == Kind::ratio;
    }
    const bool optimal = mentions_any(table.header[c], {"opt", "optimal", "最適", "推奨", "recommended"}) ||
                         table.header[c].find("opt") != std::string::npos;
    column.share = std::abs(sum - 1) < .02 || std::any_of(all.begin(), all.end(), [](const auto& q) {
                     return q && q->kind == Kind::percent && !q->utilisation;
                   });
    column.derived = shares > 0 || column.share || (fine >= rough && (given == 0 || optimal));
    numbers.push_back(std::move(column));
    read.push_back(all);
  }
  for (const BrokenCell& broken : broken_cells(numbers)) {
    const TableRow& row = table.rows[rows[broken.row]];
    const Quantity& q = *read[broken.column][rows[broken.row]];
    const std::int64_t line = row.lines.empty() ? row.line : row.lines[broken.column];
    if (convicted(line)) continue;
    const Scene scene{.line = line, .written = row.written, .text = {}, .numbers = {}, .row = true, .row_model = {}};
    say(scene, "table", q.value, broken.follows, broken.tolerance,
        broken.how + "; here " + short_number(q.raw * broken.follows / q.value) + q.unit + " would follow, not " +
            short_number(q.raw) + q.unit,
        true);
  }
}

void Checker::column_totals(const Table& table, const std::vector<Column>& columns) {
  table_sums_.clear();
  for (std::size_t c = 0; c < columns.size(); ++c) {
    double sum = 0;
    Kind kind = Kind::none;
    const auto all = numbers_of(table, c, columns[c]);
    bool summed = false;
    for (std::size_t r = 0; r < all.size(); ++r) {
      if (!all[r]) continue;
      kind = all[r]->kind;
      summed = summed || is_total_row(table.rows[r]);
      if (!is_total_row(table.rows[r])) sum += all[r]->value;
    }
    table_sums_.push_back({kind, sum, summed});
  }
  std::size_t from = 0, summed = 0;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const TableRow& row = table.rows[r];
    if (!is_total_row(row)) continue;
    const bool average = mentions_any(normalised(row.cells[0]), {"average", "mean", "平均"});
    if (!average && r - from >= 2) {
      for (std::size_t c = 1; c < columns.size(); ++c) column_total(table, columns[c], c, from, r, summed > 0);
      ++summed;
    }
    if (!average) from = r + 1;
  }
}

/// The rows from `from` to before `total` add up; of one slip among them the entry is wrong rather than the sum.
void Checker::column_total(const Table& table, const Column& column, std::size_t at, std::size_t from, std::size_t total,
                           bool nested) {
  const auto all = numbers_of(table, at, column);
  if (!all[total]) return;
  const Quantity& claim = *all[total];
  const bool share = claim.kind == Kind::percent && !claim.utilisation;
  if (!adds_up(claim.kind) && !share && claim.kind != Kind::none) return;
  double sum = 0, every = 0, once = 0, slack = 0, largest = 0;
  for (std::size_t r = 0; r < total; ++r) {
    const bool inner = is_total_row(table.rows[r]);
    if (!all[r] && r >= from && !inner) return;
    if (!all[r]) continue;
    if (!inner) every += all[r]->value;
    if (r < from) continue;
    // a row that sums up those above it without saying so
    if (r >= from + 2 && std::abs(all[r]->value / once - 1) < 1e-3) continue;
    sum += all[r]->value;
    if (!is_counted_elsewhere(table.rows[r])) once += all[r]->value;
    slack += all[r]->step / 2;
    largest = std::max(largest, all[r]->value);
    if (convicted(table.rows[r].line)) return;  // the entry was, not the sum
  }
  const auto fits = [&](double s) {
    return std::abs(s - claim.value) <= slack + claim.step || std::abs(s / claim.value - 1) < .01;
  };
  if (!(sum > 0) || fits(sum) || fits(every) || fits(once) || nested || claim.value < largest / 2) return;
  // of what is not known to add up only what is about so large
  if (claim.kind == Kind::none && (std::abs(log10_of(claim.value / sum)) > .3 || total - from < 3)) return;
  std::optional<std::size_t> slipped;
  std::size_t slips = 0;
  for (std::size_t r = from; r < total; ++r) {
    const double meant = claim.value - (sum - all[r]->value), as_written = all[r]->raw / all[r]->value;
    if (!is_slip(all[r]->raw, meant * as_written, (slack + claim.step) / std::max(meant, 1e-300))) continue;
    slipped = r;
    ++slips;
  }
  const std::size_t r = slips == 1 ? *slipped : total;
  const Quantity& wrong = *all[r];
  const double meant = slips == 1 ? claim.value - (sum - wrong.value) : sum;
  const TableRow& row = table.rows[r];
  const Scene scene{.line = row.lines.empty() ? row.line : row.lines[at],
                    .written = row.written,
                    .text = {},
                    .numbers = {},
                    .row = true,
                    .row_model = {}};
  if (convicted(scene.line)) return;
  say(scene, "total", wrong.value, meant, .01,
      slips == 1 ? "the rows add up to the total of " + short_number(claim.raw) + claim.unit + " with " +
                       short_number(wrong.raw * meant / wrong.value) + wrong.unit + " here"
                 : "the " + format_number(static_cast<std::int64_t>(total - from)) + " rows above add up to " +
                       short_number(claim.raw * sum / claim.value) + claim.unit,
      true);
}

}  // namespace isoflop::plan
