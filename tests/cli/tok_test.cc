// Tokenizers and token files from the command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.h"

namespace isoflop::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

TEST(Tok, TrainsEncodesCountsAndDecodesBytePairs) {
  const fs::path place = fresh("bpe");
  write(place / "a.txt", sentences(40'000));
  write(place / "b.txt", "吾輩は猫である。名前はまだ無い。");
  const Outcome trained = program("tok train --bpe --vocab-size 300 a.txt --split block --out tok.json --json");
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(trained.json()["kind"], "bpe");
  EXPECT_EQ(trained.json()["vocab_size"], 300);
  EXPECT_EQ(trained.json()["invalid_bytes"], 0);

  const Outcome counted = program("tok encode --tokenizer tok.json a.txt b.txt --count --json");
  ASSERT_EQ(counted.code, 0) << counted.err;
  const auto json = counted.json();
  EXPECT_EQ(json["sources"].size(), 2);
  EXPECT_EQ(json["tokens"], json["sources"][0]["tokens"].get<int>() + json["sources"][1]["tokens"].get<int>());
  EXPECT_DOUBLE_EQ(json["bytes_per_token"], json["bytes"].get<double>() / json["tokens"].get<double>());
  EXPECT_GT(json["sources"][0]["bytes_per_token"], 2.5);
  EXPECT_THAT(program("tok encode --tokenizer tok.json a.txt b.txt --count").out,
              AllOf(HasSubstr("bytes/token"), HasSubstr("a.txt")));

  const Outcome encoded = program("tok encode --tokenizer tok.json a.txt --split block --out tokens --json");
  ASSERT_EQ(encoded.code, 0) << encoded.err;
  const std::string folder = encoded.json()["folder"];
  EXPECT_GT(encoded.json()["train"]["bytes_per_token"], 2.5);
  const Outcome decoded = program("tok decode --tokenizer tok.json --tokens " + folder + " --side train --count 5 --json");
  ASSERT_EQ(decoded.code, 0) << decoded.err;
  EXPECT_THAT(sentences(40'000), HasSubstr(decoded.json()["text"].get<std::string>()));
  EXPECT_EQ(program("tok inspect tok.json --json").json()["id"], trained.json()["id"]);
  EXPECT_EQ(program("tok encode --tokenizer tok.json a.txt").code, 2);
}

TEST(Tok, ConvertsTokenizersAndTakesShardsOutAndIn) {
  const fs::path place = fresh("convert");
  write(place / "a.txt", sentences(40'000));
  ASSERT_EQ(program("tok train --kind bpe --split-pattern gpt2 --vocab-size 320 a.txt --split block --out tok.json").code, 0);
  ASSERT_EQ(program("tok convert --tokenizer tok.json --format gpt2 --out two").code, 0);
  ASSERT_EQ(program("tok convert --tokenizer tok.json --format tiktoken --out t.tiktoken").code, 0);
  const auto tokens = [](const std::string& flags) {
    return program("tok encode a.txt --count --json --tokenizer " + flags).json()["tokens"];
  };
  EXPECT_EQ(tokens("two"), tokens("tok.json"));
  EXPECT_EQ(tokens("t.tiktoken --split-pattern gpt2"), tokens("tok.json"));
  EXPECT_EQ(program("tok inspect two --json").json()["id"], program("tok inspect tok.json --json").json()["id"]);

  const auto set = program("tok encode --tokenizer tok.json a.txt --split block --out tokens --json").json();
  for (const std::string format : {"llm.c", "nanogpt"}) {
    const Outcome out =
        program("tok export " + set["folder"].get<std::string>() + " --format " + format + " --out " + format + " --json");
    ASSERT_EQ(out.code, 0) << out.err;
    const auto files = out.json()["files"];
    ASSERT_EQ(files.size(), 2);
    EXPECT_EQ(files[0]["tokens"], set["train"]["tokens"]);
    const Outcome back = program("tok import --train " + files[0]["path"].get<std::string>() + " --val " +
                                 files[1]["path"].get<std::string>() + " --tokenizer tok.json --out back --json");
    ASSERT_EQ(back.code, 0) << back.err;
    EXPECT_EQ(back.json()["train"]["bytes"], set["train"]["bytes"]);
    EXPECT_EQ(back.json()["held_out"]["tokens"], set["held_out"]["tokens"]);
  }
}

TEST(Tok, BadInputIsNamed) {
  const fs::path place = fresh("bad");
  write(place / "a.txt", sentences(40'000));
  const auto refused = [](const std::string& arguments, int code, const std::string& words) {
    const Outcome outcome = program(arguments);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(words));
  };
  refused("tok train --bpe --vocab-size 100 a.txt --split block --out t.json", 2, "expected 256");
  refused("tok train --bpe --split-pattern gpt5 a.txt --split block --out t.json", 2, "there are: gpt2, gpt4, script");
  refused("tok encode --tokenizer nowhere a.txt --count", 66, "nowhere");
  refused("tok encode --tokenizer t.json a.txt --count --split none", 2, "--count");
  refused("tok train --bpe --kind byte a.txt --out t.json", 2, "--kind");
  refused("tok train --kind char --vocab-size 300 a.txt --out t.json", 2, "--vocab-size: belongs to --kind bpe");
  refused("tok train --kind byte a.txt --split none --out a.txt", 2, "a.txt is also");
  write(place / "w.json", R"({"version":"1.0","model":{"type":"WordPiece","vocab":{}}})");
  refused("tok encode --tokenizer w.json a.txt --count", 65, "model type `WordPiece` is not supported");
  write(place / "d.json", R"({"version":"1.0","model":{"type":"BPE",)");
  refused("tok encode --tokenizer d.json a.txt --count", 65, "damaged JSON");
  write(place / "u.txt", "abc \xFF" + sentences(2'000));
  ASSERT_EQ(program("tok train --bpe --vocab-size 300 a.txt --split none --out t.json").code, 0);
  refused("tok encode --tokenizer t.json u.txt --count", 65, "invalid UTF-8 at byte 4");
  EXPECT_EQ(program("tok encode --tokenizer t.json u.txt --count --utf8 skip --json").json()["invalid_bytes"], 1);
  write(place / "s.bin", "abc");
  refused("tok import --train s.bin --tokenizer t.json --out back", 65, "no whole number of 16-bit tokens");
  refused("train --data a.txt --vocab_size 300 --out out", 2, "belongs to --tokenizer bpe");
  refused("tok export nowhere --out x", 66, "nowhere");
}

}  // namespace
}  // namespace isoflop::test
