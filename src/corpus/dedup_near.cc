// Near-duplicate documents: MinHash and SimHash propose pairs, a test decides, clusters keep one member.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <functional>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "base/check.h"
#include "corpus/dedup_pairs.h"
#include "corpus/dedup_work.h"

namespace isoflop::corpus {
namespace {

// Tests pairs by their true Jaccard similarity. A document's n-grams are kept for its other pairs, as long as there is room.
template <class ReadText, class BytesOf>
class JaccardTest {
 public:
  JaccardTest(Team& team, const MinHashOptions& options, ReadText read_text, BytesOf bytes_of, std::int64_t memory)
      : team_(team),
        shingler_(options.shingles),
        threshold_(options.threshold),
        read_text_(std::move(read_text)),
        bytes_of_(std::move(bytes_of)),
        most_(static_cast<std::size_t>(memory) / sizeof(std::uint64_t)) {}

  void operator()(std::span<const Pair> pairs, std::span<char> match) {
    constexpr std::size_t kAtOnce = 256;  // documents
    for (std::size_t begin = 0, end = 0; begin < pairs.size(); begin = end) {
      std::vector<std::pair<std::uint32_t, std::vector<std::uint64_t>*>> fresh;
      std::size_t coming = 0;  // n-grams at most: one a byte
      for (; end < pairs.size() && fresh.size() < kAtOnce && coming < most_; ++end) {
        for (const std::uint32_t number : {pairs[end].first, pairs[end].second}) {
          const auto [at, is_fresh] = sets_.try_emplace(number);
          if (!is_fresh) continue;
          fresh.emplace_back(number, &at->second);
          coming += bytes_of_(number);
        }
      }
      in_parallel(fresh.size(), [&](std::size_t i, std::string& buffer) {
        shingler_.sorted_set(read_text_(fresh[i].first, buffer), *fresh[i].second);
        fresh[i].second->shrink_to_fit();
      });
      in_parallel(end - begin, [&](std::size_t i, std::string&) {
        const Pair& pair = pairs[begin + i];
        match[begin + i] = jaccard_of_sets(sets_.find(pair.first)->second, sets_.find(pair.second)->second) >= threshold_ ? 1 : 0;
      });
      for (const auto& [number, set] : fresh) held_ += set->size();
      if (held_ > most_) {
        sets_.clear();
        held_ = 0;
      }
    }
  }

 private:
  template <class Work>
  void in_parallel(std::size_t count, const Work& work) {
    std::atomic<std::size_t> next{0};
    team_.run([&](std::int64_t) {
      std::string buffer;
      for (std::size_t i; (i = next.fetch_add(1)) < count;) work(i, buffer);
    });
  }

  Team& team_;
  Shingler shingler_;
  double threshold_;
  ReadText read_text_;
  BytesOf bytes_of_;
  std::size_t most_, held_ = 0;
  std::unordered_map<std::uint32_t, std::vector<std::uint64_t>> sets_;
};

// one member of every cluster stays
void keep_one(DedupWork& work, Clusters& found, DedupStage& stage) {
  std::vector<std::uint32_t> winner(found.size());
  std::iota(winner.begin(), winner.end(), 0U);
  for (std::uint32_t number = 0; number < found.size(); ++number) {
    std::uint32_t& best = winner[found.root(number)];
    if (work.options.keep == DedupKeep::longest && work.facts[number].bytes > work.facts[best].bytes) best = number;
  }
  work.for_each_number([&](std::uint32_t number) {
    const std::uint32_t best = winner[found.root(number)];
    if (best == number) return;
    work.clusters.join(best, number);
    work.between.add(stage.method, work.facts[number].source, work.facts[best].source);
    work.remove(number, stage);
  });
}

std::uint64_t simhash_of(const std::vector<std::uint64_t>& hashes) {
  std::array<std::uint32_t, 64> ones{};
  for (const std::uint64_t hash : hashes) {
    for (unsigned bit = 0; bit < 64; ++bit) ones[bit] += static_cast<std::uint32_t>(hash >> bit & 1);
  }
  std::uint64_t value = 0;
  for (unsigned bit = 0; bit < 64; ++bit) value |= std::uint64_t{2 * std::uint64_t{ones[bit]} > hashes.size() ? 1U : 0U} << bit;
  return value;
}

// Masks of which two values that differ in at most `distance` bits agree under one at least: the bits in distance + chosen
// blocks, any `chosen` of them (Manku, Jain, Das Sarma 2007, section 3.1.1).
std::vector<std::uint64_t> simhash_masks(std::int64_t distance, std::size_t documents) {
  if (distance == 0) return {~std::uint64_t{0}};
  const auto wanted_bits = static_cast<std::int64_t>(std::bit_width(documents));
  std::int64_t chosen = 1;
  double tables = static_cast<double>(distance + 1);
  while (chosen < 4 && 64 * chosen / (distance + chosen) < wanted_bits) {
    const double more = tables * static_cast<double>(distance + chosen + 1) / static_cast<double>(chosen + 1);
    if (more > 200) break;
    tables = more;
    ++chosen;
  }
  const std::int64_t blocks = distance + chosen;
  std::vector<std::uint64_t> block_masks;
  for (std::int64_t i = 0; i < blocks; ++i) {
    std::uint64_t mask = 0;
    for (std::int64_t bit = 64 * i / blocks; bit < 64 * (i + 1) / blocks; ++bit) mask |= std::uint64_t{1} << bit;
    block_masks.push_back(mask);
  }
  std::vector<std::uint64_t> masks;
  for (std::uint32_t some = 0; some < 1U << blocks; ++some) {
    if (std::popcount(some) != chosen) continue;
    std::uint64_t mask = 0;
    for (std::int64_t i = 0; i < blocks; ++i) mask |= (some >> i & 1) != 0 ? block_masks[static_cast<std::size_t>(i)] : 0;
    masks.push_back(mask);
  }
  return masks;
}

}  // namespace

DedupStage remove_minhash(DedupWork& work) {
  const MinHashOptions& options = work.options.minhash;
  DedupStage stage{.method = DedupMethod::minhash};
  stage.bands = choose_bands(options);
  const auto bands = static_cast<std::size_t>(stage.bands.bands);
  const Shingler shingler(options.shingles);
  const MinHasher hasher(options.permutations, options.seed);
  struct Scratch {
    std::vector<std::uint64_t> hashes;
    std::vector<std::uint32_t> signature;
  };
  std::vector<Scratch> scratch(static_cast<std::size_t>(work.team.size()));
  for (Scratch& each : scratch) each.signature.resize(static_cast<std::size_t>(options.permutations));
  std::vector<std::vector<std::uint64_t>> keys(Spool::kMostSlots);
  Partitions<BandRecord> records(work.folder, work.record_memory());
  work.for_each(
      "MinHash",
      [&](std::int64_t rank, std::size_t slot, const Document& document) {
        Scratch& mine = scratch[static_cast<std::size_t>(rank)];
        shingler.hashes(document.text, mine.hashes);
        keys[slot].resize(mine.hashes.empty() ? 0 : bands);
        if (mine.hashes.empty()) return;
        hasher.sign(mine.hashes, mine.signature);
        band_keys(mine.signature, stage.bands, keys[slot]);
      },
      [&](std::size_t slot, const Document& document) {
        ++stage.documents;
        for (const std::uint64_t key : keys[slot]) records.add({key, document.number});
      });
  keys.clear();

  Clusters found;
  found.resize(work.facts.size());
  const auto read_text = [&work](std::uint32_t number, std::string& buffer) {
    return work.documents->at(work.documents->place_of(number), buffer).text;
  };
  const auto bytes_of = [&work](std::uint32_t number) { return std::size_t{work.facts[number].bytes}; };
  JaccardTest by_jaccard(work.team, options, read_text, bytes_of, work.options.memory / 8);
  const TestPairs test = options.verify ? TestPairs(std::ref(by_jaccard)) : TestPairs();
  const PairCounts counts = join_candidates(records, test, found, work.team, work.stop, [&] { work.fail_stopped(); });
  stage.candidates = counts.candidates;
  stage.matches = counts.matches;
  keep_one(work, found, stage);
  return stage;
}

DedupStage remove_simhash(DedupWork& work) {
  const SimHashOptions& options = work.options.simhash;
  DedupStage stage{.method = DedupMethod::simhash};
  const Shingler shingler(options.shingles);
  const std::vector<std::uint64_t> masks = simhash_masks(options.distance, work.facts.size());
  std::vector<std::vector<std::uint64_t>> scratch(static_cast<std::size_t>(work.team.size()));
  std::vector<std::optional<std::uint64_t>> value_of(Spool::kMostSlots);
  std::vector<std::uint64_t> values(work.facts.size());
  Partitions<BandRecord> records(work.folder, work.record_memory());
  work.for_each(
      "SimHash",
      [&](std::int64_t rank, std::size_t slot, const Document& document) {
        std::vector<std::uint64_t>& hashes = scratch[static_cast<std::size_t>(rank)];
        shingler.hashes(document.text, hashes);
        value_of[slot] = hashes.empty() ? std::nullopt : std::optional(simhash_of(hashes));
      },
      [&](std::size_t slot, const Document& document) {
        ++stage.documents;
        if (!value_of[slot]) return;
        values[document.number] = *value_of[slot];
        for (std::size_t i = 0; i < masks.size(); ++i)
          records.add({mixed(mixed(*value_of[slot] & masks[i]) + i), document.number});
      });

  Clusters found;
  found.resize(work.facts.size());
  const auto near = [&](std::span<const Pair> pairs, std::span<char> match) {
    for (std::size_t i = 0; i < pairs.size(); ++i)
      match[i] = std::popcount(values[pairs[i].first] ^ values[pairs[i].second]) <= options.distance ? 1 : 0;
  };
  const PairCounts counts = join_candidates(records, near, found, work.team, work.stop, [&] { work.fail_stopped(); });
  stage.candidates = counts.candidates;
  stage.matches = counts.matches;
  keep_one(work, found, stage);
  return stage;
}

}  // namespace isoflop::corpus

namespace isoflop {

std::vector<std::uint32_t> near_duplicate_clusters(std::span<const std::string_view> texts, const MinHashOptions& options) {
  const MinHashBands bands = choose_bands(options);
  const corpus::Shingler shingler(options.shingles);
  const corpus::MinHasher hasher(options.permutations, options.seed);
  std::vector<std::uint64_t> hashes, keys(static_cast<std::size_t>(bands.bands));
  std::vector<std::uint32_t> signature(static_cast<std::size_t>(options.permutations));
  corpus::Partitions<corpus::BandRecord> records({}, std::numeric_limits<std::int64_t>::max());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    shingler.hashes(texts[i], hashes);
    if (hashes.empty()) continue;
    hasher.sign(hashes, signature);
    corpus::band_keys(signature, bands, keys);
    for (const std::uint64_t key : keys) records.add({key, static_cast<std::uint32_t>(i)});
  }
  corpus::Clusters found;
  found.resize(texts.size());
  Team team(1);
  const auto text_of = [texts](std::uint32_t i, std::string&) { return texts[i]; };
  const auto bytes_of = [texts](std::uint32_t i) { return texts[i].size(); };
  corpus::JaccardTest by_jaccard(team, options, text_of, bytes_of, std::int64_t{256} << 20);
  const corpus::TestPairs test = options.verify ? corpus::TestPairs(std::ref(by_jaccard)) : corpus::TestPairs();
  (void)corpus::join_candidates(records, test, found, team, {}, [] {});
  std::vector<std::uint32_t> roots;
  for (std::uint32_t i = 0; i < texts.size(); ++i) roots.push_back(found.root(i));
  return roots;
}

}  // namespace isoflop
