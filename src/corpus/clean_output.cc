#include "corpus/clean_output.h"

#include <fcntl.h>
#include <stdio.h>  // NOLINT(modernize-deprecated-headers): renameat2

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "corpus/inputs.h"

namespace isoflop::corpus {
namespace {

namespace fs = std::filesystem;

std::string part_name(std::size_t index) {
  const std::string digits = std::to_string(index);
  return "part-" + std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits + ".jsonl";
}

// whether a folder may be replaced: it is empty, or all it holds are parts and a manifest
bool is_replaceable(const fs::path& folder) {
  bool manifest = false, empty = true;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    empty = false;
    const std::string name = entry.path().filename().string();
    if (name == kManifestName) manifest = true;
    if (name != kManifestName && !(name.starts_with("part-") && name.ends_with(".jsonl"))) return false;
  }
  return empty || manifest;
}

void refuse_to_overwrite(const fs::path& out) {
  std::error_code error;
  const fs::file_status status = fs::status(out, error);
  if (!fs::exists(status)) return;
  bool replaceable = false;
  try {
    replaceable = fs::is_directory(status) && is_replaceable(out);
  } catch (const fs::filesystem_error& failed) {
    throw Error(Fault::io, out.string(), "cannot read the folder: " + failed.code().message());
  }
  if (replaceable) return;
  throw Error(Fault::io, out.string(),
              fs::is_directory(status) ? "holds other files, and would be replaced" : "is in the way: it is no folder",
              "choose a new folder with --out");
}

// a finished folder into the place of an old one or of nothing, in one step where the file system can
void put_in_place(const fs::path& made, const fs::path& out) {
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, out.c_str(), RENAME_NOREPLACE) == 0) return;
  if (errno == EEXIST && ::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, out.c_str(), RENAME_EXCHANGE) == 0) return;
  std::error_code error;
  if (fs::exists(out, error)) fs::remove_all(out, error);  // a file system that cannot exchange
  if (!error) fs::rename(made, out, error);
  if (error) throw Error(Fault::io, out.string(), "cannot put the finished folder into place: " + error.message());
}

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

struct PartsFolder::State {
  fs::path out, folder;
  std::int64_t part_bytes = 0;
  std::optional<FileWriter> writer;
  Sha256 hash;
  std::int64_t bytes = 0;
  std::vector<CorpusFile> parts;

  void begin_part() {
    writer.emplace(folder / part_name(parts.size()), FileWriter::Mode::create);
    hash = {};
    bytes = 0;
  }
  void end_part() {
    writer->close();
    writer.reset();
    parts.push_back({part_name(parts.size()), hash.hex(), bytes});
  }
};

PartsFolder::PartsFolder(const std::string& out, std::int64_t part_bytes) : state_(std::make_unique<State>()) {
  fs::path path(out);
  if (!path.has_filename()) path = path.parent_path();  // a slash at the end
  refuse_to_overwrite(path);
  state_->out = path;
  state_->folder = path.string() + ".partial";
  state_->part_bytes = part_bytes;
  std::error_code ignored;
  fs::remove_all(state_->folder, ignored);  // of a run that was killed
  make_folder(state_->folder);
}

PartsFolder::~PartsFolder() {
  state_->writer.reset();
  std::error_code ignored;
  fs::remove_all(state_->folder, ignored);
}

void PartsFolder::write(std::string_view line) {
  State& s = *state_;
  if (!s.writer) s.begin_part();
  s.writer->write(line);
  s.writer->write(std::string_view("\n"));
  s.hash.add(line);
  s.hash.add("\n");
  s.bytes += static_cast<std::int64_t>(line.size()) + 1;
  if (s.bytes >= s.part_bytes) s.end_part();
}

std::vector<CorpusFile> PartsFolder::close() {
  State& s = *state_;
  if (s.parts.empty() && !s.writer) s.begin_part();
  if (s.writer) s.end_part();
  return s.parts;
}

void PartsFolder::finish(const std::string& manifest) {
  State& s = *state_;
  ISOFLOP_CHECK(!s.writer);
  write_file_atomic(s.folder / kManifestName, manifest);
  sync_folder(s.folder);
  put_in_place(s.folder, s.out);
  sync_folder(parent_of(s.out));
}

struct LinesFile::State {
  fs::path path, temporary;
  std::optional<FileWriter> writer;
};

LinesFile::LinesFile(const std::string& path) : state_(new State{path, path + ".partial", {}}) {
  if (fs::path(path).has_parent_path()) make_folder(fs::path(path).parent_path());
  state_->writer.emplace(state_->temporary, FileWriter::Mode::create);
}

LinesFile::~LinesFile() {
  state_->writer.reset();
  std::error_code ignored;
  fs::remove(state_->temporary, ignored);
}

void LinesFile::write(std::string_view line) {
  state_->writer->write(line);
  state_->writer->write(std::string_view("\n"));
}

void LinesFile::finish() {
  state_->writer->close();
  state_->writer.reset();
  std::error_code error;
  fs::rename(state_->temporary, state_->path, error);
  if (error) throw Error(Fault::io, state_->path.string(), "cannot be put into place: " + error.message());
  sync_folder(parent_of(state_->path));
}

}  // namespace isoflop::corpus
