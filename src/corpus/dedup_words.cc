#include "corpus/dedup_words.h"

#include <algorithm>
#include <array>

#include "corpus/characters.h"

namespace isoflop::corpus {
namespace {

constexpr std::uint64_t kStart = UINT64_C(0x9e3779b97f4a7c15), kCharacter = UINT64_C(0xff51afd7ed558ccd),
                        kWord = UINT64_C(0xd6e8feb86659fd93);

// hands the hash of every word to on_word
template <class OnWord>
void for_each_word(std::string_view text, ShingleUnit unit, OnWord&& on_word) {
  const WordCharacters characters;
  // bit k: a character of kind k joins its neighbours
  const unsigned joins = unit == ShingleUnit::characters ? 0U : unit == ShingleUnit::words ? 0b110U : 0b010U;
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* end = at + text.size();
  std::uint64_t word = kStart;
  bool inside = false;
  while (at < end) {
    std::uint32_t c = *at;
    const std::ptrdiff_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (end - at < length) break;  // not valid UTF-8
    if (c < 0x80) {                // as it is
    } else if (c < 0xE0) {
      c = (c & 0x1F) << 6 | (at[1] & 0x3FU);
    } else if (c < 0xF0) {
      c = (c & 0x0F) << 12 | (at[1] & 0x3FU) << 6 | (at[2] & 0x3FU);
    } else {
      c = (c & 0x07) << 18 | (at[1] & 0x3FU) << 12 | (at[2] & 0x3FU) << 6 | (at[3] & 0x3FU);
    }
    at += length;
    const std::uint32_t entry = characters.entry(c);
    const std::uint32_t kind = entry & 3;
    if ((joins >> kind & 1) != 0) {
      word = (word ^ entry >> 2) * kCharacter;
      inside = true;
      continue;
    }
    if (inside) {
      on_word(mixed(word));
      word = kStart;
      inside = false;
    }
    if (kind != WordCharacters::separator) on_word(mixed((kStart ^ entry >> 2) * kCharacter));
  }
  if (inside) on_word(mixed(word));
}

}  // namespace

void validate(const ShingleOptions& options, const char* name) {
  if (options.ngram < 1 || options.ngram > 64) {
    throw Error(Fault::usage, name, std::to_string(options.ngram) + " is not from 1 to 64",
                "5 is usual for near-duplicates, 13 for overlap");
  }
}

Shingler::Shingler(const ShingleOptions& options)
    : unit_(options.unit), ngram_(static_cast<std::size_t>(options.ngram)), oldest_(1) {
  for (std::size_t i = 1; i < ngram_; ++i) oldest_ *= kWord;
}

void Shingler::hashes(std::string_view text, std::vector<std::uint64_t>& out) const {
  out.clear();
  std::array<std::uint64_t, 64> last{};  // the last ngram_ words
  std::size_t next = 0;
  std::uint64_t words = 0, rolling = 0;
  for_each_word(text, unit_, [&](std::uint64_t word) {
    // a polynomial in the words; the oldest leaves as the newest comes
    if (words >= ngram_) rolling -= last[next] * oldest_;
    rolling = rolling * kWord + word;
    last[next] = word;
    if (++next == ngram_) next = 0;
    if (++words >= ngram_) out.push_back(mixed(rolling));
  });
  if (words > 0 && words < ngram_) out.push_back(mixed(rolling ^ words));
}

void Shingler::sorted_set(std::string_view text, std::vector<std::uint64_t>& out) const {
  hashes(text, out);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
}

double jaccard_of_sets(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  if (a.empty() || b.empty()) return 0;
  std::size_t both = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const std::uint64_t x = a[i], y = b[j];
    both += x == y ? 1 : 0;
    i += x <= y ? 1 : 0;
    j += y <= x ? 1 : 0;
  }
  return static_cast<double>(both) / static_cast<double>(a.size() + b.size() - both);
}

}  // namespace isoflop::corpus

namespace isoflop {

double jaccard(std::string_view a, std::string_view b, const ShingleOptions& shingles) {
  corpus::validate(shingles, "ngram");
  const corpus::Shingler shingler(shingles);
  std::vector<std::uint64_t> of_a, of_b;
  shingler.sorted_set(a, of_a);
  shingler.sorted_set(b, of_b);
  return corpus::jaccard_of_sets(of_a, of_b);
}

}  // namespace isoflop
