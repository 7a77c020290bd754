// A value as bytes and back, for the index: the same build reads what it wrote, and a checksum guards it.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "isoflop/runs.h"
#include "record/members.h"

namespace isoflop {

template <class Io>
void members(Io& io, TableCell& c) {
  io("column", c.column);
  io("text", c.text);
}
template <class Io>
void members(Io& io, ImportedRow& r) {
  io("source", r.source);
  io("cells", r.cells);
}
template <class Io>
void members(Io& io, RunTiming& t) {
  io("seconds", t.seconds);
  io("tokens_per_second", t.tokens_per_second);
  io("threads", t.threads);
  io("peak_bytes", t.peak_bytes);
}
/// All but id and folder, which the index row and the store know.
template <class Io>
void members(Io& io, StoredRun& r) {
  io("record", r.record);
  io("timing", r.timing);
  io("seed", r.seed);
  io("learning_rate", r.learning_rate);
  io("batch_tokens", r.batch_tokens);
  io("imported", r.imported);
}

class Packer {
 public:
  std::string bytes;

  template <class T>
  void operator()(const char*, T& value) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    } else {
      compound(value);
    }
  }

 private:
  void compound(std::string& text) {
    std::uint64_t size = text.size();
    (*this)("", size);
    bytes += text;
  }
  template <class T>
  void compound(std::optional<T>& value) {
    bool there = value.has_value();
    (*this)("", there);
    if (there) (*this)("", *value);
  }
  template <class T>
  void compound(std::vector<T>& list) {
    std::uint64_t size = list.size();
    (*this)("", size);
    for (T& element : list) (*this)("", element);
  }
  template <class T>
  void compound(T& value) {
    members(*this, value);
  }
};

/// `whole()` is false if the bytes were too few or too many; what was read is then worth nothing.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] bool whole() const { return !short_ && rest_.empty(); }

  template <class T>
  void operator()(const char*, T& value) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      const std::string_view piece = take(sizeof value);
      if (piece.size() == sizeof value) std::memcpy(&value, piece.data(), sizeof value);
    } else {
      compound(value);
    }
  }

 private:
  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) {
      short_ = true;
      rest_ = {};
    }
    const std::string_view piece = rest_.substr(0, short_ ? 0 : static_cast<std::size_t>(size));
    rest_.remove_prefix(piece.size());
    return piece;
  }
  void compound(std::string& text) {
    std::uint64_t size = 0;
    (*this)("", size);
    text = take(size);
  }
  template <class T>
  void compound(std::optional<T>& value) {
    bool there = false;
    (*this)("", there);
    value.reset();
    if (there) (*this)("", value.emplace());
  }
  template <class T>
  void compound(std::vector<T>& list) {
    std::uint64_t size = 0;
    (*this)("", size);
    list.clear();
    for (std::uint64_t i = 0; i < size && !short_; ++i) (*this)("", list.emplace_back());
  }
  template <class T>
  void compound(T& value) {
    members(*this, value);
  }

  std::string_view rest_;
  bool short_ = false;
};

}  // namespace isoflop
