#include "corpus/reader.h"

#include <algorithm>
#include <memory>

#include "isoflop/text.h"
#include "corpus/encoding.h"
#include "corpus/json_line.h"
#include "corpus/stream.h"

namespace isoflop::corpus {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::size_t kLookForNul = std::size_t{64} << 10;

void refuse_binary(std::string_view start, const std::string& subject) {
  const std::size_t at = start.substr(0, kLookForNul).find('\0');
  if (at == std::string_view::npos) return;
  const bool wide = start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF");
  throw Error(Fault::bad_data, subject, "is binary, not text: byte " + std::to_string(at) + " is NUL",
              wide ? "it looks like UTF-16: `isoflop data clean` converts it" : "");
}

class OneDocument final : public PieceSink {
 public:
  OneDocument(const InputFile& file, DocumentSink& sink) : sink_(sink) { sink_.begin(file.name); }
  void piece(std::string_view text, std::int64_t /*invalid_bytes*/) override { sink_.text(text); }
  void finish(std::int64_t invalid_bytes) override { sink_.end(invalid_bytes); }

 private:
  DocumentSink& sink_;
};

class DocumentALine final : public PieceSink {
 public:
  DocumentALine(const InputFile& file, const ReadOptions& options, DocumentSink& sink)
      : reader_(file, options),
        lines_(
            options.longest_line,
            [this, &sink](std::string_view line, std::int64_t number) {
              reader_.read(line, number, invalid_bytes_ - counted_, sink);
              counted_ = invalid_bytes_;
            },
            [subject = file.path.string(), longest = options.longest_line](std::int64_t number) {
              throw too_long_a_line(subject, number, longest);
            }) {}

  void piece(std::string_view text, std::int64_t invalid_bytes) override {
    invalid_bytes_ = invalid_bytes;
    lines_.add(text);
  }
  void finish(std::int64_t invalid_bytes) override {
    invalid_bytes_ = invalid_bytes;
    lines_.finish();
  }

 private:
  JsonLineReader reader_;
  LineCutter lines_;
  std::int64_t invalid_bytes_ = 0, counted_ = 0;
};

}  // namespace

Error too_long_a_line(const std::string& subject, std::int64_t number, std::int64_t longest) {
  return {Fault::bad_data, subject + ":" + std::to_string(number),
          "the line is longer than " + format_bytes(static_cast<double>(longest)) + ", expected one JSON object a line",
          "is this JSON rather than JSON Lines?"};
}

LineCutter::LineCutter(std::int64_t longest, Take take, Refuse refuse)
    : longest_(longest), take_(std::move(take)), refuse_(std::move(refuse)) {}

void LineCutter::add(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    const std::string_view part = piece.substr(0, end);
    if (!too_long_ && static_cast<std::int64_t>(line_.size() + part.size()) > longest_) {
      refuse_(number_);
      too_long_ = true;
      line_ = {};
    }
    if (!too_long_ && (end == std::string_view::npos || !line_.empty())) line_ += part;
    if (end == std::string_view::npos) return;
    if (!too_long_) take_(line_.empty() ? part : line_, number_);
    ++number_;
    line_.clear();
    too_long_ = false;
    piece.remove_prefix(end + 1);
  }
}

void LineCutter::finish() {
  if (!line_.empty()) take_(line_, number_);
  line_.clear();
}

FileReport read_pieces(const InputFile& file, const ReadOptions& options, PieceSink& sink, std::stop_token stop,
                       const std::function<void(std::int64_t)>& advanced) {
  ByteStream stream(file, options.unpack);
  const bool utf8 = options.encoding == kUtf8;
  const std::unique_ptr<Decoder> decoder = make_decoder(options.encoding, options.utf8, file.path.string());

  // small files get a small buffer: a folder may hold a hundred thousand of them
  const std::size_t size = std::clamp(16 * static_cast<std::size_t>(file.stored_bytes), kLookForNul, kPiece);
  const auto buffer = std::make_unique_for_overwrite<char[]>(size);
  std::string clean;
  for (bool first = true;; first = false) {
    if (stop.stop_requested()) throw Error(Fault::stopped, file.path.string(), "stopped while it was read");
    const std::string_view bytes(buffer.get(), stream.read({buffer.get(), size}));
    if (bytes.empty()) break;
    if (first && utf8) refuse_binary(bytes, file.path.string());
    // a line at a time where invalid bytes are counted, so that they are counted for their own line's document
    const bool by_line = file.json_lines && utf8 && options.utf8 != Utf8Policy::error;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t end = by_line ? bytes.find('\n', at) : std::string_view::npos;
      const std::string_view part = bytes.substr(at, end == std::string_view::npos ? end : end + 1 - at);
      clean.clear();
      decoder->add(part, clean);
      sink.piece(clean, decoder->invalid_bytes());
      at += part.size();
    }
    if (advanced) advanced(stream.stored_bytes());
  }
  clean.clear();
  decoder->finish(clean);
  sink.piece(clean, decoder->invalid_bytes());
  sink.finish(decoder->invalid_bytes());
  return {stream.sha256(), stream.stored_bytes()};
}

FileReport read_documents(const InputFile& file, const ReadOptions& options, DocumentSink& sink, std::stop_token stop,
                          const std::function<void(std::int64_t)>& advanced) {
  if (file.json_lines) {
    DocumentALine lines(file, options, sink);
    return read_pieces(file, options, lines, stop, advanced);
  }
  OneDocument whole(file, sink);
  return read_pieces(file, options, whole, stop, advanced);
}

}  // namespace isoflop::corpus
