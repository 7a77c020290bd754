// So many of something: nodes of devices, years of savings, tokens that are paid for, the parameters that are active.
#include <algorithm>
#include <cmath>

#include "plan/claims_readings.h"
#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

std::size_t end_of(const Quantity& q) {
  return std::max(q.end, q.number_end);
}

std::string behind_of(const std::string& s, const Quantity& q, std::size_t bytes) {
  return s.substr(std::min(end_of(q), s.size()), bytes);
}

std::string before_of(const std::string& s, const Quantity& q, std::size_t bytes) {
  const std::size_t from = q.begin > bytes ? q.begin - bytes : 0;
  return s.substr(from, q.begin - from);
}

bool is_money(const Quantity& q) {
  return q.kind == Kind::usd || q.kind == Kind::yen;
}

struct Period {
  std::initializer_list<std::string_view> each, several;
};
const Period kPeriods[] = {{{"per year", "a year", "/year", "annually", "yearly", "/年"}, {"years", "year", "年間", "年"}},
                           {{"per month", "a month", "/month", "monthly", "/月"}, {"months", "month", "か月", "ヶ月", "カ月"}},
                           {{"per week", "a week", "/week"}, {"weeks", "週間"}},
                           {{"per day", "a day", "/day", "daily", "/日"}, {"days", "日間"}}};

/// What a sum is of, as an index of kPeriods: "per year" behind it, 年 or 月額 right before it.
std::optional<std::size_t> period_of(const std::string& s, const Quantity& q) {
  const std::string behind = behind_of(s, q, 12), before = before_of(s, q, 8);
  for (std::size_t p = 0; p < std::size(kPeriods); ++p)
    for (const std::string_view each : kPeriods[p].each)
      if (const std::size_t found = behind.find(each); found <= 1) return p;
  if (before.ends_with("年額") || before.ends_with("年額 ")) return 0;
  if (before.ends_with("月額") || before.ends_with("月額 ")) return 1;
  return std::nullopt;
}

/// "over the four years", "4年間で": how many periods are counted; 0 if none are.
double periods_in(const std::string& s, std::size_t p, std::size_t until) {
  static constexpr std::pair<std::string_view, double> kCounts[] = {{"two ", 2},   {"three ", 3}, {"four ", 4},
                                                                    {"five ", 5},  {"six ", 6},   {"seven ", 7},
                                                                    {"eight ", 8}, {"ten ", 10},  {"twelve ", 12}};
  for (const std::string_view unit : kPeriods[p].several)
    for (std::size_t i = s.find(unit); i < until; i = s.find(unit, i + 1)) {
      const std::string before = s.substr(0, i);
      for (const auto& [word, count] : kCounts)
        if (before.ends_with(word)) return count;
      const std::size_t last = before.find_last_not_of(' ');
      if (last == std::string::npos || !digit(before[last])) continue;
      std::size_t first = last;
      while (first > 0 && digit(before[first - 1])) --first;
      const auto n = read_number(before, first);
      if (n && n->value >= 2 && n->value <= 60) return n->value;
    }
  return 0;
}

}  // namespace

/// "256 nodes with 8 H100 each" is said once; "16 nodes, so 128 GPUs" follows.
void Checker::nodes(const Scene& scene) {
  if (scene.row) return;
  for (std::size_t i = 0; i + 1 < scene.numbers.size(); ++i) {
    const Quantity &count = scene.numbers[i], &next = scene.numbers[i + 1];
    if (!count.counts_nodes || next.kind != Kind::devices) continue;
    const std::string between =
        scene.text.substr(std::min(end_of(count), scene.text.size()), next.begin - std::min(end_of(count), next.begin));
    const std::string behind = behind_of(scene.text, next, 20);
    const bool each = mentions_any(behind, {"each", "per node", "per server"}) || mentions_any(between, {"with", "of"}) ||
                      between.find("*") != std::string::npos || behind.starts_with("/") || behind.starts_with("搭載") ||
                      before_of(scene.text, next, 24).find("各") != std::string::npos;
    if (each) {
      if (next.value >= 2 && next.value <= 16 && (devices_of_node_ == 0 || devices_of_node_ == next.value))
        devices_of_node_ = next.value;
      else if (next.value <= 16)
        devices_of_node_ = -1;  // of several
      continue;
    }
    const bool follows = mentions_any(between, {"so", "that is", "i.e.", "hence", "thus", "=", "or"}) ||
                         between.find("すなわち") != std::string::npos || between.find("つまり") != std::string::npos ||
                         between.find("計") != std::string::npos ||
                         (between.find("、") != std::string::npos && between.size() < 20) ||
                         between.find("(") != std::string::npos;
    if (!follows || devices_of_node_ <= 0 || judged(scene, next.value)) continue;
    judge_loosely(scene, "devices", next,
                  {{count.raw * devices_of_node_, 0, short_number(count.raw) + " nodes of " + short_number(devices_of_node_)}},
                  true);
  }
}

/// "saves $3.38M per year. Over the four years the savings add up to $13.5M."
void Checker::periods(const Scene& scene) {
  if (scene.row) return;
  for (const Quantity& q : scene.numbers) {
    const bool sum = is_money(q) || q.kind == Kind::watt_hours || q.kind == Kind::carbon;
    if (!sum || period_of(scene.text, q) || judged(scene, q.value)) continue;
    std::vector<Meant> meant;
    const auto consider = [&](const Rate& rate) {
      const double count = periods_in(scene.text, rate.period, q.begin);
      if (rate.q.kind != q.kind || count < 2 || rate.q.value >= q.value) return;
      meant.push_back({rate.q.value * count, slack_of(rate.q), short_number(count) + " x " + rate.q.written});
    };
    for (const Quantity& each : scene.numbers)
      if (each.begin < q.begin)
        if (const auto period = period_of(scene.text, each)) consider({each, *period, paragraph_});
    if (rate_ && rate_->paragraph == paragraph_) consider(*rate_);
    if (meant.size() != 1) continue;
    // a count that is one off, or a slip
    const double times = q.value / meant[0].value * periods_in(scene.text, rate_ ? rate_->period : 0, q.begin);
    const bool whole = std::abs(times / std::round(std::max(times, 1.0)) - 1) < .02 && times < 20;
    judge_loosely(scene, "total", q, meant, whole);
  }
  for (const Quantity& q : scene.numbers)
    if (const auto period = period_of(scene.text, q);
        period && (is_money(q) || q.kind == Kind::watt_hours || q.kind == Kind::carbon))
      rate_ = Rate{q, *period, paragraph_};
}

/// 学習トークン1億あたり約1,192円; $0.42 per million tokens: of the cost and the tokens of the section.
void Checker::price_of_tokens(const Scene& scene) {
  if (scene.row) return;
  for (const Quantity& q : scene.numbers) {
    if (!is_money(q) || judged(scene, q.value)) continue;
    const std::string behind = behind_of(scene.text, q, 24), before = before_of(scene.text, q, 48);
    double each = 0;
    const std::size_t per = before.rfind("あたり");
    if (behind.find(" per ") == 0 && mentions_any(behind, {"tokens"})) {
      each = mentions(behind, "million") ? 1e6 : mentions(behind, "billion") ? 1e9 : mentions(behind, "trillion") ? 1e12 : 0;
      if (const std::size_t number = behind.find_first_of("0123456789"); each == 0 && number == 5)
        if (const auto n = read_number(behind, number)) each = n->value;
    } else if (per != std::string::npos && before.size() - per < 20 && before.find("トークン") != std::string::npos) {
      const std::size_t number = before.find_first_of("0123456789");
      if (number < per)
        if (const auto n = read_number(before, number)) each = n->value;
    }
    if (!(each >= 1e5)) continue;
    std::vector<Meant> meant;
    for (const Heard& cost : heard_)
      for (const Heard& tokens : heard_)
        if (cost.paragraph == paragraph_ && tokens.paragraph == paragraph_ && cost.q.kind == q.kind &&
            cost.q.value > 10 * q.value && tokens.q.kind == Kind::tokens && tokens.q.value > 10 * each)
          meant.push_back({cost.q.value / (tokens.q.value / each), slack_of(cost.q) + slack_of(tokens.q),
                           cost.q.written + " / " + tokens.q.written});
    judge_loosely(scene, "cost", q, meant);
  }
}

/// 6 N D with all parameters of a mixture of experts, where the document says how many are active.
void Checker::active_compute(const Scene& scene) {
  for (const Quantity& q : scene.numbers) {
    const bool said = mentions_any(behind_of(scene.text, q, 24), {"active"}) ||
                      before_of(scene.text, q, 24).find("活性") != std::string::npos ||
                      scene.row_model.find("活性") != std::string::npos || mentions(scene.row_model, "active");
    if (said && q.kind != Kind::percent && q.value >= 1e7 && q.value < 1e13 && (q.kind == Kind::params || q.suffixed))
      active_ = q.value;
    if (q.kind != Kind::flops || active_ == 0 || scene.row || judged(scene, q.value)) continue;
    if (mentions_any(scene.text, {"dense"}) || scene.text.find("密") != std::string::npos) continue;
    std::vector<double> tokens;
    for (const Heard& h : heard_)
      if (h.q.kind == Kind::tokens && h.q.value > 1e9) tokens.push_back(h.q.value);
    for (const Quantity& d : scene.numbers)
      if (d.kind == Kind::tokens && d.value > 1e9) tokens.push_back(d.value);
    const double allowed = std::clamp(tolerance_of(q), kLeastTolerance, .02);
    const auto is = [&](double n, double d) { return std::abs(q.value / (6 * n * d) - 1) <= allowed; };
    const auto right = std::find_if(tokens.begin(), tokens.end(), [&](double d) { return is(active_, d); });
    if (right != tokens.end()) {
      add(scene, "flops", q.value, 6 * active_ * *right, ClaimVerdict::agrees, "6 x active parameters x tokens");
      continue;
    }
    for (const double size : sizes_)
      for (const double d : tokens) {
        if (size < 1.2 * active_ || !is(size, d) || judged(scene, q.value)) continue;
        current_ = &q;
        borrowed_.clear();
        literal_ = true;
        say(scene, "flops", q.value, 6 * active_ * d, tolerance_of(q),
            "of " + short_number(size) + " parameters " + short_number(active_) + " are active: 6 x " + short_number(active_) +
                " x " + short_number(d) + " = " + short_number(6 * active_ * d) + "; as if all were",
            true);
        literal_ = false;
        current_ = nullptr;
      }
  }
}

/// budget × 16: parameters × 8, tokens × 2: their product is the budget's.
void Checker::multiples(const Scene& scene) {
  struct Part {
    std::initializer_list<std::string_view> words;
    double value = 0;
    std::size_t begin = 0, end = 0;
  };
  Part parts[] = {{{"budget", "compute", "FLOPs", "計算量", "予算"}},
                  {{"parameters", "params", "パラメータ"}},
                  {{"tokens", "data", "トークン", "データ"}}};
  const std::string& s = scene.text;
  for (Part& part : parts)
    for (const std::string_view word : part.words) {
      const std::size_t i = find_word(s, word);
      if (i == std::string::npos || part.value > 0) continue;
      std::size_t k = skip_spaces(s, i + word.size());
      if (!at(s, k, "*") && !at(s, k, "x ")) continue;
      k = skip_spaces(s, k + 1);
      if (const auto n = read_number(s, k); n && n->value > 0) {
        part.value = n->value;
        part.begin = k;
        part.end = n->end;
      }
    }
  if (!(parts[0].value > 0 && parts[1].value > 0 && parts[2].value > 0)) return;
  const double product = parts[1].value * parts[2].value, allowed = .03;
  spot_ = parts[1].begin;
  const std::string how =
      "parameters x tokens grow " + short_number(product) + " times, the compute " + short_number(parts[0].value);
  add(scene, "scaling", product, parts[0].value,
      std::abs(product / parts[0].value - 1) <= allowed ? ClaimVerdict::agrees : ClaimVerdict::inconsistent, how);
  spot_ = 0;
}

/// "XL の計算量は L の 9.6 倍", "XL took 9.6 times the compute of L": rows of a table before.
void Checker::rows_compared(const Scene& scene) {
  struct Named {
    std::size_t begin;
    const Known* known;
  };
  const auto is_subject = [&](std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view w) { return find_word(scene.text, w) != std::string::npos; });
  };
  const Kind kind = is_subject({"compute", "FLOPs", "計算量"}) ? Kind::flops
                    : is_subject({"parameters", "パラメータ"}) ? Kind::params
                    : is_subject({"tokens", "トークン"})       ? Kind::tokens
                                                               : Kind::none;
  if (kind == Kind::none || scene.row) return;
  std::vector<Named> named;
  for (const auto& [name, known] : rows_)
    if (known.q.kind == kind)
      for (std::size_t i = find_word(scene.text, name); i != std::string::npos; i = find_word(scene.text, name, i + 1))
        named.push_back({i, &known});
  std::sort(named.begin(), named.end(), [](const Named& a, const Named& b) { return a.begin < b.begin; });
  for (const Quantity& q : scene.numbers) {
    if (q.kind != Kind::factor || judged(scene, q.value)) continue;
    const Named* other = nullptr;  // right before it: L の 9.6 倍; right behind it: 9.6 times that of L
    for (const Named& n : named) {
      const bool before = n.begin < q.begin && q.begin - n.begin < 20 &&
                          scene.text.substr(n.begin, q.begin - n.begin).find("の") != std::string::npos;
      const bool behind = n.begin > q.begin && n.begin - end_of(q) < 28 &&
                          mentions_any(scene.text.substr(end_of(q), n.begin - end_of(q)), {"of", "as"});
      if (before || behind) other = &n;
    }
    if (other == nullptr || named.empty() || named[0].known == other->known || named[0].begin >= q.begin) continue;
    const Quantity &a = named[0].known->q, &b = other->known->q;
    if (&a == &b || named[0].known->line == other->known->line) continue;
    const double ratio = a.value / b.value;
    judge_loosely(scene, "ratio", q, {{ratio, slack_of(a) + slack_of(b), a.written + " / " + b.written}}, true);
  }
}

/// A used hour costs the price divided by the share that is used, not times it.
void Checker::price_of_use(const Scene& scene) {
  const bool used = mentions_any(scene.text, {"used GPU-hour", "used hour", "effective GPU-hour", "productive GPU-hour"}) ||
                    scene.text.find("実質") != std::string::npos || scene.text.find("稼働1GPU時間") != std::string::npos;
  if (scene.row || !used) return;
  for (const Quantity& q : scene.numbers) {
    const bool price = q.kind == Kind::usd || q.kind == Kind::usd_per_hour || q.kind == Kind::yen || q.kind == Kind::yen_per_hour;
    const bool dollars = q.kind == Kind::usd || q.kind == Kind::usd_per_hour;
    if (!price || judged(scene, q.value)) continue;
    std::vector<Meant> meant, slips;
    for (const Heard& p : heard_)
      for (const Heard& u : heard_) {
        const bool of_kind = dollars ? p.q.kind == Kind::usd || p.q.kind == Kind::usd_per_hour
                                     : p.q.kind == Kind::yen || p.q.kind == Kind::yen_per_hour;
        if (!of_kind || u.q.kind != Kind::percent || !(u.q.value > 5 && u.q.value < 100)) continue;
        const Meant m{p.q.value / u.q.value * 100, slack_of(u.q), p.q.written + " / " + u.q.written};
        meant.push_back(m);
        if (std::abs(q.value / (p.q.value * u.q.value / 100) - 1) < .004) slips.push_back(m);
      }
    const bool right =
        std::any_of(meant.begin(), meant.end(), [&](const Meant& m) { return std::abs(q.value / m.value - 1) < .006; });
    if (right)
      judge_loosely(scene, "cost", q, meant);
    else if (!slips.empty())
      judge_loosely(scene, "cost", q, {slips.front()}, true);
  }
}

void Checker::counts(const Scene& scene) {
  rows_compared(scene);
  price_of_use(scene);
  nodes(scene);
  periods(scene);
  price_of_tokens(scene);
  if (!scene.row) multiples(scene);
}

}  // namespace isoflop::plan
