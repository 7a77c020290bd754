// The one pass over a corpus that its statistics need: everything counted, a sample kept in memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "isoflop/stats.h"

namespace isoflop::lab {

struct Piece {
  std::string text;
  int group = 0;  ///< of the training part: which of equal parts it lies in
};

struct Reading {
  std::vector<Piece> train, held_out;
  std::vector<std::string> starts;  ///< the first 256 KiB of the largest 16 sources
};

/// Pieces dealt out over NgramTree::kGroups parts that are equal to a character, whatever the pieces: each goes where least is,
/// and what does not fit there is cut off. Their order stays.
[[nodiscard]] std::vector<Piece> in_equal_parts(std::vector<Piece> pieces);

class CorpusReader {
 public:
  CorpusReader(const CorpusManifest& manifest, const MeasureOptions& options, CorpusStatistics& statistics);
  void visit(const Unit& unit);
  [[nodiscard]] Reading finish();

  /// Which of Reading::starts belongs to a source; beyond the last for one that is not among the largest.
  [[nodiscard]] std::size_t start_of(std::size_t source) const { return start_of_[source]; }

 private:
  void count_tokens(const Unit& unit, std::size_t source);
  void take(const Unit& unit);

  const MeasureOptions& options_;
  CorpusStatistics& statistics_;
  std::int64_t bytes_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<std::size_t> start_of_;
  std::uint64_t limit_ = 0;
  std::vector<bool> used_;
  std::vector<std::int32_t> encoded_;
  Reading reading_;
};

}  // namespace isoflop::lab
