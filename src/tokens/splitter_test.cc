#include "tokens/splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unicode/uchar.h>

#include "base/random.h"
#include "base/testing.h"
#include "base/utf8.h"

namespace isoflop::tokens {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> chunks(const Splitter& splitter, std::string_view text) {
  std::vector<std::string> out;
  splitter.for_each_chunk(text, [&](std::string_view chunk) { out.emplace_back(chunk); });
  return out;
}

constexpr SplitPattern kPatterns[] = {SplitPattern::gpt2, SplitPattern::gpt4, SplitPattern::script};

// the same expression through PCRE2: a group around it is none of the known ones
Splitter by_pcre2(const std::string& pattern) { return {{"(?:" + pattern + ")"}, "test"}; }

class EveryPattern : public testing::TestWithParam<SplitPattern> {
 protected:
  Splitter ours_{GetParam()};
  Splitter pcre2_ = by_pcre2(regex_of(GetParam()));
};
INSTANTIATE_TEST_SUITE_P(Splitter, EveryPattern, testing::ValuesIn(kPatterns),
                         [](const auto& pattern) { return to_string(pattern.param); });

// For every code point the classes that PCRE2 puts it into, one bit each: letter, number, space, Han, Hiragana, Katakana.
std::vector<std::uint8_t> classes_of_pcre2() {
  std::string text;
  for (std::uint32_t value = 0; value < kCodePoints; ++value) {
    if (value < 0xD800 || value >= 0xE000) append_character(text, value);
  }
  std::vector<std::uint8_t> classes(kCodePoints);
  std::uint8_t bit = 1;
  for (const char* expression : {"\\p{L}", "\\p{N}", "\\s", "\\p{Han}", "\\p{Hiragana}", "\\p{Katakana}"}) {
    const Regex regex(expression, "test");
    Regex::Search search(regex);
    for (std::size_t from = 0, begin = 0, end = 0; search.next(text, from, begin, end); from = end) {
      const std::uint32_t value = first_code_point(std::string_view(text).substr(begin)).value;
      classes[value] = static_cast<std::uint8_t>(classes[value] | bit);
    }
    bit = static_cast<std::uint8_t>(bit * 2);
  }
  return classes;
}

// False for code points that PCRE2's older Unicode does not know, and U+180E, which it calls space against White_Space.
bool known_alike(std::uint32_t value) {
  static const std::vector<std::uint8_t> pcre2 = classes_of_pcre2();
  const auto is = [&](int bit) { return (pcre2[value] >> bit & 1) != 0; };
  const std::uint8_t both = char_classes()[value];
  const auto general = static_cast<CharClass>(both & 15), script = static_cast<CharClass>(both >> 4);
  const bool sound_mark = value == 0x30FC || value == 0xFF70;
  return is(0) == (general == CharClass::letter) && is(1) == (general == CharClass::number) &&
         is(2) == (general == CharClass::space || general == CharClass::newline) && is(3) == (script == CharClass::han) &&
         is(4) == (script == CharClass::hiragana) && (is(5) || sound_mark) == (script == CharClass::katakana);
}

TEST(CharClasses, AreThoseOfPcre2ForEveryCodePointThatBothKnow) {
  std::int64_t apart = 0;
  for (std::uint32_t value = 0; value < kCodePoints; ++value) {
    if ((value >= 0xD800 && value < 0xE000) || known_alike(value)) continue;
    ++apart;
    UVersionInfo age;
    u_charAge(static_cast<UChar32>(value), age);
    EXPECT_TRUE(value == 0x180E || age[0] >= 15) << std::hex << value;  // Unicode 15: newer than PCRE2 10.42
  }
  EXPECT_LT(apart, 15'000);
}

TEST_P(EveryPattern, CutsTextAsItsExpressionDoes) {
  for (const std::string text : {"",
                                 " ",
                                 "  ",
                                 "\n",
                                 "\n\n",
                                 " \n ",
                                 "a",
                                 " a",
                                 "  a",
                                 "a ",
                                 "a  ",
                                 "don't",
                                 "DON'T",
                                 "I'll we've they're I'm he'd x's",
                                 "'",
                                 "''s",
                                 "'sabc",
                                 "'LLama",
                                 "'\xC5\xBF x",
                                 "12345678",
                                 " 123",
                                 "1,234.5",
                                 "a1b2",
                                 "...\n\n\n",
                                 " ...\r\n x",
                                 "\t\tif (x) {\n\t}\n",
                                 "a\u3000b\u3000\u3000c",
                                 "x\u00A0\u00A0y",
                                 "x \u2028 y",
                                 "caf\u00E9 \u00DCber",
                                 "e\u0301e",
                                 "\U0001F600\U0001F600 hi",
                                 "\u0661\u0662\u0663\u0664",
                                 "吾輩は猫である。名前はまだ無い。",
                                 "コーヒーとｺｰﾋｰを飲む",
                                 "第二〇一章　二〇二六年",
                                 "東京タワー333m, 渋谷109",
                                 "㋐㋑カ",
                                 "々〆ヶ月",
                                 "a\vb\fc",
                                 "x\r\ny",
                                 "\r\n\r\n",
                                 "  \n  x",
                                 "x\n  ",
                                 "x  \n"}) {
    EXPECT_EQ(chunks(ours_, text), chunks(pcre2_, text)) << text;
  }
}

TEST_P(EveryPattern, CutsRandomUnicodeAsItsExpressionDoes) {
  // many of what patterns tell apart, some of everything
  static const std::string kLikely[] = {" ",  " ",  "\n", "\r", "\t", "'",      "'s",     "'ll",        "'RE", "a",  "Z",
                                        "é",  "1",  "٣",  ".",  "-",  "\u3000", "\u00A0", "漢",         "字",  "〇", "あ",
                                        "ん", "カ", "ー", "ｰ",  "㋐", "。",     "\u0301", "\U0001F600", "ſ",   "ب",  "한"};
  const Philox random{5, Stream::simulate};
  for (std::uint64_t round = 0; round < 4'000; ++round) {
    std::string text;
    for (std::uint32_t i = 0, length = 1 + static_cast<std::uint32_t>(random.below(40, round)); i < length; ++i) {
      const std::uint64_t pick = random.below(std::size(kLikely) + 6, round, 3 * i + 1);
      if (pick < std::size(kLikely)) {
        text += kLikely[pick];
        continue;
      }
      const auto value = static_cast<std::uint32_t>(random.below(pick % 2 == 0 ? 0x3000 : kCodePoints, round, 3 * i + 2));
      if ((value < 0xD800 || value >= 0xE000) && known_alike(value)) append_character(text, value);
    }
    ASSERT_EQ(chunks(ours_, text), chunks(pcre2_, text)) << "round " << round << ": " << text;
  }
}

TEST_P(EveryPattern, LosesNoByteOfAnything) {
  const Philox random{6, Stream::simulate};
  for (std::uint64_t round = 0; round < 300; ++round) {
    std::string bytes;
    for (std::uint32_t i = 0; i < 200; ++i)
      bytes.push_back(static_cast<char>(random.below(round % 2 == 0 ? 256 : 64, round, i) + (round % 2 == 0 ? 0 : 0x80)));
    for (const Splitter* splitter : {&ours_, &pcre2_}) {
      std::string joined;
      for (const std::string& chunk : chunks(*splitter, bytes)) {
        EXPECT_FALSE(chunk.empty());
        joined += chunk;
      }
      ASSERT_EQ(joined, bytes);
    }
  }
}

TEST_P(EveryPattern, TextCutAtACertainPlaceHasTheSameChunks) {
  const std::string sample = "The cat's 12 hats!  And\n\n  more 'quotes'… コーヒーを二〇杯、飲む。\r\n x  \n  End ... naïve\u3000字 ";
  const std::vector<std::string> whole = chunks(ours_, sample);
  int places = 0;
  for (std::size_t end = 1; end <= sample.size(); ++end) {
    const std::size_t cut = ours_.certain_cut(std::string_view(sample).substr(0, end), false);
    ASSERT_LT(cut, end);
    if (cut == 0) continue;
    ++places;
    std::vector<std::string> parts = chunks(ours_, sample.substr(0, cut));
    for (std::string& chunk : chunks(ours_, sample.substr(cut))) parts.push_back(std::move(chunk));
    EXPECT_EQ(parts, whole) << cut;
  }
  EXPECT_GT(places, 50);
  EXPECT_EQ(ours_.certain_cut(sample, true), sample.size());
  EXPECT_EQ(pcre2_.certain_cut(sample, false), 0);
}

TEST(Splitter, KnowsWhatTheNamedPatternsDo) {
  EXPECT_THAT(chunks(Splitter(SplitPattern::gpt2), "I'LL don't  x 12345\n\nok"),
              ElementsAre("I", "'", "LL", " don", "'t", " ", " x", " 12345", "\n", "\n", "ok"));
  EXPECT_THAT(chunks(Splitter(SplitPattern::gpt4), "I'LL don't  x 12345\n\nok"),
              ElementsAre("I", "'LL", " don", "'t", " ", " x", " ", "123", "45", "\n\n", "ok"));
  EXPECT_THAT(chunks(Splitter(SplitPattern::script), "私はコーヒーを飲む。OK go"),
              ElementsAre("私", "は", "コーヒー", "を", "飲", "む", "。", "OK", " go"));
}

TEST(Splitter, FormsOfOnePatternAreOneScanner) {
  const std::string text = "He'll say \"don't!!\"\n\n  99999 times… ſ'ſ ";
  const auto of = [&](const char* pattern) { return chunks(Splitter({pattern}, "test"), text); };
  EXPECT_EQ(of(R"('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s)"),
            chunks(Splitter(SplitPattern::gpt2), text));
  EXPECT_EQ(
      of(R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)"),
      chunks(Splitter(SplitPattern::gpt4), text));
  const char* nanochat =
      R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";
  EXPECT_EQ(of(nanochat), chunks(by_pcre2(nanochat), text));
}

TEST(Splitter, WhatLiesBetweenMatchesIsAPieceAndStepsFollowOneAnother) {
  EXPECT_THAT(chunks(Splitter({"[0-9]+"}, "test"), "ab12cd"), ElementsAre("ab", "12", "cd"));
  EXPECT_THAT(chunks(Splitter({"\\p{N}", regex_of(SplitPattern::gpt2)}, "test"), "ab 12 cd"),
              ElementsAre("ab", " ", "1", "2", " cd"));
}

TEST(Splitter, APatternThatCannotBeReadIsRefusedWithItsPlace) {
  const Error error = error_of([] { (void)Splitter({"[a-"}, "t.json"); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_EQ(error.subject(), "t.json");
  EXPECT_THAT(error.problem(), HasSubstr("cannot be read at character 3"));
}

}  // namespace
}  // namespace isoflop::tokens
