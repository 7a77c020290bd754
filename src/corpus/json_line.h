// One line of a JSONL file: the text and the source of a document.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "corpus/reader.h"

namespace isoflop::corpus {

/// A document of a line. The views live until the next line is read.
struct JsonDocument {
  std::string_view line;    ///< as it was parsed: valid JSON
  std::string_view text;    ///< unescaped
  std::string_view source;  ///< the file's where the line names none
  bool has_source = false;
  std::size_t text_member = 0;                 ///< the text is the value of the object's member of this index
  std::optional<std::size_t> source_member;    ///< the same of the source key, if it is there; its value may be null
  std::int64_t lone_surrogates = 0;  ///< treated by the UTF-8 policy
};

class JsonLineReader {
 public:
  JsonLineReader(const InputFile& file, const ReadOptions& options);
  ~JsonLineReader();
  JsonLineReader(const JsonLineReader&) = delete;
  JsonLineReader& operator=(const JsonLineReader&) = delete;

  /// The line's document; nothing for a line of nothing but spaces. `line` is valid UTF-8, `number` counts from 1.
  /// A lone surrogate escape (\ud800) is treated by the UTF-8 policy, as one invalid byte.
  /// Throws   bad_data, naming file and line.
  [[nodiscard]] std::optional<JsonDocument> parse(std::string_view line, std::int64_t number);
  /// Of the line parsed last: the text, or the number as it was written, that a key holds; nothing for anything else.
  [[nodiscard]] std::optional<std::string> word(const std::string& key) const;

  /// parse, and its document handed to the sink.
  void read(std::string_view line, std::int64_t number, std::int64_t invalid_bytes, DocumentSink& sink);

 private:
  struct State;
  [[nodiscard]] LineParts parts_of(const JsonDocument& document, std::int64_t number) const;
  std::unique_ptr<State> state_;
};

/// Where the value of a valid JSON object's member stands in its text: [first, last).
struct JsonSpan {
  std::size_t first = 0, last = 0;
};
[[nodiscard]] JsonSpan member_value(std::string_view object, std::size_t member);

/// A valid JSON object with one member's value taken out, others replaced, and members added at its end.
class Splice {
 public:
  Splice(std::string_view object, std::size_t gap);
  void replace(std::size_t member, std::string json) { values_[member] = std::move(json); }
  void add(const std::string& key, const std::string& json);
  /// What stands before the value that was taken out, and after it.
  [[nodiscard]] std::pair<std::string, std::string> around() const;

 private:
  std::string_view object_;
  std::size_t gap_;
  std::map<std::size_t, std::string> values_;
  std::string added_;
};

/// Appends a text as a JSON string; everything but quotes, backslashes and controls as it is. Needs valid UTF-8.
void append_json_text(std::string& out, std::string_view text);
[[nodiscard]] std::string as_json_text(std::string_view text);

/// A file's name as valid UTF-8, which it need not be.
[[nodiscard]] std::string shown(const std::string& name);

}  // namespace isoflop::corpus
