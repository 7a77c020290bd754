#include <algorithm>

#include "base/file.h"
#include "base/json.h"
#include "base/sealed_json.h"
#include "runs/lines.h"
#include "runs/run_folder.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

template <class Record>
void verify_lines(const fs::path& path, const std::optional<std::string>& xxh3, std::vector<VerifyProblem>& problems) {
  const std::string run = path.parent_path().filename().string(), file = path.filename().string();
  const Lines<Record> lines = read_lines<Record>(path);
  if (lines.damage) {
    problems.push_back({run, file, *lines.damage});
  } else if (xxh3 && lines.torn) {
    problems.push_back({run, file, "the last line is torn, though the run is finished"});
  } else if (xxh3 && *xxh3 != file_xxh3(path)) {
    problems.push_back({run, file, "is not the file that record.json was written with: lines are missing or were added"});
  }
}

// docs/formats/checkpoint.md: state.json holds the checksums of its neighbours
void verify_checkpoint(const fs::path& checkpoint, const std::string& run) {
  const std::string subject = (checkpoint / "state.json").string();
  const Json state = parse_json(unseal_json(read_file(subject), subject), subject);
  const auto owner = json_get<std::string>(state, "run", subject);
  if (owner != run) throw Error(Fault::bad_data, subject, "is a checkpoint of run " + owner);
  const Json files = json_get<Json>(state, "files", subject);
  for (const auto& [name, facts] : files.items()) {
    const fs::path file = checkpoint / name;
    if (!fs::exists(file)) throw Error(Fault::bad_data, subject, name + " is missing");
    const bool whole = fs::file_size(file) == json_get<std::uint64_t>(facts, "bytes", subject) &&
                       file_xxh3(file) == json_get<std::string>(facts, "xxh3", subject);
    if (!whole) throw Error(Fault::bad_data, subject, name + " is truncated or changed: its checksum does not hold");
  }
}

// whole checkpoints have no `.tmp`; a run in training may remove an old one while we look
std::vector<fs::path> checkpoints_of(const fs::path& folder) {
  std::vector<fs::path> list;
  std::error_code error;
  for (fs::directory_iterator at(folder / "ckpt", error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with("step_") && at->path().extension() != ".tmp") list.push_back(at->path());
  }
  std::sort(list.begin(), list.end());
  return list;
}

}  // namespace

std::vector<VerifyProblem> verify_run(const fs::path& folder) {
  std::vector<VerifyProblem> problems;
  const std::string run = folder.filename().string();
  const auto attempt = [&](const std::string& file, auto check) {
    try {
      check();
    } catch (const Error& error) {
      problems.push_back({run, file, error.problem()});
    }
  };
  if (is_imported_name(run)) {
    attempt("record.json", [&] { (void)read_imported(folder); });
    return problems;
  }
  attempt("spec.json", [&] {
    if (run_id(read_spec(folder)) != run)
      problems.push_back({run, "spec.json", "is the spec of another run: its hash is not the folder's name"});
  });
  std::optional<SealedRecord> sealed;
  attempt("record.json", [&] {
    sealed = read_record(folder);
    if (sealed && sealed->record.id != run) problems.push_back({run, "record.json", "is the record of run " + sealed->record.id});
  });
  using Sum = std::optional<std::string>;
  attempt("steps.jsonl",
          [&] { verify_lines<StepRecord>(folder / "steps.jsonl", sealed ? Sum(sealed->steps_xxh3) : Sum(), problems); });
  attempt("eval.jsonl",
          [&] { verify_lines<EvalRecord>(folder / "eval.jsonl", sealed ? Sum(sealed->eval_xxh3) : Sum(), problems); });
  for (const fs::path& checkpoint : checkpoints_of(folder)) {
    attempt("ckpt/" + checkpoint.filename().string(), [&] { verify_checkpoint(checkpoint, run); });
  }
  attempt("host.json", [&] { (void)read_host(folder); });
  return problems;
}

}  // namespace isoflop
