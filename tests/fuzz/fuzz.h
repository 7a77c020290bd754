// Mutations of texts, the same in every run.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"

namespace isoflop::fuzz {

/// One text after another, each a seed with a few mutations.
class Mutator {
 public:
  Mutator(std::vector<std::string> seeds, std::string alphabet, std::uint64_t seed)
      : seeds_(std::move(seeds)), alphabet_(std::move(alphabet)), random_{seed, Stream::simulate} {}

  [[nodiscard]] std::string text(std::uint64_t index) {
    index_ = index;
    sub_ = 0;
    std::string text = seeds_[below(seeds_.size())];
    for (std::uint64_t times = 1 + below(6); times > 0; --times) mutate(text);
    return text;
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_.below(n, index_, sub_++); }

  void mutate(std::string& text) {
    const std::size_t at = below(text.size() + 1), length = std::min<std::size_t>(below(12), text.size() - at);
    const std::string& other = seeds_[below(seeds_.size())];
    const std::size_t from = below(other.size());
    switch (below(6)) {
      case 0:
        text.insert(at, 1, alphabet_[below(alphabet_.size())]);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(at, length));
        break;
      case 3:
        text.insert(at, other.substr(from, below(20)));
        break;
      case 4:
        text.resize(at);
        break;
      default:
        if (at < text.size()) text[at] = below(4) == 0 ? static_cast<char>(below(256)) : alphabet_[below(alphabet_.size())];
    }
  }

  std::vector<std::string> seeds_;
  std::string alphabet_;
  Philox random_;
  std::uint64_t index_ = 0;
  std::uint32_t sub_ = 0;
};

}  // namespace isoflop::fuzz
