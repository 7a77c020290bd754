// isoflop data dedup.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.h"

namespace isoflop::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string lines() {
  std::string text;
  for (int i = 0; i < 20; ++i) {
    text += R"({"id": ")" + std::to_string(i) + R"(", "text": "document )" + std::to_string(i % 15) +
            R"( of a few words", "n": )" + std::to_string(i) + "}\n";
  }
  return text;
}

TEST(DataDedup, RemovesWritesAndReports) {
  const fs::path folder = fresh("dedup");
  const std::string in = (folder / "in.jsonl").string(), out = (folder / "out").string(),
                    clusters = (folder / "c/clusters.jsonl").string();
  write(in, lines());
  const Outcome outcome =
      program("data dedup " + in + " --documents --minhash --out " + out + " --clusters " + clusters + " --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const nlohmann::json json = outcome.json();
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_EQ(json["removed"], 5);
  EXPECT_EQ(json["kept"], 15);
  EXPECT_EQ(json["pairs"], 5);
  EXPECT_EQ(json["sources"][0]["name"], "in.jsonl");
  EXPECT_EQ(json["stages"][1]["method"], "minhash");
  EXPECT_GT(json["timing"]["seconds"], 0);
  EXPECT_THAT(read(clusters), HasSubstr("{\"id\":\"19\",\"cluster\":4}\n"));
  EXPECT_THAT(read(fs::path(out) / "part-00000.jsonl"), HasSubstr("\"n\": 14, \"source\": \"in.jsonl\"}\n"));
  EXPECT_TRUE(fs::exists(fs::path(out) / "dedup.manifest.json"));
  EXPECT_THAT(program("data dedup " + in + " --documents").out,
              HasSubstr("15 of 20 documents kept; 5 clusters of two or more, 5 pairs in them"));
}

TEST(DataDedup, RunsTheMethodsInTheOrderOfTheirFlags) {
  const fs::path folder = fresh("dedup-order");
  const std::string in = (folder / "in.jsonl").string();
  write(in, lines());
  const auto methods = [&](const std::string& flags) {
    const nlohmann::json json = program("data dedup " + in + " " + flags + " --json").json();
    std::string list;
    for (const auto& stage : json["stages"]) list += stage["method"].get<std::string>() + " ";
    return list;
  };
  EXPECT_EQ(methods("--lines --minhash --documents"), "lines minhash documents ");
  EXPECT_EQ(methods("--substrings --documents --decontaminate-held-out --simhash"),
            "substrings documents decontaminate simhash ");
  EXPECT_EQ(methods("--ngrams --paragraphs --decontaminate " + in), "ngrams paragraphs decontaminate ");
}

TEST(DataDedup, WrongFlagsAndInputsHaveTheirExitCodes) {
  const fs::path folder = fresh("dedup-bad");
  const std::string in = (folder / "in.jsonl").string();
  write(in, lines());
  EXPECT_EQ(program("data dedup " + in).code, 2);
  EXPECT_EQ(program("data dedup " + in + " --minhash --threshold 2").code, 2);
  EXPECT_EQ(program("data dedup " + in + " --minhash --threshold nan").code, 2);
  EXPECT_EQ(program("data dedup " + in + " --minhash --memory 1KB").code, 2);
  EXPECT_EQ(program("data dedup " + in + " --documents --keep best").code, 2);
  EXPECT_EQ(program("data dedup " + (folder / "none.jsonl").string() + " --documents").code, 66);
  EXPECT_EQ(program("data dedup " + in + " --decontaminate " + (folder / "none.txt").string()).code, 66);
  write(folder / "bad.jsonl", "{\"text\": \"a\"}\n{\"txt\": \"b\"}\n");
  const Outcome bad =
      program("data dedup " + (folder / "bad.jsonl").string() + " --documents --out " + (folder / "out").string());
  EXPECT_EQ(bad.code, 65);
  EXPECT_THAT(bad.err, HasSubstr("bad.jsonl:2"));
  EXPECT_FALSE(fs::exists(folder / "out"));
  EXPECT_FALSE(fs::exists(folder / "out.partial"));
  EXPECT_EQ(program("data dedup " + in + " --documents --out " + folder.string()).code, 2);  // it holds what is read
  fs::create_directory(folder / "mine");
  write(folder / "mine" / "notes.txt", "mine");
  EXPECT_EQ(program("data dedup " + in + " --documents --out " + (folder / "mine").string()).code, 2);
  EXPECT_TRUE(fs::exists(folder / "mine" / "notes.txt"));
}

TEST(DataDedup, AFlagOfAMethodThatIsNotChosenIsRefused) {
  const fs::path folder = fresh("dedup-idle");
  write(folder / "in.jsonl", lines());
  const Outcome outcome = program("data dedup in.jsonl --documents --threshold 0.3");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--threshold: belongs to --minhash"));
  for (const char* flags : {"--lines --keep longest", "--minhash --min-unit 3", "--simhash --no-verify", "--documents --words",
                            "--substrings --ngrams-n 5"})
    EXPECT_EQ(program("data dedup in.jsonl " + std::string(flags)).code, 2) << flags;
  EXPECT_EQ(program("data dedup in.jsonl --ngrams --words --ngrams-n 5").code, 0);
}

TEST(DataDedup, MemoryIsANumberOfBytesWithAUnit) {
  const fs::path folder = fresh("dedup-memory");
  write(folder / "in.jsonl", lines());
  for (const char* memory : {"-1GB", "4XB", "99999999999GB", "nan"}) {
    const Outcome outcome = program("data dedup in.jsonl --documents --memory " + std::string(memory));
    EXPECT_EQ(outcome.code, 2) << memory;
    EXPECT_THAT(outcome.err, HasSubstr("is " + std::string(memory) + ", expected bytes such as 512MB or 4GB"));
  }
  for (const char* memory : {"100MB", "1e8", "100000000"})
    EXPECT_EQ(program("data dedup in.jsonl --documents --memory " + std::string(memory)).code, 0) << memory;
}

TEST(WholeNumbers, MayHaveAnExponent) {
  const fs::path folder = fresh("exponents");
  write(folder / "in.jsonl", lines());
  EXPECT_EQ(program("data dedup in.jsonl --lines --min-unit 1e1").code, 0);
  EXPECT_EQ(program("data clean in.jsonl --out clean --filters off --longest-document 1e9 --shard-bytes 2.5e8").code, 0);
  EXPECT_THAT(program("data dedup in.jsonl --lines --min-unit 1.5").err, HasSubstr("is 1.5, expected a whole number"));
  EXPECT_THAT(program("data dedup in.jsonl --lines --min-unit 1e300").err, HasSubstr("is 1e300, expected a whole number"));
}

}  // namespace
}  // namespace isoflop::test
