// Text as words, and words as n-grams, by their hashes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "isoflop/dedup.h"

namespace isoflop::corpus {

class Shingler {
 public:
  explicit Shingler(const ShingleOptions& options);

  /// The hashes of the text's n-grams, in order, repeats included; `out` is overwritten. `text` is valid UTF-8.
  void hashes(std::string_view text, std::vector<std::uint64_t>& out) const;
  /// The same as a set: sorted, each once.
  void sorted_set(std::string_view text, std::vector<std::uint64_t>& out) const;

 private:
  ShingleUnit unit_;
  std::size_t ngram_;
  std::uint64_t oldest_;  // the factor of an n-gram's first word
};

/// Throws usage, naming the option.
void validate(const ShingleOptions& options, const char* name);

/// |A and B| / |A or B| of sorted sets; 0 if one is empty.
[[nodiscard]] double jaccard_of_sets(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b);

/// A bijection that spreads every bit over all (the finaliser of MurmurHash3, Appleby).
[[nodiscard]] inline std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
  x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
  return x ^ x >> 33;
}

}  // namespace isoflop::corpus
