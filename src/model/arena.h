// One allocation for everything an engine holds: measured first, taken once, zeroed by the kernel, on huge pages.
#pragma once

#include <cstddef>
#include <cstdint>

namespace isoflop::model {

/// Hands out aligned pieces of the arena in order. Without a base it only counts, so that the bytes can be told before they are
/// taken.
class Carver {
 public:
  explicit Carver(std::byte* base = nullptr) : base_(base) {}

  template <class T>
  [[nodiscard]] T* take(std::int64_t count) {
    return reinterpret_cast<T*>(
        take_bytes(count > kMost / static_cast<std::int64_t>(sizeof(T)) ? kMost : count * static_cast<std::int64_t>(sizeof(T))));
  }
  /// Of all pieces, in whole huge pages; for what no machine holds, some number that no machine holds.
  [[nodiscard]] std::int64_t bytes() const;

 private:
  static constexpr std::int64_t kMost = std::int64_t{1} << 60;
  std::byte* take_bytes(std::int64_t bytes);

  std::byte* base_;
  std::int64_t used_ = 0;
};

class Arena {
 public:
  /// Throws Error{failure} if the memory cannot be had.
  explicit Arena(std::int64_t bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  [[nodiscard]] std::byte* base() const { return base_; }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  void* mapping_ = nullptr;
  std::size_t mapped_ = 0;
  std::byte* base_ = nullptr;
  std::int64_t bytes_ = 0;
};

}  // namespace isoflop::model
