// Which files a corpus is made of: names that do not depend on where the files lie, in one order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace isoflop::corpus {

/// What is read of a folder.
inline constexpr const char* kTextEndings = "*.txt, *.md, *.jsonl, *.ndjson and their .gz and .zst";
/// What is read of it where mark-up is known.
inline constexpr const char* kMarkupEndings =
    "*.txt, *.md, *.markdown, *.html, *.htm, *.xhtml, *.jsonl, *.ndjson and their .gz and .zst";
/// A folder's own description, beside the text that clean, dedup and mix wrote: no text, and nothing that was passed over.
struct ManifestName {
  const char* file;
  const char* kind;   ///< the value of the key `kind`: a stranger's file may have the same name
  const char* parts;  ///< the key of the list of the files beside it
};
inline constexpr ManifestName kCleanManifest{"manifest.json", "isoflop clean", "parts"};
inline constexpr ManifestName kDedupManifest{"dedup.manifest.json", "isoflop dedup", "files"};
inline constexpr ManifestName kMixManifest{"mix.json", "isoflop mix", "files"};

enum class Packing { none, gzip, zstd };

struct InputFile {
  std::filesystem::path path;
  std::string name;         ///< relative to the folder that was named, else the file's own name; unique in a corpus
  bool named = false;       ///< named by hand, not found in a folder: if it is empty, that is an error
  bool json_lines = false;  ///< *.jsonl, *.ndjson
  Packing packing = Packing::none;
  std::int64_t stored_bytes = 0;
  std::string ending = {};  ///< ".md", in small letters; of a packed file the one before .gz or .zst
};

struct Inputs {
  std::vector<InputFile> files;  ///< each once, sorted by name
  std::int64_t passed_over = 0;  ///< files of the folders that do not end like text; hidden ones are not counted
};

/// Files, folders (recursive; kTextEndings, with `markup` kMarkupEndings; hidden entries left out) and globs (`*`, `?`, `[...]`
/// within a name; `**` as a whole part of the path is any number of folders, follows no symbolic link and matches files only).
/// Files of the same name take as many of their folders' names before it as it needs to tell them apart.
///
/// Throws   missing_input (no such file, a glob that matches nothing, a folder without text), bad_data (not a regular file).
[[nodiscard]] Inputs find_inputs(const std::vector<std::string>& inputs, bool markup = false);

/// Where the files lie.
[[nodiscard]] std::vector<std::filesystem::path> paths_of(const std::vector<InputFile>& files);

/// Throws   usage if `path`, a further file to write that the option `what` names, is one of the files that are read or lies in
///          the folder `out`, which is replaced.
void refuse_to_lose(const std::vector<std::filesystem::path>& read, const std::string& path, const std::string& out,
                    const char* what);

/// Whether a path is the folder or lies below it, links followed.
[[nodiscard]] bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace isoflop::corpus
