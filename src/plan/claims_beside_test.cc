// A value and what stands beside it: a product, the same in another unit, a share of two counts, so much a year.
#include <gtest/gtest.h>

#include <ostream>

#include "isoflop/claims.h"
#include "plan/testing.h"

namespace isoflop {
namespace {

using plan::near;

std::vector<Claim> claims(const std::string& text) {
  return check_claims(text, "text.md");
}

std::vector<Claim> wrong(const std::string& text) {
  auto found = claims(text);
  std::erase_if(found,
                [](const Claim& c) { return c.verdict == ClaimVerdict::agrees || c.verdict == ClaimVerdict::cannot_check; });
  return found;
}

struct Said {
  const char *right, *wrong;
  double value;  ///< what the wrong one should say, in plain units
};
std::ostream& operator<<(std::ostream& out, const Said& said) {
  return out << said.wrong;
}

class EveryNeighbour : public testing::TestWithParam<Said> {};

TEST_P(EveryNeighbour, IsHeldAgainstTheValueBesideIt) {
  const auto agreed = claims(GetParam().right), flagged = wrong(GetParam().wrong);
  EXPECT_FALSE(agreed.empty()) << "nothing is read in: " << GetParam().right;
  EXPECT_TRUE(wrong(GetParam().right).empty()) << claims_to_json(agreed);
  ASSERT_FALSE(flagged.empty()) << claims_to_json(claims(GetParam().wrong));
  EXPECT_TRUE(flagged[0].computed && near(*flagged[0].computed, GetParam().value, .01)) << claims_to_json(flagged);
}

INSTANTIATE_TEST_SUITE_P(
    Claims, EveryNeighbour,
    testing::Values(
        Said{"人件費は270万円（2名×1.5か月×90万円/人月）。", "人件費は135万円（2名×1.5か月×90万円/人月）。", 2.7e6},
        Said{"An MLP has 135,266,304 (3 × 4096 × 11008) parameters.", "An MLP has 90,177,536 (3 × 4096 × 11008) parameters.",
             135266304},
        Said{"| part | expression | parameters |\n|---|---|---|\n| MLP | 3 × 4096 × 11008 | 135,266,304 |",
             "| part | expression | parameters |\n|---|---|---|\n| MLP | 3 × 4096 × 11008 | 90,177,536 |", 135266304},
        Said{"KV cache: 2 × 28 × 8 × 128 × 2 bytes per token.\nThis amounts to 115 kB.",
             "KV cache: 2 × 28 × 8 × 128 × 2 bytes per token.\nThis amounts to 344 kB.", 114688},
        Said{"It takes 188.5 hours, that is 7.85 days.", "It takes 188.5 hours, that is 15.7 days.", 188.5 * 3600},
        Said{"所要時間は約188.5時間（7.85日）である。", "所要時間は約188.5時間（15.7日）である。", 188.5 * 3600},
        Said{"A checkpoint has 980 GB. The file system takes 35 GB/s. Writing one blocks the training for 28 seconds.",
             "A checkpoint has 980 GB. The file system takes 35 GB/s. Writing one blocks the training for 280 seconds.", 28},
        Said{"Each token visits 6 of the 48 experts, that is 12.5 % of them.",
             "Each token visits 6 of the 48 experts, that is 8 % of them.", 12.5},
        Said{"1,200問中の不適切応答は36問（3%）。", "1,200問中の不適切応答は36問（30%）。", 3},
        Said{"So 13.1M trainable weights, which is about 0.10 % of the 13B.",
             "So 13.1M trainable weights, which is about 1.0 % of the 13B.", .1008},
        Said{"費用は約7,054万円、年間予算7,200万円の約98%。", "費用は約7,054万円、年間予算7,200万円の約9.8%。", 97.97},
        Said{"- on demand $3.90\n- for three years $2.20 (43.6 % below on demand)",
             "- on demand $3.90\n- for three years $2.20 (56.4 % below on demand)", 43.59}));

TEST(Neighbours, ThatAreNoProductAreNoneOfAValue) {
  for (const char* text :
       {"| C | N | D |\n|---|---|---|\n| $6\\times10^{20}$ | 22億 | 455億 |", "月1万4,000時間 × 6か月 = 8万4,000時間",
        "| GPUs | hours |\n|---|---|\n| 8 × 8 | 64,200 |", "The other 12 bytes (80.9 GB) are divided by 64.",
        "At most 32 nodes (`32*4/(4*2)=16`).", "`0.00587220219514703 = sqrt(2/(11600*5))`",
        "With MBS=2 (8*2) the batch grows by 16.", "BF16 weights: `176*10**9*2/2**30 = 327.82GB`",
        "from 4GiB at 740.64GBps it takes 5.8ms", "With 4 GiB at 50 GB/s the exchange took 12.5 ms, 10.1 ms of them on the wire.",
        "`2*403_717_700` = 807_435_400 params * 18 bytes = 14_533_837_200 (15GB)",
        "- `v*h: 150257*13312` = `2_000_221_184 / 4` (TP=4) => 500_055_296 params per GPU",
        "クイック実験（3モデル × 500ステップ、約3分）", "avg=13.36s   min=12.54s  med=13.31s   max=14.12s",
        "Runtime: ~2h to build, ~8h to filter, ~1.5h to write shards out",
        "iteration 50/ 1000 | consumed samples: 200 | time per iteration (ms): 2124.0 | learning rate: 1.4E-04 | "
        "batch size: 4 | lm loss: 10.385 | loss scale: 16384.0 | grad norm: 1.2",
        "[0] 14/-1/-1->13->12 [1] -1/-1/-1->13->12"})
    EXPECT_TRUE(wrong(text).empty()) << claims_to_json(wrong(text));
}

}  // namespace
}  // namespace isoflop
