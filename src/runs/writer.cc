#include "runs/writer.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "base/check.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sealed_json.h"
#include "record/json_text.h"
#include "runs/lines.h"
#include "runs/run_folder.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kEverything = std::numeric_limits<std::int64_t>::max();
constexpr const char* kAgain = "remove the run's folder to train it again";

/// A file of sealed lines that is appended to and cut back.
template <class Record>
class LineFile {
 public:
  explicit LineFile(fs::path path) : path_(std::move(path)), writer_(path_, FileWriter::Mode::append) {
    const Lines<Record> lines = read_lines<Record>(path_);
    if (!lines.records.empty()) last_ = lines.records.back().step;
    dirty_ = lines.torn || lines.damage;
  }

  /// Drops every line from `step` on. Throws bad_data if a line before it is not whole.
  void rewind(std::int64_t step) {
    writer_.flush();
    const Lines<Record> lines = read_lines<Record>(path_);
    const auto first = std::find_if(lines.records.begin(), lines.records.end(), [&](const Record& r) { return r.step >= step; });
    const auto kept = static_cast<std::size_t>(first - lines.records.begin());
    // steps are written one by one, so a gap before `step` is a loss too
    const bool gap =
        std::is_same_v<Record, StepRecord> && step != kEverything && (kept == 0 ? 0 : lines.records[kept - 1].step + 1) < step;
    if (lines.damage && first == lines.records.end() && (lines.damage_step < step || gap))
      throw Error(Fault::bad_data, path_.string(), *lines.damage, kAgain);

    std::error_code error;
    fs::resize_file(path_, kept == 0 ? 0 : lines.ends[kept - 1], error);
    if (error) throw Error(Fault::io, path_.string(), "cannot be cut back: " + error.message());
    last_ = kept == 0 ? -1 : lines.records[kept - 1].step;
    dirty_ = false;
  }

  void add(const Record& record) {
    if (dirty_) rewind(kEverything);
    ISOFLOP_CHECK(record.step > last_);
    writer_.write(seal_json(to_json(record)));
    writer_.flush();  // a killed process loses no whole line
    last_ = record.step;
  }

  void sync() { writer_.sync(); }
  [[nodiscard]] std::int64_t last() const { return last_; }

 private:
  fs::path path_;
  FileWriter writer_;
  std::int64_t last_ = -1;
  bool dirty_ = false;
};

/// timing.jsonl: lines without a promise; those that cannot be read are dropped.
void cut_timing(const fs::path& path, std::int64_t step) {
  if (!fs::exists(path)) return;
  const std::string text = read_file(path);
  std::string kept;
  for (std::size_t at = 0, newline; (newline = text.find('\n', at)) != std::string::npos; at = newline + 1) {
    const Json line = Json::parse(text.begin() + static_cast<std::ptrdiff_t>(at),
                                  text.begin() + static_cast<std::ptrdiff_t>(newline), nullptr, false);
    const bool whole = line.is_object() && line.contains("step") && line["step"].is_number_integer();
    if (whole && line["step"].get<std::int64_t>() < step) kept += text.substr(at, newline + 1 - at);
  }
  write_output(path, kept);
}

fs::path begun(const fs::path& folder) {
  make_folder(folder);
  return folder;
}

// what a writer that was killed inside an atomic write left
void remove_temporaries(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().find(".json.tmp") == std::string::npos) continue;
    std::error_code ignored;
    fs::remove(entry.path(), ignored);
  }
}

class FolderWriter : public RunWriter {
 public:
  FolderWriter(const fs::path& folder, const RunSpec& spec, const std::string& name, const std::string& group,
               std::function<void(const StoredRun&)> on_finish)
      : folder_(begun(folder)),
        lock_(folder / ".lock", "run " + folder.filename().string() + (name.empty() ? "" : " (" + name + ")")),
        spec_(spec),
        host_{name, group, {}},
        on_finish_(std::move(on_finish)),
        steps_((prepare(), folder / "steps.jsonl")),
        evals_(folder / "eval.jsonl"),
        timing_(std::make_unique<FileWriter>(folder / "timing.jsonl", FileWriter::Mode::append)),
        log_(folder / "log.txt", FileWriter::Mode::append) {
    sync_folder(folder_);
    sync_folder(folder_.parent_path());
  }

  const fs::path& folder() const override { return folder_; }
  fs::path checkpoint_root() const override { return folder_ / "ckpt"; }

  void rewind(std::int64_t step) override {
    steps_.rewind(step);
    evals_.rewind(step);
    timing_->flush();
    timing_.reset();
    cut_timing(folder_ / "timing.jsonl", step);
    timing_ = std::make_unique<FileWriter>(folder_ / "timing.jsonl", FileWriter::Mode::append);
  }

  void step(const StepRecord& step) override {
    if (step.step <= steps_.last()) rewind(step.step);  // begun again without a checkpoint
    steps_.add(step);
  }
  void eval(const EvalRecord& eval) override {
    if (eval.step <= evals_.last()) rewind(eval.step);
    evals_.add(eval);
  }
  void timing(std::int64_t step, double seconds) override {
    Json line = Json::object();
    line["step"] = step;
    line["seconds"] = seconds;
    timing_->write(json_text(line) + "\n");
  }
  void log(const std::string& line) override {
    log_.write(line + "\n");
    log_.flush();
  }
  void flush() override {
    steps_.sync();
    evals_.sync();
    timing_->flush();
    log_.flush();
  }

  void finish(const RunRecord& record, const RunTiming& timing) override {
    ISOFLOP_CHECK(record.status != RunStatus::running);
    ISOFLOP_CHECK(record.id.empty() || record.id == folder_.filename().string());
    flush();
    SealedRecord sealed{record, file_xxh3(folder_ / "steps.jsonl"), file_xxh3(folder_ / "eval.jsonl")};
    sealed.record.id = folder_.filename().string();
    host_.name = record.name;
    host_.group = record.group;
    host_.timing = timing;
    // the record last: where it is, everything is
    write_output(folder_ / "host.json", host_document(host_));
    write_output(folder_ / "record.json", record_document(sealed));
    on_finish_(load_run(folder_));
  }

 private:
  // refuses what must not be written over; runs under the lock, before any file is opened for writing
  void prepare() {
    remove_temporaries(folder_);
    const std::string id = folder_.filename().string();
    (void)restore_spec(folder_, spec_);
    const RunRecord before = load_run(folder_).record;
    if (before.status == RunStatus::done || before.status == RunStatus::diverged) {
      throw Error(Fault::failure, "run " + id, "is finished (" + to_string(before.status) + ")", kAgain);
    }
    std::error_code error;
    fs::remove(folder_ / "record.json", error);  // `stopped`, or not whole: running again
    if (error) throw Error(Fault::io, (folder_ / "record.json").string(), "cannot be removed: " + error.message());
    write_output(folder_ / "host.json", host_document(host_));
  }

  fs::path folder_;
  FileLock lock_;
  RunSpec spec_;
  HostFacts host_;
  std::function<void(const StoredRun&)> on_finish_;
  LineFile<StepRecord> steps_;
  LineFile<EvalRecord> evals_;
  std::unique_ptr<FileWriter> timing_;
  FileWriter log_;
};

}  // namespace

std::unique_ptr<RunWriter> make_writer(const fs::path& runs_folder, const RunSpec& resolved, const std::string& name,
                                       const std::string& group, std::function<void(const StoredRun&)> on_finish) {
  return std::make_unique<FolderWriter>(runs_folder / run_id(resolved), resolved, name, group, std::move(on_finish));
}

}  // namespace isoflop
