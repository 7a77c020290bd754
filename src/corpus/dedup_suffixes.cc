#include "corpus/dedup_suffixes.h"

#include <divsufsort.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>

#include "base/check.h"
#include "corpus/dedup_words.h"

namespace isoflop::corpus {
namespace {

constexpr std::uint64_t kRoll = UINT64_C(0xd6e8feb86659fd93);
constexpr std::size_t kAhead = 16;  // suffixes whose text is asked for before it is compared

std::uint64_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < text.size(); ++i) hash = hash * kRoll + byte_at(text, i);
  return hash;
}

}  // namespace

SuffixShard::SuffixShard(std::string text, std::int64_t min_length)
    : text_(std::move(text)),
      min_length_(static_cast<std::size_t>(min_length)),
      tail_((min_length_ + 1) / 2),
      order_(text_.size()) {
  ISOFLOP_CHECK(text_.size() < static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()));
  if (text_.empty()) return;
  const int code =
      ::divsufsort(reinterpret_cast<const sauchar_t*>(text_.data()), order_.data(), static_cast<saidx_t>(text_.size()));
  if (code != 0) throw std::bad_alloc();
}

// do the suffixes at a and b begin with the same min_length bytes?
bool SuffixShard::same(std::size_t a, std::size_t b) const {
  return std::max(a, b) + min_length_ <= text_.size() && std::memcmp(&text_[a], &text_[b], min_length_) == 0;
}

void SuffixShard::for_each_repeat(Team& team,
                                  const std::function<void(std::int64_t, std::uint32_t, std::uint32_t)>& later) const {
  const std::size_t size = order_.size();
  const auto at = [this](std::size_t i) { return static_cast<std::size_t>(order_[i]); };
  team.run([&](std::int64_t rank) {
    const auto share = [&](std::int64_t r) { return size * static_cast<std::size_t>(r) / static_cast<std::size_t>(team.size()); };
    std::size_t i = share(rank);
    // a run of equal beginnings belongs to the rank it begins in
    while (i > 0 && i < size && same(at(i - 1), at(i))) ++i;
    while (i < share(rank + 1)) {
      std::size_t end = i + 1;
      while (end < size) {
        if (end + kAhead < size) __builtin_prefetch(&text_[at(end + kAhead)]);
        if (!same(at(end - 1), at(end))) break;
        ++end;
      }
      if (end - i > 1 && std::memchr(&text_[at(i)], kDocumentEnd, min_length_) == nullptr) {
        const std::int32_t first =
            *std::min_element(order_.begin() + static_cast<std::ptrdiff_t>(i), order_.begin() + static_cast<std::ptrdiff_t>(end));
        for (std::size_t k = i; k < end; ++k) {
          if (order_[k] != first) later(rank, static_cast<std::uint32_t>(order_[k]), static_cast<std::uint32_t>(first));
        }
      }
      i = end;
    }
  });
}

void SuffixShard::prepare_search() {
  // 2 to 4 bits for each stretch of `tail_` bytes, at the place its hash says
  const std::size_t bits = std::bit_floor(std::max<std::size_t>(64, 4 * text_.size()));
  filter_.assign(bits / 64, 0);
  filter_shift_ = 64 - std::countr_zero(bits);
  if (text_.size() < tail_) return;
  std::uint64_t oldest = 1;
  for (std::size_t i = 1; i < tail_; ++i) oldest *= kRoll;
  std::uint64_t hash = hash_of(std::string_view(text_).substr(0, tail_));
  for (std::size_t end = tail_;; ++end) {
    const std::uint64_t bit = mixed(hash) >> filter_shift_;
    filter_[bit / 64] |= std::uint64_t{1} << bit % 64;
    if (end == text_.size()) break;
    hash = (hash - byte_at(text_, end - tail_) * oldest) * kRoll + byte_at(text_, end);
  }
}

void SuffixShard::find_in_another(std::string_view other,
                                  const std::function<void(std::size_t, std::size_t, std::uint32_t)>& found) const {
  for (std::size_t at = 0; at + min_length_ <= other.size();) {
    // where the end of the window is not known here, no window that holds it is
    const std::size_t tail = at + min_length_ - tail_;
    const std::uint64_t bit = mixed(hash_of(other.substr(tail, tail_))) >> filter_shift_;
    if ((filter_[bit / 64] >> bit % 64 & 1) == 0) {
      at = tail + 1;
      continue;
    }
    const Match match = longest_match(other.substr(at));
    if (match.length >= min_length_) {
      found(at, at + match.length, match.position);
      at += match.length - min_length_ + 1;
    } else {
      ++at;
    }
  }
}

// the suffix that begins like the pattern for longest: one of the two the pattern would stand between
SuffixShard::Match SuffixShard::longest_match(std::string_view pattern) const {
  Match best;
  std::size_t low = 0, high = order_.size(), at_low = 0, at_high = 0;  // bytes shared with the suffixes below and above
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const auto position = static_cast<std::uint32_t>(order_[middle]);
    const std::string_view suffix = std::string_view(text_).substr(position);
    const std::size_t most = std::min(suffix.size(), pattern.size());
    std::size_t shared = std::min(at_low, at_high);
    while (shared < most && suffix[shared] == pattern[shared]) ++shared;
    if (shared > best.length) best = {shared, position};
    if (shared == pattern.size()) return best;
    const bool below = shared == suffix.size() || byte_at(suffix, shared) < byte_at(pattern, shared);
    if (below) {
      low = middle + 1;
      at_low = shared;
    } else {
      high = middle;
      at_high = shared;
    }
  }
  return best;
}

}  // namespace isoflop::corpus
