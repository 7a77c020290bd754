// What does not fit in memory: documents in reading order, and records by the range of their key. In memory first, then in a file
// that has no name any more, so that nothing is left of it whatever happens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/team.h"

namespace isoflop::corpus {

/// A file of bytes appended and read back. It is made when the first byte comes.
class Spill {
 public:
  explicit Spill(std::filesystem::path folder) : folder_(std::move(folder)) {}
  ~Spill();
  Spill(const Spill&) = delete;
  Spill& operator=(const Spill&) = delete;

  /// Returns the offset. Throws io: with a full disk the bytes needed and free.
  std::uint64_t append(std::span<const char> bytes);
  /// From any thread, once all is appended.
  void read(std::uint64_t offset, std::span<char> out) const;

 private:
  std::filesystem::path folder_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// One document on its way through the chain. A line of output is `before`, the escaped text, `after`.
struct Document {
  std::uint32_t number = 0;  ///< in reading order
  std::uint32_t source = 0;
  std::string_view before{}, after{}, text{};  ///< live as long as what they came from
};

/// Documents in order. Each is written once and read as often as needed.
class Spool {
 public:
  Spool(const std::filesystem::path& folder, std::int64_t memory);

  void add(const Document& document);
  void finish();  ///< nothing more is added

  [[nodiscard]] std::size_t size() const { return offsets_.size(); }
  [[nodiscard]] std::int64_t text_bytes() const { return text_bytes_; }

  /// The document at a place, read into `buffer`. From any thread.
  [[nodiscard]] Document at(std::size_t place, std::string& buffer) const;
  /// Where the document of this number lies.
  [[nodiscard]] std::size_t place_of(std::uint32_t number) const;
  [[nodiscard]] std::uint32_t number_at(std::size_t place) const { return numbers_[place]; }

  /// All documents from a place on, in order, many at a time: `work` sees each on some rank, then `take` all of them in order on
  /// the caller.
  struct Item {
    Document document;
    std::size_t place = 0;
  };
  void for_each(Team& team, std::stop_token stop,
                const std::function<void(std::int64_t rank, std::size_t slot, const Item&)>& work,
                const std::function<void(std::size_t slot, const Item&)>& take, std::size_t from_place = 0) const;
  /// The most slots of for_each.
  static constexpr std::size_t kMostSlots = 4096;

 private:
  void read(std::uint64_t offset, std::span<char> out) const;

  std::int64_t memory_;
  std::vector<std::unique_ptr<char[]>> blocks_;  // the first bytes
  std::string pending_;                          // the next block, or what is not yet in the file
  std::uint64_t size_ = 0;
  Spill spill_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> numbers_;  // rising
  std::int64_t text_bytes_ = 0;
};

/// Records brought together by key without being in memory all at once. A record has `order()`, a well-spread 64-bit number, and
/// operator<, under which records of equal `order()` lie together.
template <class Record>
class Partitions {
 public:
  /// `memory` bounds what is held while records come in; `sorted` or in the order they came in.
  Partitions(const std::filesystem::path& folder, std::int64_t memory, bool sorted = true)
      : sorted_(sorted),
        spill_(folder),
        most_(std::max<std::size_t>(64, static_cast<std::size_t>(memory) / sizeof(Record) / kParts)) {}

  void add(const Record& record) {
    Part& part = parts_[record.order() >> kShift];
    if (part.records.size() == most_) {
      const std::span<const Record> all(part.records);
      part.chunks.push_back({spill_.append({reinterpret_cast<const char*>(all.data()), all.size_bytes()}), all.size()});
      part.records.clear();
    }
    // grown by hand: the vector alone would take up to twice as much
    if (part.records.size() == part.records.capacity())
      part.records.reserve(std::min(most_, std::max<std::size_t>(64, 2 * part.records.capacity())));
    part.records.push_back(record);
  }

  /// Visits every part's records on the caller, in order of the parts; as many parts are sorted at a time as the team
  /// has ranks. The records are gone afterwards.
  template <class Visit>
  void for_each_part(Team& team, std::stop_token stop, const std::function<void()>& stopped, const Visit& visit) {
    const auto ranks = static_cast<std::size_t>(team.size());
    for (std::size_t first = 0; first < kParts; first += ranks) {
      if (stop.stop_requested()) stopped();
      team.run([&](std::int64_t rank) {
        const std::size_t part = first + static_cast<std::size_t>(rank);
        if (part < kParts) gather(parts_[part]);
      });
      for (std::size_t part = first; part < std::min(kParts, first + ranks); ++part) {
        visit(std::span<const Record>(parts_[part].records));
        parts_[part] = {};
      }
    }
  }

 private:
  static constexpr std::size_t kParts = 256;
  static constexpr int kShift = 56;
  struct Chunk {
    std::uint64_t offset = 0;
    std::size_t records = 0;
  };
  struct Part {
    std::vector<Record> records;
    std::vector<Chunk> chunks;
  };

  // the records as they came, then sorted if asked to
  void gather(Part& part) {
    if (!part.chunks.empty()) {
      std::size_t records = part.records.size();
      for (const Chunk& chunk : part.chunks) records += chunk.records;
      std::vector<Record> all;
      all.reserve(records);
      for (const Chunk& chunk : part.chunks) {
        const std::size_t at = all.size();
        all.resize(at + chunk.records);
        spill_.read(chunk.offset, {reinterpret_cast<char*>(all.data() + at), chunk.records * sizeof(Record)});
      }
      all.insert(all.end(), part.records.begin(), part.records.end());
      part.records = std::move(all);
    }
    if (sorted_) std::sort(part.records.begin(), part.records.end());
  }

  bool sorted_;
  Spill spill_;
  std::size_t most_;
  std::vector<Part> parts_{kParts};
};

}  // namespace isoflop::corpus
