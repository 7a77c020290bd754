// Tensors on disk in the public safetensors format, F32 only, read strictly (docs/formats/checkpoint.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"

namespace isoflop::checkpoint {

struct TensorShape {
  std::string name;
  std::int64_t rows = 0, cols = 0;
};

struct FileFacts {
  std::int64_t bytes = 0;
  std::uint64_t checksum = 0;  ///< XXH3-64 of the whole file
};

/// Writes and syncs. `read(i, out)` fills tensor i; one tensor is held at a time.
FileFacts write_safetensors(const std::filesystem::path& path, std::span<const TensorShape> tensors,
                            const std::function<void(std::size_t, std::span<float>)>& read);

/// A checked file of exactly the tensors asked for.
class SafetensorsFile {
 public:
  /// Throws Error{bad_data} naming the path and what is wrong: size or checksum, header, a tensor's name, shape or place.
  SafetensorsFile(const std::filesystem::path& path, const FileFacts& facts, std::span<const TensorShape> expected);

  [[nodiscard]] std::vector<float> tensor(std::size_t index) const;  ///< index into `expected`

 private:
  struct Place {
    std::size_t offset = 0, bytes = 0;
  };
  MappedFile file_;
  std::vector<Place> places_;
};

}  // namespace isoflop::checkpoint
