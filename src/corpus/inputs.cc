#include "corpus/inputs.h"

#include <glob.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <system_error>

#include "isoflop/base.h"

namespace isoflop::corpus {
namespace {

namespace fs = std::filesystem;

bool drop_ending(std::string& name, std::string_view ending) {
  if (!name.ends_with(ending)) return false;
  name.resize(name.size() - ending.size());
  return true;
}

struct Kind {
  Packing packing = Packing::none;
  bool json_lines = false;
  bool known_text = false;
};

Kind kind_of(const fs::path& path) {
  Kind kind;
  std::string name = path.filename().string();
  if (drop_ending(name, ".gz")) {
    kind.packing = Packing::gzip;
  } else if (drop_ending(name, ".zst")) {
    kind.packing = Packing::zstd;
  }
  kind.json_lines = name.ends_with(".jsonl") || name.ends_with(".ndjson");
  kind.known_text = kind.json_lines || name.ends_with(".txt") || name.ends_with(".md");
  return kind;
}

InputFile describe(const fs::path& path, std::string name, bool named) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    throw Error(Fault::bad_data, path.string(), "is not a regular file",
                "a corpus is read twice: save the stream to a file first");
  }
  const auto size = fs::file_size(path, error);
  if (error) throw Error(Fault::io, path.string(), "cannot read its size: " + error.message());
  const Kind kind = kind_of(path);
  return {path, std::move(name), named, kind.json_lines, kind.packing, static_cast<std::int64_t>(size)};
}

void add_folder(const fs::path& folder, std::vector<InputFile>& files) {
  const std::size_t before = files.size();
  try {
    for (fs::recursive_directory_iterator at(folder), end; at != end; ++at) {
      const std::string leaf = at->path().filename().string();
      if (leaf.starts_with('.')) {
        if (at->is_directory()) at.disable_recursion_pending();
        continue;
      }
      if (at->is_regular_file() && kind_of(at->path()).known_text) {
        files.push_back(describe(at->path(), at->path().lexically_relative(folder).generic_string(), false));
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(Fault::io, error.path1().string(), "cannot read the folder: " + error.code().message());
  }
  if (files.size() == before) {
    throw Error(Fault::missing_input, folder.string(), "holds no *.txt, *.md or *.jsonl (nor their .gz or .zst)",
                "name the files themselves if they end otherwise");
  }
}

std::vector<std::string> match_glob(const std::string& pattern) {
  glob_t found{};
  const int code = ::glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (code != 0 && code != GLOB_NOMATCH) throw Error(Fault::io, pattern, "cannot look for the files it matches");
  return paths;
}

// as many trailing parts of the path as asked for
std::string tail_of(const fs::path& path, std::size_t parts) {
  std::vector<std::string> all;
  for (const fs::path& part : path.relative_path()) all.push_back(part.string());
  std::string tail;
  for (std::size_t i = all.size() - std::min(parts, all.size()); i < all.size(); ++i) tail += (tail.empty() ? "" : "/") + all[i];
  return tail;
}

void make_names_unique(std::vector<InputFile>& files) {
  for (std::size_t parts = 2;; ++parts) {
    std::map<std::string, std::vector<InputFile*>> by_name;
    for (InputFile& file : files) by_name[file.name].push_back(&file);
    bool unique = true;
    for (auto& [name, same] : by_name) {
      if (same.size() == 1) continue;
      unique = false;
      for (InputFile* file : same) file->name = tail_of(fs::absolute(file->path).lexically_normal(), parts);
    }
    if (unique) return;
  }
}

}  // namespace

std::vector<InputFile> find_inputs(const std::vector<std::string>& inputs) {
  if (inputs.empty()) throw Error(Fault::missing_input, "corpus", "no input named", "name a file, a folder or a glob");
  std::vector<InputFile> files;
  const auto add = [&files](const fs::path& path, bool named) {
    if (fs::is_directory(path)) {
      add_folder(path, files);
    } else {
      files.push_back(describe(path, path.filename().string(), named));
    }
  };
  for (const std::string& input : inputs) {
    std::error_code error;
    const fs::file_status status = fs::status(input, error);
    if (status.type() == fs::file_type::none) throw Error(Fault::io, input, "cannot look at it: " + error.message());
    if (fs::exists(status)) {
      add(input, true);
    } else if (input.find_first_of("*?[") != std::string::npos) {
      const std::vector<std::string> found = match_glob(input);
      if (found.empty()) throw Error(Fault::missing_input, input, "no file matches this pattern");
      for (const std::string& path : found) add(path, false);
    } else {
      throw Error(Fault::missing_input, input, "no such file or folder");
    }
  }

  // a file named twice is one file
  std::map<fs::path, bool> seen;
  std::erase_if(files, [&seen](const InputFile& file) { return !seen.emplace(fs::canonical(file.path), true).second; });
  make_names_unique(files);
  std::sort(files.begin(), files.end(), [](const InputFile& a, const InputFile& b) { return a.name < b.name; });
  return files;
}

}  // namespace isoflop::corpus
