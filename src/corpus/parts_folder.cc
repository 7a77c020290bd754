#include "corpus/parts_folder.h"

#include <utility>

#include "base/check.h"
#include "base/json.h"
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

fs::path partial_of(const fs::path& out) {
  return out.string() + ".partial";
}

bool is_part(const std::string& name) {
  return name.starts_with("part-") && name.ends_with(".jsonl");
}

// whether a file is the manifest that such a folder has: what it says of itself, not its name, tells
bool is_manifest(const fs::path& file, const char* kind) {
  try {
    return json_find<std::string>(parse_json(read_file(file), file.string()), "kind", file.string()) == kind;
  } catch (const Error&) {
    return false;
  }
}

// whether a folder may be replaced: it is empty, or all it holds are parts and their manifest
bool is_replaceable(const fs::path& folder, const ManifestName& manifest) {
  bool found = false, empty = true;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    empty = false;
    const std::string name = entry.path().filename().string();
    if (name == manifest.file && is_manifest(entry.path(), manifest.kind)) {
      found = true;
    } else if (!is_part(name)) {
      return false;
    }
  }
  return empty || found;
}

// whether all that a folder holds may be what a killed process left
bool is_left_over(const fs::path& folder, const ManifestName& manifest) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!is_part(name) && !name.starts_with("bucket-") && !name.starts_with("spill-") && !name.starts_with(manifest.file))
      return false;
  }
  return true;
}

template <class Allowed>
void refuse_unless(const fs::path& path, const Allowed& allowed) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return;
  bool fine = false;
  try {
    fine = fs::is_directory(status) && allowed(path);
  } catch (const fs::filesystem_error& failed) {
    throw Error(Fault::io, path.string(), "cannot read the folder: " + failed.code().message());
  }
  if (fine) return;
  throw Error(Fault::usage, "out",
              path.string() +
                  (fs::is_directory(status) ? " holds other files, and would be replaced" : " is in the way: it is no folder"),
              "choose a new folder with --out");
}

fs::path checked(const std::string& given, const ManifestName& manifest, const std::vector<fs::path>& read) {
  const fs::path out = without_slash(given), partial = partial_of(out);
  for (const fs::path& file : read) {
    for (const fs::path& folder : {out, partial}) {
      if (lies_in(file, folder))
        throw Error(Fault::usage, "out", folder.string() + " is written anew, and holds " + file.string() + ", which is read",
                    "choose a folder outside of what is read with --out");
    }
  }
  refuse_unless(out, [&](const fs::path& folder) { return is_replaceable(folder, manifest); });
  refuse_unless(partial, [&](const fs::path& folder) { return is_left_over(folder, manifest); });
  return out;
}

}  // namespace

PartsFolder::PartsFolder(const std::string& out, ManifestName manifest, std::int64_t part_bytes,
                         const std::vector<fs::path>& read)
    : out_(checked(out, manifest, read)), manifest_(manifest), part_bytes_(part_bytes), folder_(partial_of(out_)) {}

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
  write_output(path() / manifest_.file, manifest);
  folder_.replace(out_);
}

}  // namespace isoflop::corpus
