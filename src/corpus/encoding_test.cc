// Encodings told from their bytes and turned into UTF-8. The bytes were written by other converters than the one that reads them.
#include "corpus/encoding.h"

#include <iconv.h>

#include "base/check.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

using testing::HasSubstr;

// the C library's converters stand against ICU's
std::string written_in(const std::string& encoding, const std::string& text) {
  iconv_t const converter = ::iconv_open(encoding.c_str(), "UTF-8");
  ISOFLOP_CHECK(converter != reinterpret_cast<iconv_t>(std::intptr_t{-1}));
  std::string from = text, bytes(4 * text.size() + 16, '\0');
  char* in = from.data();
  char* out = bytes.data();
  std::size_t in_left = from.size(), out_left = bytes.size();
  ISOFLOP_CHECK(::iconv(converter, &in, &in_left, &out, &out_left) != static_cast<std::size_t>(-1));
  ::iconv(converter, nullptr, nullptr, &out, &out_left);
  ::iconv_close(converter);
  bytes.resize(bytes.size() - out_left);
  return bytes;
}

Encoding guess(std::string_view bytes, std::size_t piece = 1000) {
  EncodingGuess guess;
  for (std::size_t at = 0; at < bytes.size() && !guess.decided(); at += piece) guess.add(bytes.substr(at, piece));
  return guess.finish("file.txt");
}

std::string read(const std::string& encoding, std::string_view bytes, Utf8Policy policy = Utf8Policy::error,
                 std::size_t piece = 3) {
  const auto decoder = make_decoder(encoding, policy, "file.txt");
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += piece) decoder->add(bytes.substr(at, piece), text);
  decoder->finish(text);
  return text;
}

const std::string kJapanese =
    "　親譲りの無鉄砲で小供の時から損ばかりしている。小学校に居る時分学校の二階から飛び降りて一週間ほど腰を抜かした事がある。\n"
    "「なぜそんな無闇をした」と聞く人があるかも知れぬ。ナイフのABC。\n";
const std::string kFrench =
    "Longtemps, je me suis couché de bonne heure. Parfois, à peine ma bougie éteinte, mes yeux se fermaient si vite que je "
    "n'avais pas le temps de me dire : je m'endors. Et, une demi-heure après, la pensée qu'il était temps de chercher le "
    "sommeil m'éveillait ; je voulais poser le volume que je croyais avoir encore dans les mains.\n";

struct Written {
  std::string encoding, text;
};
void PrintTo(const Written& written, std::ostream* out) {
  *out << written.encoding;
}

TEST(Guess, TakesTextWithANulForABinaryAndNotForUtf16) {
  using namespace std::string_view_literals;
  for (const std::string_view bytes : {"abc\0def"sv, "caf\xC3\xA9 and more\0text\0of it"sv}) {
    const Error error = error_of([&] { (void)guess(bytes); });
    EXPECT_EQ(error.fault(), Fault::bad_data);
    EXPECT_THAT(error.problem(), HasSubstr("is binary"));
  }
  EXPECT_EQ(guess("a\0b\0 \0c\0"sv).name, "UTF-16LE");
}

class EveryEncoding : public testing::TestWithParam<Written> {};
INSTANTIATE_TEST_SUITE_P(
    Corpus, EveryEncoding,
    testing::Values(Written{"SHIFT_JIS", kJapanese}, Written{"CP932", kJapanese + "①㈱髙﨑〜\n"}, Written{"EUC-JP", kJapanese},
                    Written{"ISO-2022-JP", kJapanese}, Written{"ISO-8859-1", kFrench}, Written{"CP1252", kFrench + "“œuvre”…\n"},
                    Written{"UTF-16LE", kJapanese}, Written{"UTF-16BE", kFrench}, Written{"UTF-8", kJapanese},
                    Written{"ISO-8859-2",
                            "Litwo! Ojczyzno moja! ty jesteś jak zdrowie. Ile cię trzeba cenić, ten tylko się dowie, "
                            "kto cię stracił. Dziś piękność twą w całej ozdobie widzę i opisuję, bo tęsknię po tobie. "
                            "Panno Święta, co Jasnej bronisz Częstochowy i w Ostrej świecisz Bramie!\n"},
                    Written{"KOI8-R",
                            "Все счастливые семьи похожи друг на друга, "
                            "каждая несчастливая семья несчастлива по-своему. "
                            "Всё смешалось в доме Облонских.\n"}));

TEST_P(EveryEncoding, IsToldFromItsBytesAndReadBack) {
  std::string text = GetParam().text;
  // what cp932 of this C library writes for a wave dash is one of two code points: leave it to the test below
  if (const std::size_t dash = text.find("〜"); dash != std::string::npos) text.erase(dash, 3);
  const std::string bytes = written_in(GetParam().encoding, text);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    const Encoding found = guess(bytes, piece);
    EXPECT_EQ(read(found.name, bytes, Utf8Policy::error, piece), text) << found.name << " in pieces of " << piece;
  }
}

TEST(EveryCharacterOfCp932, IsReadAsTheCLibraryReadsIt) {
  std::string bytes, expected;
  int compared = 0, different = 0;
  for (int lead = 0x81; lead <= 0xFC; ++lead) {
    if (lead > 0x9F && lead < 0xE0) continue;
    for (int trail = 0x40; trail <= 0xFC; ++trail) {
      if (trail == 0x7F) continue;
      const std::string code{static_cast<char>(lead), static_cast<char>(trail)};
      iconv_t const converter = ::iconv_open("UTF-8", "CP932");
      std::string in = code, out(8, '\0');
      char* from = in.data();
      char* to = out.data();
      std::size_t in_left = 2, out_left = out.size();
      const bool known = ::iconv(converter, &from, &in_left, &to, &out_left) != static_cast<std::size_t>(-1);
      ::iconv_close(converter);
      if (!known || lead >= 0xF0) continue;  // from 0xF0 on: for users, and IBM's second set
      out.resize(out.size() - out_left);
      ++compared;
      if (read("cp932", code) != out) ++different;
    }
  }
  EXPECT_GT(compared, 7000);
  EXPECT_EQ(different, 0);
}

TEST(Encodings, AMarkDecidesAndIsDropped) {
  EXPECT_EQ(guess("\xEF\xBB\xBF"
                  "abc")
                .from,
            "mark");
  EXPECT_EQ(read("UTF-8",
                 "\xEF\xBB\xBF"
                 "abc"),
            "abc");
  const std::string wide = std::string("\xFF\xFE", 2) + written_in("UTF-16LE", kFrench);
  EXPECT_EQ(guess(wide).name, "UTF-16LE");
  EXPECT_EQ(read("UTF-16LE", wide), kFrench);
}

TEST(Encodings, Utf8WithAFewBytesAmissIsStillUtf8) {
  const Encoding damaged = guess(kJapanese + "\xFF" + kJapanese);
  EXPECT_EQ(damaged.name, "UTF-8");
  EXPECT_EQ(damaged.from, "damaged");
}

TEST(Encodings, AsciiAloneIsValidUtf8) {
  EXPECT_EQ(guess("plain").from, "valid");
  EXPECT_EQ(guess("").from, "valid");
}

TEST(Encodings, TheFirstAccentMayStandBehindAMegabyteOfAscii) {
  const std::string bytes = std::string(1'500'000, 'a') + "\n" + written_in("EUC-JP", kJapanese);
  EXPECT_EQ(guess(bytes, 100'000).name, "EUC-JP");
}

TEST(Encodings, NulsThatAreNotUtf16AreBinary) {
  const Error error = error_of([] {
    (void)guess(
        std::string("\x7F"
                    "ELF\0\x01\x02\x03\0\0\0\x90",
                    12));
  });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.problem(), HasSubstr("byte 4 is NUL"));
}

TEST(Encodings, BytesThatAnEncodingLacksFollowThePolicy) {
  const std::string bytes = written_in("EUC-JP", "日本") + "\xFF" + written_in("EUC-JP", "語");
  const Error error = error_of([&] { (void)read("EUC-JP", bytes); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.problem(), HasSubstr("byte 4 is not EUC-JP"));
  EXPECT_EQ(read("EUC-JP", bytes, Utf8Policy::replace), "日本\xEF\xBF\xBD語");
  EXPECT_EQ(read("EUC-JP", bytes, Utf8Policy::skip), "日本語");
}

TEST(Encodings, AnUnknownNameIsRefusedWithTheNearest) {
  const Error error = error_of([] { (void)encoding_name("UTF-99"); });
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_THAT(error.hint(), HasSubstr("UTF-"));
  EXPECT_EQ(encoding_name("utf8"), "UTF-8");
  EXPECT_EQ(encoding_name("latin1"), "latin1");
}

}  // namespace
}  // namespace isoflop::corpus
