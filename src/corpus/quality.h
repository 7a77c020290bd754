// Measures of a text's quality by number, and which bounds hold in which language.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/clean.h"

namespace isoflop::corpus {

/// Indices into quality_measures().
enum Measure : std::size_t {
  kCharacters,
  kWords,
  kLines,
  kMeanWordLength,
  kSymbolShare,
  kAlphabeticWords,
  kStopWords,
  kBulletLines,
  kEllipsisLines,
  kTerminalLines,
  kShortLines,
  kMeanLineLength,
  kLongestLine,
  kLetterShare,
  kDigitShare,
  kReplacementShare,
  kHiraganaShare,
  kNativeShare,
  kLoremIpsum,
  kDuplicateLines,
  kDuplicateLineCharacters,
  kDuplicateParagraphs,
  kDuplicateParagraphCharacters,
  kTopNgram,                        // 2, 3, 4
  kDuplicateNgram = kTopNgram + 3,  // 5 to 10
  kMeasures = kDuplicateNgram + 6,
};
using Values = std::vector<std::optional<double>>;

[[nodiscard]] const std::array<QualityMeasure, kMeasures>& measure_table();

/// The index of a measure; throws usage, with the nearest, for a name that is none.
[[nodiscard]] std::size_t measure_index(const std::string& name);

/// The bounds of a language, the caller's laid over the defaults, those that are off left out; in the measures' order, min before
/// max.
struct Bounds {
  struct Bound {
    std::size_t measure = 0;
    bool at_least = true;
    double value = 0;
    std::string name;
    [[nodiscard]] bool holds(double measured) const { return at_least ? measured >= value : measured <= value; }
  };
  std::vector<Bound> bounds;
};
[[nodiscard]] Bounds bounds_of(const std::string& language, const std::vector<QualityBound>& over);

}  // namespace isoflop::corpus
