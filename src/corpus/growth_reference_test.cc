// Growth of words in real English and C, as read: figures counted in Python (../shared/anchors/data.md, section 3.2).
#include <gtest/gtest.h>

#include "base/reference.h"
#include "corpus/growth.h"
#include "corpus/symbols.h"
#include "isoflop/corpus.h"

namespace isoflop::corpus {
namespace {

struct Known {
  std::string file;
  std::vector<double> exponents;  // of 1 to 6 words
};

TEST(GrowthReference, DistinctWordsGrowAsCountedElsewhere) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  for (const Known& known :
       {Known{"fiction", {0.42, 0.72, 0.87, 0.95, 0.98, 1.00}}, Known{"web_usgov", {0.47, 0.73, 0.89, 0.95, 0.97, 0.98}},
        Known{"code_c", {0.53, 0.71, 0.81, 0.86, 0.90, 0.93}}}) {
    const Corpus text = Corpus::open(
        {.inputs = {(reference_folder() / "corpora/en" / (known.file + ".jsonl")).string()}, .split = SplitKind::none});
    NgramTree tree(6, NgramTree::Keep::groups);
    WordIds ids;
    std::vector<std::uint32_t> symbols;
    std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>> read(6);
    text.for_each_unit([&](const Unit& unit) {
      symbols.clear();
      ids.encode(unit.text, symbols);
      tree.begin(static_cast<int>(unit.index % NgramTree::kGroups));
      for (const std::uint32_t symbol : symbols) tree.add(symbol);
      for (int n = 1; n <= 6; ++n) read[static_cast<std::size_t>(n - 1)].emplace_back(tree.positions(n), tree.distinct(n));
    });
    for (std::size_t i = 0; i < 6; ++i)
      EXPECT_NEAR(growth_in_order(read[i]), known.exponents[i], known.file == "code_c" ? 0.02 : 0.011)
          << known.file << ", " << i + 1;
  }
}

}  // namespace
}  // namespace isoflop::corpus
