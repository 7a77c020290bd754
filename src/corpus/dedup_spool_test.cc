#include "corpus/dedup_spool.h"

#include "base/random.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

class SpoolOfDocuments : public InAFolder, public testing::WithParamInterface<std::int64_t> {};
INSTANTIATE_TEST_SUITE_P(Dedup, SpoolOfDocuments, testing::Values(0, 1 << 20, 1 << 30));

std::string text_of(std::uint32_t number) {
  return number % 50 == 7 ? std::string(700'000 + number, 'z') : std::string(number % 1000, static_cast<char>('a' + number % 26));
}

// in memory, in a file, and partly here and there
TEST_P(SpoolOfDocuments, GivesThemBackInOrderAndAtRandom) {
  Spool spool(folder_ / "work", GetParam());
  constexpr std::uint32_t kDocuments = 300;
  for (std::uint32_t i = 0; i < kDocuments; ++i) spool.add({2 * i, i % 5, "before" + std::to_string(i), "after", text_of(i)});
  spool.finish();
  for (const std::int64_t threads : {1, 2}) {
    Team team(threads);
    std::vector<std::size_t> lengths(Spool::kMostSlots);
    std::uint32_t next = 0;
    spool.for_each(
        team, {}, [&](std::int64_t, std::size_t slot, const Spool::Item& item) { lengths[slot] = item.document.text.size(); },
        [&](std::size_t slot, const Spool::Item& item) {
          EXPECT_EQ(item.place, next);
          EXPECT_EQ(item.document.number, 2 * next);
          EXPECT_EQ(item.document.before, "before" + std::to_string(next));
          EXPECT_EQ(item.document.after, "after");
          EXPECT_TRUE(item.document.text == text_of(next)) << next;
          EXPECT_EQ(lengths[slot], item.document.text.size());
          ++next;
        });
    EXPECT_EQ(next, kDocuments);
  }
  std::string buffer;
  for (const std::uint32_t i : {299U, 0U, 7U, 107U, 298U})
    EXPECT_TRUE(spool.at(spool.place_of(2 * i), buffer).text == text_of(i));
  EXPECT_TRUE(!fs::exists(folder_ / "work") || fs::is_empty(folder_ / "work")) << "what is spilled has no name";
}

struct Number {
  std::uint64_t key = 0, value = 0;
  [[nodiscard]] std::uint64_t order() const { return key; }
  friend auto operator<=>(const Number&, const Number&) = default;
};

TEST_P(SpoolOfDocuments, RecordsComeSortedHoweverLittleMemoryThereIs) {
  const Philox random{.seed = 2};
  std::vector<Number> all;
  Partitions<Number> partitions(folder_ / "work", GetParam());
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    all.push_back({random.bits(i % 7'000), i});
    partitions.add(all.back());
  }
  std::vector<Number> order;
  Partitions<Number> unsorted(folder_ / "work", GetParam(), false);
  for (const Number& each : all) unsorted.add(each);
  std::stable_sort(all.begin(), all.end(), [](const Number& a, const Number& b) { return a.key >> 56 < b.key >> 56; });
  std::vector<Number> seen;
  Team team(2);
  partitions.for_each_part(
      team, {}, [] {}, [&](std::span<const Number> part) { seen.insert(seen.end(), part.begin(), part.end()); });
  unsorted.for_each_part(
      team, {}, [] {}, [&](std::span<const Number> part) { order.insert(order.end(), part.begin(), part.end()); });
  EXPECT_TRUE(order == all) << "parts by key, inside them in the order they came";
  std::sort(all.begin(), all.end());
  EXPECT_TRUE(seen == all);
}

}  // namespace
}  // namespace isoflop::corpus
