#include "tokens/chunk_counts.h"

#include "base/check.h"
#include "base/hash.h"

namespace isoflop::tokens {

ChunkCounts::ChunkCounts() : slots_(1U << 12) {}

void ChunkCounts::add(std::string_view chunk, std::int64_t count) {
  const std::uint64_t hash = xxh3(chunk);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  for (; slots_[at].entry != 0; at = (at + 1) & mask) {
    if (slots_[at].tag != tag) continue;
    Entry& entry = entries_[slots_[at].entry - 1];
    if (entry.hash == hash && this->chunk(slots_[at].entry - 1) == chunk) {
      entry.count += count;
      return;
    }
  }
  ISOFLOP_CHECK(entries_.size() < 0xFFFFFFF0 && chunk.size() < 0xFFFFFFFF);
  entries_.push_back({hash, bytes_.size(), static_cast<std::uint32_t>(chunk.size()), count});
  bytes_ += chunk;
  slots_[at] = {tag, static_cast<std::uint32_t>(entries_.size())};
  if (entries_.size() * 2 > slots_.size()) grow();
}

void ChunkCounts::add(const ChunkCounts& other) {
  for (std::size_t i = 0; i < other.size(); ++i) add(other.chunk(i), other.count(i));
}

void ChunkCounts::grow() {
  std::vector<Slot> wider(slots_.size() * 2);
  const std::size_t mask = wider.size() - 1;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::size_t at = entries_[i].hash & mask;
    while (wider[at].entry != 0) at = (at + 1) & mask;
    wider[at] = {static_cast<std::uint32_t>(entries_[i].hash >> 32), static_cast<std::uint32_t>(i + 1)};
  }
  slots_ = std::move(wider);
}

}  // namespace isoflop::tokens
