// Damaged files of every kind: whatever the bytes, the answer is a corpus of valid text or an Error. Seeded, so a failure comes
// again.
#include <simdjson.h>

#include "base/random.h"
#include "corpus/reader.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

// what is damaged
constexpr std::string_view kJsonLines =
    "{\"text\": \"abc \\u00e9 \\ud83d\\ude00\", \"source\": \"a\", \"n\": [1, {\"x\": null}]}\n"
    "{\"source\": \"b\", \"text\": \"\xE6\x97\xA5\xE6\x9C\xAC\xF0\x9F\x98\x80\\n\\\"\"}\n";
constexpr std::string_view kGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x4c\x4a\xe6\x02\x00\x4e\x81\x88\x47\x04\x00\x00\x00", 24);  // "abc\n"
constexpr std::string_view kZstd("\x28\xb5\x2f\xfd\x04\x58\x21\x00\x00\x61\x62\x63\x0a\x2d\x6e\x4c\x82",
                                 17);  // "abc\n", checksum

constexpr std::uint64_t kRounds = 400;

struct Kind {
  std::string name;
  std::string_view seed;
};
void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}

class EveryKindOfFile : public InAFolder, public testing::WithParamInterface<Kind> {};
INSTANTIATE_TEST_SUITE_P(Corpus, EveryKindOfFile,
                         testing::Values(Kind{"a.txt",
                                              "\xEF\xBB\xBF"
                                              "abc \xE6\x97\xA5\n\n\xC3\xA9 def\n"},
                                         Kind{"a.jsonl", kJsonLines}, Kind{"a.txt.gz", kGzip}, Kind{"a.txt.zst", kZstd},
                                         Kind{"a.jsonl.gz", kGzip}, Kind{"a.jsonl.zst", kZstd}));

std::string mutated(std::string_view seed, const Philox& random, std::uint64_t round) {
  std::string bytes(seed);
  const std::uint64_t changes = 1 + random.below(4, round, 0);
  for (std::uint32_t i = 1; i <= changes && !bytes.empty(); ++i) {
    const std::uint64_t at = random.below(bytes.size(), round, 10 * i);
    const std::uint64_t how = random.below(5, round, 10 * i + 1);
    const auto value = static_cast<char>(random.below(256, round, 10 * i + 2));
    if (how == 0) bytes.resize(at);
    if (how == 1) bytes.insert(at, 1, value);
    if (how == 2) bytes.erase(at, 1 + random.below(4, round, 10 * i + 3));
    if (how == 3) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8, round, 10 * i + 3)));
    if (how == 4) bytes[at] = value;
  }
  return bytes;
}

TEST_P(EveryKindOfFile, DamagedAnyhowIsTextOrAnError) {
  const Philox random{.seed = 11};
  int read = 0, refused = 0;
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    const std::string path =
        put(GetParam().name, round == 0 ? std::string(GetParam().seed) : mutated(GetParam().seed, random, round));
    CorpusOptions options{.inputs = {path}, .split = SplitKind::none, .block_characters = 4};
    options.utf8 = round % 3 == 0 ? Utf8Policy::error : round % 3 == 1 ? Utf8Policy::replace : Utf8Policy::skip;
    try {
      const Corpus corpus = Corpus::open(options);
      std::int64_t bytes = 0;
      for (const SeenUnit& unit : units_of(corpus)) {
        bytes += static_cast<std::int64_t>(unit.text.size());
        ASSERT_TRUE(simdjson::validate_utf8(unit.text.data(), unit.text.size())) << "round " << round;
      }
      ASSERT_EQ(bytes, corpus.manifest().train.bytes) << "round " << round;
      ++read;
    } catch (const Error& error) {
      ASSERT_EQ(error.fault(), Fault::bad_data) << "round " << round << ": " << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 20);
  EXPECT_EQ(read + refused, static_cast<int>(kRounds));
  const bool lines_in_a_text_packing = GetParam().name.find("jsonl.") != std::string::npos;  // "abc" is no JSON: all refused
  EXPECT_EQ(read > 0, !lines_in_a_text_packing);
}

}  // namespace
}  // namespace isoflop::corpus
