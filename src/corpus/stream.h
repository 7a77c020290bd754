// A file's text as a stream of bytes, unpacked if it is packed, its stored bytes hashed on the way.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "corpus/inputs.h"

namespace isoflop::corpus {

/// A packed file may grow to this many bytes plus kMostGrowth times what was read of it; beyond that it is taken for a bomb.
inline constexpr std::int64_t kFreeGrowth = std::int64_t{64} << 20;
inline constexpr std::int64_t kMostGrowth = 200;

class ByteStream {
 public:
  /// Throws missing_input or io.
  explicit ByteStream(const InputFile& file);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// Fills `out` as far as there are bytes; less than its size only at the end, 0 after it.
  /// Throws   io (failed read), bad_data (damaged, cut short, or growing beyond the limit above).
  [[nodiscard]] std::size_t read(std::span<char> out);

  [[nodiscard]] std::int64_t stored_bytes() const;  ///< read so far, as stored
  [[nodiscard]] std::string sha256();               ///< of the stored bytes; once, after the end

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace isoflop::corpus
