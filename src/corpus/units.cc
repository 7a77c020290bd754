#include "corpus/units.h"

#include <xxhash.h>

#include <algorithm>
#include <map>

#include "base/utf8.h"

namespace isoflop::corpus {
namespace {

// the place nearest to the target, in characters; the earlier of two equally near
struct Nearest {
  std::int64_t distance = -1;
  std::size_t bytes = 0;

  void offer(std::int64_t at, std::int64_t target, std::size_t at_byte) {
    const std::int64_t away = at < target ? target - at : at - target;
    if (distance < 0 || away < distance) {
      distance = away;
      bytes = at_byte;
    }
  }
  [[nodiscard]] bool found() const { return distance >= 0; }
};

// groups that stay together, with their characters; hold out from the first on, at most half of all
template <class Key>
bool hold_out_groups(const std::map<Key, std::int64_t>& groups, double val_fraction, std::map<Key, bool>& held) {
  double total = 0;
  for (const auto& [key, characters] : groups) total += static_cast<double>(characters);
  double taken = 0;
  for (const auto& [key, characters] : groups) {
    if (taken >= val_fraction * total) break;
    const double with_it = taken + static_cast<double>(characters);
    if (with_it > total / 2) continue;
    taken = with_it;
    held[key] = true;
  }
  return taken > 0;
}

}  // namespace

BlockCutter::BlockCutter(std::int64_t block_characters, Emit emit)
    : target_(block_characters),
      shortest_(std::max<std::int64_t>(1, block_characters / 2)),
      longest_(block_characters + block_characters / 2),
      emit_(std::move(emit)) {}

void BlockCutter::add(std::string_view piece) {
  pending_ += piece;
  pending_characters_ += count_characters(piece);
  cut_while_long();
}

void BlockCutter::finish() {
  if (from_ < pending_.size()) emit_(std::string_view(pending_).substr(from_), pending_characters_, true);
  pending_.clear();
  from_ = 0;
  pending_characters_ = 0;
}

void BlockCutter::cut_while_long() {
  while (pending_characters_ > longest_) {
    // walk the first 3T/2 characters and note where paragraphs and lines end
    const std::string_view text = std::string_view(pending_).substr(from_);
    Nearest paragraph, line, code_point;
    bool blank = true;  // the line so far
    std::int64_t characters = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (starts_character(text[at])) {
        if (characters == target_) code_point.offer(characters, target_, at);
        if (characters == longest_) break;
        ++characters;
      }
      if (text[at] == '\n') {
        if (characters >= shortest_) (blank ? paragraph : line).offer(characters, target_, at + 1);
        blank = true;
      } else if (text[at] != ' ' && text[at] != '\t' && text[at] != '\r') {
        blank = false;
      }
    }
    const Nearest& best = paragraph.found() ? paragraph : line.found() ? line : code_point;
    const std::string_view block = text.substr(0, best.bytes);
    const std::int64_t block_length = count_characters(block);
    emit_(block, block_length, false);
    from_ += block.size();
    pending_characters_ -= block_length;
  }
  pending_.erase(0, from_);
  from_ = 0;
}

UnitHash hash_unit(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.high64, hash.low64};
}

bool hold_out_units(std::vector<UnitFacts>& units, double val_fraction, std::span<const std::uint32_t> clusters) {
  // what goes together is known by its smallest hash; texts without words are in no cluster, but equal ones have equal hashes
  std::vector<UnitHash> keys;
  keys.reserve(units.size());
  for (const UnitFacts& unit : units) keys.push_back(unit.hash);
  for (std::size_t i = 0; i < clusters.size(); ++i) keys[clusters[i]] = std::min(keys[clusters[i]], units[i].hash);
  for (std::size_t i = 0; i < clusters.size(); ++i) keys[i] = keys[clusters[i]];
  std::map<UnitHash, std::int64_t> groups;
  for (std::size_t i = 0; i < units.size(); ++i) groups[keys[i]] += units[i].characters;
  std::map<UnitHash, bool> held;
  if (!hold_out_groups(groups, val_fraction, held)) return false;
  for (std::size_t i = 0; i < units.size(); ++i) units[i].held_out = held.contains(keys[i]);
  return true;
}

bool hold_out_sources(std::vector<UnitFacts>& units, const std::vector<std::string>& names, double val_fraction) {
  std::map<UnitHash, std::int64_t> groups;
  std::vector<UnitHash> hashes;
  for (const std::string& name : names) hashes.push_back(hash_unit(name));
  for (const UnitFacts& unit : units) groups[hashes[unit.source]] += unit.characters;
  std::map<UnitHash, bool> held;
  if (!hold_out_groups(groups, val_fraction, held)) return false;
  for (UnitFacts& unit : units) unit.held_out = held.contains(hashes[unit.source]);
  return true;
}

}  // namespace isoflop::corpus
