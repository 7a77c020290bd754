// One file as documents: a plain file is one, a JSONL file one a line.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "corpus/inputs.h"
#include "isoflop/corpus.h"

namespace isoflop::corpus {

/// What a file's documents are handed to. A document comes in pieces of valid UTF-8, cut anywhere between two characters.
class DocumentSink {
 public:
  virtual ~DocumentSink() = default;
  virtual void begin(std::string_view source) = 0;
  virtual void text(std::string_view piece) = 0;
  virtual void end(std::int64_t invalid_bytes) = 0;
};

struct ReadOptions {
  std::string text_key = "text";
  std::string source_key = "source";
  Utf8Policy utf8 = Utf8Policy::error;
  std::int64_t longest_line = std::int64_t{256} << 20;  ///< JSONL, bytes
};

struct FileReport {
  std::string sha256;  ///< of the bytes as stored
  std::int64_t stored_bytes = 0;
};

/// Reads a file in constant memory (JSONL: its longest line). `advanced` hears the stored bytes read so far.
///
/// Throws   io, missing_input, bad_data (binary, invalid UTF-8, a packed file cut short or damaged, JSONL with its line),
///          stopped when asked to.
FileReport read_documents(const InputFile& file, const ReadOptions& options, DocumentSink& sink, std::stop_token stop,
                          const std::function<void(std::int64_t)>& advanced);

}  // namespace isoflop::corpus
