// manifest.json of a cleaned corpus: docs/formats/clean.md
#include <array>
#include <utility>

#include "base/json.h"
#include "corpus/inputs.h"
#include "corpus/report_json.h"
#include "corpus/words.h"
#include "isoflop/clean.h"

namespace isoflop {
namespace {

constexpr std::int64_t kSchemaVersion = 1;

constexpr std::array<std::pair<const char*, TextFormat>, 5> kFormats{{{"auto", TextFormat::automatic},
                                                                      {"plain", TextFormat::plain},
                                                                      {"aozora", TextFormat::aozora},
                                                                      {"html", TextFormat::html},
                                                                      {"markdown", TextFormat::markdown}}};
constexpr std::array<std::pair<const char*, UnicodeForm>, 3> kForms{
    {{"nfc", UnicodeForm::nfc}, {"nfkc", UnicodeForm::nfkc}, {"none", UnicodeForm::none}}};

Json options_json(const CleanOptions& options) {
  Json bounds = Json::object();
  for (const QualityBound& bound : options.bounds) bounds[bound.name()] = json_or_null(bound.value);
  return {{"text_key", options.text_key},
          {"source_key", options.source_key},
          {"id_key", options.id_key},
          {"language_key", options.language_key},
          {"encoding", options.encoding},
          {"utf8", to_string(options.invalid)},
          {"format", to_string(options.format)},
          {"unicode", to_string(options.form)},
          {"tidy", options.tidy},
          {"compose_accents", options.compose_accents},
          {"drop_reserved", options.drop_reserved},
          {"filter", options.filter},
          {"language", options.language},
          {"bounds", bounds},
          {"annotate", options.annotate},
          {"skip_bad", options.skip_bad},
          {"longest_document", options.longest_document},
          {"shard_bytes", options.shard_bytes},
          {"unpack_ratio", options.unpack.ratio},
          {"unpack_bytes", options.unpack.bytes}};
}

Json json_of(const CleanFilter& filter) {
  Json examples = Json::array();
  for (const CleanExample& example : filter.examples) {
    examples.push_back({{"id", example.id},
                        {"source", example.source},
                        {"value", example.value},
                        {"bound", example.bound},
                        {"opening", example.opening}});
  }
  return {{"name", filter.name},
          {"documents", filter.documents},
          {"characters", filter.characters},
          {"failed", filter.failed},
          {"examples", examples}};
}

Json json_of(const CleanFile& file) {
  return {{"name", file.name},
          {"sha256", file.sha256.empty() ? Json(nullptr) : Json(file.sha256)},
          {"stored_bytes", file.stored_bytes},
          {"encoding", file.encoding.empty() ? Json(nullptr) : Json(file.encoding)},
          {"encoding_from", file.encoding_from.empty() ? Json(nullptr) : Json(file.encoding_from)},
          {"documents", file.documents},
          {"invalid_bytes", file.invalid_bytes},
          {"bad", file.bad},
          {"problem", file.problem.empty() ? Json(nullptr) : Json(file.problem)}};
}

Json json_of(const CleanSource& source) {
  return {{"name", source.name},
          {"documents", source.documents},
          {"characters", source.characters},
          {"kept_documents", source.kept_documents},
          {"kept_characters", source.kept_characters}};
}

Json json_of(const CleanLanguage& language) {
  Json bounds = Json::object();
  for (const QualityBound& bound : language.bounds) bounds[bound.name()] = json_or_null(bound.value);
  return {{"name", language.name},
          {"documents", language.documents},
          {"kept_documents", language.kept_documents},
          {"kept_characters", language.kept_characters},
          {"bounds", bounds}};
}

Json json_of(const AozoraCounts& aozora) {
  return {{"works", aozora.works},
          {"legends", aozora.legends},
          {"feet", aozora.feet},
          {"rubies", aozora.rubies},
          {"notes", aozora.notes},
          {"gaiji_mapped", aozora.gaiji_mapped},
          {"gaiji_unknown", aozora.gaiji_unknown},
          {"repeat_marks", aozora.repeat_marks},
          {"accents", aozora.accents},
          {"reserved", aozora.reserved}};
}

template <class Values>
Json list_of(const Values& values) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(json_of(value));
  return list;
}

}  // namespace

std::string to_string(TextFormat format) {
  return corpus::name_in(kFormats, format);
}
std::string to_string(UnicodeForm form) {
  return corpus::name_in(kForms, form);
}
TextFormat text_format_from(const std::string& text) {
  return corpus::value_in(kFormats, text, "format");
}
UnicodeForm unicode_form_from(const std::string& text) {
  return corpus::value_in(kForms, text, "unicode");
}

std::string to_json(const CleanReport& report, const CleanOptions& options) {
  Json formats = Json::object();
  for (const auto& [name, documents] : report.formats) formats[name] = documents;
  const Json json = {{"schema_version", kSchemaVersion},
                     {"kind", corpus::kCleanManifest.kind},
                     {"content_id", report.content_id},
                     {"options", options_json(options)},
                     {"documents", report.documents},
                     {"characters", report.characters},
                     {"kept_documents", report.kept_documents},
                     {"kept_characters", report.kept_characters},
                     {"kept_bytes", report.kept_bytes},
                     {"changed_documents", report.changed_documents},
                     {"bad", report.bad},
                     {"bad_examples", report.bad_examples},
                     {"passed_over", report.passed_over},
                     {"formats", formats},
                     {"filters", list_of(report.filters)},
                     {"languages", list_of(report.languages)},
                     {"aozora", json_of(report.aozora)},
                     {"parts", corpus::files_json(report.parts, "bytes")},
                     {"sources", list_of(report.sources)},
                     {"files", list_of(report.files)}};
  return corpus::dump_report(json, 1) + "\n";
}

}  // namespace isoflop
