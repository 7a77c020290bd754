// So many times, or so much per cent of, a number before it: what a slip of it gives away.
#include <algorithm>
#include <cmath>

#include "isoflop/text.h"
#include "plan/claims_readings.h"
#include "plan/claims_rules.h"
#include "plan/claims_vocabulary.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr double kLeastCompute = 1e17;  // FLOPs: what is larger is nothing else
constexpr double kOfSeveral = 2000;     // W: no device draws that much

std::size_t end_of(const Quantity& q) {
  return std::max(q.end, q.number_end);
}

std::string behind_of(const std::string& s, const Quantity& q, std::size_t bytes) {
  return s.substr(std::min(end_of(q), s.size()), bytes);
}

bool is_money(Kind kind) {
  return kind == Kind::usd || kind == Kind::yen;
}

/// "25 checkpoints", "all 25", 20世代: how many of what was sized before.
bool counts_copies(const std::string& s, const Quantity& q) {
  if (!q.exact || q.suffixed || !(q.raw >= 2 && q.raw <= 10000)) return false;
  if (q.kind != Kind::none && q.kind != Kind::other) return false;
  const std::string behind = behind_of(s, q, 28),
                    before = s.substr(q.begin > 6 ? q.begin - 6 : 0, std::min<std::size_t>(q.begin, 6));
  return mentions_any(behind, {"checkpoints", "copies", "users", "people", "replicas", "generations", "snapshots",
                               "conversations", "sessions"}) ||
         behind.starts_with("世代") || behind.starts_with(" 世代") || behind.starts_with("個") || behind.starts_with("人") ||
         before.ends_with(" all ") || before.ends_with("The ");
}

}  // namespace

/// "Each is 15.6 GB, and all 25 fill 390 GB."
void Checker::copies(const Scene& scene) {
  for (const Quantity& q : scene.numbers) {
    if (q.kind != Kind::bytes || q.value < 1e9) continue;
    std::vector<Meant> meant;
    for (const Quantity& n : scene.numbers)
      if (n.begin < q.begin && counts_copies(scene.text, n)) {
        Numbers sizes = of_paragraph(scene, Kind::bytes, q.begin);
        if (sizes.size() > 2) sizes.erase(sizes.begin(), sizes.end() - 2);
        for (const Quantity& each : sizes)
          if (each.value < q.value && each.value >= 1e8)
            meant.push_back({n.raw * each.value, slack_of(each), short_number(n.raw) + " x " + each.written});
      }
    if (!meant.empty()) judge_loosely(scene, "memory", q, meant);
  }
}

/// "The 64 nodes draw 8.5 kW each, 544 kW in all; in 113 hours this is 61 MWh."
void Checker::power(const Scene& scene) {
  for (const Quantity& q : scene.numbers) {
    std::vector<Meant> meant;
    Numbers watts = of_paragraph(scene, Kind::watts, q.begin);
    if (watts.size() > 2) watts.erase(watts.begin(), watts.end() - 2);
    if (q.kind == Kind::watts && q.value >= kOfSeveral)
      for (const Quantity& w : watts)
        for (const Quantity& n : scene.numbers) {
          const bool several = n.kind == Kind::devices || n.counts_nodes;
          if (n.begin == q.begin || n.begin == w.begin) continue;
          if (several) meant.push_back({n.raw * w.value, slack_of(w), short_number(n.raw) + " x " + w.written});
          if (n.kind == Kind::overhead) meant.push_back({n.value * w.value, slack_of(w), w.written + " x " + n.written});
        }
    if (q.kind == Kind::watt_hours && !watts.empty() && watts.back().value >= kOfSeveral)
      for (const Quantity& t : scene.numbers)
        if (t.kind == Kind::seconds && t.value >= kHour)
          meant.push_back({watts.back().value * t.value / kHour, slack_of(watts.back()) + slack_of(t),
                           watts.back().written + " x " + t.written});
    if (!meant.empty()) judge_loosely(scene, "energy", q, meant);
  }
}

/// "We add 30 % (13,060 GPU-hours) for restarts", 2割引, "a reserve of 10 % ($19k)".
void Checker::additions(const Scene& scene) {
  const bool adds = mentions_any(scene.text, {"add", "added", "reserve", "margin", "discount", "off", "plus", "restarts",
                                              "of that", "contingency"}) ||
                    scene.text.find("加え") != std::string::npos || scene.text.find("予備") != std::string::npos ||
                    scene.text.find("余裕") != std::string::npos || scene.text.find("割引") != std::string::npos;
  if (!adds) return;
  for (std::size_t i = 1; i < scene.numbers.size(); ++i) {
    const Quantity& q = scene.numbers[i];
    if (!adds_up(q.kind) || !(is_money(q.kind) || q.kind == Kind::device_seconds || q.kind == Kind::tokens)) continue;
    const auto percent = std::find_if(scene.numbers.rend() - static_cast<std::ptrdiff_t>(i), scene.numbers.rend(),
                                      [](const Quantity& p) { return p.kind == Kind::percent && !p.utilisation; });
    if (percent == scene.numbers.rend() || q.begin > end_of(*percent) + 60) continue;
    const double share = percent->value / 100;
    Numbers wholes = of_paragraph(scene, q.kind, q.begin);
    if (wholes.size() > 2) wholes.erase(wholes.begin(), wholes.end() - 2);
    std::vector<Meant> meant;
    for (const Quantity& whole : wholes)
      for (const double times : {share, 1 - share, 1 + share})
        if (whole.value != q.value)
          meant.push_back({times * whole.value, slack_of(whole), percent->written + " and " + whole.written});
    if (!meant.empty()) judge_loosely(scene, "part", q, meant);
  }
}

/// "At an MFU of 41 % each GPU delivers 405 TFLOP/s": a peak that is named times the utilisation.
void Checker::share_of_peak(const Scene& scene) {
  if (scene.row) return;
  std::vector<double> peaks;
  if (const Accelerator* named = named_accelerator(scene)) peaks.push_back(named->peak_flops);
  for (const Known& k : accelerators_)
    if (!k.q.utilisation && std::find(peaks.begin(), peaks.end(), k.q.value) == peaks.end()) peaks.push_back(k.q.value);
  if (peaks.size() > 3) peaks.erase(peaks.begin(), peaks.end() - 3);
  for (const Quantity& u : scene.numbers)
    for (const Quantity& rate : scene.numbers) {
      if (u.kind != Kind::percent || !u.utilisation || rate.kind != Kind::rate || rate.value < 1e12 || rate.value > 1e16)
        continue;
      if (std::any_of(peaks.begin(), peaks.end(), [&](double p) { return std::abs(rate.value / p - 1) < .03; })) continue;
      const Quantity& claim = rate.begin > u.begin ? rate : u;
      std::vector<Meant> meant;
      for (const double peak : peaks)
        meant.push_back({&claim == &rate ? peak * u.value / 100 : 100 * rate.value / peak,
                         slack_of(&claim == &rate ? u : rate) + .002,
                         &claim == &rate ? u.written + " of " + short_number(peak) + " FLOP/s"
                                         : rate.written + " / " + short_number(peak) + " FLOP/s"});
      for (const Quantity& n : scene.numbers)  // of all of them
        if (n.kind == Kind::devices && n.value > 1)
          for (std::size_t k = 0, all = meant.size(); k < all; ++k)
            meant.push_back(
                {meant[k].value * (&claim == &rate ? n.value : 1 / n.value), meant[k].slack, meant[k].how + ", " + n.written});
      const std::size_t from = std::min(end_of(u), end_of(rate)), until = std::max(u.begin, rate.begin);
      const bool beside = until <= from + 40 && std::count_if(scene.numbers.begin(), scene.numbers.end(), [](const Quantity& x) {
                                                  return x.kind == Kind::percent && x.utilisation;
                                                }) == 1;
      judge_loosely(scene, "mfu", claim, meant, beside && named_accelerator(scene) != nullptr);
    }
}

/// "64 servers at $285,000, $18,240,000": so many at a price each.
void Checker::priced_counts(const Scene& scene) {
  for (std::size_t i = 0; i + 2 < scene.numbers.size(); ++i) {
    const Quantity &count = scene.numbers[i], &price = scene.numbers[i + 1], &sum = scene.numbers[i + 2];
    const bool counted =
        (count.kind == Kind::none || count.kind == Kind::devices) && count.exact && !count.suffixed && count.raw >= 2;
    if (!counted || !is_money(price.kind) || sum.kind != price.kind || !(sum.value > price.value)) continue;
    const std::string joint =
        scene.text.substr(std::min(end_of(count), price.begin), price.begin - std::min(end_of(count), price.begin));
    if (joint.size() > 40 || !mentions(joint, "at")) continue;
    judge_loosely(scene, "cost", sum,
                  {{count.raw * price.value, slack_of(price), short_number(count.raw) + " x " + price.written}}, true);
  }
}

/// A total of the section's sums that comes out but for its digits: "All in all it came to $9,140".
void Checker::sums_by_slips(const Scene& scene) {
  const bool total =
      mentions_any(scene.text, {"all in all", "altogether", "in total", "total", "together", "sum", "brings us to"}) ||
      scene.text.find("合計") != std::string::npos || scene.text.find("総額") != std::string::npos ||
      scene.text.find("合わせ") != std::string::npos;
  if (scene.row || !total) return;
  for (const Quantity& q : scene.numbers) {
    if (!(is_money(q.kind) || q.kind == Kind::device_seconds) || !(q.value > 0)) continue;
    Numbers terms;
    for (const Heard& h : heard_)
      if (h.q.kind == q.kind && h.q.begin >= subject_at_) terms.push_back(h.q);
    for (const Quantity& x : scene.numbers)
      if (x.kind == q.kind && x.begin < q.begin) terms.push_back(x);
    double sum = 0;
    std::vector<Meant> meant;
    for (std::size_t k = terms.size(); k-- > 0 && meant.size() < 8;) {
      sum += terms[k].value;
      if (k + 1 < terms.size())
        meant.push_back({sum, 0, "the sum of the " + format_number(static_cast<std::int64_t>(terms.size() - k)) + " before it"});
    }
    // of few digits a sum is met by chance
    if (q.step <= .011 * q.value && meant.size() > 0) judge_loosely(scene, "total", q, meant);
  }
}

/// "300B tokens, so 11.5 times as many as our 26B": of two numbers of one kind, one of them beside it.
void Checker::times_another(const Scene& scene) {
  if (scene.row) return;
  for (const Quantity& q : scene.numbers) {
    if (q.kind != Kind::factor || !(q.value > 1) || q.counts_passes) continue;
    std::vector<Meant> meant;
    for (const Quantity& own : scene.numbers) {
      const bool bare_compute = own.kind == Kind::none && own.value >= kLeastCompute;  // GPT-3 (3.15e23)
      if ((!adds_up(own.kind) && !bare_compute) || own.value <= 0) continue;
      Numbers others = of_paragraph(scene, bare_compute ? Kind::flops : own.kind, scene.text.size());
      if (bare_compute)
        for (const Heard& h : heard_)
          if (h.paragraph == paragraph_ && h.q.kind == Kind::none && h.q.value >= kLeastCompute) others.push_back(h.q);
      if (others.size() > 3) others.erase(others.begin(), others.end() - 3);
      if (own.kind == Kind::params && own_model_) others.push_back(own_model_->q);
      if (const auto only = only_.find(own.kind); only != only_.end() && only->second) others.push_back(only->second->q);
      for (const Quantity& other : others)
        if (other.value > 0 && std::abs(other.value / own.value - 1) > .02)
          meant.push_back({std::max(own.value / other.value, other.value / own.value), slack_of(own) + slack_of(other),
                           own.written + " and " + other.written});
    }
    if (!meant.empty() && meant.size() <= 8) judge_loosely(scene, "ratio", q, meant);
  }
}

void Checker::by_multiples(const Scene& scene) {
  if (scene.row) return;
  copies(scene);
  power(scene);
  additions(scene);
  share_of_peak(scene);
  priced_counts(scene);
  sums_by_slips(scene);
  times_another(scene);
}

}  // namespace isoflop::plan
