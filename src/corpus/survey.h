// The first pass over a corpus: every file read and checked, every unit hashed, nothing kept of the text.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "corpus/inputs.h"
#include "corpus/reader.h"
#include "corpus/units.h"
#include "isoflop/corpus.h"

namespace isoflop::corpus {

/// A document that is one unit is held in memory whole; a longer one must be cut into blocks.
inline constexpr std::size_t kLongestDocument = std::size_t{1} << 30;

/// SplitKind::automatic: document from this many documents up, else block.
inline constexpr std::int64_t kEnoughDocuments = 30;

struct Survey {
  SplitKind split = SplitKind::document;  ///< decided: not automatic
  std::vector<UnitFacts> units;           ///< in reading order, no side chosen yet
  std::vector<SourceFacts> sources;       ///< in order of first meeting
  std::vector<CorpusFile> files;
  std::vector<std::uint32_t> clusters;    ///< of the units: the smallest index of each one's near-duplicates; empty if not asked
                                          ///< for
  std::string text_sha256;  ///< of all text, in reading order
  std::int64_t characters = 0;
  std::int64_t distinct_characters = 0;
  std::int64_t empty_documents = 0;

  [[nodiscard]] std::vector<std::string> source_names() const;
};

[[nodiscard]] Survey survey_files(const std::vector<InputFile>& files, const ReadOptions& options, SplitKind split,
                                  std::int64_t block_characters, bool near_duplicates, std::stop_token stop,
                                  const ProgressFn& progress);

}  // namespace isoflop::corpus
