// One line of a JSONL file: the text and the source of a document.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "corpus/reader.h"

namespace isoflop::corpus {

class JsonLineReader {
 public:
  JsonLineReader(const InputFile& file, const ReadOptions& options);
  ~JsonLineReader();
  JsonLineReader(const JsonLineReader&) = delete;
  JsonLineReader& operator=(const JsonLineReader&) = delete;

  /// Hands the line's document to the sink; a line of nothing but spaces has none. `line` is valid UTF-8, `number` counts from 1.
  /// A lone surrogate escape (\ud800) is treated by the UTF-8 policy, as one invalid byte.
  /// Throws   bad_data, naming file and line.
  void read(std::string_view line, std::int64_t number, std::int64_t invalid_bytes, DocumentSink& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace isoflop::corpus
