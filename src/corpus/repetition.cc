#include "corpus/repetition.h"

#include <algorithm>
#include <bit>

#include "corpus/dedup_words.h"

namespace isoflop::corpus {
namespace {

constexpr std::uint64_t kBase = 0x9E3779B97F4A7C15;  // odd: powers of it are no 0

std::uint64_t power_of_base(std::size_t n) {
  std::uint64_t power = 1;
  while (n-- > 0) power *= kBase;
  return power;
}

}  // namespace

void HashSet::clear(std::size_t most) {
  const std::size_t size = std::bit_ceil(2 * most + 2);
  slots_.assign(size, 0);
  counts_.assign(size, 0);
}

// the place of a hash, or the free one where it belongs; 0 marks free places
std::size_t HashSet::slot_of(std::uint64_t& hash) const {
  if (hash == 0) hash = 1;
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & mask;
  return at;
}

bool HashSet::insert(std::uint64_t hash) {
  const std::size_t at = slot_of(hash);
  if (slots_[at] == hash) return false;
  slots_[at] = hash;
  return true;
}

std::uint32_t HashSet::count(std::uint64_t hash) {
  const std::size_t at = slot_of(hash);
  slots_[at] = hash;
  ++counts_[at];
  return static_cast<std::uint32_t>(at);
}

void Repetition::add(std::uint64_t hash, std::uint32_t characters) {
  prefix_.push_back(prefix_.back() * kBase + mixed(hash));
  lengths_.push_back(lengths_.back() + characters);
  if (prefix_.size() > kWindow * scale_) end_window();
}

void Repetition::finish() {
  end_window();
}

std::uint64_t Repetition::gram(std::size_t first, std::size_t n, std::uint64_t power) const {
  return mixed(prefix_[first + n] - prefix_[first] * power);
}

// characters of all places of the commonest n-gram; of equally common ones the longest; of one that stands once, none. What is
// left of the places are those whose n-gram stands more than once: a longer one can stand twice only there
std::uint64_t Repetition::commonest(std::size_t n) {
  const std::uint64_t power = power_of_base(n);
  set_.clear(places_.size());
  std::uint64_t most = 1, longest = 0;
  for (Place& place : places_) {
    place.slot = set_.count(gram(place.first, n, power));
    const std::uint64_t times = set_.times(place.slot), length = lengths_[place.first + n] - lengths_[place.first];
    if (times < 2 || times < most || (times == most && length <= longest)) continue;
    longest = length;
    most = times;
  }
  std::erase_if(places_, [this](const Place& place) { return set_.times(place.slot) < 2; });
  return most > 1 ? most * longest : 0;
}

std::uint64_t Repetition::said_before(std::size_t n) {
  const std::uint64_t power = power_of_base(n);
  set_.clear(places_.size());
  std::uint64_t characters = 0;
  std::size_t free = 0;  // where the next may begin: no overlap
  for (const Place& place : places_) {
    if (place.first < free || set_.insert(gram(place.first, n, power))) continue;
    characters += lengths_[place.first + n] - lengths_[place.first];
    free = place.first + n;
  }
  return characters;
}

void Repetition::end_window() {
  const std::size_t units = prefix_.size() - 1;
  places_.clear();
  for (std::size_t i = 0; i < units; ++i) places_.push_back({static_cast<std::uint32_t>(i), 0});
  for (std::size_t words = 2; words <= 10; ++words) {
    const std::size_t n = words * scale_;
    while (!places_.empty() && places_.back().first + n > units) places_.pop_back();
    const std::uint64_t common = words <= 5 ? commonest(n) : 0;
    if (words <= 4) tops_[words - 2] += common;
    if (words >= 5) repeats_[words - 5] += said_before(n);
  }
  characters_ += lengths_.back();
  prefix_.assign(1, 0);
  lengths_.assign(1, 0);
}

double Repetition::share(std::uint64_t characters) const {
  if (characters_ == 0) return 0;
  return std::min(1.0, static_cast<double>(characters) / static_cast<double>(characters_));
}

}  // namespace isoflop::corpus
