// Texts nobody meant: whatever the bytes, each parser of a cleaner gives valid text or an Error. Seeded, so a failure comes
// again.
#include <simdjson.h>

#include "base/random.h"
#include "corpus/aozora.h"
#include "corpus/encoding.h"
#include "corpus/json_line.h"
#include "corpus/markup.h"
#include "corpus/normalise.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

constexpr std::uint64_t kRounds = 4'000;

// pieces in any order, with bytes amiss now and then
std::string mixture(const std::vector<std::string>& pieces, const Philox& random, std::uint64_t round) {
  std::string text;
  const std::uint64_t count = 1 + random.below(30, round, 0);
  for (std::uint32_t i = 1; i <= count; ++i) {
    text += pieces[random.below(pieces.size(), round, 4 * i)];
    if (random.below(8, round, 4 * i + 1) == 0) text.resize(random.below(text.size() + 1, round, 4 * i + 2));
  }
  std::string valid;
  Utf8Cleaner cleaner(Utf8Policy::skip, "");
  cleaner.add(text, valid);
  cleaner.finish(valid);
  return valid;
}

void expect_valid(const std::string& text, std::uint64_t round) {
  ASSERT_TRUE(simdjson::validate_utf8(text.data(), text.size())) << "round " << round;
}

TEST(MutatedAozora, LeavesNoMarkUpWhateverItIs) {
  const std::vector<std::string> pieces{"山",
                                        "《",
                                        "》",
                                        "｜",
                                        "＃",
                                        "［",
                                        "］",
                                        "※",
                                        "［＃",
                                        "、第3水準1-85-56］",
                                        "〔",
                                        "〕",
                                        "e'",
                                        "／",
                                        "＼",
                                        "″",
                                        "\n",
                                        "\r",
                                        "底本：",
                                        "U+3042",
                                        "1-1-52",
                                        std::string(25, '-') + "\n",
                                        "【テキスト中に現れる記号について】\n",
                                        "（例）※\n",
                                        "※［＃始め二重山括弧、1-1-52］"};
  const Philox random{.seed = 21};
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    const std::string text = mixture(pieces, random, round);
    AozoraCounts counts;
    for (const AozoraWork& work : read_aozora(text, round % 2 == 0, counts)) {
      expect_valid(work.text, round);
      for (const std::string* part : {&work.text, &work.title, &work.author, &work.basetext}) {
        for (const char* mark : {"《", "》", "｜", "＃"}) ASSERT_EQ(part->find(mark), std::string::npos) << round << ": " << text;
      }
    }
    (void)looks_like_aozora(text);
  }
}

TEST(MutatedMarkUp, BecomesValidTextOrAnError) {
  const std::vector<std::string> pieces{"<p>",
                                        "</p>",
                                        "<div hidden>",
                                        "</div>",
                                        "text ",
                                        "日本",
                                        "&amp;",
                                        "&#x1F600;",
                                        "&#0;",
                                        "&#xD800;",
                                        "<script",
                                        ">",
                                        "</script>",
                                        "<!--",
                                        "-->",
                                        "<table><tr><td>",
                                        "</td>",
                                        "<pre>\n",
                                        "<ruby>",
                                        "<rt>",
                                        "<br/>",
                                        "<ul><li>",
                                        "<![CDATA[",
                                        "]]>",
                                        "<?x ?>",
                                        "<a href=\"",
                                        "'",
                                        "\n\n",
                                        "# ",
                                        "* ",
                                        "| a | b |\n|---|---|\n",
                                        "```\n",
                                        "    ",
                                        "> ",
                                        "[x](y)",
                                        "![i](j)",
                                        "[^1]: ",
                                        "---\n",
                                        "title: x\n",
                                        "{{< ",
                                        ">}}",
                                        std::string(1, '\x01'),
                                        "<",
                                        "<<<",
                                        "\\",
                                        "_",
                                        "**",
                                        "~~"};
  const Philox random{.seed = 22};
  int read = 0;
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    const std::string text = mixture(pieces, random, round);
    try {
      expect_valid(text_of_html(text), round);
      expect_valid(text_of_markdown(text), round);
      ++read;
    } catch (const Error& error) {
      ASSERT_EQ(error.fault(), Fault::bad_data) << "round " << round;
    }
  }
  EXPECT_GT(read, static_cast<int>(kRounds) * 9 / 10);
}

TEST(MutatedLines, AreNormalisedToThemselves) {
  const std::vector<std::string> pieces{"a",    " ",        "\n",          "\r",        "\r\n",           "\t",
                                        "　",   "\xC2\xA0", "\xC2\x85",    "e\xCC\x81", "か\xE3\x82\x99", "\xEF\xBB\xBF",
                                        "\x0C", "Å",        "\xE2\x80\xA8"};
  const Philox random{.seed = 23};
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    const std::string once = with_plain_lines(normalised(mixture(pieces, random, round), UnicodeForm::nfc), true);
    expect_valid(once, round);
    ASSERT_EQ(with_plain_lines(normalised(once, UnicodeForm::nfc), true), once) << "round " << round;
    ASSERT_EQ(once.find("\n\n\n"), std::string::npos);
    ASSERT_EQ(once.find(" \n"), std::string::npos);
  }
}

TEST(RandomBytes, AreReadInTheEncodingGuessedWhateverTheyAre) {
  const Philox random{.seed = 24};
  int refused = 0;
  for (std::uint64_t round = 0; round < 2'000; ++round) {
    std::string bytes;
    const std::uint64_t low = round % 4 == 0 ? 0 : round % 4 == 1 ? 0x20 : 0x40;
    for (std::uint32_t i = 0; i < random.below(200, round, 0); ++i)
      bytes += static_cast<char>(low + random.below(256 - low, round, i + 1));
    EncodingGuess guess;
    guess.add(bytes);
    try {
      const Encoding found = guess.finish("x");
      const auto decoder = make_decoder(found.name, round % 2 == 0 ? Utf8Policy::replace : Utf8Policy::skip, "x");
      std::string text;
      for (std::size_t at = 0; at < bytes.size(); at += 5) decoder->add(std::string_view(bytes).substr(at, 5), text);
      decoder->finish(text);
      expect_valid(text, round);
    } catch (const Error& error) {
      ASSERT_EQ(error.fault(), Fault::bad_data) << error.what();
      ++refused;
    }
  }
  EXPECT_LT(refused, 700) << "those with a NUL";
}

TEST(MutatedJsonLines, MembersAreWhereTheParserFoundThem) {
  const std::string seed = R"({"id": [1, {"a": "}"}], "text": "x\"\\y\u00e9", "n": {"b": [null, true, -1.5e3]}, "source": "s"})";
  const Philox random{.seed = 25};
  const InputFile file{.path = "a.jsonl", .name = "a.jsonl", .json_lines = true};
  JsonLineReader reader(file, {.utf8 = Utf8Policy::replace});
  int read = 0;
  for (std::uint64_t round = 0; round < 20'000; ++round) {
    std::string line = seed;
    for (std::uint32_t i = 0; i < 1 + random.below(3, round, 0); ++i) {
      const std::size_t at = random.below(line.size(), round, 4 * i + 1);
      if (random.below(2, round, 4 * i + 2) == 0) {
        line.insert(at, 1, "{}[]\",:\\ 0a"[random.below(11, round, 4 * i + 3)]);
      } else {
        line.erase(at, 1);
      }
    }
    if (!simdjson::validate_utf8(line.data(), line.size())) continue;
    try {
      const auto document = reader.parse(line, 1);
      if (!document) continue;
      const JsonSpan span = member_value(document->line, document->text_member);
      std::string copy(document->line.substr(span.first, span.last - span.first)), text(document->text);
      JsonLineReader again(file, {.utf8 = Utf8Policy::replace});
      ASSERT_EQ(again.parse("{\"text\": " + copy + "}", 1)->text, text) << line;
      ++read;
    } catch (const Error& error) {
      ASSERT_EQ(error.fault(), Fault::bad_data);
    }
  }
  EXPECT_GT(read, 2'000);
}

}  // namespace
}  // namespace isoflop::corpus
