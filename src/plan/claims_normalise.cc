// Typography, LaTeX and Markdown to plain operators, and lines to sentences.
#include <algorithm>
#include <iterator>
#include <utility>

#include "plan/claims_text.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

void replace_all(std::string& s, std::string_view from, std::string_view to) {
  std::size_t i = s.find(from);
  if (i == std::string::npos) return;
  std::string out;
  std::size_t begin = 0;
  for (; i != std::string::npos; i = s.find(from, begin)) {
    out.append(s, begin, i - begin).append(to);
    begin = i + from.size();
  }
  s = out.append(s, begin);
}

/// The end of the braces that open at `i`.
std::size_t closing(const std::string& s, std::size_t i) {
  int depth = 0;
  for (std::size_t k = i; k < s.size(); ++k) {
    if (s[k] == '{') ++depth;
    if (s[k] == '}' && --depth == 0) return k;
  }
  return std::string::npos;
}

/// \frac{a}{b}, \sqrt{a}, \text{a}, a^{b}; the innermost are reached as the loop goes on.
std::string without_latex(std::string s) {
  for (std::size_t guard = 0; guard < 200; ++guard) {
    const std::size_t frac = std::min(s.find("\\frac{"), s.find("\\dfrac{"));
    if (frac == std::string::npos) break;
    const std::size_t open = s.find('{', frac), end = closing(s, open);
    if (end == std::string::npos || end + 1 >= s.size() || s[end + 1] != '{') break;
    const std::size_t last = closing(s, end + 1);
    if (last == std::string::npos) break;
    s = s.substr(0, frac) + "((" + s.substr(open + 1, end - open - 1) + ")/(" + s.substr(end + 2, last - end - 2) + "))" +
        s.substr(last + 1);
  }
  const auto unwrap = [&](std::string_view command, std::string_view before, std::string_view after) {
    for (std::size_t guard = 0; guard < 200; ++guard) {
      const std::size_t i = s.find(command);
      if (i == std::string::npos) return;
      const std::size_t open = i + command.size() - 1, end = closing(s, open);
      if (end == std::string::npos) return;
      s = s.substr(0, i) + std::string(before) + s.substr(open + 1, end - open - 1) + std::string(after) + s.substr(end + 1);
    }
  };
  unwrap("\\sqrt{", "sqrt(", ")");
  for (const char* text : {"\\text{", "\\mathrm{", "\\mathbf{", "\\textbf{", "\\operatorname{"}) unwrap(text, " ", " ");
  unwrap("^{", "^(", ")");
  unwrap("_{", "_", "");
  static constexpr std::pair<std::string_view, std::string_view> kCommands[] = {
      {"\\times", "*"}, {"\\cdot", "*"}, {"\\approx", "~"}, {"\\simeq", "~"}, {"\\sim", "~"},        {"\\left", ""},
      {"\\right", ""},  {"\\,", " "},    {"\\;", " "},      {"\\ ", " "},     {"\\!", ""},           {"\\quad", " "},
      {"\\%", "%"},     {"\\$", "$"},    {"\\propto", "∝"}, {"\\to", "→"},    {"\\rightarrow", "→"}, {"\\alpha", "α"},
      {"\\beta", "β"},  {"\\div", "/"},  {"{,}", ","},      {"\\geq", "≥"},   {"\\ln", "ln"},        {"\\exp", "exp"}};
  for (const auto& [from, to] : kCommands) replace_all(s, from, to);
  return s;
}

/// Dollar signs of LaTeX go; those of money stay: a number follows, and after it neither an operator nor the closing sign.
std::string without_math_marks(const std::string& s) {
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '$') {
      out += s[i];
      continue;
    }
    std::size_t k = i + 1;
    while (k < s.size() && (digit(s[k]) || s[k] == '.' || s[k] == ',')) ++k;
    const bool number = k > i + 1;
    k = skip_spaces(s, k);
    const char next = k < s.size() ? s[k] : ' ';
    if (!inside && number && std::string_view("^\\{*}_$=~").find(next) == std::string_view::npos && !at(s, k, "×")) {
      out += '$';
    } else {
      inside = !inside;
    }
  }
  return out;
}

struct Fold {
  std::string_view from, to;
};
constexpr Fold kFolds[] = {{"０", "0"},
                           {"１", "1"},
                           {"２", "2"},
                           {"３", "3"},
                           {"４", "4"},
                           {"５", "5"},
                           {"６", "6"},
                           {"７", "7"},
                           {"８", "8"},
                           {"９", "9"},
                           {"．", "."},
                           {"，", ","},
                           {"（", "("},
                           {"）", ")"},
                           {"［", "("},
                           {"］", ")"},
                           {"＋", "+"},
                           {"－", "-"},
                           {"＝", "="},
                           {"％", "%"},
                           {"：", ":"},
                           {"／", "/"},
                           {"＊", "*"},
                           {"＄", "$"},
                           {"　", " "},
                           {"\xC2\xA0", " "},
                           {"×", "*"},
                           {"✕", "*"},
                           {"✖", "*"},
                           {"·", "*"},
                           {"⋅", "*"},
                           {"∙", "*"},
                           {"∗", "*"},
                           {"÷", "/"},
                           {"−", "-"},
                           {"–", "-"},
                           {"‐", "-"},
                           {"‑", "-"},
                           {"—", " - "},
                           {"≈", "~"},
                           {"≒", "~"},
                           {"≃", "~"},
                           {"≅", "~"},
                           {"∼", "~"},
                           {"√", "sqrt"},
                           {"⇒", "→"},
                           {"⟹", "→"},
                           {"->", "→"},
                           {"=>", "→"},
                           {"\xE2\x80\xAF", " "},
                           {"二倍", "2倍"},
                           {"三倍", "3倍"},
                           {"四倍", "4倍"},
                           {"五倍", "5倍"},
                           {"六倍", "6倍"},
                           {"八倍", "8倍"},
                           {"十倍", "10倍"},
                           {"半分", "0.5倍"},
                           {"ヵ月", "ヶ月"},
                           {"か月", "ヶ月"},
                           {"カ月", "ヶ月"},
                           {"ケ月", "ヶ月"},
                           {"数倍", ""},
                           {"パラメーター", "パラメータ"},
                           {"米ドル", "ドル"},
                           {"、", ", "},
                           {"㌦", "ドル"},
                           {" a trillion", " 1 trillion"},
                           {" a billion", " 1 billion"},
                           {" one trillion", " 1 trillion"},
                           {" one billion", " 1 billion"},
                           {" one million", " 1 million"},
                           {" a million", " 1 million"}};

constexpr std::pair<std::string_view, char> kSuperscripts[] = {{"⁰", '0'}, {"¹", '1'}, {"²", '2'}, {"³", '3'}, {"⁴", '4'},
                                                               {"⁵", '5'}, {"⁶", '6'}, {"⁷", '7'}, {"⁸", '8'}, {"⁹", '9'},
                                                               {"⁻", '-'}, {"⁺", '+'}, {"·", '.'}};

/// 10²¹ -> 10^(21)
std::string with_carets(const std::string& s) {
  std::string out;
  bool raised = false;
  for (std::size_t i = 0; i < s.size();) {
    bool found = false;
    for (const auto& [mark, plain] : kSuperscripts) {
      if (plain == '.' || !at(s, i, mark)) continue;
      if (!raised) out += "^(";
      out += plain;
      raised = found = true;
      i += mark.size();
      break;
    }
    if (found) continue;
    if (raised) out += ')';
    raised = false;
    out += s[i++];
  }
  if (raised) out += ')';
  return out;
}

/// 32 layers x 4096 -> 32 layers * 4096; 2割 -> 20%
void signs_of_letters(std::string& s) {
  for (std::size_t i = s.find(" x "); i != std::string::npos; i = s.find(" x ", i + 1))
    if (i + 3 < s.size() && (digit(s[i + 3]) || s[i + 3] == '(')) s[i + 1] = '*';
  static constexpr std::string_view kTenth = "割";
  for (std::size_t i = s.find(kTenth); i != std::string::npos; i = s.find(kTenth, i + 1))
    if (i > 0 && digit(s[i - 1]) && !at(s, i + kTenth.size(), "り") && !at(s, i + kTenth.size(), "当"))
      s.replace(i, kTenth.size(), "0%");
}

/// 倍増 -> 2倍増, where no number says how many times.
void doubled(std::string& s) {
  static constexpr std::string_view kDoubled = "倍増";
  std::string out;
  std::size_t done = 0;
  for (std::size_t i = s.find(kDoubled); i != std::string::npos; i = s.find(kDoubled, i + kDoubled.size())) {
    const std::size_t before = i == 0 ? std::string::npos : s.find_last_not_of(' ', i - 1);
    if (before != std::string::npos && digit(s[before])) continue;
    out.append(s, done, i - done).append("2");
    done = i;
  }
  s = out.append(s, done);
}

/// 10の23乗 -> 10^(23)
void japanese_powers(std::string& s) {
  static constexpr std::string_view kOf = "の", kPower = "乗";
  std::string out;
  std::size_t done = 0;
  for (std::size_t i = s.find(kOf); i != std::string::npos; i = s.find(kOf, i + 1)) {
    std::size_t end = i + kOf.size();
    if (end < s.size() && s[end] == '-') ++end;
    const std::size_t digits = end;
    while (end < s.size() && digit(s[end])) ++end;
    if (i == 0 || !digit(s[i - 1]) || end == digits || !at(s, end, kPower)) continue;
    out.append(s, done, i - done).append("^(").append(s, i + kOf.size(), end - i - kOf.size()).append(")");
    done = end + kPower.size();
  }
  s = out.append(s, done);
}

}  // namespace

std::string normalised(std::string_view line) {
  std::string s(line);
  s = with_carets(s);
  s = without_math_marks(without_latex(std::move(s)));
  for (const Fold& fold : kFolds)
    if (!fold.from.empty()) replace_all(s, fold.from, fold.to);
  doubled(s);
  signs_of_letters(s);
  japanese_powers(s);
  replace_all(s, "CO₂", "CO2");
  for (std::size_t i = s.find("**"); i != std::string::npos; i = s.find("**", i + 1))
    if (i > 0 && i + 2 < s.size() && digit(s[i - 1]) && digit(s[i + 2])) s.replace(i, 2, "^");  // 10**9
  replace_all(s, "**", "");
  replace_all(s, "__", "");
  replace_all(s, "`", "");
  replace_all(s, "\t", " ");
  replace_all(s, "&nbsp;", " ");
  // 280\text{ B} \times 300\text{ B}: one space is enough
  const std::size_t first = std::min(s.find_first_not_of(' '), s.size());
  for (std::size_t i = s.find("  ", first); i != std::string::npos; i = s.find("  ", i)) s.erase(i, 1);
  return s;
}

namespace {

bool ends_abbreviation(const std::string& s) {
  static constexpr std::string_view kAbbreviations[] = {"i.e", "e.g", "et al",  "Fig",  "Tab", "Sec",
                                                        "vs",  "cf",  "approx", "resp", "No"};
  return std::any_of(std::begin(kAbbreviations), std::end(kAbbreviations), [&](std::string_view word) {
    return s.ends_with(word) && (s.size() == word.size() || !letter(s[s.size() - word.size() - 1]));
  });
}

}  // namespace

std::vector<std::string> sentences(const std::string& line) {
  std::vector<std::string> all;
  std::string one;
  const auto push = [&] {
    if (one.find_first_not_of(' ') != std::string::npos) all.push_back(one);
    one.clear();
  };
  for (std::size_t i = 0; i < line.size();) {
    if (at(line, i, "。") || at(line, i, "；") || at(line, i, "！")) {
      push();
      i += 3;
    } else if (line[i] == ';' || ((line[i] == '.' || line[i] == '?' || line[i] == '!') && i + 1 < line.size() &&
                                  line[i + 1] == ' ' && !(line[i] == '.' && ends_abbreviation(one)))) {
      if (line[i] == '?') one += '?';  // it claims nothing
      push();
      ++i;
    } else {
      one += line[i++];
    }
  }
  push();
  return all;
}

}  // namespace isoflop::plan
