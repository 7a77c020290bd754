#include "corpus/json_line.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <tuple>
#include <vector>

#include "base/check.h"
#include "corpus/utf8.h"
#include "isoflop/text.h"

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
  std::string mended;
  simdjson::dom::object object;

  [[nodiscard]] Error error(std::int64_t number, const std::string& problem, const std::string& hint) const {
    return {Fault::bad_data, subject + ":" + std::to_string(number), problem, hint};
  }

  [[nodiscard]] Error missing_text(std::int64_t number) const {
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

  // the line as JSON, its lone surrogates treated by the policy
  simdjson::dom::element parse(JsonDocument& document, std::int64_t number) {
    simdjson::dom::element element;
    simdjson::error_code code = parser.parse(document.line.data(), document.line.size()).get(element);
    if (code == simdjson::STRING_ERROR && options.utf8 != Utf8Policy::error) {
      std::tie(mended, document.lone_surrogates) = without_lone_surrogates(document.line, options.utf8);
      document.line = mended;
      code = parser.parse(mended).get(element);
    }
    if (code != simdjson::SUCCESS) {
      throw error(number, std::string("not JSON, expected one object a line (") + simdjson::error_message(code) + ")",
                  code == simdjson::STRING_ERROR ? "if it is a lone surrogate escape such as \\ud800, choose --utf8 replace"
                                                 : "mend or remove the line; the file may be cut short");
    }
    return element;
  }

  // the text and which member it is; of a key that stands twice, the first
  void find_text(JsonDocument& document, std::int64_t number) const {
    simdjson::dom::element value;
    bool found = false;
    for (const auto field : object) {
      if (field.key == options.text_key) {
        value = field.value;
        found = true;
        break;
      }
      ++document.text_member;
    }
    if (!found) throw missing_text(number);
    if (value.get(document.text) != simdjson::SUCCESS) {
      throw error(number, "key `" + options.text_key + "` holds " + kind_name(value.type()) + ", expected text", "");
    }
  }

  // the source is optional: without it the document belongs to the file
  void find_source(JsonDocument& document, std::int64_t number) const {
    document.source = name;
    std::size_t member = 0;
    for (const auto field : object) {
      if (field.key != options.source_key) {
        ++member;
        continue;
      }
      document.source_member = member;
      if (field.value.is_null()) return;
      if (field.value.get(document.source) != simdjson::SUCCESS) {
        throw error(number, "key `" + options.source_key + "` holds " + kind_name(field.value.type()) + ", expected text", "");
      }
      document.has_source = true;
      return;
    }
  }
};

// of a key that stands twice, the first
LineParts JsonLineReader::parts_of(const JsonDocument& document, std::int64_t number) const {
  LineParts parts{.line = document.line,
                  .number = number,
                  .text_member = document.text_member,
                  .source_member = document.source_member,
                  .has_source = document.has_source};
  std::size_t member = 0;
  for (const auto field : state_->object) {
    if (field.key == state_->options.id_key) {
      parts.id_member = member;
      if (!field.value.is_string() && !field.value.is_number()) break;
      const JsonSpan id = member_value(document.line, member);
      parts.id = document.line.substr(id.first, id.last - id.first);
      break;
    }
    ++member;
  }
  return parts;
}

JsonLineReader::JsonLineReader(const InputFile& file, const ReadOptions& options)
    : state_(std::make_unique<State>(State{file.path.string(), file.name, options, simdjson::dom::parser(), {}, {}})) {}
JsonLineReader::~JsonLineReader() = default;

std::optional<JsonDocument> JsonLineReader::parse(std::string_view line, std::int64_t number) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return std::nullopt;
  JsonDocument document;
  document.line = line;
  const simdjson::dom::element element = state_->parse(document, number);
  if (element.get(state_->object) != simdjson::SUCCESS) {
    throw state_->error(
        number, "holds " + kind_name(element.type()) + ", expected an object with the key `" + state_->options.text_key + "`",
        "");
  }
  state_->find_text(document, number);
  state_->find_source(document, number);
  return document;
}

std::optional<std::string> JsonLineReader::word(const std::string& key) const {
  simdjson::dom::element value;
  if (state_->object.at_key(key).get(value) != simdjson::SUCCESS) return std::nullopt;
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return std::string(text);
  if (value.is_number()) return simdjson::minify(value);
  return std::nullopt;
}

void JsonLineReader::read(std::string_view line, std::int64_t number, std::int64_t invalid_bytes, DocumentSink& sink) {
  const std::optional<JsonDocument> document = parse(line, number);
  if (!document) return;
  if (state_->options.line_parts) sink.line(parts_of(*document, number));
  sink.begin(document->source);
  sink.text(document->text);
  sink.end(invalid_bytes + document->lone_surrogates);
}

namespace {

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

// from an opening quote to behind the closing one
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at;; ++at) {
    at = text.find('"', at);
    ISOFLOP_CHECK(at != std::string_view::npos);
    std::size_t escapes = 0;
    while (text[at - 1 - escapes] == '\\') ++escapes;
    if (escapes % 2 == 0) return at + 1;
  }
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  if (text[at] == '"') return skip_string(text, at);
  for (std::int64_t depth = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n')) return at;
    if (c == '{' || c == '[') ++depth;
    ++at;
    if ((c == '}' || c == ']') && --depth == 0) return at;
  }
  return at;
}

}  // namespace

JsonSpan member_value(std::string_view object, std::size_t member) {
  std::size_t at = skip_spaces(object, 0) + 1;  // behind the brace
  for (;; --member) {
    at = skip_spaces(object, skip_string(object, skip_spaces(object, at)));
    const std::size_t first = skip_spaces(object, at + 1);  // behind the colon
    const std::size_t last = skip_value(object, first);
    if (member == 0) return {first, last};
    at = skip_spaces(object, last) + 1;  // behind the comma
  }
}

Splice::Splice(std::string_view object, std::size_t gap) : object_(object.substr(0, object.rfind('}') + 1)), gap_(gap) {
  values_[gap];
}

void Splice::add(const std::string& key, const std::string& json) {
  added_ += ", ";
  append_json_text(added_, key);
  added_ += ": " + json;
}

std::pair<std::string, std::string> Splice::around() const {
  std::pair<std::string, std::string> parts;
  std::string* out = &parts.first;
  std::size_t written = 0;
  for (const auto& [member, value] : values_) {
    const JsonSpan span = member_value(object_, member);
    *out += object_.substr(written, span.first - written);
    if (member == gap_) {
      out = &parts.second;
    } else {
      *out += value;
    }
    written = span.last;
  }
  *out += object_.substr(written, object_.size() - 1 - written);
  *out += added_ + "}";
  return parts;
}

namespace {

bool plain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

// does none of eight bytes need an escape? The zero-byte test of each byte, less 0x20, xor quote, xor backslash.
bool eight_plain(const char* at) {
  constexpr std::uint64_t kOnes = UINT64_C(0x0101010101010101), kHighs = UINT64_C(0x8080808080808080);
  std::uint64_t bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  const std::uint64_t quote = bytes ^ kOnes * '"', backslash = bytes ^ kOnes * '\\';
  const std::uint64_t found = ((bytes - kOnes * 0x20) & ~bytes) | ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash);
  return (found & kHighs) == 0;
}

void append_escape(char c, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '\\';
  switch (c) {
    case '"':
    case '\\':
      out += c;
      return;
    case '\n':
      out += 'n';
      return;
    case '\t':
      out += 't';
      return;
    case '\r':
      out += 'r';
      return;
    default:
      out += "u00";
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 15];
  }
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  std::size_t done = 0, at = 0;
  while (at < text.size()) {
    while (at + 8 <= text.size() && eight_plain(text.data() + at)) at += 8;
    while (at < text.size() && plain(text[at])) ++at;
    if (at == text.size()) break;
    out += text.substr(done, at - done);
    append_escape(text[at++], out);
    done = at;
  }
  out += text.substr(done);
  out += '"';
}

std::string as_json_text(std::string_view text) {
  std::string out;
  append_json_text(out, text);
  return out;
}

std::string shown(const std::string& name) {
  std::string out;
  Utf8Cleaner cleaner(Utf8Policy::replace, name);
  cleaner.add(name, out);
  cleaner.finish(out);
  return out;
}

}  // namespace isoflop::corpus
