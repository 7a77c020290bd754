// Tables of runs, read and chosen from.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/base.h"

namespace isoflop {

struct Warning {
  std::string code;  ///< e.g. "not_monotone", "one_degree_of_freedom", "repeated_data"
  std::string text;  ///< with the number behind it
};

/// The learning rate of a run by step. Steps ascend.
struct Schedule {
  std::vector<double> steps, learning_rates;
};

/// A table of named columns; missing is NaN-free: an empty optional. `labels` names the rows in messages.
struct Observations {
  std::vector<std::string> labels;
  std::map<std::string, std::vector<std::optional<double>>> columns;  ///< params, tokens, loss, ... (design 1)
  std::string n_convention = "unstated";      ///< params | params_non_embedding | params_matmul | unstated
  std::string flops_convention = "unstated";  ///< flops_exact | flops_6nd | flops_full_attention | unstated
  std::string loss_kind = "unstated";         ///< final | best | train | unstated
  std::string loss_unit = "unstated";         ///< nats (a token) | bits_per_byte | unstated
  std::string subject;                        ///< the file or folder the rows come from, for messages; may be empty
  std::vector<std::int64_t> lines;            ///< the line of each row in `subject`; empty: not from a text
  std::vector<std::string> groups;            ///< rows of one word go together (checkpoints of a run); empty: every row by itself
  std::vector<Warning> warnings;              ///< runs that are not in the rows, and why: every fit of the table carries them
  /// Of a table of steps, by run (the row's group, else its label; "" where the table is of one run that has no name): also what
  /// rows say that are not in the table any more, for a step's loss depends on all rates before it. Empty: as the rows have it.
  std::map<std::string, Schedule> schedules;

  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(labels.size()); }
};

/// A table as text: a header and its rows, as read.
struct CsvTable {
  std::string subject;                         ///< the file's name, for messages
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< every row as long as the header
  std::vector<std::int64_t> lines;             ///< the line each row starts on; empty: not from a text
  std::vector<Warning> warnings;               ///< runs that are not in the rows, and why
};

/// Reads RFC 4180 text: commas, optional double quotes, LF or CRLF, a byte-order mark forgiven.
///
/// Throws   Error{bad_data} with `subject`, line and column: no header, two columns of one name, a row of another length,
///          a quote that is not closed or stands in the middle of a cell.
[[nodiscard]] CsvTable parse_csv(const std::string& text, const std::string& subject);

/// The rows for which `expression` holds: `column (=|!=|<|<=|>|>=) literal`, joined by `and`; a literal is one word, or quoted.
/// A missing cell holds nothing. Two numbers compare as numbers, anything else as text.
///
/// Throws   Error{usage} naming the part that cannot be read, the column that is not there (with the nearest one), or a literal
///          that is no number where < <= > >= compare a column of numbers; Error{bad_data} naming the line of a cell that is
///          none.
[[nodiscard]] CsvTable rows_where(const CsvTable& table, const std::string& expression);

/// The rows for which `expression` holds, and the others.
[[nodiscard]] std::pair<CsvTable, CsvTable> split_where(const CsvTable& table, const std::string& expression);

/// Which rows of a table are read, under which names.
struct TableOptions {
  std::map<std::string, std::string> rename = {};  ///< our word -> the table's column: {"params", "N"}
  std::string where = {};                          ///< as rows_where; empty: all
  std::vector<std::string> drop = {};              ///< rows by name, or "line 17"
  std::string loss_unit = {};                      ///< nats | bits (a token both) | bpb; empty: as the table says
};

/// The rows that are not named: by their name (column name, run, label or model), or as "line 17".
///
/// Throws   Error{usage} naming the nearest row where there is none of a name.
[[nodiscard]] CsvTable rows_but(const CsvTable& table, const std::vector<std::string>& dropped);

/// A table of runs as text: CSV, a log of llm.c (its steps, `main.log`), or a `scaling_results.json` of the source experiment,
/// told apart by how they begin. Throws as parse_csv; Error{bad_data} naming line or key.
[[nodiscard]] CsvTable read_runs(const std::string& text, const std::string& subject);

/// A table as observations of finished runs: rows whose `status` is not `done` (or empty) and rows of the `group`
/// `learning-rate`, which are a sweep's short runs, are left out with a warning. Columns are what they are called; those of
/// tables whose header is known (docs/formats/laws.md) by what they mean; N, D, C, L, lr are taken for params, tokens, flops,
/// loss, learning_rate where those are not there, and what N counts is `unstated`.
///
/// Units    loss: nats per token, bits are turned into them; bits per byte stay, and `loss_unit` says so.
/// Result   of a table of steps also `schedules`, of rows that are not chosen too.
/// Throws   Error{bad_data} naming line and column if a cell of a column we know is not a number or no status, loss kinds or
///          units are mixed, or no row is left; Error{usage} for an unknown unit, row or condition.
[[nodiscard]] Observations observations_from_table(const CsvTable& table, const TableOptions& options = {});
/// The rows for which `expression` holds too, and the others.
[[nodiscard]] std::pair<Observations, Observations> split_observations(const CsvTable& table, const std::string& expression,
                                                                       const TableOptions& options = {});
/// The same from text.
[[nodiscard]] Observations observations_from_csv(const std::string& text, const std::string& subject,
                                                 const TableOptions& options = {});

}  // namespace isoflop
