// A product beside its value: 135万円（2名×1.5か月×90万円）, 67,108,864 (4 × 4096²), 2 × 28 × 8 bytes per token. That is 448
// bytes.
#include <algorithm>
#include <cmath>

#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr std::size_t kLongestPiece = 30;  // bytes of words beside a factor

constexpr std::string_view kThatIs[] = {", or",       " or",       ", i.e.",     ", i.e.,",  ", that is", ", that is,",
                                        ", which is", " which is", " =",         "=",        " ~",        "~",
                                        "、すなわち", "すなわち",  ", すなわち", "、つまり", "つまり",    ", つまり"};

bool is_near(double a, double b) {
  return std::abs(a / b - 1) < 1e-9;
}

/// A product whose factors are numbers with words beside them.
struct Product {
  double value = 1;
  std::size_t factors = 0;
  std::vector<double> numbers;
  std::vector<std::string> units;  ///< what stands behind each number
};

bool plain_words(const std::string& s) {
  return s.size() <= kLongestPiece && std::none_of(s.begin(), s.end(), [](char c) {
           return digit(c) || c == '=' || c == '~' || c == '+' || c == '/' || c == '^';
         });
}

/// "1.5か月", "90万円/人月", "4096^2": a number, its power, its unit.
bool read_factor(const std::string& piece, Product& product) {
  const std::size_t begin = piece.find_first_of("0123456789");
  if (begin == std::string::npos || !plain_words(piece.substr(0, begin))) return false;
  if (begin > 0 && letter(piece[begin - 1])) return false;
  const auto number = read_number(piece, begin);
  if (!number || !(number->value > 0)) return false;
  double value = number->value;
  std::size_t end = number->end;
  if (at(piece, end, "^")) {
    const bool brace = at(piece, end + 1, "(");
    const auto power = read_number(piece, end + (brace ? 2 : 1));
    if (!power || !(power->value >= 2 && power->value <= 4)) return false;
    value = std::pow(value, power->value);
    end = power->end + (brace ? 1 : 0);
  }
  std::string unit = piece.substr(std::min(end, piece.size()));
  const std::string behind = unit;
  std::erase(unit, ' ');
  if (const std::size_t per = unit.find('/'); per != std::string::npos) unit.resize(per);  // of 90万円/人月 the 円
  if (!plain_words(unit) || behind.size() > kLongestPiece || behind.find_first_of("0123456789=~+^") != std::string::npos)
    return false;
  product.value *= value;
  product.numbers.push_back(value);
  ++product.factors;
  product.units.push_back(unit);
  return true;
}

std::optional<Product> product_of(const std::string& s) {
  if (s.find("10^") != std::string::npos) return std::nullopt;  // one number
  Product product;
  for (std::size_t from = 0; from <= s.size();) {
    const std::size_t star = std::min(s.find('*', from), s.size());
    if (!read_factor(s.substr(from, star - from), product)) return std::nullopt;
    from = star + 1;
  }
  return product.factors >= 2 ? std::optional(product) : std::nullopt;
}

/// The claim's unit is that of a factor, or none has one; it is no factor itself.
bool same_unit(const Quantity& q, const Product& product) {
  // MBS=2 (8 * 2): of what
  if (std::find(product.numbers.begin(), product.numbers.end(), q.raw) != product.numbers.end()) return false;
  std::string unit = q.unit;
  std::erase(unit, ' ');
  const bool bare = std::all_of(product.units.begin(), product.units.end(), [](const std::string& u) { return u.empty(); });
  if (unit.empty()) return bare;
  return std::any_of(product.units.begin(), product.units.end(),
                     [&](const std::string& u) { return !u.empty() && u.starts_with(unit); });
}

}  // namespace

void Checker::judge_product(const Scene& scene, const Quantity& q, double value, const std::string& written) {
  if (judged(scene, q.value) || judged(scene, q.raw) || !(q.raw > 0)) return;
  current_ = &q;
  borrowed_.clear();
  literal_ = true;
  const double per = q.value / q.raw;
  say(scene, "arithmetic", q.value, value * per, tolerance_of(q), written + " = " + short_number(value) + q.unit, false);
  literal_ = false;
  current_ = nullptr;
}

/// A value before its product in brackets, a product before its value in brackets.
void Checker::products_in_brackets(const Scene& scene) {
  const std::string& s = scene.text;
  for (std::size_t open = s.find('('); open != std::string::npos; open = s.find('(', open + 1)) {
    const std::size_t close = s.find_first_of("()", open + 1);
    if (close == std::string::npos || s[close] == '(') continue;
    // part of an expression
    const std::size_t ahead = open == 0 ? std::string::npos : s.find_last_not_of(' ', open - 1);
    if (ahead != std::string::npos && std::string_view("*/^+-=(").find(s[ahead]) != std::string_view::npos) continue;
    if (const std::size_t next = skip_spaces(s, close + 1);
        next < s.size() && std::string_view("*/^=").find(s[next]) != std::string_view::npos)
      continue;
    std::string inside = s.substr(open + 1, close - open - 1);
    if (const auto product = product_of(inside)) {
      for (const Quantity& q : scene.numbers) {
        const std::size_t end = std::max(q.end, q.number_end);
        if (end <= open && open - end <= 1 && same_unit(q, *product)) judge_product(scene, q, product->value, inside);
      }
      continue;
    }
    const std::size_t start = s.find_last_of(",;:()", open - std::min<std::size_t>(open, 1));
    const std::size_t begin = start == std::string::npos || start >= open ? 0 : start + 1;
    const std::string before = s.substr(begin, open - begin);
    const auto product = before.find('*') == std::string::npos ? std::nullopt : product_of(before);
    for (const Quantity& q : scene.numbers)
      if (product && q.begin == skip_spaces(s, open + 1) && std::max(q.end, q.number_end) == close && same_unit(q, *product))
        judge_product(scene, q, product->value, before);
  }
}

/// Of a row: a cell that is a product, and the number beside it.
void Checker::products_in_cells(const Scene& scene) {
  constexpr double kLong = 1e5;  // a number of so many digits is that of the product
  std::vector<std::string> cells(1);
  for (const char c : normalised(scene.written)) {
    if (c == '|')
      cells.emplace_back();
    else
      cells.back() += c;
  }
  for (std::size_t i = 0; i + 1 < cells.size(); ++i)
    for (const auto& [expression, value] : {std::pair{i, i + 1}, std::pair{i + 1, i}}) {
      const auto product = cells[expression].find('*') == std::string::npos ? std::nullopt : product_of(cells[expression]);
      const auto numbers = quantities(cells[value]);
      if (!product || numbers.size() != 1 || !numbers[0].exact || numbers[0].raw < kLong || product->value < kLong) continue;
      Quantity q = numbers[0];
      if (same_unit(q, *product)) judge_product(scene, q, product->value, cells[expression]);
    }
}

/// "KV cache: 2 × 28 × 8 × 128 × 2 bytes per token. That is 115 kB." The value stands in the next sentence.
void Checker::product_before(const Scene& scene) {
  const auto counts_bytes = [](const Quantity& q) { return q.kind == Kind::bytes || q.kind == Kind::bytes_per_token; };
  const auto open = std::move(open_product_);
  open_product_.reset();
  if (open && open->paragraph == paragraph_ && scene.numbers.size() == 1 && counts_bytes(scene.numbers[0]))
    judge_product(scene, scene.numbers[0], open->value / (scene.numbers[0].value / scene.numbers[0].raw), open->written);
  const std::size_t colon = scene.text.rfind(':');
  const std::string tail = scene.text.substr(colon == std::string::npos ? 0 : colon + 1);
  if (tail.find('*') == std::string::npos || scene.numbers.empty() || !counts_bytes(scene.numbers.back())) return;
  const auto product = product_of(tail);
  if (product && product->factors >= 3)
    open_product_ = {product->value * scene.numbers.back().value / scene.numbers.back().raw, paragraph_, tail};
}

namespace {

/// "= 5.98e8 s", "~ 1.62e8 s"
bool is_result(const std::string& s, const Quantity& q) {
  const std::size_t before = q.begin == 0 ? std::string::npos : s.find_last_not_of(' ', q.begin - 1);
  return before != std::string::npos && (s[before] == '=' || s[before] == '~');
}

}  // namespace

/// 188.5 hours, that is 15.7 days: one value in two units.
void Checker::restatements(const Scene& scene) {
  for (std::size_t i = 0; i + 1 < scene.numbers.size(); ++i) {
    const Quantity &first = scene.numbers[i], &second = scene.numbers[i + 1];
    const bool kind = first.kind == Kind::seconds || first.kind == Kind::watt_hours;
    const std::size_t end = std::max(first.end, first.number_end);
    // "= 5.98e8 s, which is 166,000 GPU-hours": of one device
    const bool one_device =
        second.kind == Kind::device_seconds && first.kind == Kind::seconds && first.value == first.raw && first.value >= 1e5 &&
        is_result(scene.text, first) &&
        std::none_of(scene.numbers.begin(), scene.numbers.end(), [](const Quantity& q) { return q.kind == Kind::devices; });
    if (!kind || (first.kind != second.kind && !one_device) || second.begin < end || judged(scene, second.value)) continue;
    if (is_factor(scene, first) || is_factor(scene, second)) continue;
    if (is_near(first.value / first.raw, second.value / second.raw)) continue;
    std::string joint = scene.text.substr(end, second.begin - end);
    for (std::size_t k = joint.find("  "); k != std::string::npos; k = joint.find("  ")) joint.erase(k, 1);
    const auto strip = [&] {
      while (!joint.empty() && joint.back() == ' ') joint.pop_back();
    };
    strip();
    for (const std::string_view about : {"約", "およそ", " about", " roughly", "~", " some"})
      if (joint.size() > about.size() && joint.ends_with(about)) joint.resize(joint.size() - about.size());
    strip();
    const std::size_t behind = skip_spaces(scene.text, std::max(second.end, second.number_end));
    const bool bracket = (joint == "(" || joint == " (") && at(scene.text, behind, ")");
    const bool said = std::any_of(std::begin(kThatIs), std::end(kThatIs), [&](std::string_view word) { return joint == word; });
    if (!bracket && !said) continue;
    current_ = &second;
    borrowed_.clear();
    literal_ = true;
    say(scene, first.kind == Kind::seconds ? "duration" : "arithmetic", second.value, first.value,
        tolerance_of(second) + first.step / first.value / 2,
        first.written + " = " + short_number(second.raw * first.value / second.value) + second.unit, false);
    literal_ = false;
    current_ = nullptr;
  }
}

void Checker::beside(const Scene& scene) {
  if (scene.row) return products_in_cells(scene);
  restatements(scene);
  products_in_brackets(scene);
  product_before(scene);
}

}  // namespace isoflop::plan
