// The run store: per-run files are the truth, index.db over them can be rebuilt at any time (docs/formats/run.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/base.h"
#include "isoflop/record.h"

namespace isoflop {

/// A run as the store holds it.
struct StoredRun {
  std::string id;
  std::filesystem::path folder;
  RunRecord record;              ///< status `running` while record.json is not written: never taken for finished
  std::optional<RunTiming> timing;
};

/// Writes one run. Holds the run's lock for its life; a second writer gets Error{failure} naming the holder.
class RunWriter {
 public:
  virtual ~RunWriter() = default;
  [[nodiscard]] virtual const std::filesystem::path& folder() const = 0;
  [[nodiscard]] virtual std::filesystem::path checkpoint_root() const = 0;  ///< folder()/ckpt
  /// Before going on from a checkpoint: drops step and evaluation lines from `step` on (a torn last line too).
  virtual void rewind(std::int64_t step) = 0;
  virtual void step(const StepRecord& step) = 0;
  virtual void eval(const EvalRecord& eval) = 0;
  virtual void timing(std::int64_t step, double seconds) = 0;
  virtual void log(const std::string& line) = 0;
  virtual void flush() = 0;                           ///< to disk (fsync); called before a checkpoint counts
  /// Writes record.json (atomic) and host.json, then updates the index.
  virtual void finish(const RunRecord& record, const RunTiming& timing) = 0;
};

struct VerifyProblem {
  std::string run, file, problem;
};

class RunStore {
 public:
  /// Opens or creates <study>/runs. Throws io if it cannot be written.
  [[nodiscard]] static RunStore open(const std::filesystem::path& study);
  /// Opens for reading; throws missing_input if there is no store.
  [[nodiscard]] static RunStore open_existing(const std::filesystem::path& study);

  RunStore(RunStore&&) noexcept;
  RunStore& operator=(RunStore&&) noexcept;
  ~RunStore();

  [[nodiscard]] const std::filesystem::path& study() const;
  [[nodiscard]] std::vector<StoredRun> list() const;        ///< from the index, refreshed where a run folder is newer; by params, then id
  [[nodiscard]] std::optional<StoredRun> find(const std::string& id_or_name) const;  ///< an id, a unique prefix, or a name
  [[nodiscard]] std::unique_ptr<RunWriter> write(const RunSpec& resolved, const std::string& name, const std::string& group);
  [[nodiscard]] RunSpec spec(const std::string& id) const;
  [[nodiscard]] std::vector<StepRecord> steps(const std::string& id) const;  ///< a torn last line is dropped, the rest survives
  [[nodiscard]] std::vector<EvalRecord> evals(const std::string& id) const;
  [[nodiscard]] std::vector<VerifyProblem> verify() const;  ///< every file parsed, every checksum checked
  void reindex();

 private:
  struct State;
  explicit RunStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The run table (runs.csv, design 4), one row per finished run. Empty cell: missing.
[[nodiscard]] std::string run_table_csv(const std::vector<StoredRun>& runs);

}  // namespace isoflop
