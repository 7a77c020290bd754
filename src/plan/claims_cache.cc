// Memory by its parts: keys and values of a token, states divided among devices, matrices of a layer.
#include <algorithm>
#include <cmath>

#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

bool speaks_of_cache(const std::string& s) {
  return mentions_any(s, {"KV cache", "KV-cache", "keys and values", "key-value cache"}) ||
         s.find("KV キャッシュ") != std::string::npos || s.find("KVキャッシュ") != std::string::npos;
}

/// The count that a word stands behind ("4 KV heads") or before ("head dimension 128"); 0 without one.
double count_at(const std::string& s, std::initializer_list<std::string_view> behind,
                std::initializer_list<std::string_view> before) {
  for (const std::string_view word : behind)
    for (std::size_t i = find_word(s, word); i != std::string::npos; i = find_word(s, word, i + 1)) {
      std::size_t last = i == 0 ? std::string::npos : s.find_last_not_of(' ', i - 1);
      if (last == std::string::npos || !digit(s[last])) continue;
      std::size_t first = last;
      while (first > 0 && (digit(s[first - 1]) || s[first - 1] == ',')) --first;
      if (const auto n = read_number(s, first); n && n->exact) return n->value;
    }
  for (const std::string_view word : before)
    for (std::size_t i = find_word(s, word); i != std::string::npos; i = find_word(s, word, i + 1)) {
      std::size_t k = i + word.size();
      while (k < s.size() && (s[k] == ' ' || s[k] == ':' || s[k] == '=' || at(s, k, "は"))) k += at(s, k, "は") ? 3 : 1;
      if (const auto n = k < s.size() && digit(s[k]) ? read_number(s, k) : std::nullopt; n && n->exact) return n->value;
    }
  return 0;
}

/// Bytes of a number: "2 bytes", bf16.
double bytes_of_number(const std::string& s) {
  const double stated = count_at(s, {"bytes", "byte", "バイト"}, {});
  if (stated > 0 && stated <= 4) return stated;
  if (mentions_any(s, {"fp32", "float32"})) return 4;
  if (mentions_any(s, {"int8", "fp8", "8 bit", "8-bit"})) return 1;
  return mentions_any(s, {"bf16", "fp16", "bfloat16", "float16"}) ? 2 : 0;
}

}  // namespace

/// 2 x layers x width (or KV heads x head size) x bytes for each token, and times the tokens.
void Checker::key_value_cache(const Scene& scene) {
  const std::string text = paragraph_text_ + " " + scene.text;
  if (scene.row || !speaks_of_cache(text)) return;
  const double layers = count_at(text, {"layers", "層"}, {"層数"});
  const double heads = count_at(text, {"KV heads", "key-value heads"}, {"KV heads", "KV ヘッド", "KVヘッド"});
  const double size = count_at(text, {}, {"head dimension", "head size", "head dim", "ヘッド次元", "ヘッドの次元"});
  const double width = heads > 0 && size > 0 ? heads * size
                       : heads > 0           ? 0
                                   : count_at(text, {"wide", "次元"}, {"width", "hidden size", "d_model", "隠れ次元"});
  const double bytes = bytes_of_number(text);
  if (layers < 1 || width < 32 || bytes == 0) return;
  const double each = 2 * layers * width * bytes;
  for (const Quantity& q : scene.numbers) {
    if ((q.kind != Kind::bytes && q.kind != Kind::bytes_per_token) || q.value < 1024) continue;
    std::vector<Meant> meant{
        {each, 0, "2 x " + short_number(layers) + " layers x " + short_number(width) + " x " + short_number(bytes) + " bytes"}};
    for (const Quantity& t : scene.numbers)
      if ((t.kind == Kind::tokens || t.kind == Kind::other || t.kind == Kind::none) && t.exact && t.raw >= 256 && t.raw <= 2e6)
        meant.push_back({each * t.raw, 0, short_number(t.raw) + " x " + meant[0].how});
    // gigabytes are of a window, kilobytes of a token
    if (q.value > 200 * each) meant.erase(meant.begin());
    if (!meant.empty()) judge_loosely(scene, "memory", q, meant, meant.size() == 1 && q.value < 10 * each && q.value > .1 * each);
  }
}

/// "Sharded over all 64 ranks the 107.8 GB take 1.7 GB on each GPU."
void Checker::sharded(const Scene& scene) {
  const bool divided = mentions_any(scene.text, {"sharded", "sharding", "shard", "split", "divided", "partitioned"}) ||
                       scene.text.find("分割") != std::string::npos || scene.text.find("で割") != std::string::npos;
  const bool over = mentions_any(scene.text, {"over"}) && mentions_any(scene.text, {"each", "per GPU", "per card", "on each"});
  if (scene.row || !(divided || over)) return;
  double ways = count_at(scene.text, {"ranks", "GPUs", "devices", "cards", "枚", "基"}, {});
  if (ways == 0)
    for (const Quantity& q : scene.numbers)
      if (q.kind == Kind::devices) ways = q.value;
  if (ways < 2) return;
  for (const Quantity& q : scene.numbers) {
    if (q.kind != Kind::bytes || judged(scene, q.value) || &q != &scene.numbers.back()) continue;
    std::vector<Meant> meant;
    for (const Quantity& whole : of_paragraph(scene, Kind::bytes, q.begin))
      if (whole.value > q.value && whole.value > 1e8)
        meant.push_back({whole.value / ways, slack_of(whole), whole.written + " / " + short_number(ways)});
    const auto whole_factor = [&](const Meant& m) {
      const double f = std::max(q.value / m.value, m.value / q.value);
      return f > 1.5 && f <= ways && std::abs(f / std::round(f) - 1) < .01 && std::fmod(ways, std::round(f)) == 0;
    };
    const bool right = std::any_of(meant.begin(), meant.end(), [&](const Meant& m) {
      return std::abs(q.value / m.value - 1) <= std::max(tolerance_of(q) + m.slack, kLeastTolerance);
    });
    // divided by some of the ways only
    std::vector<Meant> some;
    std::copy_if(meant.begin(), meant.end(), std::back_inserter(some), whole_factor);
    if (right || some.size() != 1)
      judge_loosely(scene, "memory", q, meant);
    else
      judge_loosely(scene, "memory", q, some, true);
  }
}

/// $4d^2 =$ 6,711万: of a width that the document has.
void Checker::matrices(const Scene& scene) {
  for (const Quantity& q : scene.numbers)
    if (q.kind == Kind::width && q.value >= 32) widths_.insert(q.value);
  const std::string& s = scene.text;
  for (std::size_t i = s.find("d^2"); i != std::string::npos && !scene.row; i = s.find("d^2", i + 1)) {
    std::size_t first = i;
    while (first > 0 && digit(s[first - 1])) --first;
    double times = 0;
    if (const auto n = read_number(s, first); n && n->end == i) times = n->value;
    std::size_t k = skip_spaces(s, i + 3);
    if (times == 0 || (first > 0 && (letter(s[first - 1]) || s[first - 1] == '.')) || !(at(s, k, "=") || at(s, k, "~"))) continue;
    while (k < s.size() && (s[k] == ' ' || s[k] == '=' || s[k] == '~')) ++k;
    const auto claim = std::find_if(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& q) { return q.begin == k; });
    if (claim == scene.numbers.end() || claim->raw < 1e4) continue;
    std::vector<Meant> meant;
    std::vector<Meant> slips;
    for (const double d : widths_) {
      const Meant m{times * d * d, 0, short_number(times) + " x " + short_number(d) + "^2"};
      meant.push_back(m);
      if (std::abs(claim->raw / (d * d) - 1) < .002) slips.push_back(m);  // the factor left out
    }
    const bool right = std::any_of(meant.begin(), meant.end(), [&](const Meant& m) {
      return std::abs(claim->raw / m.value - 1) <= std::max(tolerance_of(*claim), kLeastTolerance);
    });
    judge_loosely(scene, "architecture", *claim, right || slips.empty() ? meant : slips, !right && slips.size() == 1);
  }
}

void Checker::memory_parts(const Scene& scene) {
  key_value_cache(scene);
  sharded(scene);
  matrices(scene);
}

}  // namespace isoflop::plan
