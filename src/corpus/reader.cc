#include "corpus/reader.h"

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "corpus/json_line.h"
#include "corpus/stream.h"
#include "corpus/utf8.h"

namespace isoflop::corpus {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::size_t kLookForNul = std::size_t{64} << 10;

void refuse_binary(std::string_view start, const std::string& subject) {
  const std::size_t at = start.substr(0, kLookForNul).find('\0');
  if (at == std::string_view::npos) return;
  const bool wide = start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF");
  throw Error(Fault::bad_data, subject, "is binary, not text: byte " + std::to_string(at) + " is NUL",
              wide ? "it looks like UTF-16: convert it to UTF-8, for example with iconv" : "");
}

// what a file's clean text is handed to, piece by piece; one of the two kinds of file
class Pieces {
 public:
  virtual ~Pieces() = default;
  virtual void piece(std::string_view text, std::int64_t invalid_bytes) = 0;  // invalid_bytes: so far
  virtual void finish(std::int64_t invalid_bytes) = 0;
};

class OneDocument final : public Pieces {
 public:
  OneDocument(const InputFile& file, DocumentSink& sink) : sink_(sink) { sink_.begin(file.name); }
  void piece(std::string_view text, std::int64_t /*invalid_bytes*/) override { sink_.text(text); }
  void finish(std::int64_t invalid_bytes) override { sink_.end(invalid_bytes); }

 private:
  DocumentSink& sink_;
};

class DocumentALine final : public Pieces {
 public:
  DocumentALine(const InputFile& file, const ReadOptions& options, DocumentSink& sink)
      : reader_(file, options), sink_(sink), subject_(file.path.string()), longest_(options.longest_line) {}

  void piece(std::string_view text, std::int64_t invalid_bytes) override {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const std::string_view part = text.substr(0, end);
      if (static_cast<std::int64_t>(line_.size() + part.size()) > longest_) {
        throw Error(
            Fault::bad_data, subject_ + ":" + std::to_string(number_),
            "the line is longer than " + format_bytes(static_cast<double>(longest_)) + ", expected one JSON object a line",
            "is this JSON rather than JSON Lines?");
      }
      if (end == std::string_view::npos) {
        line_ += part;
        return;
      }
      if (line_.empty()) {
        take(part, invalid_bytes);
      } else {
        line_ += part;
        take(line_, invalid_bytes);
        line_.clear();
      }
      text.remove_prefix(end + 1);
    }
  }
  void finish(std::int64_t invalid_bytes) override {
    if (!line_.empty()) take(line_, invalid_bytes);
  }

 private:
  void take(std::string_view line, std::int64_t invalid_bytes) {
    reader_.read(line, number_++, invalid_bytes - counted_, sink_);
    counted_ = invalid_bytes;
  }

  JsonLineReader reader_;
  DocumentSink& sink_;
  std::string subject_;
  std::int64_t longest_;
  std::string line_;
  std::int64_t number_ = 1;
  std::int64_t counted_ = 0;
};

}  // namespace

FileReport read_documents(const InputFile& file, const ReadOptions& options, DocumentSink& sink, std::stop_token stop,
                          const std::function<void(std::int64_t)>& advanced) {
  ByteStream stream(file);
  Utf8Cleaner cleaner(options.utf8, file.path.string());
  std::unique_ptr<Pieces> pieces;
  if (file.json_lines) {
    pieces = std::make_unique<DocumentALine>(file, options, sink);
  } else {
    pieces = std::make_unique<OneDocument>(file, sink);
  }

  // small files get a small buffer: a folder may hold a hundred thousand of them
  const std::size_t size = std::clamp(16 * static_cast<std::size_t>(file.stored_bytes), kLookForNul, kPiece);
  const auto buffer = std::make_unique_for_overwrite<char[]>(size);
  std::string clean;
  for (bool first = true;; first = false) {
    if (stop.stop_requested()) throw Error(Fault::stopped, file.path.string(), "stopped while it was read");
    const std::string_view bytes(buffer.get(), stream.read({buffer.get(), size}));
    if (bytes.empty()) break;
    if (first) refuse_binary(bytes, file.path.string());
    // a line at a time where invalid bytes are counted, so that they are counted for their own line's document
    const bool by_line = file.json_lines && options.utf8 != Utf8Policy::error;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t end = by_line ? bytes.find('\n', at) : std::string_view::npos;
      const std::string_view part = bytes.substr(at, end == std::string_view::npos ? end : end + 1 - at);
      clean.clear();
      cleaner.add(part, clean);
      pieces->piece(clean, cleaner.invalid_bytes());
      at += part.size();
    }
    if (advanced) advanced(stream.stored_bytes());
  }
  clean.clear();
  cleaner.finish(clean);
  pieces->piece(clean, cleaner.invalid_bytes());
  pieces->finish(cleaner.invalid_bytes());
  return {stream.sha256(), stream.stored_bytes()};
}

}  // namespace isoflop::corpus
