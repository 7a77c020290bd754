// A file's text as a stream of bytes, unpacked if it is packed, its stored bytes hashed on the way.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "corpus/inputs.h"
#include "isoflop/corpus.h"

namespace isoflop::corpus {

/// So much a packed file may unpack to whatever its size: a small file of equal lines packs very well.
inline constexpr std::int64_t kFreeGrowth = std::int64_t{64} << 20;

class ByteStream {
 public:
  /// Throws missing_input or io.
  explicit ByteStream(const InputFile& file, const UnpackLimits& limits = {});
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// Fills `out` as far as there are bytes; less than its size only at the end, 0 after it.
  /// Throws   io (failed read), bad_data (damaged, cut short, or growing beyond the limits).
  [[nodiscard]] std::size_t read(std::span<char> out);

  [[nodiscard]] std::int64_t stored_bytes() const;  ///< read so far, as stored
  [[nodiscard]] std::string sha256();               ///< of the stored bytes; once, after the end

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace isoflop::corpus
