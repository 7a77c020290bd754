// JSON Lines and packed files, as a corpus reads them.
#include "corpus/reader.h"

#include <zlib.h>
#include <zstd.h>

#include "base/check.h"
#include "base/hash.h"
#include "corpus/stream.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

using testing::HasSubstr;

struct Collected final : DocumentSink {
  void begin(std::string_view source) override { sources.emplace_back(source), texts.emplace_back(); }
  void text(std::string_view piece) override { texts.back() += piece; }
  void end(std::int64_t invalid) override { invalid_bytes += invalid; }
  std::vector<std::string> sources, texts;
  std::int64_t invalid_bytes = 0;
};

class ReadingAFile : public InAFolder {
 protected:
  Collected read(const std::string& name, std::string_view bytes, const ReadOptions& options = {}) {
    Collected got;
    report_ = read_documents(find_inputs({put(name, bytes)}).files.at(0), options, got, {}, {});
    return got;
  }
  Error refused(const std::string& name, std::string_view bytes, const ReadOptions& options = {}) {
    Error error = error_of([&] { (void)read(name, bytes, options); });
    EXPECT_EQ(error.fault(), Fault::bad_data);
    EXPECT_THAT(error.subject(), HasSubstr(name));
    return error;
  }
  FileReport report_;
};

std::string gzip(std::string_view text) {
  z_stream zlib{};
  ISOFLOP_CHECK(deflateInit2(&zlib, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&zlib, text.size()) + 64, '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  zlib.avail_in = static_cast<uInt>(text.size());
  zlib.next_out = reinterpret_cast<Bytef*>(packed.data());
  zlib.avail_out = static_cast<uInt>(packed.size());
  ISOFLOP_CHECK(deflate(&zlib, Z_FINISH) == Z_STREAM_END);
  packed.resize(zlib.total_out);
  deflateEnd(&zlib);
  return packed;
}

std::string zstd(std::string_view text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

struct Packer {
  std::string ending;
  std::string (*pack)(std::string_view);
};
void PrintTo(const Packer& packer, std::ostream* out) {
  *out << packer.ending;
}

// lines that a packer cannot shrink by much
std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += sha256_hex(std::to_string(i)) + "\n";
  return text;
}

class EveryPacking : public ReadingAFile, public testing::WithParamInterface<Packer> {
 protected:
  std::string name() const { return "text.txt" + GetParam().ending; }
};
INSTANTIATE_TEST_SUITE_P(Corpus, EveryPacking, testing::Values(Packer{".gz", gzip}, Packer{".zst", zstd}));

TEST_P(EveryPacking, GivesTheTextAndTheHashOfThePackedBytes) {
  const std::string text = lines(50'000), packed = GetParam().pack(text);
  EXPECT_EQ(read(name(), packed).texts.at(0), text);
  EXPECT_EQ(report_.sha256, sha256_hex(packed));
  EXPECT_EQ(report_.stored_bytes, static_cast<std::int64_t>(packed.size()));
}

TEST_P(EveryPacking, SeveralMembersAreOneText) {
  EXPECT_EQ(read(name(), GetParam().pack("one ") + GetParam().pack("") + GetParam().pack("two")).texts.at(0), "one two");
}

TEST_P(EveryPacking, CutShortAnywhereIsDetected) {
  const std::string packed = GetParam().pack(lines(100));
  for (const std::size_t length : {packed.size() - 1, packed.size() - 5, packed.size() / 2, std::size_t{11}, std::size_t{1}}) {
    EXPECT_THAT(refused(name(), packed.substr(0, length)).problem(), HasSubstr("cut short")) << length;
  }
}

TEST_P(EveryPacking, DamageIsDetected) {
  std::string packed = GetParam().pack(lines(100));
  packed[0] ^= 1;
  EXPECT_THAT(refused(name(), packed).problem(), HasSubstr("damaged"));
  EXPECT_THAT(refused(name(), GetParam().pack("text") + "and something after it").problem(), HasSubstr("damaged"));
}

TEST_P(EveryPacking, ABombIsRefusedLongBeforeItsEnd) {
  const std::string zeros(std::size_t{200} << 20, ' ');
  EXPECT_THAT(refused(name(), GetParam().pack(zeros)).problem(), HasSubstr("times its size"));
}

TEST_P(EveryPacking, PackedJsonLinesAreDocuments) {
  const Collected got = read("docs.jsonl" + GetParam().ending, GetParam().pack("{\"text\": \"one\"}\n{\"text\": \"two\"}\n"));
  EXPECT_THAT(got.texts, testing::ElementsAre("one", "two"));
}

TEST_F(ReadingAFile, AGzipFileMayEndInZeros) {
  EXPECT_EQ(read("text.txt.gz", gzip("text") + std::string(1'000, '\0')).texts.at(0), "text");
}

TEST_F(ReadingAFile, AFlippedBitInsideAGzipFileFailsItsChecksum) {
  std::string packed = gzip(lines(100));
  packed[packed.size() - 6] ^= 1;
  EXPECT_THAT(refused("text.txt.gz", packed).problem(), HasSubstr("damaged"));
}

TEST_F(ReadingAFile, JsonLinesAreDocumentsWithTheirSourceOrTheFiles) {
  const Collected got = read("docs.jsonl",
                             "{\"text\": \"a\\n\\u65e5\\ud83d\\ude00\", \"source\": \"Poe\"}\r\n"
                             "\n  \n"
                             "{\"source\": null, \"text\": \"b\"}\n"
                             "{\"text\": \"\"}");
  EXPECT_THAT(got.texts, testing::ElementsAre("a\n\xE6\x97\xA5\xF0\x9F\x98\x80", "b", ""));
  EXPECT_THAT(got.sources, testing::ElementsAre("Poe", "docs.jsonl", "docs.jsonl"));
}

TEST_F(ReadingAFile, TheKeysOfJsonLinesCanBeChosen) {
  const Collected got = read("docs.jsonl", "{\"body\": \"a\", \"by\": \"Poe\"}", {.text_key = "body", .source_key = "by"});
  EXPECT_EQ(got.texts.at(0), "a");
  EXPECT_EQ(got.sources.at(0), "Poe");
}

TEST_F(ReadingAFile, ABadLineIsNamedByItsNumber) {
  const std::string good = "{\"text\": \"a\"}\n";
  for (const std::string bad : {"{\"text\": \"b\"", "not json", "{\"text\": \"b\"} {\"text\": \"c\"}", "{\"text\": \"b\",}"}) {
    const Error error = refused("docs.jsonl", good + "\n" + bad + "\n" + good);
    EXPECT_THAT(error.subject(), testing::EndsWith("docs.jsonl:3")) << bad;
    EXPECT_THAT(error.problem(), HasSubstr("expected one object a line"));
  }
  EXPECT_THAT(refused("docs.jsonl", good + "[1]").problem(), HasSubstr("holds a list, expected an object"));
}

TEST_F(ReadingAFile, AMissingTextKeyIsNamedWithTheKeysThatAreThere) {
  const Error error = refused("docs.jsonl", "{\"text\": \"a\"}\n{\"id\": 1, \"texts\": \"b\"}\n");
  EXPECT_THAT(error.subject(), testing::EndsWith(":2"));
  EXPECT_THAT(error.problem(), HasSubstr("key `text` is missing"));
  EXPECT_THAT(error.problem(), HasSubstr("id, texts"));
  EXPECT_THAT(error.hint(), HasSubstr("--text-key texts"));
}

TEST_F(ReadingAFile, ATextOrSourceThatIsNotTextIsRefused) {
  EXPECT_THAT(refused("docs.jsonl", "{\"text\": 7}").problem(), HasSubstr("holds a number, expected text"));
  EXPECT_THAT(refused("docs.jsonl", "{\"text\": null}").problem(), HasSubstr("holds null, expected text"));
  EXPECT_THAT(refused("docs.jsonl", "{\"text\": \"a\", \"source\": [1]}").problem(), HasSubstr("`source` holds a list"));
}

TEST_F(ReadingAFile, ALineLongerThanTheLimitIsRefusedBeforeItIsHeld) {
  const std::string line = "{\"text\": \"" + std::string(5'000'000, 'a') + "\"}\n";
  EXPECT_EQ(read("docs.jsonl", line).texts.at(0).size(), 5'000'000U);
  const Error error = refused("docs.jsonl", "{\"text\": \"\"}\n" + line, {.longest_line = 2 << 20});
  EXPECT_THAT(error.subject(), testing::EndsWith(":2"));
  EXPECT_THAT(error.problem(), HasSubstr("longer than 2.0 MiB"));
}

TEST_F(ReadingAFile, ALoneSurrogateEscapeFollowsTheUtf8Policy) {
  const std::string line = R"({"text": "a\ud800b\\ud800\ud83d\ude00\udc00c"})";
  EXPECT_THAT(refused("docs.jsonl", line).hint(), HasSubstr("--utf8 replace"));
  const Collected replaced = read("docs.jsonl", line, {.utf8 = Utf8Policy::replace});
  EXPECT_EQ(replaced.texts.at(0),
            "a\xEF\xBF\xBD"
            "b\\ud800\xF0\x9F\x98\x80\xEF\xBF\xBD"
            "c");
  EXPECT_EQ(replaced.invalid_bytes, 2);
  EXPECT_EQ(read("docs.jsonl", line, {.utf8 = Utf8Policy::skip}).texts.at(0),
            "ab\\ud800\xF0\x9F\x98\x80"
            "c");
}

TEST_F(ReadingAFile, ADeeplyNestedLineIsRefused) {
  (void)refused("docs.jsonl", "{\"text\": \"a\", \"x\": " + std::string(100'000, '[') + std::string(100'000, ']') + "}");
}

}  // namespace
}  // namespace isoflop::corpus
