// The reference tables are read by their own headers, without a map.
#include <gtest/gtest.h>

#include "base/reference.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

Observations read(const std::string& name, const std::string& where = "") {
  return observations_from_csv(reference_text("runs/" + name), name, {.where = where});
}

TEST(ReferenceTables, AreReadByTheirHeaders) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  for (const char* name :
       {"epoch_chinchilla.csv", "llama3_isoflop.csv", "muennighoff2023_datablations.csv", "steplaw_dense.csv"}) {
    const Observations table = read(name);
    for (const char* column : {"params", "tokens", "loss"}) EXPECT_TRUE(table.columns.contains(column)) << name << " " << column;
  }
  EXPECT_TRUE(read("porian2024_isoflop.csv", "loss_kind=val").columns.contains("loss"));
  const Observations steplaw = read("steplaw_dense.csv");
  EXPECT_EQ(steplaw.n_convention, "params_non_embedding");
  EXPECT_TRUE(steplaw.columns.contains("learning_rate"));
  const Observations clark = read("clark2022_routing_final.csv", "router_type = Hash and k = 1 and routing_frequency = 0.5");
  EXPECT_EQ(clark.columns.at("experts").size(), 51U);
  EXPECT_TRUE(fit_law(clark, "routed", {.bootstrap = 0, .threads = 2}).fit);
  const Observations nanochat = read("nanochat_isoflop_optima.csv", "param_count='matmul+lm_head'");
  EXPECT_EQ(nanochat.loss_unit, "bits_per_byte");
  EXPECT_TRUE(fit_optima(nanochat).fit);
}

// Porian's table mixes training and validation losses: it is refused until one is chosen
TEST(ReferenceTables, ThatMixLossesAreRefused) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  EXPECT_THROW((void)read("porian2024_isoflop.csv"), Error);
}

}  // namespace
}  // namespace isoflop
