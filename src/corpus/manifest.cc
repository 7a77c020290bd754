// corpus.manifest.json: docs/formats/corpus-manifest.md
#include <array>
#include <utility>

#include "base/json.h"
#include "isoflop/text.h"
#include "corpus/words.h"
#include "isoflop/corpus.h"

namespace isoflop {
namespace {

constexpr std::int64_t kSchemaVersion = 1;

constexpr std::array<std::pair<const char*, Utf8Policy>, 3> kPolicies{
    {{"error", Utf8Policy::error}, {"replace", Utf8Policy::replace}, {"skip", Utf8Policy::skip}}};
constexpr std::array<std::pair<const char*, SplitKind>, 5> kSplits{{{"automatic", SplitKind::automatic},
                                                                    {"block", SplitKind::block},
                                                                    {"document", SplitKind::document},
                                                                    {"source", SplitKind::source},
                                                                    {"none", SplitKind::none}}};

Json facts_json(const SplitFacts& facts) {
  return {{"units", facts.units}, {"characters", facts.characters}, {"bytes", facts.bytes}};
}

SplitFacts facts_from(const Json& json, const std::string& subject) {
  return {json_get<std::int64_t>(json, "units", subject), json_get<std::int64_t>(json, "characters", subject),
          json_get<std::int64_t>(json, "bytes", subject)};
}

CorpusFile file_from(const Json& json, const std::string& subject) {
  return {json_get<std::string>(json, "name", subject), json_get<std::string>(json, "sha256", subject),
          json_get<std::int64_t>(json, "stored_bytes", subject)};
}

SourceFacts source_from(const Json& json, const std::string& subject) {
  const auto count = [&](const char* key) { return json_get<std::int64_t>(json, key, subject); };
  return {.name = json_get<std::string>(json, "name", subject),
          .sha256 = json_get<std::string>(json, "sha256", subject),
          .documents = count("documents"),
          .characters = count("characters"),
          .bytes = count("bytes"),
          .invalid_bytes = count("invalid_bytes"),
          .units = count("units"),
          .held_out_units = count("held_out_units"),
          .held_out_characters = count("held_out_characters")};
}

}  // namespace

std::string to_string(Utf8Policy policy) {
  return corpus::name_in(kPolicies, policy);
}
std::string to_string(SplitKind kind) {
  return corpus::name_in(kSplits, kind);
}
Utf8Policy utf8_policy_from(const std::string& text) {
  return corpus::value_in(kPolicies, text, "utf8");
}
SplitKind split_kind_from(const std::string& text) {
  return corpus::value_in(kSplits, text, "split");
}

std::string to_json(const CorpusManifest& manifest) {
  Json files = Json::array();
  for (const CorpusFile& file : manifest.files) {
    files.push_back({{"name", file.name}, {"sha256", file.sha256}, {"stored_bytes", file.stored_bytes}});
  }
  Json sources = Json::array();
  for (const SourceFacts& source : manifest.sources) {
    sources.push_back({{"name", source.name},
                       {"sha256", source.sha256},
                       {"documents", source.documents},
                       {"characters", source.characters},
                       {"bytes", source.bytes},
                       {"invalid_bytes", source.invalid_bytes},
                       {"units", source.units},
                       {"held_out_units", source.held_out_units},
                       {"held_out_characters", source.held_out_characters}});
  }
  const Json json = {{"schema_version", kSchemaVersion},
                     {"content_id", manifest.content_id},
                     {"split", to_string(manifest.split)},
                     {"val_fraction", manifest.val_fraction},
                     {"block_characters", manifest.block_characters},
                     {"utf8", to_string(manifest.utf8)},
                     {"distinct_characters", manifest.distinct_characters},
                     {"empty_documents", manifest.empty_documents},
                     {"train", facts_json(manifest.train)},
                     {"held_out", facts_json(manifest.held_out)},
                     {"files", files},
                     {"sources", sources}};
  // a file's name need not be UTF-8; the manifest is
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

CorpusManifest corpus_manifest_from_json(const std::string& text, const std::string& subject) {
  const Json json = parse_json(text, subject);
  const auto version = json_get<std::int64_t>(json, "schema_version", subject);
  if (version != kSchemaVersion) {
    throw Error(
        Fault::bad_data, subject,
        "schema_version " + std::to_string(version) + " is not one this program reads (" + std::to_string(kSchemaVersion) + ")");
  }
  CorpusManifest manifest;
  manifest.content_id = json_get<std::string>(json, "content_id", subject);
  try {
    manifest.split = split_kind_from(json_get<std::string>(json, "split", subject));
    manifest.utf8 = utf8_policy_from(json_get<std::string>(json, "utf8", subject));
  } catch (const Error& error) {
    throw Error(Fault::bad_data, subject, error.what(), error.hint());
  }
  manifest.val_fraction = json_get<double>(json, "val_fraction", subject);
  manifest.block_characters = json_get<std::int64_t>(json, "block_characters", subject);
  manifest.distinct_characters = json_get<std::int64_t>(json, "distinct_characters", subject);
  manifest.empty_documents = json_get<std::int64_t>(json, "empty_documents", subject);
  manifest.train = facts_from(json_get<Json>(json, "train", subject), subject + ": train");
  manifest.held_out = facts_from(json_get<Json>(json, "held_out", subject), subject + ": held_out");
  for (const Json& file : json_get<Json>(json, "files", subject)) manifest.files.push_back(file_from(file, subject + ": files"));
  for (const Json& source : json_get<Json>(json, "sources", subject))
    manifest.sources.push_back(source_from(source, subject + ": sources"));
  return manifest;
}

}  // namespace isoflop
