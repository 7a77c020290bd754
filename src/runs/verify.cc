#include <algorithm>
#include <set>
#include <string>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/sealed_json.h"
#include "runs/lines.h"
#include "runs/run_folder.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "corpus.manifest.json";
constexpr const char* kLaws = "laws.json";  // what `isoflop run` writes after all that it rests on
constexpr const char* kOfMixtures[] = {"proxies.csv", "mixture.json", "mixture_result.json"};

// docs/formats/checkpoint.md: state.json holds the checksums of its neighbours
void verify_checkpoint(const fs::path& checkpoint, const std::string& run) {
  const std::string subject = (checkpoint / "state.json").string();
  const Json state = parse_json(unseal_json(read_file(subject), subject), subject);
  const auto owner = json_get<std::string>(state, "run", subject);
  if (owner != run) throw Error(Fault::bad_data, subject, "is a checkpoint of run " + owner);
  const Json files = json_get<Json>(state, "files", subject);
  for (const auto& [name, facts] : files.items()) {
    const fs::path file = checkpoint / name;
    std::error_code error;
    const std::uint64_t bytes = fs::file_size(file, error);
    if (error) throw Error(Fault::bad_data, subject, name + " is missing");
    const bool whole = bytes == json_get<std::uint64_t>(facts, "bytes", subject) &&
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

std::string cure_of(const std::string& file) {
  if (file == "host.json") return "remove it: it holds the run's times and names and no result";
  if (file == "record.json") return "run the study again: the run ends again from its newest checkpoint, to the same bytes";
  if (file.starts_with("ckpt/")) {
    return "remove this checkpoint's folder: no stored result depends on it; an unfinished run goes on from the one before, a finished "
           "one can no longer be sampled or scored";
  }
  if (file == "steps.jsonl" || file == "eval.jsonl")
    return "put the file back, or remove the run's folder and train the run again";
  if (file == "plan.json") return "make the plan again with `isoflop plan --study`; without the file the report has no plan";
  if (file == "study.resolved.toml") {
    return "put the file back, or run the study again: `isoflop run` writes it anew (under --minutes perhaps with other steps)";
  }
  return "run the study again: `isoflop run` writes it anew and trains nothing twice";
}

std::vector<VerifyProblem> verify_run(const fs::path& folder) {
  std::vector<VerifyProblem> problems;
  const std::string run = folder.filename().string();
  const auto add = [&](const std::string& file, const std::string& problem) {
    problems.push_back({run, file, problem, cure_of(file)});
  };
  const auto attempt = [&](const std::string& file, auto check) {
    try {
      check();
    } catch (const Error& error) {
      add(file, error.problem());
    }
  };
  if (is_imported_name(run)) {
    try {
      (void)read_imported(folder);
    } catch (const Error& error) {
      problems.push_back({run, "record.json", error.problem(), "remove the folder and import the table again"});
    }
    return problems;
  }
  attempt("spec.json", [&] {
    if (run_id(read_spec(folder)) != run) {
      problems.push_back({run, "spec.json", "is the spec of another run: its hash is not the folder's name",
                          "remove it and run the study again"});
    }
  });
  std::optional<SealedRecord> sealed;
  attempt("record.json", [&] {
    sealed = read_record(folder);
    if (sealed && sealed->record.id != run) add("record.json", "is the record of run " + sealed->record.id);
  });
  const auto verify_lines = [&]<class Record>(const char* file, std::string SealedRecord::*xxh3) {
    const Lines<Record> lines = read_lines<Record>(folder / file);
    const auto sum = sealed ? std::optional((*sealed).*xxh3) : std::nullopt;
    if (const auto problem = lines_problem(lines, folder / file, sum)) add(file, *problem);
  };
  attempt("steps.jsonl", [&] { verify_lines.operator()<StepRecord>("steps.jsonl", &SealedRecord::steps_xxh3); });
  attempt("eval.jsonl", [&] { verify_lines.operator()<EvalRecord>("eval.jsonl", &SealedRecord::eval_xxh3); });
  for (const fs::path& checkpoint : checkpoints_of(folder)) {
    attempt("ckpt/" + checkpoint.filename().string(), [&] {
      try {
        verify_checkpoint(checkpoint, run);
      } catch (const Error&) {
        if (fs::exists(checkpoint)) throw;  // else the run that trains has removed it meanwhile
      }
    });
  }
  attempt("host.json", [&] { (void)read_host(folder); });
  return problems;
}

namespace {

// Every run's spec names its tokenizer by content_id; those that cannot be read are said where the run is looked at.
std::set<std::string> tokenizers_of_runs(const fs::path& study) {
  std::set<std::string> ids;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(study / "runs", error)) {
    try {
      if (!is_imported_name(entry.path().filename().string())) ids.insert(read_spec(entry.path()).tokenizer);
    } catch (const Error&) {
    }
  }
  return ids;
}

// the laws are fitted to these runs, and the page shows them
std::vector<VerifyProblem> missing_runs(const fs::path& study, const Json& laws, const std::string& subject) {
  std::vector<VerifyProblem> problems;
  for (const char* key : {"runs", "sweep"}) {
    for (const auto& id : json_find<std::vector<std::string>>(laws, key, subject).value_or(std::vector<std::string>{})) {
      if (!is_run_folder_name(id) || !fs::exists(study / "runs" / id / "record.json"))
        problems.push_back({"", kLaws, "names run " + id + ", which is not here, or not finished",
                            "put its folder back, or run the study again: `isoflop run` trains it again"});
    }
  }
  return problems;
}

}  // namespace

std::vector<VerifyProblem> verify_study(const fs::path& study) {
  std::vector<VerifyProblem> problems;
  // only a study that `isoflop run` made has these files; a folder of imported rows has none
  const auto is_there = [&](const char* file) { return fs::exists(study / file); };
  const bool made_by_run = is_there("study.toml") || is_there("study.resolved.toml") || is_there("corpus.manifest.json");
  const auto check = [&](const std::string& file, bool needed, auto read) {
    try {
      if (needed || fs::exists(study / file)) read(read_file(study / file), (study / file).string());
    } catch (const Error& error) {
      problems.push_back({"", file, error.problem(), cure_of(file)});
    }
  };
  const auto is_sealed = [](const std::string& text, const std::string& subject) {
    (void)parse_json(unseal_json(text, subject), subject);
  };
  check("tokenizer.json", made_by_run, [&](const std::string& text, const std::string& subject) {
    const std::set<std::string> known = tokenizers_of_runs(study);
    if (known.empty() ? parse_json(text, subject).is_object() : known.contains(content_id(text))) return;
    throw Error(Fault::bad_data, subject, "is truncated or changed: it is not the tokenizer of the runs here");
  });
  check("study.resolved.toml", made_by_run, [](const std::string&, const std::string&) {});
  check("plan.json", false, is_sealed);
  // a study of mixtures has all three by the time it has laws.json
  const bool mixtures = is_there(kLaws) && std::any_of(std::begin(kOfMixtures), std::end(kOfMixtures), is_there);
  for (const char* file : kOfMixtures) {
    const bool table = std::string_view(file).ends_with(".csv");
    check(file, mixtures, [&](const std::string& text, const std::string& subject) {
      if (!table) is_sealed(text, subject);
    });
  }
  check(kManifest, made_by_run, [](const std::string& text, const std::string& subject) { (void)parse_json(text, subject); });
  check(kLaws, false, [&](const std::string& text, const std::string& subject) {
    for (VerifyProblem& problem : missing_runs(study, parse_json(text, subject), subject)) problems.push_back(std::move(problem));
  });
  return problems;
}

std::vector<std::string> unsealed_files(const fs::path& study) {
  std::vector<std::string> files;
  for (const char* file :
       {"study.toml", "study.resolved.toml", kManifest, kLaws, "proxies.csv", "runs.csv", "report.html", "figures"}) {
    if (fs::exists(study / file)) files.emplace_back(file);
  }
  for (const char* file : {"timing.jsonl", "log.txt"}) {
    std::error_code error;
    const fs::directory_iterator runs(study / "runs", error);
    if (std::any_of(begin(runs), end(runs), [&](const auto& run) { return fs::exists(run.path() / file); }))
      files.push_back(std::string("runs/*/") + file);
  }
  return files;
}

}  // namespace isoflop
