// Whether a text has a word, and what it speaks of by its words.
#include <algorithm>

#include "plan/claims_text.h"
#include "plan/claims_words.h"

namespace isoflop::plan {

std::size_t find_word(const std::string& s, std::string_view word, std::size_t from) {
  if (word.empty()) return std::string::npos;
  for (std::size_t i = from; i + word.size() <= s.size(); ++i) {
    if (lower(s[i]) != lower(word[0])) continue;
    const bool single = word.size() == 1;  // N, D, C: capitals only
    if (single && s[i] != word[0]) continue;
    if (letter(word[0]) && i > 0 && (letter(s[i - 1]) || s[i - 1] == '_' || (single && digit(s[i - 1])))) continue;
    if (single && i + 1 < s.size() && (s[i + 1] == '_' || digit(s[i + 1]))) continue;
    if (word_at(s, i, word)) return i;
  }
  return std::string::npos;
}

bool mentions(const std::string& s, std::string_view word) {
  return find_word(s, word) != std::string::npos;
}

bool mentions_any(const std::string& s, const std::vector<std::string_view>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return mentions(s, word); });
}

bool is_extra(const std::string& s, const Quantity& q) {
  constexpr std::size_t kNear = 16;
  const std::size_t from = q.begin > kNear ? q.begin - kNear : 0;
  return mentions_any(s.substr(from, q.begin - from),
                      {"plus", "another", "additional", "extra", "added", "of which", "さらに", "加えて", "別に", "うち"});
}

bool mentions_other_costs(const std::string& s) {
  return mentions_any(s, {"storage", "disk", "egress", "transfer", "network", "salary", "salaries", "staff", "licence", "license",
                          "annotation", "copying", "保存", "ストレージ", "人件費", "通信費", "委託", "旅費", "謝金"});
}

bool mentions_budget(const std::string& s) {
  return mentions_any(s, {"budget", "grant", "limit", "cap", "ceiling", "予算", "上限", "助成"});
}

bool is_japanese(const std::string& text) {
  std::size_t wide = 0, narrow = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0xE3 && c <= 0xE9) ++wide;
    if (letter(text[i])) ++narrow;
  }
  return wide > 20 && wide * 4 >= narrow;
}

}  // namespace isoflop::plan
