#include "corpus/parts_folder.h"

#include <utility>

#include "base/check.h"
#include "isoflop/base.h"

namespace isoflop::corpus {
namespace {

namespace fs = std::filesystem;

std::string part_name(std::size_t index) {
  const std::string digits = std::to_string(index);
  return "part-" + std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits + ".jsonl";
}

fs::path without_slash(const std::string& out) {
  const fs::path path = fs::path(out).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

// whether a folder may be replaced: it is empty, or all it holds are parts, a manifest, and the file that is written again
bool is_replaceable(const fs::path& folder, const std::string& manifest, const fs::path& beside) {
  bool found = false, empty = true;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    empty = false;
    const std::string name = entry.path().filename().string();
    if (name == manifest) {
      found = true;
    } else if (!(name.starts_with("part-") && name.ends_with(".jsonl")) && entry.path() != beside) {
      return false;
    }
  }
  return empty || found;
}

fs::path checked(const std::string& out, const std::string& manifest, const std::string& beside) {
  fs::path path = without_slash(out);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return path;
  bool replaceable = false;
  try {
    replaceable = fs::is_directory(status) && is_replaceable(path, manifest, fs::path(beside).lexically_normal());
  } catch (const fs::filesystem_error& failed) {
    throw Error(Fault::io, path.string(), "cannot read the folder: " + failed.code().message());
  }
  if (replaceable) return path;
  throw Error(Fault::io, path.string(), fs::is_directory(status) ? "holds other files, and would be replaced" : "is in the way: it is no folder",
              "choose a new folder with --out");
}

}  // namespace

PartsFolder::PartsFolder(const std::string& out, std::string manifest, std::int64_t part_bytes, const std::string& beside)
    : out_(checked(out, manifest, beside)), manifest_(std::move(manifest)), part_bytes_(part_bytes), folder_(fs::path(out_.string() + ".partial")) {}

void PartsFolder::begin_part() {
  writer_.emplace(path() / part_name(parts_.size()), FileWriter::Mode::create);
  hash_ = {};
  bytes_ = 0;
}

void PartsFolder::end_part() {
  if (!writer_) begin_part();
  writer_->close();
  writer_.reset();
  parts_.push_back({part_name(parts_.size()), hash_.hex(), bytes_});
}

void PartsFolder::write(std::string_view line) {
  if (!writer_) begin_part();
  for (const std::string_view bytes : {line, std::string_view("\n")}) {
    writer_->write(bytes);
    hash_.add(bytes);
    bytes_ += static_cast<std::int64_t>(bytes.size());
  }
  if (bytes_ >= part_bytes_) end_part();
}

std::vector<CorpusFile> PartsFolder::close() {
  if (parts_.empty() || writer_) end_part();
  return parts_;
}

void PartsFolder::finish(const std::string& manifest) {
  ISOFLOP_CHECK(!writer_);
  write_output(path() / manifest_, manifest);
  folder_.replace(out_);
}

}  // namespace isoflop::corpus
