// Sums, parts and products of numbers of one kind: together so much, 35 % of it, nodes of devices.
#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "plan/claims_readings.h"
#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

std::string before_of(const std::string& s, const Quantity& q, std::size_t bytes) {
  const std::size_t from = q.begin > bytes ? q.begin - bytes : 0;
  return s.substr(from, q.begin - from);
}

std::string behind_of(const std::string& s, const Quantity& q, std::size_t bytes) {
  const std::size_t end = std::min(std::max(q.end, q.number_end), s.size());
  return s.substr(end, bytes);
}

/// "together 3.6e20", "a total of", 合計, 3個で; "3.6e20 in all".
bool called_a_total(const std::string& s, const Quantity& q) {
  std::string near = before_of(s, q, 28);
  const std::size_t digits = near.find_last_of("0123456789");
  if (digits != std::string::npos) near.erase(0, digits + 1);
  for (const std::string_view word : {"計算", "計画", "計測", "設計", "統計"})
    for (std::size_t i = near.find(word); i != std::string::npos; i = near.find(word)) near.erase(i, word.size());
  return mentions_any(near, {"together", "altogether", "total", "totalling", "sum", "combined", "in all", "合計", "合わせ",
                             "あわせ", "計", "個で", "回分", "本で", "つで"}) ||
         mentions_any(behind_of(s, q, 20), {"in total", "altogether", "in all", "combined", "together"});
}

}  // namespace

/// What the paragraph said of a kind before a place in its last sentence.
Checker::Numbers Checker::of_paragraph(const Scene& scene, Kind kind, std::size_t position) const {
  Numbers all;
  for (const Heard& h : heard_)
    if (h.paragraph == paragraph_ && h.q.kind == kind) all.push_back(h.q);
  for (const Quantity& q : scene.numbers)
    if (q.kind == kind && q.begin < position) all.push_back(q);
  return all;
}

namespace {

/// "all three together": how many are meant, in digits or words; 0 where the text does not say.
double count_before(const std::vector<Quantity>& numbers, const std::string& text, const Quantity& q) {
  const auto count = std::find_if(numbers.rbegin(), numbers.rend(), [&](const Quantity& x) {
    return x.begin < q.begin && x.begin + 24 > q.begin && x.kind == Kind::none && x.exact && !x.suffixed && x.raw >= 2 &&
           x.raw <= 64;
  });
  return count != numbers.rend() ? count->raw : count_in_words(before_of(text, q, 24));
}

}  // namespace

const Checker::ColumnSum* Checker::nearest_column(const Quantity& q) const {
  const ColumnSum* nearest = nullptr;
  const auto away = [&](const ColumnSum& c) { return std::abs(log_(q.value / c.sum)); };
  for (const ColumnSum& c : table_sums_)
    if (c.kind == q.kind && c.sum > 0 && (nearest == nullptr || away(c) < away(*nearest))) nearest = &c;
  return nearest;
}

void Checker::totals(const Scene& scene) {
  if (scene.row) return;
  for (const Quantity& q : scene.numbers) {
    if (!adds_up(q.kind) || q.kind == Kind::params || !(q.value > 0) || is_term(q) || !called_a_total(scene.text, q)) continue;
    if (judged(scene, q.value) || judged(scene, q.raw)) continue;
    Numbers terms = of_paragraph(scene, q.kind, q.begin);
    const bool own_table = terms.empty();
    if (own_table && restated(q)) continue;  // what was said before is no sum
    if (own_table)                           // of the table before
      for (const Heard& h : heard_)
        if (h.paragraph == table_ && h.q.kind == q.kind) terms.push_back(h.q);
    // 150円 in a sum of millions is a rate
    std::erase_if(terms, [&](const Quantity& term) { return term.value < 1e-4 * q.value; });
    if (terms.empty()) continue;
    double sum = 0, largest = 0, slack = 0;
    for (const Quantity& term : terms) {
      largest = std::max(largest, term.value);
      slack = std::max(slack, slack_of(term));
    }
    // a subtotal may stand among them: the last so many of them are meant, else all
    bool fits = false;
    for (auto term = terms.rbegin(); term != terms.rend() && !fits; ++term) {
      sum += term->value;
      fits = term != terms.rbegin() && std::abs(q.value / sum - 1) <= tolerance_of(q) + slack;
    }
    if (!fits && own_table) {
      // a table that has its total needs no other
      const ColumnSum* nearest = nearest_column(q);
      if (nearest == nullptr) continue;
      sum = nearest->sum;
      fits = std::any_of(table_sums_.begin(), table_sums_.end(), [&](const ColumnSum& c) {
        return (c.kind == q.kind || c.kind == Kind::none) && c.sum > 0 &&
               std::abs(q.value / c.sum - 1) <= tolerance_of(q) + slack;
      });
      if (fits) sum = q.value;
      if (!fits && nearest->stated) continue;
    }
    // in running text numbers of one kind need not be parts of what is called a total
    const bool listed = std::any_of(heard_.begin(), heard_.end(), [&](const Heard& h) {
      return h.paragraph == table_ && h.q.kind == q.kind && h.q.begin == terms.front().begin && h.q.value == terms.front().value;
    });
    const std::size_t start = scene.written.find_first_not_of(' ');
    const bool item =
        start != std::string::npos && (std::string_view("-*|+").find(scene.written[start]) != std::string_view::npos ||
                                       scene.written.compare(start, 3, "・") == 0);
    const bool own = std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& x) {
      return x.begin == terms.front().begin && x.value == terms.front().value;
    });
    if (!fits && !listed && !item && !own) continue;
    std::string how = "the sum of the " + short_number(static_cast<double>(terms.size())) + " before it is ";
    if (terms.size() == 1) {
      // all three together: so many times the one
      const double times = count_before(scene.numbers, scene.text, q);
      if (times == 0) continue;
      sum *= times;
      how = short_number(times) + " times " + short_number(terms[0].value) + " is ";
    }
    if (q.value <= largest * .2 || q.value > 200 * sum) continue;
    const double decades = log10_of(q.value / sum);
    if (q.value > 4 * sum && std::abs(decades - std::round(decades)) > .05) continue;  // of more than was read
    current_ = &q;
    borrowed_.clear();
    const double written = q.raw / q.value;
    say(scene, "total", q.value, sum, tolerance_of(q) + slack, how + short_number(sum * written) + q.unit, true);
    current_ = nullptr;
  }
}

/// 日本語は35%の350億トークン; 8.64e22 FLOPs, 28 % of it; 前回の4.3倍.
void Checker::parts(const Scene& scene) {
  if (scene.row) return;
  for (std::size_t i = 0; i < scene.numbers.size(); ++i) {
    const Quantity& q = scene.numbers[i];
    const bool percent = q.kind == Kind::percent && !q.utilisation;
    if ((!percent && q.kind != Kind::factor) || !(q.value > 0) || judged(scene, q.value)) continue;
    if (percent && i + 1 < scene.numbers.size() && behind_of(scene.text, q, 12).starts_with("の")) {
      part_of_whole(scene, q, scene.numbers[i + 1]);
    } else if (i > 0) {
      part_in_words(scene, q, scene.numbers[i - 1]);
    }
  }
}

void Checker::part_of_whole(const Scene& scene, const Quantity& q, const Quantity& part) {
  if (!adds_up(part.kind) || part.begin > q.end + 8 || judged(scene, part.value)) return;
  const Numbers wholes = of_paragraph(scene, part.kind, q.begin);
  if (wholes.empty()) return;
  // of the largest, else of any that fits
  const double share = q.value / 100;
  const auto away = [&](const Quantity& x) { return std::abs(log_(part.value / (x.value * share))); };
  const auto nearest =
      std::min_element(wholes.begin(), wholes.end(), [&](const auto& a, const auto& b) { return away(a) < away(b); });
  const auto largest =
      std::max_element(wholes.begin(), wholes.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  const bool named = std::none_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& x) {
    return x.begin == nearest->begin && x.value == nearest->value;  // a part that stands beside it is no whole
  });
  const Quantity& whole = named && away(*nearest) <= tolerance_of(part) ? *nearest : *largest;
  const double value = whole.value * q.value / 100;
  if (part.value > whole.value * 100) return;
  current_ = &part;
  borrowed_.clear();
  literal_ = true;
  say(scene, "part", part.value, value, tolerance_of(part) + slack_of(whole) + q.step / q.value / 2,
      short_number(q.value) + " % of " + short_number(whole.raw) + whole.unit + " is " +
          short_number(value * part.raw / part.value) + part.unit,
      true);
  literal_ = false;
  current_ = nullptr;
}

void Checker::part_in_words(const Scene& scene, const Quantity& q, const Quantity& part) {
  const bool percent = q.kind == Kind::percent;
  const std::string behind = behind_of(scene.text, q, 12);
  const std::string near = before_of(scene.text, q, 18);
  const bool of_it = behind.starts_with(" of it") || behind.starts_with(" of that") || near.ends_with("その約") ||
                     near.ends_with("その") || near.ends_with("前回の約") || near.ends_with("前回の");
  if (!of_it) return;
  if (!adds_up(part.kind)) return;
  const Numbers all = of_paragraph(scene, part.kind, part.begin);
  if (all.empty() || part.kind == Kind::params || std::abs(part.value / all.back().value - 1) < 1e-9) return;
  std::vector<double> meant;
  for (const Quantity& whole : all)
    for (const double ratio : {part.value / whole.value, whole.value / part.value})
      meant.push_back(percent ? 100 * ratio : ratio);
  const double value = *std::min_element(
      meant.begin(), meant.end(), [&](double a, double b) { return std::abs(log_(q.value / a)) < std::abs(log_(q.value / b)); });
  const double slack = slack_of(part) + slack_of(all.back());
  const bool agrees = std::abs(q.value / value - 1) <= tolerance_of(q) + slack;
  if (!agrees && all.size() > 1) return;  // of which is not known
  current_ = &q;
  borrowed_.clear();
  say(scene, "ratio", q.value, agrees ? value : meant[0], tolerance_of(q) + slack,
      short_number(part.raw) + part.unit + " of " + short_number(all.back().raw) + all.back().unit, true);
  current_ = nullptr;
}

/// 1,024 sequences of 4,096 tokens, 4.2M tokens.
void Checker::batches(const Scene& scene) {
  if (scene.row) return;
  for (std::size_t i = 0; i + 2 < scene.numbers.size(); ++i) {
    const Quantity &sequences = scene.numbers[i], &length = scene.numbers[i + 1], &claim = scene.numbers[i + 2];
    const bool counted =
        mentions_any(behind_of(scene.text, sequences, 12), {"sequences", "sequence", "samples", "系列", "サンプル"});
    const bool each = (length.kind == Kind::other || length.kind == Kind::tokens || length.kind == Kind::none ||
                       length.kind == Kind::batch_tokens) &&
                      length.raw >= 128 && length.raw <= 262144 && !length.suffixed;
    const bool batch = claim.kind == Kind::batch_tokens || (claim.kind == Kind::tokens && claim.value < 1e9);
    if (!counted || !sequences.exact || !each || !batch || length.begin > sequences.number_end + 40 || judged(scene, claim.value))
      continue;
    current_ = &claim;
    borrowed_.clear();
    const double value = sequences.raw * length.raw;
    // 0.5M for 2^19
    say(scene, "batch", claim.value, value, std::max(tolerance_of(claim), .05),
        short_number(sequences.raw) + " sequences of " + short_number(length.raw) + " tokens are " + short_number(value), true);
    current_ = nullptr;
  }
}

/// 8 nodes of 8 H100, 64 GPUs in all.
void Checker::machines(const Scene& scene) {
  if (scene.row) return;
  for (std::size_t i = 0; i + 1 < scene.numbers.size(); ++i) {
    const Quantity &nodes = scene.numbers[i], &each = scene.numbers[i + 1];
    if (!nodes.counts_nodes || each.kind != Kind::devices || each.begin > nodes.number_end + 32) continue;
    const auto claim = std::find_if(scene.numbers.begin() + static_cast<std::ptrdiff_t>(i) + 2, scene.numbers.end(),
                                    [](const Quantity& x) { return x.kind == Kind::devices; });
    if (claim == scene.numbers.end() || judged(scene, claim->value) || claim->counts_nodes) continue;
    if (claim->value == each.value || claim->value == nodes.raw) continue;  // said again
    const bool others = std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& x) {
      return x.counts_nodes && x.begin != nodes.begin && x.begin != claim->begin;
    });
    if (others) continue;  // 8 nodes (64 GPUs), 16 nodes (128 GPUs)
    current_ = &*claim;
    borrowed_.clear();
    say(scene, "devices", claim->value, nodes.raw * each.value, 0,
        short_number(nodes.raw) + " nodes of " + short_number(each.value) + " are " + short_number(nodes.raw * each.value), true);
    current_ = nullptr;
  }
}

/// 64 of 989 TFLOP/s at 40 % deliver 25 PFLOP/s.
void Checker::of_cluster(const Scene& scene) {
  for (const Quantity& q : scene.numbers) {
    if (q.kind != Kind::rate || q.value < 1e15 || judged(scene, q.value)) continue;
    borrowed_.clear();
    const auto devices = input(scene, Kind::devices, q.begin);
    double peak = 0;
    for (const Quantity& o : scene.numbers)
      if (o.kind == Kind::rate && o.begin < q.begin && o.value > 1e12 && o.value < q.value) peak = o.value;
    if (peak == 0)
      if (const Accelerator* named = named_accelerator(scene)) peak = named->peak_flops;
    if (peak == 0)
      if (const auto known = recall(scene, accelerators_)) peak = known->value;
    if (!devices || devices->value < 2 || peak == 0 || q.value < 2 * peak) continue;
    const double all = devices->value * peak;
    double mfu = mfu_of(scene);
    if (mfu == 0 || std::abs(q.value / all - 1) <= .03) mfu = 1;
    const double value = all * mfu;
    current_ = &q;
    say(scene, "peak", q.value, value, tolerance_of(q) + .01,
        short_number(devices->value) + " x " + short_number(peak) + " FLOP/s" + (mfu == 1 ? "" : " x " + short_number(mfu)) +
            " = " + short_number(value),
        true);
    current_ = nullptr;
  }
}

/// "It settled at 134 TFLOP/s. Of the A100's 312 that is an MFU of 43 %."
void Checker::achieved_before(const Scene& scene) {
  const auto own = [&](std::initializer_list<Kind> kinds) {
    return std::any_of(scene.numbers.begin(), scene.numbers.end(),
                       [&](const Quantity& x) { return std::find(kinds.begin(), kinds.end(), x.kind) != kinds.end(); });
  };
  const Accelerator* named = named_accelerator(scene);
  if (named == nullptr || own({Kind::flops, Kind::throughput, Kind::device_throughput, Kind::seconds, Kind::device_seconds}))
    return;
  const auto rate = std::find_if(heard_.rbegin(), heard_.rend(), [&](const Heard& h) { return h.q.kind == Kind::rate; });
  if (rate == heard_.rend() || rate->q.begin < sentence_before_ || !(rate->q.value < .9 * named->peak_flops)) return;
  for (const Quantity& q : scene.numbers) {
    if (q.kind != Kind::percent || !q.utilisation || !(q.value > 0) || judged(scene, q.value)) continue;
    current_ = &q;
    borrowed_ = {{rate->q, rate->line}};
    const double value = 100 * rate->q.value / named->peak_flops;
    say(scene, "mfu", q.value, value, tolerance_of(q) + rate->q.step / rate->q.value / 2,
        rate->q.written + " / " + short_number(named->peak_flops) + " FLOP/s = " + short_number(value) + " %", true);
    current_ = nullptr;
    borrowed_.clear();
  }
}

/// 142 TFLOP/s on an A100, a utilisation of 45.5 %.
void Checker::achieved(const Scene& scene) {
  if (scene.row) return;
  std::vector<Quantity> rates;
  for (const Quantity& q : scene.numbers)
    if (q.kind == Kind::rate && q.value > 1e12 && q.value <= kLargestPeak) rates.push_back(q);
  of_cluster(scene);
  if (rates.empty()) achieved_before(scene);
  for (const Quantity& q : scene.numbers) {
    if (q.kind != Kind::percent || !q.utilisation || !(q.value > 0) || judged(scene, q.value) || rates.empty()) continue;
    if (rates.back().begin > q.begin) continue;
    borrowed_.clear();
    double peak = 0;
    if (rates.size() == 2) {
      peak = std::max(rates[0].value, rates[1].value);
    } else if (rates.size() == 1) {
      std::vector<Known> others;
      for (const Known& k : accelerators_)
        if (k.q.value != rates[0].value) others.push_back(k);
      if (const auto known = recall(scene, others)) peak = known->value;
    }
    const double least = rates.size() == 2 ? std::min(rates[0].value, rates[1].value) : rates[0].value;
    if (peak == 0 || least >= .95 * peak) continue;
    current_ = &q;
    say(scene, "mfu", q.value, 100 * least / peak, tolerance_of(q) + rates.back().step / rates.back().value / 2,
        short_number(least) + " / " + short_number(peak) + " FLOP/s = " + short_number(100 * least / peak) + " %", true);
    current_ = nullptr;
  }
}

}  // namespace isoflop::plan
