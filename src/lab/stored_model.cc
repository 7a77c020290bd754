#include "lab/stored_model.h"

#include "train/train.h"

namespace isoflop::lab {

StoredRun stored_run(const RunStore& store, const std::string& name) {
  auto run = store.find(name);
  if (run) return std::move(*run);
  std::string known;
  for (const StoredRun& other : store.list()) known += (known.empty() ? "" : ", ") + other.record.name;
  throw Error(Fault::missing_input, "run `" + name + "`", "is not in " + store.study().string(),
              known.empty() ? "" : "it holds " + known);
}

std::unique_ptr<Engine> stored_engine(const StoredRun& run, const RunSpec& spec, const Tokenizer& tokenizer,
                                      EngineOptions options, Team& team, const std::function<void(const std::string&)>& log) {
  if (tokenizer.id() != spec.tokenizer)
    throw Error(Fault::bad_data, "the study's tokenizer.json", "is not the tokenizer that run " + run.id + " was trained with");
  options.training = false;
  auto engine = make_cpu_engine(spec.shape, options, team);
  const auto step = load_newest_weights(*engine, run.folder / "ckpt", log);
  if (run.record.status == RunStatus::done && step && *step != run.record.steps)
    throw Error(Fault::bad_data, (run.folder / "ckpt").string(),
                "its last whole checkpoint is of step " + std::to_string(*step) + ", and the run ended at " +
                    std::to_string(run.record.steps),
                "put the checkpoint back, or remove the run's folder and train the run again");
  if (!step)
    throw Error(Fault::missing_input, (run.folder / "ckpt").string(), "holds no whole checkpoint", "train the run first");
  return engine;
}

}  // namespace isoflop::lab
