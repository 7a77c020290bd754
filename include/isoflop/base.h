// What every room shares: faults, progress, cancellation. Knows no language model.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace isoflop {

/// Why a public function could not do its work. The values are the program's exit codes.
enum class Fault : int {
  failure = 1,         ///< anything without a code of its own; also: not enough memory
  usage = 2,           ///< unknown flag, law, instruction set
  bad_data = 65,       ///< the input was read and is not what it must be
  missing_input = 66,  ///< the input is not there
  io = 74,             ///< disk full, unwritable output, failed read
  stopped = 75,        ///< SIGTERM or SIGUSR1: a checkpoint is saved, run again to continue
  bad_study = 78,      ///< a study file that cannot be meant
  diverged = 79,       ///< a run's loss or gradient is not finite
  interrupted = 130,   ///< Ctrl-C: a checkpoint is saved
};

/// The one exception of the library. Printed by the program as `isoflop: subject: problem` and `hint: ...`.
///
/// subject  the file, line, row, flag or run that is at fault
/// problem  what is wrong with it and what was expected
/// hint     how to mend it; may be empty
class Error : public std::exception {
 public:
  Error(Fault fault, std::string subject, std::string problem, std::string hint = {});

  [[nodiscard]] Fault fault() const noexcept { return fault_; }
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

 private:
  Fault fault_;
  std::string subject_, problem_, hint_, what_;
};

/// The candidate nearest to a word in edit distance, if it is within 2 (or a third of the length); for "did you mean".
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

/// Writes a file whole and synced, or the old one stays; into a device or a pipe as it is. Makes no folder.
///
/// Throws   Error{io}.
/// Checked  base_test.cc
void write_output(const std::string& path, std::string_view bytes);

/// How far a long call is. `total` is 0 while it is not known.
struct Progress {
  std::string_view stage;   ///< e.g. "train tiny", "encode"
  double done = 0;          ///< in units of `unit`
  double total = 0;
  std::string_view unit;    ///< "steps", "bytes"
  std::string_view detail;  ///< e.g. "loss 4.213  81 k tokens/s"
};

/// Called from the thread that runs the long call, at its own pace; it must return quickly and must not throw.
using ProgressFn = std::function<void(const Progress&)>;

}  // namespace isoflop
