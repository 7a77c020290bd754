// Which files a corpus is made of: names that do not depend on where the files lie, in one order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace isoflop::corpus {

/// What is read of a folder.
inline constexpr const char* kTextEndings = "*.txt, *.md, *.jsonl, *.ndjson and their .gz and .zst";

enum class Packing { none, gzip, zstd };

struct InputFile {
  std::filesystem::path path;
  std::string name;         ///< relative to the folder that was named, else the file's own name; unique in a corpus
  bool named = false;       ///< named by hand, not found in a folder: if it is empty, that is an error
  bool json_lines = false;  ///< *.jsonl, *.ndjson
  Packing packing = Packing::none;
  std::int64_t stored_bytes = 0;
};

struct Inputs {
  std::vector<InputFile> files;  ///< each once, sorted by name
  std::int64_t passed_over = 0;  ///< files of the folders that do not end like text; hidden ones are not counted
};

/// Files, folders (recursive; kTextEndings; hidden entries left out) and globs (`*`, `?`, `[...]`
/// within a name; `**` as a whole part of the path is any number of folders, follows no symbolic link and matches files only).
/// Files of the same name take as many of their folders' names before it as it needs to tell them apart.
///
/// Throws   missing_input (no such file, a glob that matches nothing, a folder without text), bad_data (not a regular file).
[[nodiscard]] Inputs find_inputs(const std::vector<std::string>& inputs);

}  // namespace isoflop::corpus
