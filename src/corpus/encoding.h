// In which encoding a file is written, and its bytes as UTF-8.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "corpus/inputs.h"
#include "base/utf8.h"
#include "corpus/utf8.h"
#include "isoflop/corpus.h"

namespace isoflop::corpus {

inline constexpr const char* kUtf8 = "UTF-8";

struct Encoding {
  std::string name = kUtf8;  ///< as ICU calls it
  std::string from =
      "valid";  ///< given, mark (a byte order mark), valid (UTF-8 throughout), detected, damaged (UTF-8 with a few bytes amiss)
};

/// ICU's name of an encoding that a user gave. Throws usage, with what is usual, for one that ICU does not know.
[[nodiscard]] std::string encoding_name(const std::string& given);

/// Tells bytes from each other that come in pieces: a byte order mark, UTF-8 that is valid throughout, else by their statistics.
class EncodingGuess {
 public:
  EncodingGuess();
  void add(std::string_view bytes);
  [[nodiscard]] bool decided() const;  ///< nothing that follows would change the answer

  /// Source   scripts by what decodes without an error and holds kana; else ICU's detector, whose first guess that decodes the
  /// sample
  ///          without an error is taken; else windows-1252, which decodes anything.
  /// Throws   bad_data naming `subject` if it is no text: NUL bytes that are not UTF-16's.
  /// Checked  encoding_test.cc
  [[nodiscard]] Encoding finish(const std::string& subject);

 private:
  std::string start_;   // the first bytes, for marks and NUL
  std::string sample_;  // a stretch from the first byte on that is not ASCII
  std::string scratch_;
  Utf8Cleaner utf8_;
  std::int64_t bytes_ = 0, high_bytes_ = 0;
};

/// Reads a file once, to its end where need be.
[[nodiscard]] Encoding detect_encoding(const InputFile& file, const UnpackLimits& limits, std::stop_token stop);

/// Bytes of an encoding in, in pieces of any size; valid UTF-8 out; a byte order mark at the start is dropped.
[[nodiscard]] std::unique_ptr<Decoder> make_decoder(const std::string& encoding, Utf8Policy policy, const std::string& subject);

}  // namespace isoflop::corpus
