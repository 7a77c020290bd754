#include "plan/claims_arithmetic.h"

#include <algorithm>

#include "plan/claims_reader.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr std::string_view kSeparators[] = {
    "=",        "~",           "→",          "は約",     " is about ",     " is roughly ", " is approximately ",
    " equals ", " gives ",     " comes to ", " yields ", " works out to ", " or about ",   " or roughly ",
    "で",       "で約",        ", およそ",   "で, ",     ", 約",           ", about ",     " is ",
    ", つまり", ", i.e. ",     " holds ",    " hold ",   " makes ",        " make ",       " are ",
    " totals ", " amounts to "};

}  // namespace

std::vector<Segment> segments(const std::string& s) {
  std::vector<Segment> all;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < s.size();) {
    std::size_t length = 0;
    for (const std::string_view word : kSeparators)
      if (at(s, i, word)) length = std::max(length, word.size());
    if (length == 1 && s[i] == '=' && i > 0 && (s[i - 1] == '<' || s[i - 1] == '>' || s[i - 1] == '!')) length = 0;
    if (length == 0) {
      ++i;
      continue;
    }
    if (i > begin || !all.empty() || i == 0) all.push_back({begin, i});
    i += length;
    while (i < s.size() && (s[i] == ' ' || s[i] == '=' || s[i] == '~')) ++i;  // "= ~"
    begin = i;
  }
  all.push_back({begin, s.size()});
  return all;
}

namespace {

/// The longest expression that ends the segment.
std::optional<Value> suffix_expression(const std::string& s, Segment g) {
  while (g.end > g.begin && (s[g.end - 1] == ' ' || s[g.end - 1] == '(' || s[g.end - 1] == ',')) --g.end;
  for (std::size_t i = g.begin; i < g.end; ++i) {
    const bool starts = digit(s[i]) || s[i] == '(' || at(s, i, "sqrt") || at(s, i, "ln(") || at(s, i, "ln ") ||
                        at(s, i, "exp(") || (s[i] == '-' && i + 1 < g.end && digit(s[i + 1]));
    if (!starts) continue;
    if (i > g.begin &&
        (letter(s[i - 1]) || digit(s[i - 1]) || s[i - 1] == '.' || s[i - 1] == '^' || s[i - 1] == '_' || s[i - 1] == ')'))
      continue;
    if (i > g.begin && s[i - 1] == '-' && i > g.begin + 1 && s[i - 2] != ' ') continue;
    auto v = read_expression(s, i, g.end);
    if (!v) continue;
    std::size_t rest = v->end;
    while (rest < g.end && (s[rest] == ' ' || wide(s[rest]) || letter(s[rest]))) ++rest;  // words after it
    if (rest != g.end || g.end - v->end > 24) continue;
    if (v->operators == 0 && s.find_first_not_of(' ', v->end) < g.end) continue;  // 2 s tasks in ~9 s
    // an operator before it would make it a part of something that was not understood
    std::size_t before = i;
    while (before > g.begin && s[before - 1] == ' ') --before;
    if (before > g.begin && (s[before - 1] == '*' || s[before - 1] == '/' || s[before - 1] == '^')) return std::nullopt;
    v->begin = i;
    return v;
  }
  return std::nullopt;
}

/// = 953,180,700 params * 18 bytes: a word, and more of a product.
bool goes_on(const std::string& s, std::size_t from, std::size_t until) {
  std::size_t i = skip_spaces(s, from);
  while (i < until && (letter(s[i]) || s[i] == '_')) ++i;
  i = skip_spaces(s, i);
  return i < until && (s[i] == '*' || s[i] == '/') && i + 1 < until && (s[i + 1] == ' ' || digit(s[i + 1]));
}

/// The expression that begins the segment, after 約 and the like.
std::optional<Value> prefix_expression(const std::string& s, Segment g) {
  std::size_t i = g.begin;
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view word :
         {" ", "約", "およそ", "about ", "approximately ", "roughly ", "around ", "~", "=", "$", "some ", "only "})
      if (i < g.end && at(s, i, word)) {
        i += word.size();
        again = true;
      }
  }
  auto v = read_expression(s, i, g.end);
  if (v) v->begin = i;
  return v;
}

}  // namespace

std::optional<Value> read_expression(const std::string& s, std::size_t from, std::size_t until) {
  auto v = Reader(s, from, until, nullptr).read();
  if (v) v->begin = from;
  return v;
}

std::vector<Equality> equalities(const std::string& s, std::optional<Value>& carried) {
  std::vector<Equality> all;
  const auto parts = segments(s);
  const bool in_turn = mentions_any(s, {"respectively", "順に", "それぞれ"});  // 5 h and 57 h are of two
  std::optional<Value> last;
  std::string last_text;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    std::optional<Value> left = last;
    std::string left_text = last_text;
    const std::size_t first = s.find_first_not_of(' ');
    if (k == 1 && parts[0].end <= first && (s[first] == '=' || s[first] == '~') && carried) {
      left = carried;  // a line that begins with = goes on with the one before
      left_text = "the value above";
    }
    const auto right = k == 0 ? std::nullopt : prefix_expression(s, parts[k]);
    if (k > 0 && !left) {
      left = suffix_expression(s, parts[k - 1]);
      if (left) left_text = s.substr(left->begin, left->end - left->begin);
    }
    if (left && right) {
      const bool same_kind =
          !in_turn && left->unit.kind != Kind::none && left->unit.kind == right->unit.kind && left->operators == 0 &&
          (left->unit.kind == Kind::seconds || left->unit.kind == Kind::device_seconds || left->unit.kind == Kind::flops);
      const bool carried_time = left->operators == 0 && left_text == "the value above" && left->unit.kind == Kind::seconds &&
                                right->unit.kind == Kind::seconds;
      // avg = 13.4 s  min = 12.5 s; every ~3 hours of a ~3-month run: words between are of another
      const std::size_t words = s.find_first_not_of(" )", left->end);
      const bool apart = left->operators == 0 && words < parts[k - 1].end && left_text != "the value above";
      // 48基*4.85日*24時間で5,587時間: a particle joins much else, so only what is of one kind
      const std::string_view sign = std::string_view(s).substr(parts[k - 1].end, parts[k].begin - parts[k - 1].end);
      const bool particle = sign == "で" && left->time == 1;
      if ((left->operators > 0 || (same_kind && !apart) || carried_time) && !(particle && left->operators > 0) &&
          !(sign == "で" && right->unit.kind != Kind::seconds && right->unit.kind != Kind::device_seconds))
        all.push_back({*left, *right, left_text, s.substr(right->begin, right->end - right->begin),
                       s.find("→", parts[k - 1].end) < parts[k].begin, sign.find(',') != std::string_view::npos,
                       goes_on(s, right->end, parts[k].end)});
    }
    last = right;
    last_text = right ? s.substr(right->begin, right->end - right->begin) : "";
    if (k == 0 || !right) {
      last = k + 1 < parts.size() ? suffix_expression(s, parts[k]) : std::nullopt;
      last_text = last ? s.substr(last->begin, last->end - last->begin) : "";
    } else if (right->end < parts[k].end && k + 1 < parts.size()) {
      // the next comparison is with what ends this part
      const auto ending = suffix_expression(s, parts[k]);
      if (ending && ending->operators >= right->operators && ending->begin > right->end) {
        last = ending;
        last_text = s.substr(ending->begin, ending->end - ending->begin);
      } else if (s.find('*', right->end) < parts[k].end) {
        last.reset();  // a product that was not read to its end
      }
    }
    if (right) carried = right;
  }
  if (parts.size() == 1) carried.reset();
  return all;
}

}  // namespace isoflop::plan
