// What a deduplication did, as JSON: docs/formats/dedup.md
#include <array>
#include <utility>

#include "base/json.h"
#include "corpus/inputs.h"
#include "corpus/report_json.h"
#include "corpus/words.h"
#include "isoflop/dedup.h"

namespace isoflop {
namespace {

constexpr std::int64_t kSchemaVersion = 1;

constexpr std::array<std::pair<const char*, DedupMethod>, 8> kMethods{{{"documents", DedupMethod::documents},
                                                                       {"paragraphs", DedupMethod::paragraphs},
                                                                       {"lines", DedupMethod::lines},
                                                                       {"minhash", DedupMethod::minhash},
                                                                       {"simhash", DedupMethod::simhash},
                                                                       {"substrings", DedupMethod::substrings},
                                                                       {"ngrams", DedupMethod::ngrams},
                                                                       {"decontaminate", DedupMethod::decontaminate}}};

constexpr std::array<std::pair<const char*, DedupKeep>, 2> kKeeps{{{"first", DedupKeep::first}, {"longest", DedupKeep::longest}}};
constexpr std::array<std::pair<const char*, ShingleUnit>, 3> kUnits{
    {{"automatic", ShingleUnit::automatic}, {"words", ShingleUnit::words}, {"characters", ShingleUnit::characters}}};

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// what the method was told
Json settings(const DedupStage& stage, const DedupOptions& options) {
  const auto shingles = [](const ShingleOptions& of) { return Json{{"unit", to_string(of.unit)}, {"ngram", of.ngram}}; };
  switch (stage.method) {
    case DedupMethod::minhash: {
      Json json = shingles(options.minhash.shingles);
      json.update({{"threshold", options.minhash.threshold},
                   {"permutations", options.minhash.permutations},
                   {"bands", stage.bands.bands},
                   {"rows", stage.bands.rows},
                   {"false_positive_area", stage.bands.false_positive_area},
                   {"false_negative_area", stage.bands.false_negative_area},
                   {"verify", options.minhash.verify},
                   {"seed", options.minhash.seed},
                   {"keep", to_string(options.keep)}});
      return json;
    }
    case DedupMethod::simhash: {
      Json json = shingles(options.simhash.shingles);
      json.update({{"distance", options.simhash.distance}, {"keep", to_string(options.keep)}});
      return json;
    }
    case DedupMethod::substrings:
      return {{"min_length", options.substrings.min_length}};
    case DedupMethod::ngrams: {
      Json json = shingles(options.ngrams.shingles);
      json.update({{"threshold", options.ngrams.threshold},
                   {"false_positives", options.ngrams.false_positives},
                   {"of", options.ngrams.paragraphs ? "paragraphs" : "documents"}});
      return json;
    }
    case DedupMethod::decontaminate: {
      Json json = shingles(options.decontamination.shingles);
      json.update({{"held_out", options.decontamination.held_out}});
      return json;
    }
    case DedupMethod::lines:
    case DedupMethod::paragraphs:
      return {{"min_unit", options.min_unit}};
    case DedupMethod::documents:
      break;
  }
  return Json::object();
}

Json stage_json(const DedupStage& stage, const DedupOptions& options) {
  Json json = {{"method", to_string(stage.method)},
               {"settings", settings(stage, options)},
               {"documents", stage.documents},
               {"removed_documents", stage.removed_documents},
               {"removed_bytes", stage.removed_bytes}};
  const bool pairs = stage.method == DedupMethod::minhash || stage.method == DedupMethod::simhash;
  if (pairs) json.update({{"candidates", stage.candidates}, {"matches", stage.matches}});
  const bool counts_units = !pairs && stage.method != DedupMethod::documents && stage.method != DedupMethod::substrings;
  if (counts_units) json["units"] = stage.units;
  if (!pairs && stage.method != DedupMethod::documents && stage.method != DedupMethod::decontaminate)
    json["removed_units"] = stage.removed_units;
  return json;
}

}  // namespace

std::string to_string(DedupMethod method) {
  return corpus::name_in(kMethods, method);
}
std::string to_string(DedupKeep keep) {
  return corpus::name_in(kKeeps, keep);
}
std::string to_string(ShingleUnit unit) {
  return corpus::name_in(kUnits, unit);
}
DedupKeep dedup_keep_from(const std::string& text) {
  return corpus::value_in(kKeeps, text, "keep");
}

std::string to_json(const DedupReport& report, const DedupOptions& options) {
  Json stages = Json::array(), sources = Json::array(), between = Json::array();
  for (const DedupStage& stage : report.stages) stages.push_back(stage_json(stage, options));
  for (const DedupSource& source : report.sources) {
    sources.push_back({{"name", source.name},
                       {"documents", source.documents},
                       {"removed", source.removed_documents},
                       {"bytes", source.bytes},
                       {"removed_bytes", source.removed_bytes},
                       {"removed_share", share(source.removed_bytes, source.bytes)}});
  }
  for (const DedupBetween& each : report.between) {
    between.push_back(
        {{"method", to_string(each.method)}, {"removed", each.removed}, {"kept", each.kept}, {"count", each.count}});
  }
  const Json json = {{"schema_version", kSchemaVersion},
                     {"kind", corpus::kDedupManifest.kind},
                     {"documents", report.documents},
                     {"kept", report.kept},
                     {"removed", report.removed},
                     {"empty", report.empty},
                     {"passed_over", report.passed_over},
                     {"clusters", report.clusters},
                     {"pairs", report.pairs},
                     {"bytes", report.bytes},
                     {"removed_bytes", report.removed_bytes},
                     {"removed_share", share(report.removed_bytes, report.bytes)},
                     {"stages", stages},
                     {"sources", sources},
                     {"between", between},
                     {"inputs", corpus::files_json(report.inputs, "stored_bytes")},
                     {"files", corpus::files_json(report.files, "bytes")}};
  return corpus::dump_report(json, 1) + "\n";
}

}  // namespace isoflop
