// Measures of a text, and the bounds on them that are usual.
#include "corpus/quality.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "base/utf8.h"
#include "corpus/language.h"
#include "corpus/repetition.h"
#include "corpus/white_space.h"

namespace isoflop {
namespace corpus {
namespace {

constexpr std::int64_t kShortLine = 30;  // characters; FineWeb

bool ends_with_any(std::string_view line, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(), [line](std::string_view ending) { return line.ends_with(ending); });
}

bool is_bullet(std::string_view line) {
  for (const std::string_view mark : {"•", "‣", "▪", "●", "◦", "▶", "・", "- ", "* ", "+ ", "– "}) {
    if (line.starts_with(mark)) return true;
  }
  return false;
}

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Characters and words, and the n-grams of either.
class Words {
 public:
  explicit Words(const std::string& language)
      : unspaced_(is_unspaced(language)), stops_(stop_words(language)), repetition_(unspaced_ ? 2 : 1) {}

  void read(std::string_view text) {
    std::size_t word = 0;  // where it begins
    std::int64_t in_word = 0;
    bool letter = false;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t start = at;
      const char32_t c = next_character(text, at);
      const std::uint8_t is = c < kClassTable ? table_[c] : class_of(c);
      count(c, is);
      if ((is & kSpace) != 0) {
        if (in_word > 0) end_word(text.substr(word, start - word), in_word, letter);
        in_word = 0;
        letter = false;
        continue;
      }
      if (unspaced_) {
        repetition_.add(c, 1);
        continue;
      }
      if (in_word++ == 0) word = start;
      letter = letter || (is & kLetter) != 0;
    }
    if (in_word > 0) end_word(text.substr(word), in_word, letter);
    repetition_.finish();
  }

  void write(Values& values) const {
    const std::int64_t characters = std::accumulate(classes_.begin(), classes_.end(), std::int64_t{0});
    const std::int64_t seen = characters - of(kSpace);
    values[kCharacters] = static_cast<double>(characters);
    values[kLetterShare] = share(of(kLetter), seen);
    values[kDigitShare] = share(of(kDigit), seen);
    values[kReplacementShare] = share(replacements_, characters);
    if (unspaced_) {
      values[kHiraganaShare] = share(of(kHiragana), seen);
      values[kNativeShare] = share(of(kNative) + native_marks_, seen);
    } else {
      values[kWords] = static_cast<double>(words_);
      values[kMeanWordLength] = share(word_characters_, words_);
      values[kSymbolShare] = share(symbols_, words_);
      values[kAlphabeticWords] = share(alphabetic_, words_);
      if (!stops_.empty()) values[kStopWords] = static_cast<double>(std::count(stopped_.begin(), stopped_.end(), true));
    }
    for (std::size_t i = 0; i < Repetition::kTops; ++i) values[kTopNgram + i] = repetition_.top(i);
    for (std::size_t i = 0; i < Repetition::kRepeats; ++i) values[kDuplicateNgram + i] = repetition_.repeated(i);
  }

 private:
  void count(char32_t c, std::uint8_t is) {
    ++classes_[is];
    if (c < 0x80) {
      dots_ = c == '.' ? dots_ + 1 : 0;
      if (c == '#' || dots_ == 3) ++symbols_;
      return;
    }
    dots_ = 0;
    if (c == 0x2026) ++symbols_;
    if (c == 0xFFFD) ++replacements_;
    const bool mark = (c >= 0x3001 && c <= 0x303F) || (c >= 0xFF01 && c <= 0xFF60);
    if (mark && (is & kNative) == 0) ++native_marks_;
  }

  // characters that are any of these
  [[nodiscard]] std::int64_t of(unsigned any) const {
    std::int64_t sum = 0;
    for (unsigned is = 0; is < classes_.size(); ++is) sum += (is & any) != 0 ? classes_[is] : 0;
    return sum;
  }

  void end_word(std::string_view word, std::int64_t characters, bool letter) {
    ++words_;
    word_characters_ += characters;
    if (letter) ++alphabetic_;
    if (word.size() < 12 && !stops_.empty()) look_for_stop_word(word);
    repetition_.add(::XXH3_64bits(word.data(), word.size()), static_cast<std::uint32_t>(characters));
  }

  void look_for_stop_word(std::string_view word) {
    const auto outer = [](char c) {
      return static_cast<signed char>(c) >= 0 && !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
    };
    while (!word.empty() && outer(word.front())) word.remove_prefix(1);
    while (!word.empty() && outer(word.back())) word.remove_suffix(1);
    std::array<char, 12> low{};
    std::transform(word.begin(), word.end(), low.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const std::string_view plain(low.data(), word.size());
    const auto at = std::lower_bound(stops_.begin(), stops_.end(), plain);
    if (at != stops_.end() && *at == plain) stopped_[static_cast<std::size_t>(at - stops_.begin())] = true;
  }

  bool unspaced_;
  const std::vector<std::string>& stops_;
  std::array<bool, 16> stopped_{};
  Repetition repetition_;
  static constexpr unsigned kNative = kHiragana | kKatakana | kHan;
  const std::uint8_t* table_ = class_table();
  std::array<std::int64_t, 256> classes_{};
  std::int64_t native_marks_ = 0, replacements_ = 0;
  std::int64_t words_ = 0, word_characters_ = 0, alphabetic_ = 0, symbols_ = 0, dots_ = 0;
};

// parts of a text, each with its characters, and how many stood before
struct Parts {
  std::int64_t count = 0, characters = 0, repeated = 0, repeated_characters = 0;
  void add(std::string_view part, std::int64_t size, HashSet& seen) {
    ++count;
    characters += size;
    if (seen.insert(::XXH3_64bits(part.data(), part.size()))) return;
    ++repeated;
    repeated_characters += size;
  }
};

void measure_lines(std::string_view text, Values& values) {
  HashSet seen;
  seen.clear(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  Parts lines;
  std::int64_t bullets = 0, ellipses = 0, terminal = 0, short_lines = 0, longest = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const std::int64_t size = count_characters(line);
    lines.add(line, size, seen);
    longest = std::max(longest, size);
    if (is_bullet(line)) ++bullets;
    if (ends_with_any(line, {"...", "…"})) ++ellipses;
    if (ends_with_any(line, {".", "!", "?", "\"", "'", "”", "’", "…", "。", "！", "？", "」", "』", "）", ")"})) ++terminal;
    if (size < kShortLine) ++short_lines;
  }
  values[kLines] = static_cast<double>(lines.count);
  values[kBulletLines] = share(bullets, lines.count);
  values[kEllipsisLines] = share(ellipses, lines.count);
  values[kTerminalLines] = share(terminal, lines.count);
  values[kShortLines] = share(short_lines, lines.count);
  values[kMeanLineLength] = share(lines.characters, lines.count);
  values[kLongestLine] = static_cast<double>(longest);
  values[kDuplicateLines] = share(lines.repeated, lines.count);
  values[kDuplicateLineCharacters] = share(lines.repeated_characters, lines.characters);
}

void measure_paragraphs(std::string_view text, Values& values) {
  std::size_t breaks = 1;
  for (std::size_t at = text.find("\n\n"); at != std::string_view::npos; at = text.find("\n\n", at + 2)) ++breaks;
  HashSet seen;
  seen.clear(breaks);
  Parts paragraphs;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    const std::string_view paragraph = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 2, text.size()));
    if (!paragraph.empty()) paragraphs.add(paragraph, count_characters(paragraph), seen);
  }
  values[kDuplicateParagraphs] = share(paragraphs.repeated, paragraphs.count);
  values[kDuplicateParagraphCharacters] = share(paragraphs.repeated_characters, paragraphs.characters);
}

// the words in any case of letters, as C4 looks for them
bool speaks_lorem_ipsum(std::string_view text) {
  constexpr std::string_view kPhrase = "lorem ipsum";
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  return std::search(text.begin(), text.end(), kPhrase.begin(), kPhrase.end(), same) != text.end();
}

}  // namespace

const std::array<QualityMeasure, kMeasures>& measure_table() {
  static const std::array<QualityMeasure, kMeasures> table{{
      {"characters", "code points", "Swallow"},
      {"words", "words", "Gopher"},
      {"lines", "lines that are not empty", "FineWeb"},
      {"mean_word_length", "characters of a word, mean", "Gopher"},
      {"symbol_share", "# and ellipses per word", "Gopher"},
      {"alphabetic_words", "share of words with a letter", "Gopher"},
      {"stop_words", "different stop words of the language's eight", "Gopher"},
      {"bullet_lines", "share of lines that begin with a bullet", "Gopher"},
      {"ellipsis_lines", "share of lines that end in an ellipsis", "Gopher"},
      {"terminal_lines", "share of lines that end in punctuation", "C4, FineWeb"},
      {"short_lines", "share of lines below 30 characters", "FineWeb"},
      {"mean_line_length", "characters of a line, mean", "Codex"},
      {"longest_line", "characters of the longest line", "Codex"},
      {"letter_share", "share of letters among what is not space", "Codex"},
      {"digit_share", "share of digits among what is not space", "Codex"},
      {"replacement_share", "share of U+FFFD, which broken bytes become", ""},
      {"hiragana_share", "share of hiragana among what is not space; unspaced languages", "Swallow"},
      {"native_share", "share of kana, Han and their punctuation; unspaced languages", "Swallow"},
      {"lorem_ipsum", "1 where the text says `lorem ipsum`", "C4"},
      {"duplicate_lines", "share of lines that stood before", "Gopher"},
      {"duplicate_line_characters", "the same, of characters", "Gopher"},
      {"duplicate_paragraphs", "share of paragraphs that stood before", "Gopher"},
      {"duplicate_paragraph_characters", "the same, of characters", "Gopher"},
      {"top_2gram", "share of characters in the commonest 2-gram", "Gopher"},
      {"top_3gram", "share of characters in the commonest 3-gram", "Gopher"},
      {"top_4gram", "share of characters in the commonest 4-gram", "Gopher"},
      {"duplicate_5gram", "share of characters in 5-grams that stood before", "Gopher"},
      {"duplicate_6gram", "the same of 6-grams", "Gopher"},
      {"duplicate_7gram", "the same of 7-grams", "Gopher"},
      {"duplicate_8gram", "the same of 8-grams", "Gopher"},
      {"duplicate_9gram", "the same of 9-grams", "Gopher"},
      {"duplicate_10gram", "the same of 10-grams", "Gopher"},
  }};
  return table;
}

}  // namespace corpus

const std::vector<QualityMeasure>& quality_measures() {
  static const std::vector<QualityMeasure> measures(corpus::measure_table().begin(), corpus::measure_table().end());
  return measures;
}

TextQuality measure_text(std::string_view text, const std::string& language) {
  TextQuality quality;
  quality.language = language.empty() ? corpus::tell_language(text) : language;
  quality.values.resize(corpus::kMeasures);
  corpus::Words words(quality.language);
  words.read(text);
  words.write(quality.values);
  corpus::measure_lines(text, quality.values);
  corpus::measure_paragraphs(text, quality.values);
  quality.values[corpus::kLoremIpsum] = corpus::speaks_lorem_ipsum(text) ? 1 : 0;
  return quality;
}

}  // namespace isoflop
