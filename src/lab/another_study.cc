#include "lab/another_study.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "isoflop/text.h"
#include "runs/run_folder.h"

namespace isoflop::lab {
namespace {

namespace fs = std::filesystem;

// nothing where a file is absent or not whole
template <class Read>
auto if_whole(Read read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const Error&) {
    return std::nullopt;
  }
}

[[noreturn]] void refuse(const fs::path& folder, const std::string& problem, const std::string& hint) {
  throw Error(Fault::usage, folder.string(), problem, hint);
}

void refuse_another_name(const Study& study, const fs::path& folder) {
  const fs::path file = folder / "study.resolved.toml";
  const auto held = if_whole([&] { return study_from_toml(read_file(file), file.string()); });
  if (!held || (held->name == study.name && held->mixture.has_value() == study.mixture.has_value())) return;
  refuse(folder, "holds the study `" + held->name + "`" + (held->mixture ? ", of mixtures" : ""),
         "choose another folder for this study, or give it that name");
}

// the ids of the token sets that a study's runs read, which hash text, split and tokenizer
std::vector<std::string> token_sets(const Prepared& prepared) {
  if (prepared.parts.empty()) return {prepared.tokens.id};
  std::vector<std::string> ids;
  for (const TokenSet& part : prepared.parts) ids.push_back(part.id);
  return ids;
}

// one of the runs that were trained here on something else; nothing if there is one that reads what this study reads
std::optional<RunSpec> run_on_something_else(const std::vector<std::string>& reads, const fs::path& folder) {
  std::optional<RunSpec> other;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder / "runs", error)) {
    if (is_imported_name(entry.path().filename().string())) continue;
    auto spec = if_whole([&] { return read_spec(entry.path()); });
    if (!spec) continue;
    const bool same = std::equal(spec->data.begin(), spec->data.end(), reads.begin(), reads.end(),
                                 [](const DataSpec& data, const std::string& id) { return data.id == id; });
    if (same) return std::nullopt;
    other = std::move(spec);
  }
  return other;
}

std::vector<std::string> contents(const std::vector<NamedManifest>& texts) {
  std::vector<std::string> ids;
  for (const NamedManifest& text : texts) ids.push_back(text.manifest.content_id);
  return ids;
}

std::vector<std::string> file_hashes(const std::vector<NamedManifest>& texts) {
  std::vector<std::string> hashes;
  for (const NamedManifest& text : texts)
    for (const CorpusFile& file : text.manifest.files) hashes.push_back(file.sha256);
  return hashes;
}

// names and content ids
std::string in_words(const std::vector<NamedManifest>& texts) {
  std::string words;
  for (const NamedManifest& text : texts) {
    const std::vector<CorpusFile>& files = text.manifest.files;
    std::string name = text.name;
    if (texts.size() == 1 && !files.empty())
      name =
          files.front().name + (files.size() > 1 ? " and " + format_count(static_cast<double>(files.size() - 1)) + " more" : "");
    words += (words.empty() ? "" : ", ") + name + " (content " + text.manifest.content_id.substr(0, 16) + ")";
  }
  return words;
}

}  // namespace

void refuse_another_study(const Study& study, const Prepared& prepared, const fs::path& folder) {
  refuse_another_name(study, folder);
  const auto other = run_on_something_else(token_sets(prepared), folder);
  if (!other) return;

  const fs::path file = folder / kCorpusManifest;
  const auto texts = if_whole([&] { return manifests_from_json(read_file(file), file.string()); });
  std::string problem = "holds runs of this study on another text";
  if (texts && contents(*texts) == contents(prepared.texts)) {
    problem =
        "holds runs of this study with another tokenizer (" + other->tokenizer + "; it is now " + prepared.tokenizer->id() + ")";
  } else if (texts) {
    const bool same_files = file_hashes(*texts) == file_hashes(prepared.texts);
    problem = (same_files ? "holds runs of this study on the same files read or split otherwise: " : problem + ": ") +
              in_words(*texts) + ", not " + in_words(prepared.texts);
  }
  refuse(folder, problem, "choose another folder for this study, or remove that one and train its runs anew");
}

}  // namespace isoflop::lab
