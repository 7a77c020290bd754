// How often each chunk occurs: all that training a vocabulary needs of a text. Inside the room only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isoflop::tokens {

/// Memory grows with the unique chunks, not with the text.
class ChunkCounts {
 public:
  ChunkCounts();
  void add(std::string_view chunk, std::int64_t count = 1);
  void add(const ChunkCounts& other);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::string_view chunk(std::size_t i) const {
    return std::string_view(bytes_).substr(entries_[i].begin, entries_[i].length);
  }
  [[nodiscard]] std::int64_t count(std::size_t i) const { return entries_[i].count; }

 private:
  struct Entry {
    std::uint64_t hash = 0;
    std::size_t begin = 0;
    std::uint32_t length = 0;
    std::int64_t count = 0;
  };
  struct Slot {
    std::uint32_t tag = 0;    // of the hash, so that most strangers are told without a look at their entry
    std::uint32_t entry = 0;  // + 1; 0: empty
  };
  void grow();

  std::vector<Entry> entries_;  // in order of first meeting
  std::string bytes_;
  std::vector<Slot> slots_;
};

}  // namespace isoflop::tokens
