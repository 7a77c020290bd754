#include "train/checkpoint.h"

#include <algorithm>
#include <memory>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/sealed_json.h"
#include "isoflop/text.h"
#include "isoflop/record.h"
#include "train/safetensors.h"
#include "train/train.h"

namespace isoflop {
namespace checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr int kCheckpointSchema = 1;
constexpr std::string_view kPrefix = "step_";
constexpr std::string_view kTemporary = ".tmp";
constexpr const char* kModelFile = "model.safetensors";
constexpr const char* kOptimFile = "optim.safetensors";
constexpr const char* kStateFile = "state.json";

std::string folder_name(std::int64_t step) {
  const std::string digits = std::to_string(step);
  return std::string(kPrefix) + std::string(digits.size() < 8 ? 8 - digits.size() : 0, '0') + digits;
}

struct Found {
  std::int64_t step = 0;
  fs::path path;
};

// newest first
std::vector<Found> checkpoints_in(const fs::path& root) {
  std::vector<Found> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const auto step = parse_int(std::string_view(name).substr(kPrefix.size()));
    if (step && *step >= 0 && folder_name(*step) == name) found.push_back({*step, entry.path()});
  }
  std::ranges::sort(found, std::greater<>{}, &Found::step);
  return found;
}

// The engine's tensors that go into one file, with their indices in state().
struct Part {
  std::vector<TensorShape> tensors;
  std::vector<std::size_t> indices;
};

Part part_of(const Engine& engine, bool optimizer) {
  Part part;
  const std::vector<StateTensor> state = engine.state();
  for (std::size_t i = 0; i < state.size(); ++i) {
    if (state[i].optimizer != optimizer) continue;
    part.tensors.push_back({state[i].name, state[i].rows, state[i].cols});
    part.indices.push_back(i);
  }
  return part;
}

Json write_part(const fs::path& path, const Engine& engine, bool optimizer) {
  const Part part = part_of(engine, optimizer);
  const FileFacts facts = write_safetensors(
      path, part.tensors, [&](std::size_t i, std::span<float> out) { engine.read_state(part.indices[i], out); });
  Json json;
  json["bytes"] = facts.bytes;
  json["xxh3"] = hex64(facts.checksum);
  return json;
}

struct StateFile {
  TrainState progress;
  FileFacts model, optim;
};

FileFacts facts_from(const Json& files, const char* name, const std::string& subject) {
  const Json json = json_get<Json>(files, name, subject);
  const auto digits = json_get<std::string>(json, "xxh3", subject);
  const auto checksum = parse_hex64(digits);
  if (!checksum) throw Error(Fault::bad_data, subject, "`xxh3` is not a checksum: " + digits);
  return {json_get<std::int64_t>(json, "bytes", subject), *checksum};
}

StateFile read_state_file(const fs::path& path) {
  const std::string subject = path.string();
  const Json json = parse_json(unseal_json(read_file(path), subject), subject);
  const int schema = json_get<int>(json, "schema_version", subject);
  if (schema != kCheckpointSchema)
    throw Error(Fault::bad_data, subject,
                "schema_version " + std::to_string(schema) + ", expected " + std::to_string(kCheckpointSchema));
  StateFile state;
  state.progress.step = json_get<std::int64_t>(json, "step", subject);
  state.progress.run = json_get<std::string>(json, "run", subject);
  state.progress.isa = json_get<std::string>(json, "isa", subject);
  state.progress.isa_changed = json_get<bool>(json, "isa_changed", subject);
  state.progress.losses = json_get<std::vector<double>>(json, "losses", subject);
  state.progress.loss_best = json_find<double>(json, "loss_best", subject);
  state.progress.evaluations_since_best = json_get<std::int64_t>(json, "evaluations_since_best", subject);
  const Json files = json_get<Json>(json, "files", subject);
  state.model = facts_from(files, kModelFile, subject);
  state.optim = facts_from(files, kOptimFile, subject);
  return state;
}

void load_part(Engine& engine, const Part& part, const SafetensorsFile& file) {
  for (std::size_t i = 0; i < part.indices.size(); ++i) engine.write_state(part.indices[i], file.tensor(i));
}

// Calls `use` on the newest folder that it does not find damaged. `use` throws bad_data or missing_input for a damaged one.
std::optional<TrainState> newest_whole(const fs::path& root, const Log& log,
                                       const std::function<TrainState(const fs::path&)>& use) {
  for (const Found& found : checkpoints_in(root)) {
    try {
      return use(found.path);
    } catch (const Error& error) {
      if (error.fault() != Fault::bad_data && error.fault() != Fault::missing_input) throw;
      if (log) log("checkpoint " + found.path.string() + " is not whole and is passed over: " + error.what());
    }
  }
  return std::nullopt;
}

std::string describe(const std::string& isa) { return isa.empty() ? "an unnamed instruction set" : isa; }

}  // namespace

void save(const fs::path& root, const Engine& engine, const TrainState& progress, std::int64_t keep) {
  const fs::path place = root / folder_name(progress.step);
  const fs::path temporary = place.string() + std::string(kTemporary);
  make_folder(root);
  fs::remove_all(temporary);
  make_folder(temporary);

  Json files;
  files[kModelFile] = write_part(temporary / kModelFile, engine, false);
  files[kOptimFile] = write_part(temporary / kOptimFile, engine, true);
  Json json;
  json["schema_version"] = kCheckpointSchema;
  json["step"] = progress.step;
  json["run"] = progress.run;
  json["numerics_version"] = kNumericsVersion;
  json["isa"] = progress.isa;
  json["isa_changed"] = progress.isa_changed;
  json["losses"] = progress.losses;
  json["loss_best"] = json_or_null(progress.loss_best);
  json["evaluations_since_best"] = progress.evaluations_since_best;
  json["files"] = std::move(files);
  write_output(temporary / kStateFile, seal_json(json.dump()));
  sync_folder(temporary);

  fs::remove_all(place);  // one that was passed over as damaged
  std::error_code error;
  fs::rename(temporary, place, error);
  if (error) throw Error(Fault::io, place.string(), "cannot rename the finished checkpoint into place: " + error.message());
  sync_folder(root);

  // only now: older ones beyond `keep`, and later ones, which were passed over as damaged
  std::int64_t kept = 0;
  for (const Found& found : checkpoints_in(root)) {
    if (found.step > progress.step || ++kept > std::max<std::int64_t>(keep, 1)) fs::remove_all(found.path, error);
  }
  for (const auto& entry : fs::directory_iterator(root, error)) {
    const std::string name = entry.path().filename().string();
    std::error_code ignored;
    if (name.starts_with(kPrefix) && name.ends_with(kTemporary)) fs::remove_all(entry.path(), ignored);
  }
}

std::optional<TrainState> load_newest(Engine& engine, const fs::path& root, const ResumeRules& rules, const Log& log) {
  std::optional<Error> refused;
  auto progress = newest_whole(root, log, [&](const fs::path& folder) {
    StateFile state = read_state_file(folder / kStateFile);
    TrainState& found = state.progress;
    if (found.run != rules.run) {
      refused = Error(Fault::bad_data, folder.string(), "is a checkpoint of run " + found.run + ", expected " + rules.run,
                      "choose another output folder, or remove the checkpoint");
      return found;
    }
    // both files are held to their checksums, names and shapes before a tensor is written
    const Part weights = part_of(engine, false), moments = part_of(engine, true);
    const SafetensorsFile model(folder / kModelFile, state.model, weights.tensors);
    const SafetensorsFile optim(folder / kOptimFile, state.optim, moments.tensors);
    if (found.isa != rules.isa) {
      if (!rules.allow_isa_change) {
        refused =
            Error(Fault::usage, folder.string(), "was made with " + describe(found.isa) + ", this is " + describe(rules.isa),
                  "give --isa " + found.isa + ", or --allow-isa-change (the run's bytes are then no longer reproducible)");
        return found;
      }
      found.isa_changed = true;
    }
    load_part(engine, weights, model);
    load_part(engine, moments, optim);
    engine.state_written();
    return found;
  });
  if (refused) throw Error(*refused);
  return progress;
}

}  // namespace checkpoint

std::optional<std::int64_t> load_newest_weights(Engine& engine, const std::filesystem::path& root,
                                                const std::function<void(const std::string&)>& on_log) {
  const auto progress = checkpoint::newest_whole(root, on_log, [&](const std::filesystem::path& folder) {
    checkpoint::StateFile state = checkpoint::read_state_file(folder / checkpoint::kStateFile);
    const checkpoint::Part weights = checkpoint::part_of(engine, false);
    checkpoint::load_part(engine, weights,
                          checkpoint::SafetensorsFile(folder / checkpoint::kModelFile, state.model, weights.tensors));
    engine.state_written();
    return state.progress;
  });
  if (!progress) return std::nullopt;
  return progress->step;
}

}  // namespace isoflop
