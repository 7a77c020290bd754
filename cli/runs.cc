// isoflop runs: the store, listed, shown, compared, taken out, brought in, checked.
#include "isoflop/runs.h"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/corpus_flags.h"
#include "isoflop/lab.h"

namespace cli {
namespace {

using isoflop::Error;
using isoflop::Fault;
using isoflop::RunStore;
using isoflop::StoredRun;

struct RunsFlags {
  std::string study, out;
  std::vector<std::string> words;  // runs or tables
  bool csv = false;
};

Json as_json(const StoredRun& run) {
  return Json::parse(isoflop::to_json(run));
}

// a key's value for people; nothing where it is missing
std::string shown(const Json& value, const char* format = nullptr) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number() || format == nullptr) return value.dump();
  char text[64];
  std::snprintf(text, sizeof text, format, value.get<double>());
  return text;
}

StoredRun run_called(const RunStore& store, const std::string& word) {
  auto run = store.find(word);
  if (!run)
    throw Error(Fault::missing_input, "run " + word, "is not in " + store.study().string(),
                "`isoflop runs ls " + store.study().string() + "` lists the runs");
  return std::move(*run);
}

// "a.b" -> value, for every leaf
void flatten(const Json& value, const std::string& path, std::vector<std::pair<std::string, Json>>& leaves) {
  if (!value.is_structured()) {
    leaves.emplace_back(path, value);
    return;
  }
  for (const auto& item : value.items()) flatten(item.value(), path.empty() ? item.key() : path + "." + item.key(), leaves);
}
std::vector<std::pair<std::string, Json>> spec_leaves(const RunStore& store, const std::string& id) {
  std::vector<std::pair<std::string, Json>> leaves;
  flatten(Json::parse(isoflop::to_json(store.spec(id))), "", leaves);
  return leaves;
}

void print_runs(const std::vector<StoredRun>& runs, const Globals& globals) {
  if (globals.json) {
    Json list = Json::array();
    for (const StoredRun& run : runs) list.push_back(as_json(run));
    return print_json({{"runs", std::move(list)}});
  }
  std::vector<std::vector<std::string>> rows;
  for (const StoredRun& run : runs) {
    const Json json = as_json(run);
    rows.push_back({run.id, run.record.name, run.record.group, shown(json["seed"]), shown(json["status"]), shown(json["params"]),
                    shown(json["tokens"]), shown(json["loss"], "%.4f"), shown(json["train_loss"], "%.4f"),
                    shown(json["bits_per_byte"], "%.4f"), shown(json["regime"]),
                    shown(json["timing"]["tokens_per_second"], "%.0f")});
  }
  print_table(
      {"run", "name", "group", "seed", "status", "params", "tokens", "loss", "train_loss", "bits_per_byte", "regime", "tokens/s"},
      rows);
  for (const StoredRun& run : runs) {
    if (!run.record.reason.empty()) note(globals, "run " + run.id + ": " + run.record.reason);
  }
}

void list_runs(const RunsFlags& flags, const Globals& globals) {
  print_runs(RunStore::open_existing(flags.study).list(), globals);
}

void show_runs(const RunsFlags& flags, const Globals& globals) {
  const RunStore store = RunStore::open_existing(flags.study);
  Json list = Json::array();
  bool first = true;
  for (const std::string& word : flags.words) {
    const StoredRun run = run_called(store, word);
    Json json = as_json(run);
    json["folder"] = run.folder.string();
    json["spec"] = run.imported ? Json(nullptr) : Json::parse(isoflop::to_json(store.spec(run.id)));
    if (!globals.json) {
      std::vector<std::pair<std::string, Json>> leaves;
      flatten(json, "", leaves);
      std::vector<std::vector<std::string>> rows;
      for (const auto& [key, value] : leaves) {
        if (!value.is_null()) rows.push_back({key, shown(value)});
      }
      if (!first) std::printf("\n");
      print_table({"key", "value"}, rows);
      first = false;
    }
    list.push_back(std::move(json));
  }
  if (globals.json) print_json({{"runs", std::move(list)}});
}

void compare_runs(const RunsFlags& flags, const Globals& globals) {
  if (flags.words.size() != 2)
    throw Error(Fault::usage, "runs diff", "compares two runs, given " + std::to_string(flags.words.size()));
  const RunStore store = RunStore::open_existing(flags.study);
  const std::string a = run_called(store, flags.words[0]).id, b = run_called(store, flags.words[1]).id;
  const auto of_a = spec_leaves(store, a), of_b = spec_leaves(store, b);

  // keys of either, in the order of the first
  Json differences = Json::object();
  const auto put = [](Json& pair, const auto& leaves, const std::string& key) {
    Json value = nullptr;
    for (const auto& [name, leaf] : leaves) {
      if (name == key) value = leaf;
    }
    pair.push_back(std::move(value));
  };
  for (const auto* leaves : {&of_a, &of_b}) {
    for (const auto& [key, value] : *leaves) {
      Json pair = Json::array();
      put(pair, of_a, key);
      put(pair, of_b, key);
      if (pair[0] != pair[1]) differences[key] = std::move(pair);
    }
  }
  if (globals.json) return print_json({{"runs", {a, b}}, {"differences", std::move(differences)}});
  if (differences.empty()) std::printf("the specs are the same\n");
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : differences.items()) rows.push_back({item.key(), shown(item.value()[0]), shown(item.value()[1])});
  if (!rows.empty()) print_table({"key", a, b}, rows);
}

void export_runs(const RunsFlags& flags, const Globals& globals) {
  refuse_to_overwrite("--out", flags.out, {});
  const std::vector<StoredRun> runs = RunStore::open_existing(flags.study).list();
  if (!flags.out.empty()) {
    isoflop::write_run_table(runs, flags.out);
    note(globals, flags.out + ": the run table");
  }
  if (globals.json) return list_runs(flags, globals);
  if (!flags.out.empty()) return;
  const std::string table = isoflop::run_table_csv(runs);
  if (std::fwrite(table.data(), 1, table.size(), stdout) != table.size())
    throw Error(Fault::io, "standard output", "cannot be written");
}

void import_tables(const RunsFlags& flags, const Globals& globals) {
  RunStore store = RunStore::open(flags.study);
  std::int64_t added = 0;
  for (const std::string& table : flags.words) added += store.import_table(table);
  if (globals.json) return print_json({{"imported", added}});
  std::printf("%lld rows imported into %s\n", static_cast<long long>(added), flags.study.c_str());
}

void verify_runs(const RunsFlags& flags, const Globals& globals) {
  const RunStore store = RunStore::open_existing(flags.study);
  const std::vector<isoflop::VerifyProblem> problems = store.verify();
  const std::vector<std::string> unsealed = store.unsealed();
  if (globals.json) {
    Json list = Json::array();
    for (const auto& problem : problems)
      list.push_back({{"run", problem.run.empty() ? Json(nullptr) : Json(problem.run)}, {"file", problem.file},
                      {"problem", problem.problem}, {"cure", problem.cure}});
    print_json({{"runs", store.list().size()}, {"problems", std::move(list)}, {"unsealed", unsealed}});
  } else {
    if (problems.empty()) {
      std::printf("%zu runs: every file with a checksum is whole\n", store.list().size());
    } else {
      std::vector<std::vector<std::string>> rows;
      for (const auto& problem : problems) {
        rows.push_back({problem.run.empty() ? "-" : problem.run, problem.file, problem.problem, problem.cure});
      }
      print_table({"run", "file", "problem", "cure"}, rows);
    }
    std::string names;
    for (const std::string& file : unsealed) names += (names.empty() ? "" : ", ") + file;
    if (!names.empty()) std::printf("without a checksum, so a change in them goes unnoticed: %s\n", names.c_str());
  }
  if (problems.empty()) return;
  const auto& first = problems.front();
  const std::string more = problems.size() == 1 ? "" : " (and " + std::to_string(problems.size() - 1) + " more)";
  throw Error(Fault::bad_data, (first.run.empty() ? "" : "run " + first.run + ": ") + first.file, first.problem + more,
              first.cure);
}

void reindex_runs(const RunsFlags& flags, const Globals& globals) {
  RunStore store = RunStore::open_existing(flags.study);
  store.reindex();
  const std::size_t count = store.list().size();
  if (globals.json) return print_json({{"runs", count}});
  std::printf("%zu runs indexed\n", count);
}

struct EvalFlags {
  std::string study, out, isa;
  std::vector<std::string> runs;
  std::int64_t threads = 0;
  CorpusFlags text;
};

void eval_runs(EvalFlags& flags, const Globals& globals) {
  flags.text.split = "none";
  const isoflop::Corpus corpus = open_corpus(flags.text, globals);
  refuse_to_overwrite("--out", flags.out, files_of(corpus));
  isoflop::ScoreOptions options{.runs = flags.runs, .threads = threads_of(flags.threads), .stop = stop_requested()};
  if (!flags.isa.empty()) options.isa = isoflop::isa_from(flags.isa);
  const auto runs = isoflop::score_runs(flags.study, corpus, options, [&](const std::string& line) { note(globals, line); });
  if (!flags.out.empty()) {
    isoflop::write_run_table(runs, flags.out);
    note(globals, flags.out + ": the run table, its losses of this text");
  }
  print_runs(runs, globals);
}

void add_eval(CLI::App& runs, Globals& globals) {
  const auto flags = std::make_shared<EvalFlags>();
  CLI::App* app = add_command(runs, globals, "eval", "What finished runs lose on another text",
                              "isoflop runs eval out other.txt --out other.csv");
  app->add_option("STUDY", flags->study, "a study's folder")->required();
  add_corpus_flags(*app, flags->text);
  app->add_option("--run", flags->runs, "a run's id or name; again for more (default: all that are finished)");
  app->add_option("--out", flags->out, "write the run table with these losses to this file (CSV), to fit laws to");
  app->add_option("--threads", flags->threads, "cores (default: all); the result is the same")->check(whole_number(1));
  app->add_option("--isa", flags->isa, "kernel set");
  app->callback([flags, &globals] { eval_runs(*flags, globals); });
}

struct Action {
  const char *name, *what, *example, *words;  // words: what follows STUDY, or nothing
  void (*run)(const RunsFlags&, const Globals&);
};
constexpr Action kActions[] = {
    {"ls", "Lists a study's runs", "isoflop runs ls isoflop-runs/first-law", nullptr, list_runs},
    {"show", "Shows all that is known of a run", "isoflop runs show out tiny", "RUN", show_runs},
    {"diff", "Shows where the specs of two runs differ", "isoflop runs diff out tiny small", "RUN", compare_runs},
    {"export", "Prints the run table (CSV)", "isoflop runs export out --csv > runs.csv", nullptr, export_runs},
    {"import", "Adds the rows of a run table (or one headed C,N,D,loss) to a study", "isoflop runs import out table.csv", "TABLE",
     import_tables},
    {"verify", "Checks every file that carries a checksum; names the files of the study that carry none",
     "isoflop runs verify out", nullptr, verify_runs},
    {"reindex", "Builds index.db again from the run folders", "isoflop runs reindex out", nullptr, reindex_runs},
};

}  // namespace

void add_runs(CLI::App& program, Globals& globals) {
  CLI::App* runs = add_command(program, globals, "runs", "The run store: ls, show, diff, eval, export, import, verify, reindex",
                               "isoflop runs ls isoflop-runs/first-law");
  runs->require_subcommand(1);
  for (const Action& action : kActions) {
    auto flags = std::make_shared<RunsFlags>();
    CLI::App* command = add_command(*runs, globals, action.name, action.what, action.example);
    command->add_option("STUDY", flags->study, "a study's folder")->required();
    if (action.words != nullptr) {
      command
          ->add_option(action.words, flags->words,
                       std::string(action.words) == "RUN" ? "an id, the beginning of one, or a name" : "a CSV file")
          ->required();
    }
    if (action.run == export_runs) {
      command->add_flag("--csv", flags->csv, "CSV, the one form there is");
      command->add_option("--out", flags->out, "write the table to this file");
    }
    command->callback([flags, &globals, run = action.run] { run(*flags, globals); });
  }
  add_eval(*runs, globals);
}

}  // namespace cli
