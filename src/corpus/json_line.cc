#include "corpus/json_line.h"

#include <simdjson.h>

#include <optional>
#include <vector>

#include "base/text.h"

namespace isoflop::corpus {
namespace {

// the four hexadecimal digits after a \u at `at`, if that is what stands there
std::optional<unsigned> escaped_unit(std::string_view line, std::size_t at) {
  if (at + 6 > line.size() || line[at] != '\\' || line[at + 1] != 'u') return std::nullopt;
  unsigned value = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const char c = line[i];
    const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                           : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                           : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                                  : 16U;
    if (digit == 16) return std::nullopt;
    value = value * 16 + digit;
  }
  return value;
}

// the line with every \uD8xx that has no other half replaced or left out, and how many there were
std::pair<std::string, std::int64_t> without_lone_surrogates(std::string_view line, Utf8Policy policy) {
  std::string mended;
  std::int64_t lone = 0;
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] != '\\') {
      mended += line[at++];
      continue;
    }
    const std::optional<unsigned> unit = escaped_unit(line, at);
    if (!unit || *unit < 0xD800 || *unit > 0xDFFF) {
      mended += line.substr(at, 2);
      at += 2;
      continue;
    }
    const std::optional<unsigned> next = *unit < 0xDC00 ? escaped_unit(line, at + 6) : std::nullopt;
    if (next && *next >= 0xDC00 && *next <= 0xDFFF) {
      mended += line.substr(at, 12);
      at += 12;
      continue;
    }
    if (policy == Utf8Policy::replace) mended += "\\ufffd";
    ++lone;
    at += 6;
  }
  return {std::move(mended), lone};
}

std::string kind_name(simdjson::dom::element_type type) {
  using simdjson::dom::element_type;
  switch (type) {
    case element_type::ARRAY:
      return "a list";
    case element_type::OBJECT:
      return "an object";
    case element_type::BOOL:
      return "true or false";
    case element_type::NULL_VALUE:
      return "null";
    case element_type::STRING:
      return "text";
    default:
      return "a number";
  }
}

}  // namespace

struct JsonLineReader::State {
  std::string subject;
  std::string name;
  ReadOptions options;
  simdjson::dom::parser parser;

  [[nodiscard]] Error error(std::int64_t number, const std::string& problem, const std::string& hint) const {
    return {Fault::bad_data, subject + ":" + std::to_string(number), problem, hint};
  }

  [[nodiscard]] Error missing_text(simdjson::dom::object object, std::int64_t number) const {
    std::vector<std::string> keys;
    std::string listed;
    for (const auto field : object) {
      keys.emplace_back(field.key);
      if (keys.size() <= 8) listed += (listed.empty() ? "" : ", ") + keys.back();
    }
    if (keys.size() > 8) listed += ", ...";
    const std::optional<std::string> near = nearest(options.text_key, keys);
    return error(number, "key `" + options.text_key + "` is missing, expected a document's text (keys here: " + listed + ")",
                 near ? "did you mean --text-key " + *near + "?" : "name the key that holds the text with --text-key");
  }
};

JsonLineReader::JsonLineReader(const InputFile& file, const ReadOptions& options)
    : state_(std::make_unique<State>(State{file.path.string(), file.name, options, simdjson::dom::parser()})) {}
JsonLineReader::~JsonLineReader() = default;

void JsonLineReader::read(std::string_view line, std::int64_t number, std::int64_t invalid_bytes, DocumentSink& sink) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  simdjson::dom::element element;
  simdjson::error_code code = state_->parser.parse(line.data(), line.size()).get(element);
  if (code == simdjson::STRING_ERROR && state_->options.utf8 != Utf8Policy::error) {
    const auto [mended, lone] = without_lone_surrogates(line, state_->options.utf8);
    invalid_bytes += lone;
    code = state_->parser.parse(mended).get(element);
  }
  if (code != simdjson::SUCCESS) {
    throw state_->error(number, std::string("not JSON, expected one object a line (") + simdjson::error_message(code) + ")",
                        code == simdjson::STRING_ERROR ? "if it is a lone surrogate escape such as \\ud800, choose --utf8 replace"
                                                       : "mend or remove the line; the file may be cut short");
  }

  simdjson::dom::object object;
  if (element.get(object) != simdjson::SUCCESS) {
    throw state_->error(
        number, "holds " + kind_name(element.type()) + ", expected an object with the key `" + state_->options.text_key + "`",
        "");
  }
  simdjson::dom::element value;
  if (object.at_key(state_->options.text_key).get(value) != simdjson::SUCCESS) throw state_->missing_text(object, number);
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) {
    throw state_->error(number, "key `" + state_->options.text_key + "` holds " + kind_name(value.type()) + ", expected text",
                        "");
  }

  // the source is optional: without it the document belongs to the file
  std::string_view source = state_->name;
  if (object.at_key(state_->options.source_key).get(value) == simdjson::SUCCESS && !value.is_null()) {
    if (value.get(source) != simdjson::SUCCESS) {
      throw state_->error(number, "key `" + state_->options.source_key + "` holds " + kind_name(value.type()) + ", expected text",
                          "");
    }
  }
  sink.begin(source);
  sink.text(text);
  sink.end(invalid_bytes);
}

}  // namespace isoflop::corpus
