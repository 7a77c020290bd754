// Against labelled sets: the same country's page at five dates, and two editions of the same novels.
#include <cmath>
#include <map>
#include <sstream>

#include "base/file.h"
#include "base/json.h"
#include "base/reference.h"
#include "corpus/dedup_minhash.h"
#include "corpus/testing.h"
#include "isoflop/dedup.h"

namespace isoflop::corpus {
namespace {

struct Labelled {
  std::vector<std::string> ids, clusters, texts;
};

Labelled factbook() {
  Labelled set;
  std::istringstream lines(reference_text("dedup/factbook_versions.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line);
    set.ids.push_back(json.at("id"));
    set.clusters.push_back(json.at("cluster"));
    set.texts.push_back(json.at("text"));
  }
  return set;
}

// Hubert and Arabie 1985: the adjusted Rand index of two partitions
template <class A, class B>
double adjusted_rand_index(const std::vector<A>& a, const std::vector<B>& b) {
  const auto pairs = [](double n) { return n * (n - 1) / 2; };
  std::map<std::pair<A, B>, int> both;
  std::map<A, int> of_a;
  std::map<B, int> of_b;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ++both[{a[i], b[i]}];
    ++of_a[a[i]];
    ++of_b[b[i]];
  }
  double together = 0, in_a = 0, in_b = 0;
  for (const auto& [key, n] : both) together += pairs(n);
  for (const auto& [key, n] : of_a) in_a += pairs(n);
  for (const auto& [key, n] : of_b) in_b += pairs(n);
  const double expected = in_a * in_b / pairs(static_cast<double>(a.size()));
  return (together - expected) / ((in_a + in_b) / 2 - expected);
}

struct Published {
  std::int64_t ngram;
  double threshold, ari;
};

class FactbookVersions : public testing::TestWithParam<Published> {};
INSTANTIATE_TEST_SUITE_P(Dedup, FactbookVersions,
                         testing::Values(Published{2, 0.3, 0.9954}, Published{2, 0.5, 0.869}, Published{2, 0.7, 0.596},
                                         Published{2, 0.8, 0.308}, Published{5, 0.2, 0.9954}, Published{5, 0.5, 0.751},
                                         Published{5, 0.7, 0.288}, Published{5, 0.8, 0.106}),
                         [](const auto& each) {
                           return "Words" + std::to_string(each.param.ngram) + "From" +
                                  std::to_string(std::lround(100 * each.param.threshold));
                         });

TEST_P(FactbookVersions, ClustersScoreAsAllPairsDo) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Labelled set = factbook();
  const Published published = GetParam();
  const fs::path folder = fresh_folder();
  DedupOptions options{.inputs = {(reference_folder() / "dedup/factbook_versions.jsonl").string()},
                       .chain = {DedupMethod::minhash}};
  options.minhash.shingles.ngram = published.ngram;
  options.minhash.threshold = published.threshold;
  options.clusters = (folder / "clusters.jsonl").string();
  options.work = folder.string();
  const DedupReport report = deduplicate(options);
  std::vector<std::int64_t> clusters;
  std::istringstream lines(read_file(options.clusters));
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line);
    EXPECT_EQ(json.at("id"), set.ids.at(clusters.size()));
    clusters.push_back(json.at("cluster"));
  }
  ASSERT_EQ(clusters.size(), 349U);
  EXPECT_NEAR(adjusted_rand_index(clusters, set.clusters), published.ari, 0.01);
  EXPECT_EQ(report.kept + report.removed, 349);
}

TEST(Factbook, EstimatesAreWithinTheoryOverAllPairs) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Labelled set = factbook();
  for (const auto& [permutations, published] : {std::pair{std::int64_t{128}, 0.040}, {std::int64_t{256}, 0.028}}) {
    const MinHashOptions options{.shingles = {.ngram = 2}, .permutations = permutations};
    const Shingler shingler(options.shingles);
    std::vector<std::vector<std::uint64_t>> sets(set.texts.size());
    std::vector<std::vector<std::uint32_t>> signatures;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      shingler.sorted_set(set.texts[i], sets[i]);
      signatures.push_back(minhash_signature(set.texts[i], options));
    }
    double squares = 0;
    int pairs = 0;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      for (std::size_t j = i + 1; j < sets.size(); ++j) {
        const double truth = jaccard_of_sets(sets[i], sets[j]);
        if (truth <= 0.1) continue;
        const double error = estimate_jaccard(signatures[i], signatures[j]) - truth;
        squares += error * error;
        ++pairs;
      }
    }
    EXPECT_GT(pairs, 400);
    EXPECT_LE(std::sqrt(squares / pairs), published) << permutations << " permutations, " << pairs << " pairs";
  }
}

TEST(JapaneseEditions, OfTheSameNovelAreFoundByTheirCharacters) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  // nine works in one file, cut where each begins, and 26 works of which seven are the same in another edition
  std::vector<std::string> texts;
  const std::string whole = reference_text("corpora/ja/gpt2mini_aozora.txt"),
                    mark = "\xE3\x80\x90\xE3\x83\x86\xE3\x82\xAD\xE3\x82\xB9\xE3\x83\x88";
  for (std::size_t at = whole.find(mark), next; at != std::string::npos; at = next) {
    next = whole.find(mark, at + 1);
    texts.push_back(whole.substr(at, next == std::string::npos ? next : next - at));
  }
  ASSERT_EQ(texts.size(), 9U);
  std::istringstream lines(reference_text("corpora/ja/aozora_core.jsonl"));
  for (std::string line; std::getline(lines, line);) texts.push_back(Json::parse(line).at("text"));
  ASSERT_EQ(texts.size(), 35U);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  for (const ShingleUnit unit : {ShingleUnit::automatic, ShingleUnit::characters}) {
    const std::vector<std::uint32_t> clusters = near_duplicate_clusters(views, {.shingles = {.unit = unit}, .threshold = 0.7});
    std::map<std::uint32_t, std::vector<std::size_t>> members;
    for (std::size_t i = 0; i < clusters.size(); ++i) members[clusters[i]].push_back(i);
    int pairs = 0;
    for (const auto& [root, of] : members) {
      if (of.size() == 1) continue;
      ++pairs;
      EXPECT_EQ(of.size(), 2U);
      EXPECT_LT(of[0], 9U);
      EXPECT_GE(of[1], 9U);
    }
    EXPECT_EQ(pairs, 7);
  }
}

}  // namespace
}  // namespace isoflop::corpus
