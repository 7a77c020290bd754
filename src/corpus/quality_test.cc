// Measures of a text's quality: counts done by hand, and the n-grams by a second, plain way.
#include "corpus/quality.h"

#include <map>
#include <set>
#include <sstream>

#include "base/random.h"
#include "corpus/language.h"
#include "corpus/repetition.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

using testing::HasSubstr;

double value_of(const TextQuality& quality, const std::string& name) {
  const std::optional<double>& value = quality.values.at(measure_index(name));
  EXPECT_TRUE(value) << name;
  return value.value_or(-1);
}

TEST(Quality, CountsWordsAndLines) {
  const TextQuality quality = measure_text("The cat # and the dog...\n\n- 12 to 7\nThe end…\nThe end…\n", "en");
  EXPECT_EQ(value_of(quality, "words"), 14);
  EXPECT_EQ(value_of(quality, "lines"), 4);
  EXPECT_EQ(value_of(quality, "symbol_share"), 4.0 / 14) << "#, ... and twice …";
  EXPECT_EQ(value_of(quality, "alphabetic_words"), 10.0 / 14);
  EXPECT_EQ(value_of(quality, "stop_words"), 3) << "the, and, to";
  EXPECT_EQ(value_of(quality, "bullet_lines"), 0.25);
  EXPECT_EQ(value_of(quality, "ellipsis_lines"), 0.75);
  EXPECT_EQ(value_of(quality, "terminal_lines"), 0.75);
  EXPECT_EQ(value_of(quality, "duplicate_lines"), 0.25);
  EXPECT_EQ(value_of(quality, "duplicate_line_characters"), 8.0 / (24 + 9 + 8 + 8));
  EXPECT_EQ(value_of(quality, "longest_line"), 24);
}

TEST(Quality, CountsParagraphs) {
  const TextQuality quality = measure_text("one\ntwo\n\nthree\n\none\ntwo\n\nthree", "en");
  EXPECT_EQ(value_of(quality, "duplicate_paragraphs"), 0.5);
  EXPECT_EQ(value_of(quality, "duplicate_paragraph_characters"), 0.5);
}

TEST(Quality, OfJapaneseIsCountedInCharacters) {
  const TextQuality quality = measure_text("親譲りのABC。\nナイフ", "ja");
  EXPECT_EQ(value_of(quality, "characters"), 12);
  EXPECT_EQ(value_of(quality, "hiragana_share"), 2.0 / 11);
  EXPECT_EQ(value_of(quality, "native_share"), 8.0 / 11);
  EXPECT_FALSE(quality.values[kWords]);
  EXPECT_FALSE(quality.values[kMeanWordLength]);
}

TEST(Quality, TheCommonestTwoGramIsCountedWithAllItsPlaces) {
  // "go on" three times of 12 words of 2 characters
  const TextQuality quality = measure_text("go on aa go on bb go on cc dd ee ff", "en");
  EXPECT_EQ(value_of(quality, "top_2gram"), 12.0 / 24);
  EXPECT_EQ(value_of(quality, "top_3gram"), 0) << "none stands twice";
}

TEST(Quality, ARepeatedSentenceIsCountedOnceWithoutOverlap) {
  const std::string sentence = "aa bb cc dd ee ff gg hh ii jj ";
  const TextQuality quality = measure_text(sentence + sentence, "en");
  for (const char* name : {"duplicate_5gram", "duplicate_10gram"}) EXPECT_EQ(value_of(quality, name), 0.5) << name;
  EXPECT_EQ(value_of(quality, "duplicate_6gram"), 12.0 / 40) << "what is left of the sentence is too short for a second";
}

// words from a small vocabulary, so that n-grams come again
std::vector<std::string> random_words(std::uint64_t seed, std::size_t count) {
  const Philox random{.seed = seed};
  std::vector<std::string> words;
  for (std::size_t i = 0; i < count; ++i)
    words.push_back(std::string(1 + random.below(3, i, 0), static_cast<char>('a' + random.below(3, i, 1))));
  return words;
}

// the definition, with strings and a map
std::pair<double, double> plain_shares(const std::vector<std::string>& words, std::size_t n) {
  double all = 0, repeated = 0;
  for (const std::string& word : words) all += static_cast<double>(word.size());
  std::map<std::string, std::pair<int, double>> grams;
  for (std::size_t i = 0; i + n <= words.size(); ++i) {
    std::string gram;
    double size = 0;
    for (std::size_t j = i; j < i + n; ++j) gram += words[j] + " ", size += static_cast<double>(words[j].size());
    auto& seen = grams[gram];
    ++seen.first;
    seen.second = size;
  }
  int most = 1;
  double longest = 0;
  for (const auto& [gram, seen] : grams) {
    if (seen.first > most) most = seen.first, longest = 0;
    if (seen.first == most && most > 1) longest = std::max(longest, seen.second);
  }
  std::set<std::string> before;
  for (std::size_t i = 0; i + n <= words.size();) {
    std::string gram;
    double size = 0;
    for (std::size_t j = i; j < i + n; ++j) gram += words[j] + " ", size += static_cast<double>(words[j].size());
    if (before.insert(gram).second) {
      ++i;
    } else {
      repeated += size;
      i += n;
    }
  }
  return {std::min(1.0, most * longest / all), repeated / all};
}

TEST(Quality, SharesOfNGramsAgreeWithAPlainCount) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const std::vector<std::string> words = random_words(seed, 3 + 7 * seed);
    std::string text;
    for (const std::string& word : words) text += word + " ";
    const TextQuality quality = measure_text(text, "en");
    for (std::size_t n = 2; n <= 4; ++n) {
      EXPECT_DOUBLE_EQ(*quality.values[kTopNgram + n - 2], plain_shares(words, n).first) << seed << " " << n;
    }
    for (std::size_t n = 5; n <= 10; ++n) {
      EXPECT_DOUBLE_EQ(*quality.values[kDuplicateNgram + n - 5], plain_shares(words, n).second) << seed << " " << n;
    }
  }
}

TEST(Repetition, IsCountedInWindows) {
  Repetition once(1), twice(1);
  const auto add = [](Repetition& to) {
    for (std::size_t i = 0; i < Repetition::kWindow; ++i) to.add(i * 0x9E3779B97F4A7C15 % 1000, 1);
  };
  add(once);
  once.finish();
  add(twice);
  add(twice);
  twice.finish();
  EXPECT_DOUBLE_EQ(once.repeated(0), twice.repeated(0)) << "a second window like the first changes no share";
}

TEST(Languages, AreToldByScriptAndStopWords) {
  EXPECT_EQ(tell_language("It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in "
                          "want of a wife."),
            "en");
  EXPECT_EQ(tell_language("Es war einmal ein König, der hatte eine Tochter, und die war nicht so schön wie das Meer."), "de");
  EXPECT_EQ(
      tell_language("Longtemps, je me suis couché de bonne heure, et la pensée que les livres sont dans le salon est douce."),
      "fr");
  EXPECT_EQ(tell_language("　親譲りの無鉄砲で小供の時から損ばかりしている。"), "ja");
  EXPECT_EQ(tell_language("道可道，非常道。名可名，非常名。無名天地之始；有名萬物之母。"), "zh");
  EXPECT_EQ(tell_language("int main() {\n  int x = 0;\n  x += 1;\n  return x;\n}\n"), "code");
  EXPECT_EQ(tell_language("12 34 56"), "other");
  EXPECT_EQ(tell_language(""), "other");
}

TEST(Languages, AreKnownByTheNamesDocumentsUse) {
  EXPECT_EQ(language_from("en-US"), "en");
  EXPECT_EQ(language_from("JA"), "ja");
  EXPECT_EQ(language_from("c"), "code");
  EXPECT_EQ(language_from("python"), "code");
  EXPECT_EQ(language_from("tlh"), "");
}

TEST(Bounds, AreTheLanguagesWithTheCallersOverThem) {
  const Bounds english = bounds_of("en", {{"words", true, 7.0}, {"top_2gram", false, {}}, {"digit_share", false, 0.3}});
  std::map<std::string, double> values;
  for (const Bounds::Bound& bound : english.bounds) values[bound.name] = bound.value;
  EXPECT_EQ(values.at("min_words"), 7);
  EXPECT_EQ(values.at("max_digit_share"), 0.3);
  EXPECT_EQ(values.at("max_duplicate_lines"), 0.3);
  EXPECT_EQ(values.count("max_top_2gram"), 0U);
  EXPECT_TRUE(std::is_sorted(english.bounds.begin(), english.bounds.end(),
                             [](const auto& a, const auto& b) { return a.measure < b.measure; }));
}

TEST(Bounds, OfAnUnknownMeasureAreRefused) {
  const Error error = error_of([] { (void)bounds_of("en", {{"word", true, 7.0}}); });
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_THAT(error.hint(), HasSubstr("words"));
}

TEST(Bounds, EveryDefaultNamesAMeasureAndNoneStandsTwice) {
  for (const std::string& language : known_languages()) {
    std::set<std::string> names;
    for (const QualityBound& bound : default_bounds(language)) {
      EXPECT_NO_THROW((void)measure_index(bound.measure)) << bound.measure;
      EXPECT_TRUE(names.insert(bound.name()).second) << language << " " << bound.name();
    }
  }
}

}  // namespace
}  // namespace isoflop::corpus
