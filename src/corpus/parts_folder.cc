#include "corpus/parts_folder.h"

#include <algorithm>
#include <set>
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

// the folder itself: a place beside it has its name
fs::path folder_named(const std::string& out) {
  fs::path path = fs::path(out).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  if (path.filename() == "." || path.filename() == "..") path = fs::weakly_canonical(path);
  return place_of(path);
}

fs::path partial_of(const fs::path& out) {
  return out.string() + ".partial";
}

bool is_part(std::string_view name) {
  constexpr std::string_view kBefore = "part-", kAfter = ".jsonl";
  if (!name.starts_with(kBefore) || !name.ends_with(kAfter) || name.size() <= kBefore.size() + kAfter.size()) return false;
  name = name.substr(kBefore.size(), name.size() - kBefore.size() - kAfter.size());
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// the manifest and what it lists; nothing if the file is of another kind: what it says of itself, not its name, tells
std::set<std::string> files_of_result(const fs::path& folder, const ManifestName& manifest) {
  const std::string file = (folder / manifest.file).string();
  std::set<std::string> names;
  try {
    const Json json = parse_json(read_file(file), file);
    if (json_find<std::string>(json, "kind", file) != manifest.kind) return {};
    for (const Json& part : json_get<Json>(json, manifest.parts, file)) names.insert(json_get<std::string>(part, "name", file));
  } catch (const Error&) {
    return {};
  }
  names.insert(manifest.file);
  return names;
}

// a file that such a folder holds beside an earlier result, or all of it where there is none; empty if it may be replaced
std::string not_of_result(const fs::path& folder, const ManifestName& manifest) {
  const std::set<std::string> known = files_of_result(folder, manifest);
  std::string first;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if ((!known.contains(name) || entry.is_directory()) && (first.empty() || name < first)) first = name;
  }
  return first;
}

// a file that no killed process left in such a folder; empty if there is none
std::string not_left_over(const fs::path& folder, const ManifestName& manifest) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool ours =
        is_part(name) || name.starts_with("bucket-") || name.starts_with("spill-") || name.starts_with(manifest.file);
    if (!ours || (entry.is_directory() && !name.starts_with("spill-"))) return name;
  }
  return "";
}

// `stranger` names a file in the folder that must not be lost
template <class Stranger>
void refuse_to_lose_others(const fs::path& path, const Stranger& stranger) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return;
  std::string name;
  try {
    if (fs::is_directory(status)) name = stranger(path);
  } catch (const fs::filesystem_error& failed) {
    throw Error(Fault::io, path.string(), "cannot read the folder: " + failed.code().message());
  }
  if (fs::is_directory(status) && name.empty()) return;
  throw Error(Fault::usage, "out",
              path.string() + (fs::is_directory(status) ? " holds other files, and would be replaced: " + name
                                                        : " is in the way: it is no folder"),
              "choose a new folder");
}

fs::path checked(const std::string& given, const ManifestName& manifest, const std::vector<fs::path>& read) {
  const fs::path out = folder_named(given), partial = partial_of(out);
  for (const fs::path& file : read) {
    for (const fs::path& folder : {out, partial}) {
      if (lies_in(file, folder))
        throw Error(Fault::usage, "out", folder.string() + " is written anew, and holds " + file.string() + ", which is read",
                    "choose a folder outside of what is read");
    }
  }
  refuse_to_lose_others(out, [&](const fs::path& folder) { return not_of_result(folder, manifest); });
  refuse_to_lose_others(partial, [&](const fs::path& folder) { return not_left_over(folder, manifest); });
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
  try {
    refuse_to_lose_others(out_, [&](const fs::path& folder) { return not_of_result(folder, manifest_); });
  } catch (const Error& error) {
    const std::string kept = path().string();
    folder_.keep();
    throw Error(error.fault(), error.subject(), error.problem(), "what is finished is in " + kept + ": move it to a new folder");
  }
  folder_.replace(out_);
}

}  // namespace isoflop::corpus
