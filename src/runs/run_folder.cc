#include "runs/run_folder.h"

#include <algorithm>

#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/sealed_json.h"
#include "record/json_text.h"
#include "runs/lines.h"
#include "runs/table.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kImported = "imported-";
constexpr int kIndent = 2;

std::string unsealed(const fs::path& path) {
  return unseal_json(read_file(path), path.string());
}

bool is_id(std::string_view text) {
  return text.size() == 16 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// the two keys a record.json has behind those of RunRecord; of fixed length, so that they can be cut off
std::string lines_tail(const std::string& steps, const std::string& eval) {
  return ",\n  \"steps_xxh3\": \"" + steps + "\",\n  \"eval_xxh3\": \"" + eval + "\"\n}";
}

// how far a run without a record is: the last whole line of steps.jsonl
void add_progress(const fs::path& folder, RunRecord& record) {
  const Lines<StepRecord> steps = read_lines<StepRecord>(folder / "steps.jsonl");
  if (steps.records.empty()) return;
  record.steps = steps.records.back().step + 1;
  record.tokens = steps.records.back().tokens;
}

RunRecord unfinished_record(const fs::path& folder, const std::optional<RunSpec>& spec, const HostFacts& host,
                            const std::string& reason) {
  RunRecord record;
  record.id = folder.filename().string();
  record.name = host.name;
  record.group = host.group;
  record.reason = reason;
  if (spec) {
    record.params = param_counts(spec->shape);
    record.flops = flops_per_token(spec->shape);
  }
  add_progress(folder, record);
  return record;
}

}  // namespace

bool is_imported_name(const std::string& name) {
  return name.starts_with(kImported) && is_id(std::string_view(name).substr(kImported.size()));
}
bool is_run_folder_name(const std::string& name) {
  return is_id(name) || is_imported_name(name);
}

RunSpec read_spec(const fs::path& folder) {
  const fs::path path = folder / "spec.json";
  return run_spec_from_json(unsealed(path), path.string());
}

bool restore_spec(const fs::path& folder, const RunSpec& resolved) {
  const fs::path path = folder / "spec.json";
  const std::string id = folder.filename().string();
  ISOFLOP_CHECK(run_id(resolved) == id);
  if (fs::exists(path)) {
    const auto object = try_unseal_json(read_file(path));
    if (object && run_id(run_spec_from_json(*object, path.string())) == id) return false;
    if (object)
      throw Error(Fault::bad_data, path.string(), "is the spec of another run", "remove the run's folder to train it again");
  }
  write_output(path, seal_json(to_json(resolved)));
  return true;
}

std::string record_document(const SealedRecord& record) {
  std::string text = to_json(record.record);
  text.resize(text.size() - 2);  // "\n}"
  return seal_json(text + lines_tail(record.steps_xxh3, record.eval_xxh3));
}

std::optional<SealedRecord> read_record(const fs::path& folder) {
  const fs::path path = folder / "record.json";
  if (!fs::exists(path)) return std::nullopt;
  const std::string text = unsealed(path);
  const std::string blank(16, '0');
  const std::size_t tail = lines_tail(blank, blank).size();
  if (text.size() <= tail) throw Error(Fault::bad_data, path.string(), "is not a run's record");
  const std::size_t body = text.size() - tail;
  const std::string steps = text.substr(body + lines_tail("", "").find("\"\",") + 1, 16);
  const std::string eval = text.substr(text.size() - 3 - 16, 16);
  if (text.substr(body) != lines_tail(steps, eval))
    throw Error(Fault::bad_data, path.string(), "is not a run's record: no checksums of its lines");
  return SealedRecord{run_record_from_json(text.substr(0, body) + "\n}", path.string()), steps, eval};
}

std::string file_xxh3(const fs::path& path) {
  if (!fs::exists(path)) return hex64(xxh3(std::string_view()));
  const MappedFile file(path);
  return hex64(xxh3(file.bytes()));
}

std::string host_document(const HostFacts& host) {
  Json object = Json::object();
  object["schema_version"] = kRecordSchema;
  object["name"] = host.name;
  object["group"] = host.group;
  object["timing"] = nullptr;
  if (host.timing) {
    object["timing"] = {{"seconds", host.timing->seconds},
                        {"tokens_per_second", host.timing->tokens_per_second},
                        {"threads", host.timing->threads},
                        {"peak_bytes", host.timing->peak_bytes}};
  }
  return seal_json(json_text(object, kIndent));
}

HostFacts read_host(const fs::path& folder) {
  const fs::path path = folder / "host.json";
  const std::string subject = path.string();
  if (!fs::exists(path)) return {};
  const Json object = parse_json(unsealed(path), subject);
  HostFacts host;
  host.name = json_get<std::string>(object, "name", subject);
  host.group = json_get<std::string>(object, "group", subject);
  const Json timing = json_get<Json>(object, "timing", subject);
  if (!timing.is_null()) {
    host.timing = RunTiming{.seconds = json_get<double>(timing, "seconds", subject),
                            .tokens_per_second = json_get<double>(timing, "tokens_per_second", subject),
                            .threads = json_get<std::int64_t>(timing, "threads", subject),
                            .peak_bytes = json_get<std::int64_t>(timing, "peak_bytes", subject)};
  }
  return host;
}

std::string imported_document(const ImportedRow& row) {
  Json object = Json::object();
  object["schema_version"] = kRecordSchema;
  object["source"] = row.source;
  Json& cells = object["cells"] = Json::object();
  for (const TableCell& cell : row.cells) cells[cell.column] = cell.text;
  return seal_json(json_text(object, kIndent));
}

ImportedRow read_imported(const fs::path& folder) {
  const fs::path path = folder / "record.json";
  const std::string subject = path.string();
  const Json object = parse_json(unsealed(path), subject);
  ImportedRow row{json_get<std::string>(object, "source", subject), {}};
  const Json cells = json_get<Json>(object, "cells", subject);
  for (const auto& item : cells.items()) row.cells.push_back({item.key(), json_get<std::string>(cells, item.key(), subject)});
  return row;
}

StoredRun load_run(const fs::path& folder) {
  StoredRun run;
  run.id = folder.filename().string();
  run.folder = folder;
  std::string reason;
  const auto attempt = [&](auto read) {
    try {
      read();
    } catch (const Error& error) {
      if (reason.empty() && error.fault() != Fault::missing_input) reason = error.what();
    }
  };

  if (is_imported_name(run.id)) {
    attempt([&] { fill_from_cells(run, read_imported(folder)); });
    if (!run.imported) run.record = unfinished_record(folder, {}, {}, reason);
    return run;
  }

  std::optional<RunSpec> spec;
  std::optional<SealedRecord> sealed;
  HostFacts host;
  attempt([&] { sealed = read_record(folder); });
  attempt([&] { spec = read_spec(folder); });
  const std::string in_the_way = reason;
  attempt([&] { host = read_host(folder); });  // a clock that cannot be read does not unmake a run
  if (spec) {
    run.seed = spec->seed;
    run.learning_rate = spec->optimizer.learning_rate;
    run.batch_tokens = spec->tokens_per_update();
  }
  if (sealed && sealed->record.id == run.id) {
    run.record = sealed->record;
    run.timing = host.timing;
  } else {
    run.record = unfinished_record(folder, spec, host, in_the_way);
  }
  return run;
}

}  // namespace isoflop
