#include "corpus/recipe.h"

#include <pthread.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "base/file.h"
#include "base/hash.h"
#include "corpus/process.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

using testing::HasSubstr;

// stands in for a registry's client: a script that puts an archive where it is asked to
class GettingASampleCorpus : public InAFolder {
 protected:
  std::string script(const std::string& name, const std::string& body) const {
    std::string path = put(name, "#!/bin/sh\n" + body + "\n");
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  void SetUp() override {
    InAFolder::SetUp();
    put("package/data/1790_george_washington_n.txt", "Fellow-Citizens\n");
    put("package/data/1897_william_mc_kinley_r.txt", "To the Senate: \"caf\xC3\xA9\"\n");
    ASSERT_EQ(std::system(("tar -czf " + (folder_ / "package.tgz").string() + " -C " + folder_.string() + " package").c_str()),
              0);
    clients_.npm = script(
        "npm", "echo \"$@\" >> " + (folder_ / "called").string() + "\ncp " + (folder_ / "package.tgz").string() + " \"$4\"");
    recipe_.facts = {.name = "mini",
                     .title = {},
                     .manager = "npm",
                     .package = "@x/mini",
                     .version = "1.2.3",
                     .licence = "CC0-1.0",
                     .unpack = "year_name_party"};
    recipe_.files = {"package/data/*.txt"};
    recipe_.sha256 = sha256_hex(kLines);
  }
  std::string get() const { return get_by_recipe(recipe_, folder_ / "cache", clients_, {}, {}); }
  std::vector<std::string> left_in_cache() const {
    std::vector<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_ / "cache"))
      names.push_back(entry.path().filename().string());
    return names;
  }

  static constexpr const char* kLines =
      "{\"id\":\"mini:1790_george_washington_n\",\"title\":\"George Washington, 1790\",\"source\":\"George Washington\","
      "\"text\":\"Fellow-Citizens\\n\",\"licence\":\"CC0-1.0\"}\n"
      "{\"id\":\"mini:1897_william_mc_kinley_r\",\"title\":\"William Mc Kinley, 1897\",\"source\":\"William Mc Kinley\","
      "\"text\":\"To the Senate: \\\"caf\xC3\xA9\\\"\\n\",\"licence\":\"CC0-1.0\"}\n";
  Recipe recipe_;
  Clients clients_;
};

TEST_F(GettingASampleCorpus, AsksNpmForThePinnedVersionAndWritesJsonLines) {
  const std::string path = get();
  EXPECT_EQ(path, (folder_ / "cache/mini-1.2.3.jsonl").string());
  EXPECT_EQ(read_file(path), kLines);
  EXPECT_THAT(read_file(folder_ / "called"), testing::StartsWith("pack @x/mini@1.2.3 --pack-destination "));
  EXPECT_THAT(left_in_cache(), testing::ElementsAre("mini-1.2.3.jsonl")) << "nothing else is left behind";
}

TEST_F(GettingASampleCorpus, CallsNobodyWhenItIsThereAndWhole) {
  const std::string path = get();
  fs::remove(folder_ / "called");
  EXPECT_EQ(get(), path);
  EXPECT_FALSE(fs::exists(folder_ / "called"));

  put("cache/mini-1.2.3.jsonl", "damaged");
  EXPECT_EQ(read_file(get()), kLines) << "a damaged copy is fetched again";
}

TEST_F(GettingASampleCorpus, RefusesWhatIsNotTheTextOfTheRecipe) {
  recipe_.sha256 = sha256_hex("another text");
  const Error error = error_of([&] { (void)get(); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.problem(), HasSubstr(recipe_.sha256));
  EXPECT_THAT(left_in_cache(), testing::IsEmpty());
}

TEST_F(GettingASampleCorpus, SaysWhatToInstallWhenTheClientIsMissing) {
  clients_.npm = (folder_ / "no-such-npm").string();
  const Error error = error_of([&] { (void)get(); });
  EXPECT_EQ(error.fault(), Fault::failure);
  EXPECT_THAT(error.hint(), HasSubstr("install Node.js"));
}

TEST_F(GettingASampleCorpus, RepeatsTheClientsOwnWordsWhenItSaysNo) {
  clients_.npm = script("angry", "echo 'npm error code E404' >&2\nexit 7");
  const Error error = error_of([&] { (void)get(); });
  EXPECT_EQ(error.fault(), Fault::failure);
  EXPECT_THAT(error.problem(), HasSubstr("exit code 7: npm error code E404"));
}

TEST_F(GettingASampleCorpus, FromDebianRunsThePackagedProgramAndGroupsItsVersesByBook) {
  clients_.apt_get = script("apt", "echo \"$@\" >> " + (folder_ / "called").string() + "\ntouch a.deb");
  clients_.dpkg_deb = script("dpkg",
                             "mkdir -p \"$3/usr/bin\"\nprintf '#!/bin/sh\\nprintf \"1Sm1:1 Now\\\\n1Sm1:2 And\\\\n1Sm2:1 "
                             "He\\\\nRev22:21 Amen.\\\\n\"\\n' > "
                             "\"$3/usr/bin/bible\"\nchmod +x \"$3/usr/bin/bible\"");
  recipe_.facts = {
      .name = "mini", .title = {}, .manager = "apt", .package = "b", .version = "4", .licence = "PD", .unpack = "verses"};
  recipe_.packages = {"b", "b-text"};
  recipe_.command = {"usr/bin/bible", "-f"};
  recipe_.source = "KJV";
  recipe_.titles = {"1 Samuel", "Revelation"};
  const std::string lines =
      "{\"id\":\"mini:1Sm\",\"title\":\"1 Samuel\",\"source\":\"KJV\",\"text\":\"Now\\nAnd\\n\\nHe\\n\",\"licence\":\"PD\"}\n"
      "{\"id\":\"mini:Rev\",\"title\":\"Revelation\",\"source\":\"KJV\",\"text\":\"Amen.\\n\",\"licence\":\"PD\"}\n";
  recipe_.sha256 = sha256_hex(lines);
  EXPECT_EQ(read_file(get()), lines);
  EXPECT_EQ(read_file(folder_ / "called"), "download --quiet b b-text\n");
}

TEST_F(GettingASampleCorpus, TakesChaptersInTheOrderOfTheirNumbers) {
  for (const char* number : {"1", "2", "10"})
    put(std::string("tree/chapter_") + number + ".txt", std::string("CHAPTER ") + number + ".\n\nText.");
  recipe_.facts.unpack = "chapters";
  recipe_.files = {"tree/chapter_*.txt"};
  const std::string lines = unpack_to_json_lines(recipe_, folder_, {});
  const auto at = [&](const std::string& title) { return lines.find("\"title\":\"" + title + "\""); };
  EXPECT_LT(at("CHAPTER 1."), at("CHAPTER 2."));
  EXPECT_LT(at("CHAPTER 2."), at("CHAPTER 10."));
  EXPECT_NE(at("CHAPTER 10."), std::string::npos);
}

TEST(Programs, AreEndedWithTheirChildrenWhenAskedToStopAlsoWhereTheCallerBlocksSignals) {
  sigset_t all, before;
  sigfillset(&all);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &all, &before), 0);
  std::stop_source stop;
  const std::jthread later([&stop] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    stop.request_stop();
  });
  const auto began = std::chrono::steady_clock::now();
  // `wait` in a shell of its own: the sleep is a grandchild that holds the pipe open
  const Error error = error_of([&] { (void)run_program({"sh", "-c", "sleep 60 & wait"}, "/", "", "", stop.get_token()); });
  EXPECT_EQ(error.fault(), Fault::stopped);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  ASSERT_EQ(pthread_sigmask(SIG_SETMASK, &before, nullptr), 0);
}

TEST(Programs, OutputOfAnyLengthComesBackWhole) {
  EXPECT_EQ(run_program({"head", "-c", "3000000", "/dev/zero"}, "/", "", "", {}).size(), 3'000'000U);
}

TEST(Recipes, TheSampleCorporaAreThereWithTheirFacts) {
  std::vector<std::string> names;
  for (const CorpusRecipe& recipe : corpus_recipes()) {
    names.push_back(recipe.name);
    EXPECT_GT(recipe.documents, 0);
    EXPECT_GT(recipe.characters, 1'000'000);
    EXPECT_FALSE(recipe.licence.empty());
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"kjv", "moby-dick", "sotu"}));
}

TEST(Recipes, AnUnknownNameIsAnsweredWithTheNearest) {
  const Error error = error_of([] { (void)get_corpus("sotv", "/nowhere"); });
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_THAT(error.hint(), HasSubstr("`sotu`"));
}

TEST(Recipes, AMissingKeyIsNamed) {
  const Error error = error_of([] { (void)parse_recipes("[x]\ntitle = \"X\"\n", "corpora.toml"); });
  EXPECT_EQ(error.subject(), "corpora.toml: x");
  EXPECT_THAT(error.problem(), HasSubstr("`manager`"));
  EXPECT_THAT(error_of([] { (void)parse_recipes("[x]\nt = \n", "corpora.toml"); }).subject(), "corpora.toml:2");
}

// needs the network and both package managers: ctest runs it as corpus.sample_corpora, labelled slow
TEST(Recipes, DISABLED_EverySampleCorpusComesOutAsItsRecipeSays) {
  const fs::path cache = fresh_folder();
  for (const CorpusRecipe& recipe : corpus_recipes()) {
    const std::string path = get_corpus(recipe.name, cache.string());
    const CorpusManifest manifest = Corpus::open({.inputs = {path}}).manifest();
    EXPECT_EQ(manifest.split, SplitKind::document);
    EXPECT_EQ(manifest.train.units + manifest.held_out.units, recipe.documents);
    EXPECT_EQ(manifest.train.characters + manifest.held_out.characters, recipe.characters);
  }
}

}  // namespace
}  // namespace isoflop::corpus
