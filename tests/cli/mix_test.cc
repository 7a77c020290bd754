// isoflop mix, as a user meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.h"

namespace isoflop::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string kProxies = (fs::path(ISOFLOP_SOURCE_DIR) / "examples/proxies.csv").string();

Outcome ran(const std::string& arguments) {
  const Outcome outcome = program("mix " + arguments);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome;
}

TEST(Mix, FitsPredictsAndOptimises) {
  const fs::path place = fresh("mix");
  const std::string law = (place / "mixture.json").string();
  const auto fit = ran("fit " + kProxies + " --target chat,web --bootstrap 60 --out " + law + " --json").json();
  ASSERT_EQ(fit["fits"].size(), 2U);
  // the example was made by c = 2.6, k + t = (-.3, .6, -.9)
  EXPECT_NEAR(fit["fits"][0]["constants"]["t.web"].get<double>() - fit["fits"][0]["constants"]["t.code"].get<double>(), -1.5, .5);
  EXPECT_GT(fit["fits"][0]["cross_validated"]["r_squared"].get<double>(), .95);
  EXPECT_TRUE(fit["fits"][0]["intervals"]["c"]["low"].is_number());

  const auto predicted = ran("predict " + law + " " + kProxies + " --json").json();
  EXPECT_GT(predicted["predictions"][0]["agreement"]["spearman"].get<double>(), .98);
  EXPECT_EQ(predicted["predictions"][0]["rows"].size(), 24U);

  const auto best =
      ran("optimise " + law + " --target chat --unique-tokens web=5e9,code=8e8,books=3e8 --tokens 2e9 --max-epochs 1 --json")
          .json();
  double sum = 0;
  for (const auto& [source, weight] : best["weights"].items()) sum += weight.get<double>();
  EXPECT_NEAR(sum, 1, 1e-9);
  EXPECT_GT(best["weights"]["web"].get<double>(), .8);
  EXPECT_LE(best["weights"]["books"].get<double>(), .15 + 1e-9);
  EXPECT_EQ(best["comparisons"][0]["with"], "natural");
  EXPECT_TRUE(best["decided"].is_boolean());
  EXPECT_THAT(ran("optimise " + law + " --target chat").out, HasSubstr("predicted loss"));
}

TEST(Mix, DesignsATableThatPredictReads) {
  const fs::path place = fresh("mix_design");
  const std::string law = (place / "m.json").string(), table = (place / "p.csv").string();
  EXPECT_THAT(ran("design --sources web=5e9,code=8e8,books=3e8 --proxies 9 --candidates 200 --out " + table).err,
              HasSubstr("9 proxies"));
  (void)ran("fit " + kProxies + " --law linear --target web --bootstrap 0 --out " + law);
  const auto rows = ran("predict " + law + " " + table + " --json").json()["predictions"][0]["rows"];
  EXPECT_EQ(rows.size(), 9U);
  EXPECT_EQ(rows[0]["row"], "1") << "the design's index";
  (void)ran("predict " + law + " " + table + " --out " + (place / "said.csv").string());
  EXPECT_THAT(read(place / "said.csv"), testing::StartsWith("row,target,predicted,low,high\n1,web,"));
  EXPECT_THAT(ran("design --sources a=1,b=2 --proxies 3 --candidates 50").out, HasSubstr("index,share.a,share.b\n"));
}

TEST(Mix, WritesOverNothingItReads) {
  const fs::path place = fresh("mix_over");
  const std::string table = (place / "proxies.csv").string(), law = (place / "m.json").string();
  write(table, read(kProxies));
  EXPECT_EQ(program("mix fit " + table + " --target web --bootstrap 0 --out " + table).code, 2);
  EXPECT_EQ(read(table), read(kProxies));
  (void)ran("fit " + table + " --target web --bootstrap 0 --out " + law);
  const std::string sealed = read(law);
  EXPECT_EQ(program("mix predict " + law + " " + table + " --out " + table).code, 2);
  EXPECT_EQ(program("mix predict " + law + " " + table + " --out " + law).code, 2);
  EXPECT_EQ(read(law), sealed);
  // more tokens than there are is a mistake of the command line
  EXPECT_EQ(program("mix optimise " + law + " --unique-tokens web=5e6,code=8e5,books=3e5 --tokens 2e9").code, 2);
}

TEST(Mix, WithoutALawSaysSo) {
  const fs::path place = fresh("mix_none");
  write(place / "few.csv", "share.a,share.b,loss\n0.5,0.5,3\n0.4,0.6,3.1\n");
  const Outcome outcome = ran("fit " + (place / "few.csv").string());
  EXPECT_THAT(outcome.out, testing::AllOf(HasSubstr("no law"), HasSubstr("few_rows"), testing::Not(HasSubstr("Spearman"))));
}

TEST(Mix, SaysWhatItCannotRead) {
  const fs::path place = fresh("mix_bad");
  const auto refused = [](const std::string& arguments, int code, const std::string& words) {
    const Outcome outcome = program("mix " + arguments);
    EXPECT_EQ(outcome.code, code) << arguments;
    EXPECT_THAT(outcome.err, HasSubstr(words)) << arguments;
  };
  write(place / "bad.csv", "share.a,share.b,loss\n0.5,0.6,3\n");
  refused("fit " + (place / "bad.csv").string(), 65, "sum to 1.1");
  refused("fit " + (place / "none.csv").string(), 66, "no such file");
  refused("fit " + kProxies + " --target chatt", 2, "did you mean `chat`?");
  refused("fit " + kProxies + " --law loglinear", 2, "log_linear");
  refused("fit " + kProxies + " --target chat,chat", 2, "given twice");
  refused("design --sources a=1", 2, "2 or more");
  refused("design --sources a=1e6,b=1e6 --tokens 1e9", 2, "1B are more than the sources hold: 2M (a 1M, b 1M)");
  write(place / "m.json", "{\"kind\":\"mixture\"}\n");
  refused("optimise " + (place / "m.json").string(), 65, "checksum");
  refused("predict " + kProxies + " " + kProxies, 65, "checksum");
}

}  // namespace
}  // namespace isoflop::test
