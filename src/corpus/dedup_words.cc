#include "corpus/dedup_words.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <array>

namespace isoflop::corpus {
namespace {

constexpr std::uint64_t kStart = UINT64_C(0x9e3779b97f4a7c15), kCharacter = UINT64_C(0xff51afd7ed558ccd),
                        kWord = UINT64_C(0xd6e8feb86659fd93);
constexpr std::uint32_t kTabled = 0x20000;  // code points that have an entry; above it all word characters are Han

enum Kind : std::uint32_t { separator = 0, joining = 1, alone = 2 };

bool without_spaces(UChar32 c) {
  if ((c >= 0x3000 && c <= 0x30FF) || (c >= 0xFF66 && c <= 0xFF9F)) return true;  // Kana with the marks it shares
  UErrorCode error = U_ZERO_ERROR;
  switch (::uscript_getScript(c, &error)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_BOPOMOFO:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
      return true;
    default:
      return false;
  }
}

// UTS #18, annex C: alphabetic, mark, decimal digit, connector punctuation
bool word_character(UChar32 c) {
  constexpr std::uint32_t kMarks = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return ::u_hasBinaryProperty(c, UCHAR_ALPHABETIC) != 0 || (U_MASK(::u_charType(c)) & kMarks) != 0;
}

// the lower-case character times four, plus its kind
std::vector<std::uint32_t> make_table() {
  std::vector<std::uint32_t> table(kTabled);
  for (std::uint32_t c = 0; c < kTabled; ++c) {
    const auto point = static_cast<UChar32>(c);
    const std::uint32_t kind = !word_character(point) ? separator : without_spaces(point) ? alone : joining;
    table[c] = static_cast<std::uint32_t>(::u_tolower(point)) << 2 | kind;
  }
  return table;
}

const std::vector<std::uint32_t>& character_table() {
  static const std::vector<std::uint32_t> table = make_table();
  return table;
}

std::uint32_t entry_beyond(std::uint32_t c) {
  return c << 2 | (c >= 0x20000 && c <= 0x3FFFF ? alone : separator);
}

// hands the hash of every word to on_word
template <class OnWord>
void for_each_word(std::string_view text, ShingleUnit unit, OnWord&& on_word) {
  const std::uint32_t* table = character_table().data();
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
    const std::uint32_t entry = c < kTabled ? table[c] : entry_beyond(c);
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
    if (kind != separator) on_word(mixed((kStart ^ entry >> 2) * kCharacter));
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
