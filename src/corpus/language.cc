#include "corpus/language.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <map>

#include "base/utf8.h"

namespace isoflop::corpus {
namespace {

constexpr std::size_t kLook = std::size_t{64} << 10;

std::uint8_t look_up(char32_t character) {
  const auto c = static_cast<UChar32>(character);
  unsigned found = 0;
  if (::u_isUWhiteSpace(c) != 0) found |= kSpace;
  if (::u_isalpha(c) != 0) found |= kLetter;
  if (::u_isdigit(c) != 0) found |= kDigit;
  if (found == 0 && (::u_ispunct(c) != 0 || (U_GET_GC_MASK(c) & U_GC_S_MASK) != 0)) found |= kPunctuation;
  UErrorCode error = U_ZERO_ERROR;
  switch (::uscript_getScript(c, &error)) {
    case USCRIPT_HIRAGANA:
      return static_cast<std::uint8_t>(found | kHiragana);
    case USCRIPT_KATAKANA:
      return static_cast<std::uint8_t>(found | kKatakana);
    case USCRIPT_HAN:
      return static_cast<std::uint8_t>(found | kHan);
    case USCRIPT_HANGUL:
      return static_cast<std::uint8_t>(found | kHangul);
    default:
      // the long vowel mark belongs to both kana
      return static_cast<std::uint8_t>(character == 0x30FC ? found | kKatakana : found);
  }
}

struct StopWords {
  const char* language;
  std::vector<std::string> words;
};

const std::vector<StopWords>& stop_word_lists() {
  static const std::vector<StopWords> lists{
      {"en", {"and", "be", "have", "of", "that", "the", "to", "with"}},
      {"de", {"das", "der", "die", "ein", "ist", "nicht", "und", "zu"}},
      {"es", {"como", "de", "el", "en", "los", "para", "que", "y"}},
      {"fr", {"dans", "de", "est", "et", "la", "le", "les", "que"}},
      {"it", {"che", "con", "della", "di", "e", "il", "non", "per"}},
      {"nl", {"de", "een", "en", "het", "is", "niet", "op", "van"}},
      {"pt", {"com", "da", "de", "do", "n\xC3\xA3o", "o", "para", "que"}},
  };
  return lists;
}

bool is_code_line(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
  if (line.empty()) return false;
  return line.back() == ';' || line.back() == '{' || line.back() == '}' || line.starts_with("#include") ||
         line.starts_with("//") || line.ends_with("*/") || line.starts_with("import ") || line.ends_with("):");
}

// a quarter of the lines that hold anything end as statements do
bool is_code(std::string_view text) {
  std::int64_t lines = 0, code = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) ++lines;
    if (is_code_line(line)) ++code;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines >= 5 && code * 4 >= lines;
}

// the language whose stop words are the most of the words, if they are one in twenty
std::string by_stop_words(std::string_view text) {
  std::map<std::string_view, std::int64_t> hits;
  std::int64_t words = 0;
  std::string word;
  const auto end_word = [&] {
    if (word.empty()) return;
    ++words;
    for (const StopWords& list : stop_word_lists()) {
      if (std::binary_search(list.words.begin(), list.words.end(), word)) ++hits[list.language];
    }
    word.clear();
  };
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || (c >= 'a' && c <= 'z')) {
      word += c;
    } else if (c >= 'A' && c <= 'Z') {
      word += static_cast<char>(c + 32);
    } else {
      end_word();
    }
  }
  end_word();
  std::string best = "other";
  std::int64_t most = 0;
  for (const StopWords& list : stop_word_lists()) {
    if (hits[list.language] > most) most = hits[list.language], best = list.language;
  }
  return most * 20 >= words ? best : "other";
}

}  // namespace

const std::uint8_t* class_table() {
  static const std::vector<std::uint8_t> table = [] {
    std::vector<std::uint8_t> classes(kClassTable);
    for (char32_t c = 0; c < kClassTable; ++c) classes[c] = look_up(c);
    return classes;
  }();
  return table.data();
}

std::uint8_t class_of(char32_t character) {
  return character < kClassTable ? class_table()[character] : look_up(character);
}

const std::vector<std::string>& known_languages() {
  static const std::vector<std::string> names{"code", "de", "en", "es", "fr", "it", "ja", "nl", "other", "pt", "zh"};
  return names;
}

const std::vector<std::string>& stop_words(std::string_view language) {
  static const std::vector<std::string> none;
  for (const StopWords& list : stop_word_lists()) {
    if (list.language == language) return list.words;
  }
  return none;
}

std::string tell_language(std::string_view text) {
  text = text.substr(0, whole_characters(text, kLook));
  std::int64_t letters = 0, kana = 0, han = 0, latin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_character(text, at);
    const std::uint8_t is = class_of(c);
    if ((is & kLetter) != 0) ++letters;
    if ((is & (kHiragana | kKatakana)) != 0) ++kana;
    if ((is & kHan) != 0) ++han;
    if ((is & kLetter) != 0 && c < 0x250) ++latin;
  }
  if ((kana + han) * 10 >= letters * 3 && letters > 0) return kana * 20 >= kana + han ? "ja" : "zh";
  if (latin * 2 < letters || letters == 0) return "other";
  return is_code(text) ? "code" : by_stop_words(text);
}

std::string language_from(std::string_view name) {
  static const std::vector<std::string_view> programming{
      "asm",     "bash", "c",          "c++",  "cpp",   "cs",     "csharp", "css",   "cuda",       "go",
      "haskell", "java", "javascript", "js",   "julia", "kotlin", "lua",    "perl",  "php",        "py",
      "python",  "r",    "ruby",       "rust", "scala", "shell",  "sql",    "swift", "typescript", "zig"};
  std::string low;
  for (const char c : name) low += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const std::string primary = low.substr(0, low.find_first_of("-_"));
  if (std::binary_search(known_languages().begin(), known_languages().end(), primary)) return primary;
  if (std::binary_search(programming.begin(), programming.end(), std::string_view(low))) return "code";
  return {};
}

}  // namespace isoflop::corpus
