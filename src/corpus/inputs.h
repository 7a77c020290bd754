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
inline constexpr const char* kCleanManifest = "manifest.json";
inline constexpr const char* kDedupManifest = "dedup.manifest.json";
inline constexpr const char* kMixManifest = "mix.json";

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

/// Throws   usage if one of the files lies in the folder `out`, which is written in place of what it holds.
void refuse_to_replace(const std::vector<InputFile>& files, const std::string& out);

/// Whether a path is the folder or lies below it, links followed.
[[nodiscard]] bool lies_in(const std::filesystem::path& path, const std::string& folder);

}  // namespace isoflop::corpus
