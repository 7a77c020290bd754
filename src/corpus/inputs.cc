#include "corpus/inputs.h"

#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <set>
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
  bool known_markup = false;
  std::string ending = {};
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
  for (const char c : fs::path(name).extension().string()) kind.ending += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  kind.known_markup = kind.ending == ".html" || kind.ending == ".htm" || kind.ending == ".xhtml" || kind.ending == ".markdown";
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
  return {path, std::move(name), named, kind.json_lines, kind.packing, static_cast<std::int64_t>(size), kind.ending};
}

void add_folder(const fs::path& folder, bool markup, std::vector<InputFile>& files, std::int64_t& passed_over) {
  const std::size_t before = files.size();
  try {
    for (fs::recursive_directory_iterator at(folder), end; at != end; ++at) {
      const std::string leaf = at->path().filename().string();
      if (leaf.starts_with('.')) {
        if (at->is_directory()) at.disable_recursion_pending();
        continue;
      }
      if (!at->is_regular_file()) continue;
      const Kind kind = kind_of(at->path());
      if (leaf == kCleanManifest.file || leaf == kDedupManifest.file || leaf == kMixManifest.file) continue;
      if (kind.known_text || (markup && kind.known_markup)) {
        files.push_back(describe(at->path(), at->path().lexically_relative(folder).generic_string(), false));
      } else {
        ++passed_over;
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(Fault::io, error.path1().string(), "cannot read the folder: " + error.code().message());
  }
  if (files.size() == before) {
    throw Error(Fault::missing_input, folder.string(), std::string("holds none of ") + (markup ? kMarkupEndings : kTextEndings),
                "name the files themselves if they end otherwise");
  }
}

// names in a folder, sorted; none where there is no such folder
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder.empty() ? "." : folder, error), end; !error && at != end; at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  const bool absent = error == std::errc::not_a_directory || error == std::errc::no_such_file_or_directory;
  if (error && !absent) throw Error(Fault::io, folder.string(), "cannot read the folder: " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

// what lies below `folder` and matches the parts of the pattern from `part` on; `**` is any number of folders, none included, and
// does not follow symbolic links, so that a loop of them ends
void match_parts(const fs::path& folder, const std::vector<std::string>& parts, std::size_t part, std::set<fs::path>& found) {
  if (part == parts.size()) {
    found.insert(folder);
    return;
  }
  if (parts[part] == "**") {
    const bool last = part + 1 == parts.size();
    if (!last) match_parts(folder, parts, part + 1, found);
    for (const std::string& name : names_in(folder)) {
      const fs::path inner = folder / name;
      if (name.starts_with('.')) continue;
      if (fs::is_directory(fs::symlink_status(inner))) {
        match_parts(inner, parts, part, found);
      } else if (last) {
        found.insert(inner);
      }
    }
  } else if (parts[part].find_first_of("*?[\\") == std::string::npos) {
    if (std::error_code error; fs::exists(folder / parts[part], error)) match_parts(folder / parts[part], parts, part + 1, found);
  } else {
    for (const std::string& name : names_in(folder)) {
      if (::fnmatch(parts[part].c_str(), name.c_str(), FNM_PERIOD) == 0) match_parts(folder / name, parts, part + 1, found);
    }
  }
}

std::vector<fs::path> match_glob(const std::string& pattern) {
  const fs::path whole(pattern);
  std::vector<std::string> parts;
  for (const fs::path& part : whole.relative_path()) {
    if (!part.empty()) parts.push_back(part.string());
  }
  std::set<fs::path> found;
  match_parts(whole.root_path(), parts, 0, found);
  // where `**` looked into every folder, a folder it matched adds nothing
  if (std::find(parts.begin(), parts.end(), "**") != parts.end()) {
    std::erase_if(found, [](const fs::path& path) {
      std::error_code ignored;
      return fs::is_directory(path, ignored);
    });
  }
  return {found.begin(), found.end()};
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

Inputs find_inputs(const std::vector<std::string>& inputs, bool markup) {
  if (inputs.empty()) throw Error(Fault::missing_input, "corpus", "no input named", "name a file, a folder or a glob");
  Inputs all;
  std::vector<InputFile>& files = all.files;
  const auto add = [&](const fs::path& path, bool named) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
      add_folder(path, markup, files, all.passed_over);
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
      const std::vector<fs::path> found = match_glob(input);
      if (found.empty()) throw Error(Fault::missing_input, input, "no file matches this pattern");
      for (const fs::path& path : found) add(path, false);
    } else {
      throw Error(Fault::missing_input, input, "no such file or folder");
    }
  }

  // a file named twice is one file
  std::map<fs::path, bool> seen;
  std::erase_if(files, [&seen](const InputFile& file) { return !seen.emplace(fs::canonical(file.path), true).second; });
  make_names_unique(files);
  std::sort(files.begin(), files.end(), [](const InputFile& a, const InputFile& b) { return a.name < b.name; });
  return all;
}

std::vector<fs::path> paths_of(const std::vector<InputFile>& files) {
  std::vector<fs::path> paths;
  for (const InputFile& file : files) paths.push_back(file.path);
  return paths;
}

void refuse_to_lose(const std::vector<fs::path>& read, const std::string& path, const std::string& out, const char* what) {
  if (path.empty()) return;
  if (!out.empty() && lies_in(path, out))
    throw Error(Fault::usage, what, path + " lies in " + out + ", which is replaced", "choose a file outside of it");
  for (const fs::path& file : read) {
    std::error_code ignored;
    if (fs::weakly_canonical(file) == fs::weakly_canonical(path) || fs::equivalent(file, path, ignored))
      throw Error(Fault::usage, what, path + " is one of the files that are read, and would be lost", "choose another file");
  }
}

bool lies_in(const fs::path& path, const fs::path& folder) {
  const fs::path inner = fs::weakly_canonical(path).lexically_relative(fs::weakly_canonical(folder));
  return !inner.empty() && *inner.begin() != "..";
}

}  // namespace isoflop::corpus
