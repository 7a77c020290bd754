#include "corpus/dedup_minhash.h"

#include <cmath>
#include <set>

#include "base/random.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::size_t count_of(std::string_view text, ShingleOptions options) {
  std::vector<std::uint64_t> set;
  Shingler(options).sorted_set(text, set);
  return set.size();
}

// two texts of `size` different words each, `shared` of them in both: as sets of words their similarity is shared / (2 size -
// shared)
std::pair<std::string, std::string> planted(int size, int shared, std::uint64_t round) {
  std::string a, b;
  for (int i = 0; i < size; ++i) {
    const std::string own = std::to_string(round) + "x" + std::to_string(i) + " ";
    a += "a" + own;
    b += (i < shared ? "a" : "b") + own;
  }
  return {a, b};
}

constexpr ShingleOptions kSingleWords{.ngram = 1};

TEST(Words, AreRunsOfWordCharactersWithoutRegardToCaseAndWhatStandsBetween) {
  EXPECT_DOUBLE_EQ(jaccard("The law, of (loss).", "the LAW of loss", {.ngram = 2}), 1);
  EXPECT_DOUBLE_EQ(jaccard("a b c d", "a b c e", kSingleWords), 3.0 / 5);
  EXPECT_DOUBLE_EQ(jaccard("a b c d", "d c b a", {.ngram = 2}), 0) << "n-grams have an order";
  EXPECT_DOUBLE_EQ(jaccard("snake_case", "snake case", kSingleWords), 0);
  EXPECT_DOUBLE_EQ(jaccard("\xC3\x89T\xC3\x89 \xE2\x80\x94 Stra\xC3\x9F"
                           "e",
                           "\xC3\xA9t\xC3\xA9, stra\xC3\x9F"
                           "e!",
                           kSingleWords),
                   1)
      << "\xC3\x89 is a letter, a dash is none";
}

TEST(Words, OfAScriptWithoutSpacesAreItsCharacters) {
  const std::string_view text = "\xE9\x8A\x80\xE6\xB2\xB3\xE9\x89\x84\xE9\x81\x93\xE3\x81\xAE\xE5\xA4\x9C";  // six characters
  EXPECT_EQ(count_of(text, {.ngram = 2}), 5U);
  EXPECT_EQ(count_of(text, {.unit = ShingleUnit::words, .ngram = 1}), 1U);
  EXPECT_EQ(count_of("GPT\xE3\x81\xAE\xE5\xA4\x9C", kSingleWords), 3U) << "a word, then two";
  EXPECT_EQ(count_of("ab, c", {.unit = ShingleUnit::characters, .ngram = 1}), 3U);
}

TEST(Words, TooFewForAnNgramMakeOneAndNoneMakeNone) {
  EXPECT_EQ(count_of("one two", {.ngram = 5}), 1U);
  EXPECT_EQ(count_of("... --- !", {.ngram = 5}), 0U);
  EXPECT_DOUBLE_EQ(jaccard("...", "..."), 0) << "texts without words are like no other";
  EXPECT_DOUBLE_EQ(jaccard("one two", "one two three"), 0);
}

TEST(Words, OfTextCutInsideACharacterAreReadUpToIt) {
  EXPECT_EQ(count_of("ab \xE6\x97", kSingleWords), 1U);
}

TEST(MinHash, EstimatesWithinTheBinomialBoundAndWithoutBias) {
  for (const std::int64_t permutations : {128, 256}) {
    const MinHashOptions options{.shingles = kSingleWords, .permutations = permutations};
    double squares = 0, bound = 0, bias = 0;
    int pairs = 0;
    for (int shared = 30; shared < 200; shared += 2) {
      for (int round = 0; round < 6; ++round, ++pairs) {
        const auto [a, b] = planted(200, shared, static_cast<std::uint64_t>(pairs));  // words that no other pair has
        const double truth = shared / (400.0 - shared);
        const double error = estimate_jaccard(minhash_signature(a, options), minhash_signature(b, options)) - truth;
        squares += error * error;
        bias += error;
        bound += truth * (1 - truth) / static_cast<double>(permutations);
      }
    }
    EXPECT_LT(std::sqrt(squares / pairs), 1.1 * std::sqrt(bound / pairs)) << permutations;
    EXPECT_LT(std::abs(bias / pairs), 4 * std::sqrt(bound) / pairs) << permutations;
  }
}

TEST(MinHash, SignaturesAreThePlainFormulaOnEveryMachine) {
  // x -> a x + b modulo 2^32 of the high halves, whatever registers it was compiled for, at every count through two fours plus
  // one
  const Philox random{.seed = 9, .stream = Stream::dedup};
  for (std::size_t count = 0; count <= 9; ++count) {
    std::vector<std::uint64_t> hashes;
    for (std::size_t i = 0; i < count; ++i) hashes.push_back(random.bits(i + 1000));
    std::vector<std::uint32_t> signature(37), expected(37, 0xFFFFFFFFU);
    MinHasher(37, 9).sign(hashes, signature);
    for (std::size_t k = 0; k < expected.size(); ++k) {
      const auto words = random.words(k);
      for (const std::uint64_t hash : hashes)
        expected[k] = std::min(expected[k], (words[0] | 1) * static_cast<std::uint32_t>(hash >> 32) + words[1]);
    }
    EXPECT_EQ(signature, expected);
  }
}

TEST(MinHash, RecoversPlantedDuplicatesAtTheDesignedProbability) {
  // the S-curve, by bands and rows that were given and a threshold so low that candidates are what counts
  constexpr int kPairs = 400;
  const MinHashOptions options{
      .shingles = kSingleWords, .threshold = 0.01, .permutations = 64, .bands = 16, .rows = 4, .verify = false};
  const MinHashBands bands = choose_bands(options);
  for (const int shared : {40, 60, 70, 80, 90}) {
    std::vector<std::string> texts;
    for (std::uint64_t round = 0; round < kPairs; ++round) {
      auto [a, b] = planted(100, shared, round);
      texts.push_back(std::move(a));
      texts.push_back(std::move(b));
    }
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const std::vector<std::uint32_t> clusters = near_duplicate_clusters(views, options);
    int found = 0;
    for (std::size_t i = 0; i < clusters.size(); i += 2) found += clusters[i] == clusters[i + 1] ? 1 : 0;
    const double designed = bands.probability(shared / (200.0 - shared));
    const double sd = std::sqrt(designed * (1 - designed) / kPairs);
    EXPECT_NEAR(static_cast<double>(found) / kPairs, designed, 4 * sd + 0.005) << shared;
  }
}

TEST(MinHash, BandsMinimiseTheErrorAreas) {
  // datasketch 2.0: MinHashLSH(threshold=t, num_perm=128).b, .r
  const auto chosen = [](double threshold) {
    const MinHashBands bands = choose_bands({.threshold = threshold, .false_positive_weight = 0.5});
    return std::pair(bands.bands, bands.rows);
  };
  EXPECT_EQ(chosen(0.5), std::pair(std::int64_t{25}, std::int64_t{5}));
  EXPECT_EQ(chosen(0.7), std::pair(std::int64_t{14}, std::int64_t{9}));
  EXPECT_EQ(chosen(0.8), std::pair(std::int64_t{9}, std::int64_t{13}));
  EXPECT_EQ(chosen(0.9), std::pair(std::int64_t{5}, std::int64_t{25}));
  // with verification a false positive costs time only: nearly nothing is missed at the threshold
  for (const double threshold : {0.3, 0.5, 0.7, 0.8})
    EXPECT_GT(choose_bands({.threshold = threshold}).probability(threshold), 0.97);
  EXPECT_DOUBLE_EQ((MinHashBands{.bands = 14, .rows = 8}.probability(0.8)), 1 - std::pow(1 - std::pow(0.8, 8), 14));
}

TEST(MinHash, ClustersAreThoseOfAllPairs) {
  const Philox random{.seed = 5};
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < 120; ++i) {
    // families of a common text, each member with some words of its own
    std::string text;
    for (std::uint32_t w = 0; w < 60; ++w) {
      const bool own = random.below(100, i, w) < 4;
      text += "f" + std::to_string(i % 30) + "w" + std::to_string(w) + (own ? "own" + std::to_string(i) : "") + " ";
    }
    texts.push_back(text);
  }
  const MinHashOptions options{.shingles = {.ngram = 2}, .threshold = 0.8};
  Clusters all;
  all.resize(texts.size());
  for (std::uint32_t i = 0; i < texts.size(); ++i) {
    for (std::uint32_t j = i + 1; j < texts.size(); ++j) {
      if (jaccard(texts[i], texts[j], options.shingles) >= options.threshold) all.join(i, j);
    }
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::vector<std::uint32_t> clusters = near_duplicate_clusters(views, options);
  std::set<std::uint32_t> roots;
  for (std::uint32_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(clusters[i], all.root(i));
    roots.insert(clusters[i]);
  }
  EXPECT_GT(roots.size(), 30U) << "some members are too far from their family";
  EXPECT_LT(roots.size(), 110U);
}

TEST(MinHash, AnOptionThatCannotBeMeantIsNamed) {
  const auto subject = [](MinHashOptions options) { return error_of([&] { validate(options); }).subject(); };
  EXPECT_EQ(subject({.threshold = 0}), "threshold");
  EXPECT_EQ(subject({.threshold = std::nan("")}), "threshold");
  EXPECT_EQ(subject({.permutations = 4}), "permutations");
  EXPECT_EQ(subject({.bands = 20}), "rows");
  EXPECT_EQ(subject({.bands = 20, .rows = 7}), "bands");
  EXPECT_EQ(subject({.bands = std::int64_t{1} << 62, .rows = 4}), "bands");
  EXPECT_EQ(subject({.shingles = {.ngram = 0}}), "ngram");
  EXPECT_THAT(error_of([] { validate(MinHashOptions{.bands = 20, .rows = 7}); }).problem(),
              HasSubstr("20 bands of 7 rows are more than the 128"));
}

TEST(NearDuplicates, OfASplitAreTogetherAndStrangersApart) {
  NearDuplicates near;
  const std::string text = sentences(4000);
  std::string changed = text;
  changed.replace(2000, 30, "another thing altogether here.");
  std::string strange;
  for (int i = 0; i < 600; ++i) strange += "s" + std::to_string(i * 7919 % 6007) + " ";
  for (const std::string& each : {strange, text, changed, std::string("..."), std::string("...")}) near.add(each);
  EXPECT_THAT(near.clusters(), ElementsAre(0, 1, 1, 3, 4));
}

TEST(NearDuplicates, LookAtTheFirstMebibyteOnly) {
  std::string text;
  for (int i = 0; text.size() < NearDuplicates::kMostBytes; ++i) text += "\xE6\x97\xA5" + std::to_string(i) + " ";
  NearDuplicates near;
  near.add(text);
  near.add(text + "and more of it");
  EXPECT_THAT(near.clusters(), ElementsAre(0, 0));
}

}  // namespace
}  // namespace isoflop::corpus
