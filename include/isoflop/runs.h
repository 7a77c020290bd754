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

/// A cell of an imported run table, as it was given (numbers in their shortest form).
struct TableCell {
  std::string column, text;
};

/// A run that came from a table, not from training here. Only the columns its table had are known: what `record` cannot
/// leave out reads 0 there, so ask `cells` before using a number.
struct ImportedRow {
  std::string source;  ///< the table's file name
  std::vector<TableCell> cells;
};

/// A run as the store holds it.
struct StoredRun {
  std::string id;
  std::filesystem::path folder;
  RunRecord record;  ///< status `running` while record.json is not there and whole: never taken for finished
  std::optional<RunTiming> timing;
  // of its spec, for the run table; none while spec.json is not there or not whole
  std::optional<std::uint64_t> seed;
  std::optional<double> learning_rate;
  std::optional<std::int64_t> batch_tokens;  ///< tokens per update
  std::optional<ImportedRow> imported;
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
  std::string run;  ///< empty: a file of the study, not of one run
  std::string file, problem;
  std::string cure;  ///< what mends it at the least cost
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
  [[nodiscard]] std::vector<StoredRun> list() const;        ///< from the index, refreshed where a run folder is newer; by params,
                                                            ///< then id
  /// An id, a name, or the beginning of an id. Throws usage, listing them, if several match.
  [[nodiscard]] std::optional<StoredRun> find(const std::string& id_or_name) const;
  /// Begins a run, or goes on with one that is not finished (no whole record.json, or one that says `stopped`).
  ///
  /// Throws   Error{failure} if the run is finished or another process writes it; Error{bad_data} if its spec.json is another
  ///          run's.
  [[nodiscard]] std::unique_ptr<RunWriter> write(const RunSpec& resolved, const std::string& name, const std::string& group);
  /// Puts back the spec.json of a run that has a folder, where it is absent or not whole: the folder's name is its hash, so
  /// nothing is guessed.
  ///
  /// Result   true if it was written.
  /// Throws   bad_data if spec.json is whole but another run's.
  bool restore_spec(const RunSpec& resolved) const;
  [[nodiscard]] RunSpec spec(const std::string& id) const;
  /// A torn last line is dropped, the rest survives. Throws bad_data if a line is damaged, or if the run is finished and these
  /// are not the lines its record was written with.
  [[nodiscard]] std::vector<StepRecord> steps(const std::string& id) const;
  [[nodiscard]] std::vector<EvalRecord> evals(const std::string& id) const;
  /// Every file that carries a checksum, of the study and of every run, and that the study's JSON can be read.
  [[nodiscard]] std::vector<VerifyProblem> verify() const;
  /// Files of the study that are there and carry no checksum: a change in them goes unnoticed.
  [[nodiscard]] std::vector<std::string> unsealed() const;
  void reindex();  ///< throws io if the index cannot be written

  /// Adds the rows of a run table (docs/formats/runs-table.md) or of a table headed `C,N,D,loss` as imported runs.
  ///
  /// Result   how many rows are new; a row that is already there is left alone.
  /// Throws   Error{bad_data} naming row and column; nothing is imported then.
  /// Checked  table_test.cc: export, import, export gives the same table.
  std::int64_t import_table(const std::filesystem::path& csv);

 private:
  struct State;
  explicit RunStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The run table (docs/formats/runs-table.md): one row per run that is done or diverged, by params, then run. Empty cell:
/// missing.
[[nodiscard]] std::string run_table_csv(const std::vector<StoredRun>& runs);

/// The same, written as a file at once or not at all. Throws io.
void write_run_table(const std::vector<StoredRun>& runs, const std::filesystem::path& path);

/// One run as one JSON object: the run table's columns as keys (`run` is called `id`), what the table leaves out, and `timing`.
[[nodiscard]] std::string to_json(const StoredRun& run);

}  // namespace isoflop
