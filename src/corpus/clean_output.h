// A folder of JSON Lines that is there whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "isoflop/corpus.h"

namespace isoflop::corpus {

/// part-NNNNN.jsonl in a folder beside `out`, which takes its place at the end.
class PartsFolder {
 public:
  /// Throws   io if `out` is something else than a folder of such parts with a manifest, an empty folder, or nothing.
  PartsFolder(const std::string& out, std::int64_t part_bytes);
  ~PartsFolder();  ///< without finish(): nothing is left, `out` is as it was
  PartsFolder(const PartsFolder&) = delete;
  PartsFolder& operator=(const PartsFolder&) = delete;

  void write(std::string_view line);  ///< and a line end
  /// Closes the last part; at least one is there. Once, before finish.
  [[nodiscard]] std::vector<CorpusFile> close();
  /// Writes the manifest, syncs everything, puts the folder into place.
  void finish(const std::string& manifest);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One file of lines, under another name until it is finished.
class LinesFile {
 public:
  explicit LinesFile(const std::string& path);
  ~LinesFile();
  LinesFile(const LinesFile&) = delete;
  LinesFile& operator=(const LinesFile&) = delete;
  void write(std::string_view line);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace isoflop::corpus
