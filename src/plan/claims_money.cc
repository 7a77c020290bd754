// Money that is neither dollars nor yen.
#include <initializer_list>
#include <utility>

#include "plan/claims_text.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr std::pair<std::string_view, std::string_view> kMoney[] = {{"€", "$"},           {"£", "$"},         {"ユーロ", "ドル"},
                                                                    {"EUR", "USD"},       {"GBP", "USD"},     {"CHF", "USD"},
                                                                    {"euros", "dollars"}, {"euro", "dollars"}};

bool holds(std::string_view text, std::string_view word) {
  for (std::size_t i = text.find(word); i != std::string_view::npos; i = text.find(word, i + 1)) {
    const bool worded = letter(word.front());
    const bool begins = i == 0 || !letter(text[i - 1]), ends = i + word.size() >= text.size() || !letter(text[i + word.size()]);
    if (!worded || (begins && ends)) return true;
  }
  return false;
}

}  // namespace

bool counts_in_other_money(std::string_view text) {
  for (std::size_t i = text.find('$'); i < text.size(); i = text.find('$', i + 1))
    if (i + 1 < text.size() && digit(text[i + 1])) return false;
  for (const std::string_view word : {"USD", "US$", "dollar", "dollars", "ドル", "円", "JPY", "yen", "¥"})
    if (holds(text, word)) return false;
  const auto kinds = [&](std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words)
      if (holds(text, word)) return 1;
    return 0;
  };
  return kinds({"€", "EUR", "euros", "euro", "ユーロ"}) + kinds({"£", "GBP"}) + kinds({"CHF"}) == 1;
}

std::string as_dollars(std::string line) {
  for (const auto& [from, to] : kMoney)
    for (std::size_t i = line.find(from); i != std::string::npos; i = line.find(from, i + to.size())) {
      const bool inside = letter(from.front()) &&
                          ((i > 0 && letter(line[i - 1])) || (i + from.size() < line.size() && letter(line[i + from.size()])));
      if (!inside) line.replace(i, from.size(), to);
    }
  // 20 € is $20
  for (std::size_t i = line.find(" $"); i != std::string::npos; i = line.find(" $", i + 1)) {
    const bool behind = i > 0 && digit(line[i - 1]) && (i + 2 >= line.size() || !digit(line[i + 2]));
    if (behind) line.replace(i, 2, " dollars");
  }
  return line;
}

}  // namespace isoflop::plan
