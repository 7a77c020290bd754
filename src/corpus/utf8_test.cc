#include "base/utf8.h"
#include "corpus/utf8.h"

#include <simdjson.h>

#include "base/random.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

struct Cleaned {
  std::string text;
  std::int64_t invalid_bytes = 0;
};

Cleaned clean(std::string_view bytes, Utf8Policy policy, std::size_t piece = 1'000) {
  Utf8Cleaner cleaner(policy, "book.txt");
  Cleaned result;
  for (std::size_t at = 0; at < bytes.size(); at += piece) cleaner.add(bytes.substr(at, piece), result.text);
  cleaner.finish(result.text);
  result.invalid_bytes = cleaner.invalid_bytes();
  return result;
}

struct Invalid {
  const char* what;
  std::string bytes;
  int replacements;  // maximal subparts
};
void PrintTo(const Invalid& value, std::ostream* out) {
  *out << value.what;
}

class EveryInvalidSequence : public testing::TestWithParam<Invalid> {};

INSTANTIATE_TEST_SUITE_P(
    Utf8, EveryInvalidSequence,
    testing::Values(Invalid{"continuation alone", "\x80", 1}, Invalid{"overlong of two", "\xC0\xAF", 2},
                    Invalid{"overlong of three", "\xE0\x80\xAF", 3}, Invalid{"overlong of four", "\xF0\x80\x80\xAF", 4},
                    Invalid{"surrogate", "\xED\xA0\x80", 3}, Invalid{"beyond U+10FFFF", "\xF4\x90\x80\x80", 4},
                    Invalid{"first byte F5", "\xF5\x80", 2}, Invalid{"byte FF", "\xFF", 1},
                    Invalid{"three of four bytes", "\xF0\x9F\x98", 1}, Invalid{"two of three bytes", "\xE6\x97", 1}));

TEST_P(EveryInvalidSequence, IsNamedByItsByteOffset) {
  const std::string bytes = "ab\xE6\x97\xA5" + GetParam().bytes + "z";
  const Error error = error_of([&] { (void)clean(bytes, Utf8Policy::error); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_EQ(error.subject(), "book.txt");
  EXPECT_THAT(error.problem(), testing::HasSubstr("invalid UTF-8 at byte 5 "));
}

TEST_P(EveryInvalidSequence, BecomesOneReplacementForEachMaximalSubpart) {
  std::string want = "a";
  for (int i = 0; i < GetParam().replacements; ++i) want += "\xEF\xBF\xBD";
  const Cleaned got = clean("a" + GetParam().bytes + "z", Utf8Policy::replace);
  EXPECT_EQ(got.text, want + "z");
  EXPECT_EQ(got.invalid_bytes, static_cast<std::int64_t>(GetParam().bytes.size()));
}

TEST_P(EveryInvalidSequence, IsLeftOutOnRequestAlsoAtTheEnd) {
  EXPECT_EQ(clean("a" + GetParam().bytes, Utf8Policy::skip).text, "a");
  EXPECT_EQ(clean(GetParam().bytes + "z", Utf8Policy::skip).text, "z");
}

TEST(Utf8, TextOfEveryLengthPassesUnchangedInPiecesOfAnySize) {
  const std::string text = "a\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80\xEE\x80\x80\xF4\x8F\xBF\xBF\r\n\xEF\xBB\xBF.";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) EXPECT_EQ(clean(text, Utf8Policy::error, piece).text, text);
  EXPECT_EQ(count_characters(text), 10);
}

TEST(Utf8, AByteOrderMarkAtTheStartIsDroppedAndCountsInOffsets) {
  for (std::size_t piece = 1; piece <= 4; ++piece) {
    EXPECT_EQ(clean("\xEF\xBB\xBFyes", Utf8Policy::error, piece).text, "yes");
    const Error error = error_of([&] { (void)clean("\xEF\xBB\xBFyes\xFF", Utf8Policy::error, piece); });
    EXPECT_THAT(error.problem(), testing::HasSubstr("at byte 6 "));
  }
  EXPECT_EQ(clean("\xEF\xBB", Utf8Policy::replace).text, "\xEF\xBF\xBD");
}

TEST(Utf8, RandomBytesComeOutValidAndTheSameForEveryPieceSize) {
  const Philox random{.seed = 7};
  for (std::uint64_t round = 0; round < 2'000; ++round) {
    std::string bytes;
    for (std::uint32_t i = 0; i < 24; ++i) {
      // mostly bytes that start or continue characters: plain noise would be rejected at once
      const std::uint64_t bits = random.bits(round, i);
      bytes += static_cast<char>((bits & 3) == 0 ? 'a' : (bits & 3) == 1 ? 0xC0 | (bits >> 8 & 0x3F) : 0x80 | (bits >> 8 & 0x3F));
    }
    for (const Utf8Policy policy : {Utf8Policy::replace, Utf8Policy::skip}) {
      const Cleaned whole = clean(bytes, policy);
      ASSERT_TRUE(simdjson::validate_utf8(whole.text.data(), whole.text.size()));
      for (const std::size_t piece : {1U, 2U, 3U, 7U}) {
        const Cleaned pieces = clean(bytes, policy, piece);
        ASSERT_EQ(pieces.text, whole.text);
        ASSERT_EQ(pieces.invalid_bytes, whole.invalid_bytes);
      }
    }
  }
}

}  // namespace
}  // namespace isoflop::corpus
