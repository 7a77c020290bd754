// The tokens of chunks met before. Two tables of fixed size, each place holds the chunk that came last. Inside the room only.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace isoflop::tokens {

class ChunkCache {
 public:
  ChunkCache() : short_(kShortSlots), long_(kLongSlots) {}

  /// Appends the tokens of a chunk; `encode(chunk, out)` makes those that are not here.
  template <class Encode>
  void append(std::string_view text, std::size_t begin, std::size_t length, std::vector<std::int32_t>& out,
              const Encode& encode) {
    if (length <= Short::kBytes) {
      append_from(short_, text, begin, length, out, encode);
    } else if (length <= Long::kBytes) {
      append_from(long_, text, begin, length, out, encode);
    } else {
      encode(text.substr(begin, length), out);
    }
  }

 private:
  // the chunk's bytes, zeros, and its length in the last byte; a length of 0 is an empty slot
  template <std::size_t kSize, std::size_t kTokens>
  struct Slot {
    static constexpr std::size_t kBytes = kSize - 1;
    using Key = std::array<std::uint64_t, kSize / 8>;
    Key key{};
    std::array<std::int32_t, kTokens> tokens{};
    std::uint32_t count = 0;
  };
  using Short = Slot<16, 3>;   // 32 bytes
  using Long = Slot<48, 19>;   // 128 bytes
  static constexpr std::size_t kShortSlots = std::size_t{1} << 16, kLongSlots = std::size_t{1} << 13;

  template <class Kind>
  static typename Kind::Key key_of(std::string_view text, std::size_t begin, std::size_t length) {
    typename Kind::Key key{};
    if constexpr (Kind::kBytes == Short::kBytes) {
      // the common case: one load of 16 bytes, and what lies behind the chunk masked out
      if (begin + sizeof(key) <= text.size()) {
        std::memcpy(key.data(), text.data() + begin, sizeof(key));
        const std::size_t low = length < 8 ? length : 8, high = length - low;
        key[0] &= low == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * low)) - 1;
        key[1] &= (std::uint64_t{1} << (8 * high)) - 1;
        key[1] |= static_cast<std::uint64_t>(length) << 56;
        return key;
      }
    }
    std::memcpy(key.data(), text.data() + begin, length);
    key.back() |= static_cast<std::uint64_t>(length) << 56;
    return key;
  }

  template <class Key>
  static std::uint64_t hash_of(const Key& key) {
    std::uint64_t hash = 0;
    for (const std::uint64_t word : key) {
      hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
      hash ^= hash >> 32;
    }
    return hash;
  }

  template <class Kind, class Encode>
  static void append_from(std::vector<Kind>& slots, std::string_view text, std::size_t begin, std::size_t length,
                          std::vector<std::int32_t>& out, const Encode& encode) {
    const typename Kind::Key key = key_of<Kind>(text, begin, length);
    Kind& slot = slots[hash_of(key) & (slots.size() - 1)];
    if (slot.key == key) {
      const std::size_t before = out.size();
      if (slot.count == 1) return out.push_back(slot.tokens[0]);
      out.resize(before + slot.count);
      std::memcpy(out.data() + before, slot.tokens.data(), slot.count * sizeof(std::int32_t));
      return;
    }
    const std::size_t before = out.size();
    encode(text.substr(begin, length), out);
    const std::size_t count = out.size() - before;
    if (count > slot.tokens.size()) return;
    slot.key = key;
    slot.count = static_cast<std::uint32_t>(count);
    std::memcpy(slot.tokens.data(), out.data() + before, count * sizeof(std::int32_t));
  }

  std::vector<Short> short_;
  std::vector<Long> long_;
};

}  // namespace isoflop::tokens
