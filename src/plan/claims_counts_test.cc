// So many of something, memory by its parts, and what a slip gives away of a sum, a share or a multiple.
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

class EveryCount : public testing::TestWithParam<Said> {};

TEST_P(EveryCount, IsHeldAgainstWhatItCounts) {
  const auto agreed = claims(GetParam().right), flagged = wrong(GetParam().wrong);
  EXPECT_FALSE(agreed.empty()) << "nothing is read in: " << GetParam().right;
  EXPECT_TRUE(wrong(GetParam().right).empty()) << claims_to_json(agreed);
  ASSERT_FALSE(flagged.empty()) << claims_to_json(claims(GetParam().wrong));
  EXPECT_TRUE(flagged[0].computed && near(*flagged[0].computed, GetParam().value, .01)) << claims_to_json(flagged);
}

INSTANTIATE_TEST_SUITE_P(
    Claims, EveryCount,
    testing::Values(
        Said{"The cluster has 256 nodes with 8 H100 each. The other 16 nodes are spares, so 128 GPUs stand by.",
             "The cluster has 256 nodes with 8 H100 each. The other 16 nodes are spares, so 64 GPUs stand by.", 128},
        Said{"Buying saves $3.38M per year. Over the four years the savings add up to $13.5M.",
             "Buying saves $3.38M per year. Over the four years the savings add up to $10.2M.", 13.52e6},
        Said{"・費用 5,795,328円\n・学習は4,860億トークン\n・学習トークン1億あたり約1,192円",
             "・費用 5,795,328円\n・学習は4,860億トークン\n・学習トークン1億あたり約119円", 1192},
        Said{"The mixture has 26.4B parameters. For a token 4.98B active parameters compute.\n\nThe training set has 3.0T "
             "tokens.\nThe training takes 8.96e22 FLOPs.",
             "The mixture has 26.4B parameters. For a token 4.98B active parameters compute.\n\nThe training set has 3.0T "
             "tokens.\nThe training takes 4.75e23 FLOPs.",
             8.964e22},
        Said{"- budget × 16: parameters × 4, tokens × 4", "- budget × 16: parameters × 8, tokens × 4", 16},
        Said{"| 名称 | 計算量 |\n|---|---|\n| L | 1.08e21 FLOPs |\n| XL | 1.04e22 FLOPs |\n\nXL の計算量は L の 9.6 倍である。",
             "| 名称 | 計算量 |\n|---|---|\n| L | 1.08e21 FLOPs |\n| XL | 1.04e22 FLOPs |\n\nXL の計算量は L の 3.1 倍である。",
             9.63},
        Said{"We pay $2.20 per GPU-hour and keep them busy 78 % of the time.\nA used GPU-hour costs us $2.82.",
             "We pay $2.20 per GPU-hour and keep them busy 78 % of the time.\nA used GPU-hour costs us $1.72.", 2.82},
        Said{"For the KV cache you have keys and values, 40 layers, 5120 wide, 2 bytes: 0.82 MB.",
             "For the KV cache you have keys and values, 40 layers, 5120 wide, 2 bytes: 0.41 MB.", 819200},
        Said{"The states take 107.8 GB. Sharded over all 64 ranks that is 1.68 GB on each GPU.",
             "The states take 107.8 GB. Sharded over all 64 ranks that is 13.5 GB on each GPU.", 1.684e9},
        Said{"The width is 4096. A layer has $4d^2 =$ 6,711万 there.", "The width is 4096. A layer has $4d^2 =$ 1,678万 there.",
             6.711e7},
        Said{"The job settled at 134 TFLOP/s per GPU. Against the A100's 312 that is an MFU of 43 %.",
             "The job settled at 134 TFLOP/s per GPU. Against the A100's 312 that is an MFU of 34 %.", 42.9},
        Said{"Each checkpoint takes 15.6 GB, and all 25 fill 390 GB.", "Each checkpoint takes 15.6 GB, and all 25 fill 39.0 GB.",
             390e9},
        Said{"The 64 nodes draw 8.5 kW each, 544 kW in all. In 113 hours this is 61.5 MWh.",
             "The 64 nodes draw 8.5 kW each, 544 kW in all. In 113 hours this is 615 MWh.", 61.47e6},
        Said{"The runs take 43,530 GPU-hours. To this we add 30 % (13,060 GPU-hours) for restarts.",
             "The runs take 43,530 GPU-hours. To this we add 30 % (1,306 GPU-hours) for restarts.", 13059},
        Said{"On H100, at an MFU of 41 %, each GPU delivers 405 TFLOP/s.",
             "On H100, at an MFU of 41 %, each GPU delivers 40.5 TFLOP/s.", 405.6e12},
        Said{"## Model\n\nIt saw 26B tokens.\n\n## Speed\n\nEach optimizer step used 512 sequences of 2,048 tokens, so 1,048,576 "
             "tokens.\nThe run took about 24,800 steps.",
             "## Model\n\nIt saw 26B tokens.\n\n## Speed\n\nEach optimizer step used 512 sequences of 2,048 tokens, so 1,048,576 "
             "tokens.\nThe run took about 2,480 steps.",
             24796},
        Said{"- 64 servers at $285,000: $18,240,000", "- 64 servers at $285,000: $16,240,000", 18.24e6},
        Said{"On H100, at an MFU of 41 %, each GPU delivers 405 TFLOP/s.",
             "On H100, at an MFU of 41 %, each GPU delivers 505 TFLOP/s.", 405.6e12},
        Said{"- run: $672\n- storage: $38\n- copying: $12\n- restarts: $192\n\nAll in all it came to $914.",
             "- run: $672\n- storage: $38\n- copying: $12\n- restarts: $192\n\nAll in all it came to $9,140.", 914},
        Said{"We saw 26B tokens. The other model saw 300B tokens, 11.5 times as many.",
             "We saw 26B tokens. The other model saw 300B tokens, 115 times as many.", 11.54}));

}  // namespace
}  // namespace isoflop
