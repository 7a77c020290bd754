#include "isoflop/record.h"

#include <utility>

#include "base/json.h"
#include "record/json_text.h"
#include "record/text_form.h"

namespace isoflop {
namespace {

constexpr int kIndent = 2;

template <class T>
Json to_object(T value) {
  JsonWriter writer;
  members(writer, value);
  return std::move(writer.object);
}

template <class T>
std::string to_versioned_text(const T& value) {
  Json object = Json::object();
  object["schema_version"] = kRecordSchema;
  object.update(to_object(value));
  return json_text(object, kIndent);
}

template <class T>
T from_object(const Json& object, const std::string& subject) {
  T value;
  JsonReader reader(object, subject);
  members(reader, value);
  reader.end();
  return value;
}

template <class T>
T from_versioned_text(const std::string& text, const std::string& subject) {
  Json object = parse_json(text, subject);
  const auto version = json_get<std::int64_t>(object, "schema_version", subject);
  if (version != kRecordSchema) {
    throw Error(Fault::bad_data, subject,
                "schema_version is " + std::to_string(version) + ", this program reads " + std::to_string(kRecordSchema),
                version > kRecordSchema ? "it was written by a newer version of isoflop" : "");
  }
  object.erase("schema_version");
  return from_object<T>(object, subject);
}

}  // namespace

Regime regime_of(std::int64_t params, std::int64_t tokens, std::int64_t unique_tokens) {
  if (params > unique_tokens) return Regime::memorising;
  return tokens > unique_tokens ? Regime::repeated : Regime::fresh;
}

std::string to_json(const RunSpec& spec) {
  return to_versioned_text(spec);
}
std::string to_json(const StepRecord& step) {
  return json_text(to_object(step));
}
std::string to_json(const EvalRecord& eval) {
  return json_text(to_object(eval));
}
std::string to_json(const RunRecord& record) {
  return to_versioned_text(record);
}

RunSpec run_spec_from_json(const std::string& text, const std::string& subject) {
  return from_versioned_text<RunSpec>(text, subject);
}
StepRecord step_record_from_json(const std::string& text, const std::string& subject) {
  return from_object<StepRecord>(parse_json(text, subject), subject);
}
EvalRecord eval_record_from_json(const std::string& text, const std::string& subject) {
  return from_object<EvalRecord>(parse_json(text, subject), subject);
}
RunRecord run_record_from_json(const std::string& text, const std::string& subject) {
  return from_versioned_text<RunRecord>(text, subject);
}

}  // namespace isoflop
