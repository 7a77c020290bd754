// One file as documents: a plain file is one, a JSONL file one a line.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "corpus/inputs.h"
#include "isoflop/corpus.h"

namespace isoflop::corpus {

/// Where a JSONL line has what belongs to its document: values of the object's members of these indexes.
struct LineParts {
  std::string_view line{};
  std::int64_t number = 0;  ///< from 1
  std::size_t text_member = 0;
  std::optional<std::size_t> source_member{}, id_member{};  ///< if the key is there
  bool has_source = false;                                  ///< false for null
  std::string_view id{};                                    ///< as it stands, text or number; empty for anything else
};

/// What a file's documents are handed to. A document comes in pieces of valid UTF-8, cut anywhere between two characters.
class DocumentSink {
 public:
  virtual ~DocumentSink() = default;
  /// With ReadOptions::line_parts, before the begin of a JSONL document.
  virtual void line(const LineParts& /*parts*/) {}
  virtual void begin(std::string_view source) = 0;
  virtual void text(std::string_view piece) = 0;
  virtual void end(std::int64_t invalid_bytes) = 0;
};

struct ReadOptions {
  std::string text_key = "text";
  std::string source_key = "source";
  Utf8Policy utf8 = Utf8Policy::error;
  std::string id_key = "id";  ///< read with line_parts only
  bool line_parts = false;
  std::int64_t longest_line = std::int64_t{256} << 20;  ///< JSONL, bytes
  std::string encoding = "UTF-8";                       ///< as make_decoder takes it
  UnpackLimits unpack = {};
};

struct FileReport {
  std::string sha256;  ///< of the bytes as stored
  std::int64_t stored_bytes = 0;
};

/// What a file's text is handed to: pieces of valid UTF-8, cut anywhere between two characters, with the invalid bytes so far.
class PieceSink {
 public:
  virtual ~PieceSink() = default;
  virtual void piece(std::string_view text, std::int64_t invalid_bytes) = 0;
  virtual void finish(std::int64_t invalid_bytes) = 0;
};

/// Reads, unpacks and decodes a file in constant memory. `advanced` hears the stored bytes read so far.
///
/// Throws   io, missing_input, bad_data (binary, invalid bytes, a packed file cut short, damaged or a bomb), stopped when asked.
FileReport read_pieces(const InputFile& file, const ReadOptions& options, PieceSink& sink, std::stop_token stop,
                       const std::function<void(std::int64_t)>& advanced);

/// Cuts text that comes in pieces at line ends.
class LineCutter {
 public:
  /// `take` gets each line, without its end, and its number from 1 on.
  using Take = std::function<void(std::string_view line, std::int64_t number)>;
  /// `refuse` hears of a line longer than `longest` bytes, which is held no further; it throws, or the line is passed over.
  using Refuse = std::function<void(std::int64_t number)>;
  LineCutter(std::int64_t longest, Take take, Refuse refuse);
  void add(std::string_view piece);
  void finish();  ///< the last line may have no end

 private:
  std::int64_t longest_;
  Take take_;
  Refuse refuse_;
  std::string line_;
  std::int64_t number_ = 1;
  bool too_long_ = false;
};

/// The error that a line of JSONL longer than `longest` is.
[[nodiscard]] Error too_long_a_line(const std::string& subject, std::int64_t number, std::int64_t longest);

/// Reads a file's documents; JSONL takes the memory of its longest line.
///
/// Throws   as read_pieces; bad_data also for JSONL, with its line.
FileReport read_documents(const InputFile& file, const ReadOptions& options, DocumentSink& sink, std::stop_token stop,
                          const std::function<void(std::int64_t)>& advanced);

}  // namespace isoflop::corpus
