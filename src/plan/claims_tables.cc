// Tables, shares that add up, and what a document's table says of its fit.
#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "isoflop/laws.h"
#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {

void Checker::share_line(const Scene& scene) {
  const std::size_t first = scene.text.find_first_not_of(' ');
  std::vector<Quantity> percents;
  for (const Quantity& q : scene.numbers)
    if (q.kind == Kind::percent) percents.push_back(q);
  const bool bullet = first != std::string::npos && (scene.text[first] == '-' || scene.text[first] == '*' ||
                                                     scene.text[first] == '+' || digit(scene.text[first]));
  if (percents.size() >= 3 &&
      mentions_any(scene.text, {"mix", "mixture", "内訳", "構成", "比率", "割合", "composition", "consists", "data", "配分",
                                "混合", "データ", "コーパス", "corpus"}) &&
      !mentions_any(scene.text, {"from", "accuracy", "精度", "から", "MFU", "loss", "損失"}) &&
      scene.text.find("→") == std::string::npos) {
    std::vector<double> all;
    for (const Quantity& q : percents) all.push_back(q.value);
    shares(all, scene.line, scene.written);
    return end_of_shares();
  }
  const bool entry = bullet && percents.size() == 1 && scene.text.find(':') < percents[0].begin;
  if (!entry) return end_of_shares();
  shares_.push_back(percents[0].value);
  shares_line_ = scene.line;
  shares_written_ = scene.written;
}

void Checker::end_of_shares() {
  if (shares_.size() >= 4) shares(shares_, shares_line_, shares_written_);
  shares_.clear();
}

void Checker::shares(const std::vector<double>& percents, std::int64_t line, const std::string& written) {
  double sum = 0;
  for (const double p : percents) sum += p;
  if (sum < 80 || sum > 125) return;
  const Scene scene{.line = line, .written = written, .text = {}, .numbers = {}, .row = true, .row_model = {}};
  const bool whole = std::abs(sum / 100 - 1) <= kLeastTolerance * 1.0001;
  add(scene, "shares", 100, sum, whole ? ClaimVerdict::agrees : ClaimVerdict::inconsistent,
      "the " + format_number(static_cast<std::int64_t>(percents.size())) + " shares add up to " + short_number(sum) + " %" +
          (whole ? "" : ", not to 100 %"));
}

/// The numbers of a row, by their own units or their columns'; `of_column` has the column of each.
Checker::Scene Checker::scene_of(const TableRow& row, const Table& table, const std::vector<Column>& columns,
                                 std::vector<std::size_t>& of_column) {
  Scene scene{.line = row.line,
              .written = row.written,
              .text = {},
              .numbers = {},
              .row = true,
              .row_model = row.cells.empty() ? "" : normalised(row.cells[0])};
  for (std::size_t c = 0; c < row.cells.size(); ++c) {
    const std::string cell = normalised(row.cells[c]);
    if (!row.lines.empty()) scene.starts.emplace_back(scene.text.size(), row.lines[c]);
    for (const Equality& e : equalities(cell, carried_)) check_equality(scene, e);
    carried_.reset();
    const Column column = c < columns.size() ? columns[c] : Column{};
    auto q = cell_quantity(cell, column.kind == Kind::percent ? Column{} : column);
    // a row that is called 7B
    if (q && c == 0 && q->kind == Kind::none && q->suffixed && q->value >= 1e7 && c < table.header.size() &&
        mentions_any(table.header[c], {"model", "モデル", "size", "サイズ"}))
      q->kind = Kind::params;
    const bool name = c == 0 && column.kind == Kind::none && !(q && q->kind == Kind::params);
    if (!q || q->kind == Kind::none || name) {
      if (q && !name && c < table.header.size() &&
          mentions_any(table.header[c],
                       {"nodes", "node", "servers", "runs", "seeds", "jobs", "ノード", "サーバ", "回数", "本数"})) {
        q->begin = q->end = scene.text.size();
        q->counts_nodes = true;
        scene.counts.push_back(*q);
      }
      scene.text += " " + cell;
      continue;
    }
    // what the header says of precisions and devices stands before the number
    if (q->kind == Kind::bytes || q->kind == Kind::devices) scene.text += c < table.header.size() ? " " + table.header[c] : "";
    q->begin = q->end = scene.text.size();
    scene.numbers.push_back(*q);
    of_column.push_back(c);
    scene.text += " " + cell;
  }
  scene.models = mentions_of_models(scene.row_model + " " + scene.text);
  return scene;
}

void Checker::table(Table table) {
  end_of_shares();
  if (auto on_side = turned(table)) table = *std::move(on_side);
  if (other_money_) {
    for (std::string& header : table.header) header = as_dollars(header);
    for (TableRow& row : table.rows)
      for (std::string& cell : row.cells) cell = as_dollars(cell);
  }
  for (std::string& header : table.header) header = normalised(header);
  std::vector<Column> columns;
  std::vector<Kind> kinds;
  std::vector<bool> recommended;
  for (const std::string& header : table.header) {
    columns.push_back(column_of(header));
    kinds.push_back(kind_of_label(header));
    recommended.push_back(mentions_any(header, {"推奨", "最適", "optimal", "recommended"}));
  }
  // a table of names and values: its rows speak of one subject
  const bool values =
      table.header.size() == 2 && std::all_of(kinds.begin(), kinds.end(), [](Kind kind) { return kind == Kind::none; }) &&
      std::count_if(table.rows.begin(), table.rows.end(),
                    [](const TableRow& row) { return !row.cells.empty() && kind_of_label(row.cells[0]) != Kind::none; }) >= 2;
  if (values) {
    begin_subject(false);
    for (const TableRow& row : table.rows)
      if (row.cells.size() == 2) prose(row.line, {row.cells[0] + ": " + row.cells[1]});
    return;
  }
  if (!table.rows.empty()) table_ = paragraph_ = table.rows.front().line;
  std::map<std::size_t, std::vector<double>> percents;
  const std::size_t judged_before = claims_.size();
  priced(table);
  for (const TableRow& row : table.rows) {
    std::vector<std::size_t> of_column;
    Scene scene = scene_of(row, table, columns, of_column);
    for (std::size_t i = 0; i < scene.numbers.size(); ++i) {
      Quantity& q = scene.numbers[i];
      q.recommended = of_column[i] < recommended.size() && recommended[of_column[i]];
      if (q.kind == Kind::percent && !q.utilisation && !is_total_row(row)) percents[of_column[i]].push_back(q.value);
    }
    remember_accelerator(scene);
    terms_.clear();
    relations(scene);  // a utilisation that is wrong times nothing
    judge_each(scene);
    remember_row(scene);
    hear(scene);
    for (const Quantity& q : scene.numbers) remember_only({q, scene.line});
  }
  misread(judged_before);
  regularities(table, columns);
  column_totals(table, columns);
  for (const auto& [column, all] : percents)
    if (all.size() >= 3 && all.size() == table.rows.size() && column < kinds.size() && kinds[column] == Kind::percent)
      shares(all, table.rows.back().line, table.rows.back().written);
  widths(table, columns);
  losses(table, columns);
}

/// quantity | unit price | total
void Checker::priced(const Table& table) {
  const auto column = [&](const std::vector<std::string_view>& words) {
    const auto found =
        std::find_if(table.header.begin(), table.header.end(), [&](const std::string& h) { return mentions_any(h, words); });
    return found == table.header.end() ? table.header.size() : static_cast<std::size_t>(found - table.header.begin());
  };
  const std::size_t count = column({"quantity", "qty", "数量"}), price = column({"unit price", "price", "rate", "単価"}),
                    total = column({"total", "amount", "cost", "小計", "金額", "合計", "費用"});
  if (std::max({count, price, total}) >= table.header.size() || count == price || price == total || count == total) return;
  for (const TableRow& row : table.rows) {
    if (row.cells.size() <= std::max({count, price, total})) continue;
    const auto n = cell_quantity(normalised(row.cells[count]), {}), each = cell_quantity(normalised(row.cells[price]), {}),
               sum = cell_quantity(normalised(row.cells[total]), {});
    if (!n || !each || !sum || !(n->raw > 0) || !(each->value > 0) || !(sum->value > 0)) continue;
    const Scene scene{.line = row.line, .written = row.written, .text = {}, .numbers = {}, .row = true, .row_model = {}};
    const double value = n->raw * each->value, magnitude = log10_of(sum->value / value);
    if (std::abs(magnitude) > 3.5) continue;  // 万円 in the header
    if (!judged(scene, sum->value))
      say(scene, "cost", sum->value, value, tolerance_of(*sum) + slack_of(*each),
          short_number(n->raw) + " x " + short_number(each->value) + " = " + short_number(value), true);
  }
}

namespace {

std::optional<std::size_t> column_of_kind(const std::vector<Column>& columns, Kind kind) {
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (columns[c].kind == kind) return c;
  return std::nullopt;
}

std::optional<Quantity> cell_at(const TableRow& row, std::size_t column, const Column& of) {
  return column < row.cells.size() ? cell_quantity(normalised(row.cells[column]), of) : std::nullopt;
}

}  // namespace

void Checker::widths(const Table& table, const std::vector<Column>& columns) {
  // of GPT-2 shapes what 12 L d^2 + 13 L d leaves is (V + T) d: one vocabulary for all rows
  const auto layers = column_of_kind(columns, Kind::layers), width = column_of_kind(columns, Kind::width),
             params = column_of_kind(columns, Kind::params);
  if (!layers || !width || !params) return;
  struct Implied {
    const TableRow* row;
    double params, step, body, d, vocabulary;
  };
  std::vector<Implied> rows;
  for (const TableRow& row : table.rows) {
    const auto l = cell_at(row, *layers, columns[*layers]), d = cell_at(row, *width, columns[*width]),
               n = cell_at(row, *params, columns[*params]);
    if (!l || !d || !n || n->value < 1e4) return;
    const double body = l->value * (12 * d->value * d->value + 13 * d->value) + 2 * d->value;
    rows.push_back({&row, n->value, n->step, body, d->value, (n->value - body) / d->value});
  }
  if (mentions_any(table.header[*params], {"non-embedding", "excluding embeddings", "非埋め込み"})) {
    for (const Implied& r : rows) {
      const Scene scene{.line = r.row->line, .written = r.row->written, .text = {}, .numbers = {}, .row = true, .row_model = {}};
      const double value = blocks_of((r.body - 2 * r.d) / (12 * r.d * r.d + 13 * r.d), r.d);
      say(scene, "architecture", r.params, value, r.step / r.params + .01, "12 L d^2 = " + short_number(value), true);
    }
    return;
  }
  if (rows.size() < 3) return;
  std::vector<double> sorted;
  for (const Implied& r : rows) sorted.push_back(r.vocabulary);
  std::sort(sorted.begin(), sorted.end());
  const double vocabulary = sorted[sorted.size() / 2];
  if (!(vocabulary > 0)) return;
  for (const Implied& r : rows) {
    const Scene scene{.line = r.row->line, .written = r.row->written, .text = {}, .numbers = {}, .row = true, .row_model = {}};
    const double value = r.body + vocabulary * r.d;
    say(scene, "architecture", r.params, value, r.step / r.params + .01,
        "12 L d^2 + 13 L d + (V + T) d with V + T = " + short_number(vocabulary) +
            ", as most rows have it: " + format_count(std::round(value)),
        true);
  }
}

void Checker::losses(const Table& table, const std::vector<Column>& columns) {
  const auto params = column_of_kind(columns, Kind::params), loss = column_of_kind(columns, Kind::loss);
  if (!params || !loss) return;
  std::vector<std::pair<double, double>> found;
  for (const TableRow& row : table.rows) {
    const auto n = cell_at(row, *params, columns[*params]), l = cell_at(row, *loss, columns[*loss]);
    if (n && l && n->value > 0 && l->value > 0) found.emplace_back(n->value, l->value);
  }
  if (found.size() >= 3 && !mentions_any(table.header[*loss], {"PPL", "perplexity"})) losses_ = found;
}

void Checker::fitted_formula() {
  if (!formula_ || losses_.size() < 3) return;
  Observations points;
  for (const auto& [n, loss] : losses_) {
    points.labels.push_back(short_number(n));
    points.columns["params"].push_back(n);
    points.columns["loss"].push_back(loss);
  }
  const FitResult result = fit_power_law(points);
  if (!result.fit) return;
  const Scene scene{
      .line = formula_->line, .written = formula_->written, .text = {}, .numbers = {}, .row = true, .row_model = {}};
  const double a = result.fit->constants.at("a"), b = result.fit->constants.at("b");
  say(scene, "fit", formula_->exponent, b, .03,
      "least squares of ln loss over the table's " + format_number(result.fit->rows) + " rows: " + short_number(a) + " N^-" +
          short_number(b),
      true);
}

void Checker::finish() {
  end_of_shares();
  convict_suspects();
  fitted_formula();
  for (const Drop& drop : drops_) {
    if (losses_.empty()) continue;
    const double b = formula_ ? formula_->exponent : exponent_.at('N');
    const double share = 1 - pow_(drop.factor, -b);
    std::vector<double> sorted;
    for (const auto& [n, loss] : losses_) sorted.push_back(loss);
    std::sort(sorted.begin(), sorted.end());
    const double low = sorted.front() * share, high = sorted.back() * share, middle = sorted[sorted.size() / 2] * share;
    const std::string how = "N^-" + short_number(b) + " takes " + short_number(100 * share) + " % off: " + short_number(low) +
                            " to " + short_number(high) + " from the losses of the table";
    const bool inside = drop.claimed >= .95 * low && drop.claimed <= 1.05 * high;
    add(drop.scene, "power_law", drop.claimed, middle, inside ? ClaimVerdict::agrees : ClaimVerdict::inconsistent, how);
  }
}

std::vector<Claim> Checker::take() {
  std::stable_sort(claims_.begin(), claims_.end(), [](const Claim& a, const Claim& b) { return a.line < b.line; });
  return std::move(claims_);
}

}  // namespace isoflop::plan
