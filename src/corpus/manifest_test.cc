#include "base/json.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

using testing::HasSubstr;

CorpusManifest example() {
  return {.content_id = "abc",
          .split = SplitKind::source,
          .val_fraction = 0.125,
          .block_characters = 123,
          .utf8 = Utf8Policy::skip,
          .distinct_characters = 98,
          .empty_documents = 3,
          .files = {{"a.txt", "aa", 10}},
          .sources = {{"Poe", "bb", 1, 2, 3, 4, 5, 6, 7}, {"\xE6\x97\xA5", "cc", 8, 9, 10, 11, 12, 13, 14}},
          .train = {1, 2, 3},
          .held_out = {4, 5, 6}};
}

TEST(Manifest, ComesBackAsItWasWritten) {
  const std::string text = to_json(example());
  EXPECT_EQ(to_json(corpus_manifest_from_json(text, "m.json")), text);
  EXPECT_THAT(text, HasSubstr("\xE6\x97\xA5"));
  const Json json = parse_json(text, "m.json");
  EXPECT_EQ(json["sources"][1]["held_out_characters"], 14);
  EXPECT_EQ(json["held_out"]["bytes"], 6);
}

TEST(Manifest, EveryKeyIsNeededAndNamedWhenItIsMissing) {
  const Json whole = parse_json(to_json(example()), "m.json");
  for (const auto& [key, value] : whole.items()) {
    Json without = whole;
    without.erase(key);
    const Error error = error_of([&] { (void)corpus_manifest_from_json(without.dump(), "m.json"); });
    EXPECT_EQ(error.fault(), Fault::bad_data);
    EXPECT_THAT(error.problem(), HasSubstr("`" + key + "`"));
  }
}

TEST(Manifest, AnotherVersionATornFileAndAnUnknownSplitAreRefused) {
  const std::string text = to_json(example());
  const auto refused = [](const std::string& torn) {
    return error_of([&] { (void)corpus_manifest_from_json(torn, "m.json"); }).fault();
  };
  EXPECT_EQ(refused(text.substr(0, text.size() / 2)), Fault::bad_data);
  Json json = parse_json(text, "m.json");
  json["split"] = "moon";
  EXPECT_EQ(refused(json.dump()), Fault::bad_data);
  json = parse_json(text, "m.json");
  json["schema_version"] = 2;
  EXPECT_EQ(refused(json.dump()), Fault::bad_data);
}

TEST(Manifest, AnUnknownWordIsAnsweredWithTheNearest) {
  const Error error = error_of([] { (void)split_kind_from("documents"); });
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_EQ(error.hint(), "did you mean `document`?");
  for (const SplitKind kind : {SplitKind::automatic, SplitKind::block, SplitKind::document, SplitKind::source, SplitKind::none}) {
    EXPECT_EQ(split_kind_from(to_string(kind)), kind);
  }
  for (const Utf8Policy policy : {Utf8Policy::error, Utf8Policy::replace, Utf8Policy::skip})
    EXPECT_EQ(utf8_policy_from(to_string(policy)), policy);
}

}  // namespace
}  // namespace isoflop::corpus
