// A folder of JSON Lines and their manifest that is there whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "base/output.h"
#include "corpus/inputs.h"
#include "isoflop/corpus.h"

namespace isoflop::corpus {

/// part-NNNNN.jsonl in a folder beside `out` (of a symbolic link: beside what it leads to), which takes its place at the end.
class PartsFolder {
 public:
  /// `read` are the files that the parts are made from.
  ///
  /// Throws   usage if `out` is something else than a manifest of this kind with parts that it lists, an empty folder, or
  ///          nothing; if one of `read` lies in it, or in `out`.partial, where the parts are made; if that holds what no killed
  ///          process left there.
  PartsFolder(const std::string& out, ManifestName manifest, std::int64_t part_bytes,
              const std::vector<std::filesystem::path>& read);

  void write(std::string_view line);  ///< and a line end
  void end_part();                    ///< the next line begins a part of its own; a part without a line is written too
  /// Ends the last part; at least one is there. Once, before finish.
  [[nodiscard]] std::vector<CorpusFile> close();
  /// Writes the manifest, syncs everything, puts the folder into place.
  void finish(const std::string& manifest);

  /// Where the parts are before they are in place: also for what else is gone by then.
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }

 private:
  void begin_part();

  std::filesystem::path out_;
  ManifestName manifest_;
  std::int64_t part_bytes_;
  ScratchFolder folder_;
  std::optional<FileWriter> writer_;
  Sha256 hash_;
  std::int64_t bytes_ = 0;
  std::vector<CorpusFile> parts_;
};

}  // namespace isoflop::corpus
