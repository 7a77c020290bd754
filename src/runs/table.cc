#include "runs/table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "isoflop/text.h"
#include "record/json_text.h"

namespace isoflop {
namespace {

enum class Kind { word, count, number };

/// A column of the run table: what a run trained here has in it (nothing: missing).
struct Column {
  std::string name;
  Kind kind;
  std::function<std::string(const StoredRun&)> cell;
};

std::string text_of(const std::string& value) {
  return value;
}
std::string text_of(std::int64_t value) {
  return format_number(value);
}
std::string text_of(std::uint64_t value) {
  return std::to_string(value);
}
std::string text_of(double value) {
  return format_number(value);
}
template <class T>
std::string text_of(const std::optional<T>& value) {
  return value ? text_of(*value) : std::string();
}

template <class Value>
std::function<std::string(const StoredRun&)> cell(Value value) {
  return [value](const StoredRun& run) { return text_of(value(run)); };
}

// a count that no run has 0 of: 0 says that it is not known yet
std::optional<std::int64_t> known(std::int64_t count) {
  return count > 0 ? std::optional(count) : std::nullopt;
}

// 64 bits without sign: a seed
std::optional<std::uint64_t> parse_unsigned(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// FLOPs of the whole run, from those of a token
template <class Value>
std::function<std::string(const StoredRun&)> total(Value per_token) {
  return [per_token](const StoredRun& run) {
    const double flops = per_token(run) * static_cast<double>(run.record.tokens);
    return flops > 0 ? format_number(flops) : std::string();
  };
}

const std::vector<Column>& columns() {
  using R = const StoredRun&;
  static const std::vector<Column> kColumns = {
      {"run", Kind::word, cell([](R r) { return r.id; })},
      {"group", Kind::word, cell([](R r) { return r.record.group; })},
      {"seed", Kind::count, cell([](R r) { return r.seed; })},
      {"params", Kind::count, cell([](R r) { return known(r.record.params.params); })},
      {"params_non_embedding", Kind::count, cell([](R r) { return known(r.record.params.params_non_embedding); })},
      {"params_matmul", Kind::count, cell([](R r) { return known(r.record.params.params_matmul); })},
      {"tokens", Kind::count, cell([](R r) { return r.record.tokens; })},
      {"unique_tokens", Kind::count, cell([](R r) { return known(r.record.unique_tokens); })},
      {"distinct_tokens_seen", Kind::count, cell([](R r) { return r.record.distinct_tokens_seen; })},
      {"train_bytes", Kind::count, cell([](R r) { return r.record.train_bytes; })},
      {"flops_exact", Kind::number, total([](R r) { return r.record.flops.exact; })},
      {"flops_6nd", Kind::number, total([](R r) { return r.record.flops.six_n; })},
      {"flops_full_attention", Kind::number, total([](R r) { return r.record.flops.full_attention; })},
      {"loss", Kind::number, cell([](R r) { return r.record.loss; })},
      {"loss_kind", Kind::word, cell([](R r) { return std::string(r.record.loss ? "final" : ""); })},
      {"loss_best", Kind::number, cell([](R r) { return r.record.loss_best; })},
      {"train_loss", Kind::number, cell([](R r) { return r.record.train_loss; })},
      {"loss_se_eval", Kind::number, cell([](R r) { return r.record.loss_se_eval; })},
      {"bits_per_byte", Kind::number, cell([](R r) { return r.record.bits_per_byte; })},
      {"learning_rate", Kind::number, cell([](R r) { return r.learning_rate; })},
      {"batch_tokens", Kind::count, cell([](R r) { return r.batch_tokens; })},
      {"status", Kind::word, cell([](R r) { return to_string(r.record.status); })},
      {"name", Kind::word, cell([](R r) { return r.record.name; })},
      {"regime", Kind::word, cell([](R r) { return known(r.record.unique_tokens) ? to_string(r.record.regime) : ""; })},
      {"isa", Kind::word, cell([](R r) { return r.record.isa; })},
      {"loss_full_context", Kind::number, cell([](R r) { return r.record.loss_full_context; })},
      {"flops", Kind::number, cell([](R) { return std::string(); })},
      {"seconds", Kind::number, cell([](R r) { return r.timing ? std::optional(r.timing->seconds) : std::nullopt; })},
      {"tokens_per_second", Kind::number,
       cell([](R r) { return r.timing ? std::optional(r.timing->tokens_per_second) : std::nullopt; })},
      {"threads", Kind::count, cell([](R r) { return r.timing ? std::optional(r.timing->threads) : std::nullopt; })},
  };
  return kColumns;
}
constexpr const char* kTimingColumns[] = {"seconds", "tokens_per_second", "threads"};

const Column* find_column(const std::string& name) {
  const auto it = std::find_if(columns().begin(), columns().end(), [&](const Column& c) { return c.name == name; });
  return it == columns().end() ? nullptr : &*it;
}

std::string imported_cell(const ImportedRow& row, const std::string& column) {
  const auto it = std::find_if(row.cells.begin(), row.cells.end(), [&](const TableCell& c) { return c.column == column; });
  return it == row.cells.end() ? std::string() : it->text;
}

std::string cell_of(const StoredRun& run, const Column& column) {
  if (!run.imported) return column.cell(run);
  const std::string given = imported_cell(*run.imported, column.name);
  return given.empty() && column.name == "run" ? run.id : given;
}

// other tables' words for our columns
std::string column_name(const std::string& header) {
  if (header == "C") return "flops";
  if (header == "N") return "params";
  if (header == "D") return "tokens";
  return header;
}

// a number in the form this program writes it; counts may have been written as 1e9 or 44000000.0
std::string canonical(const Column& column, const std::string& text, const std::string& subject) {
  if (column.kind == Kind::word || text.empty()) return text;
  const auto wrong = [&](const std::string& expected) {
    return Error(Fault::bad_data, subject, "column `" + column.name + "` is `" + text + "`, expected " + expected);
  };
  if (column.name == "seed") {
    if (const auto seed = parse_unsigned(text)) return text_of(*seed);
    throw wrong("a whole number from 0");
  }
  const auto value = parse_double(text);
  if (!value) throw wrong("a number");
  if (column.kind == Kind::number) return format_number(*value);
  if (const auto whole = parse_int(text)) return format_number(*whole);
  constexpr double kMost = 9007199254740992.0;  // 2^53
  if (!(std::fabs(*value) < kMost) || std::floor(*value) != *value) throw wrong("a whole number");
  return format_number(static_cast<std::int64_t>(*value));
}

void require_positive(const ImportedRow& row, const std::string& column, const std::string& subject) {
  const std::string text = imported_cell(row, column);
  const auto value = parse_double(text);
  if (text.empty() || (value && *value > 0 && std::isfinite(*value))) return;
  throw Error(Fault::bad_data, subject, "column `" + column + "` is " + text + ", expected a positive number");
}

RunStatus status_of(const std::string& word) {
  for (const RunStatus status : {RunStatus::done, RunStatus::diverged}) {
    if (word == to_string(status)) return status;
  }
  return word.empty() ? RunStatus::done : RunStatus::running;
}

void check_row(const ImportedRow& row, const std::string& subject) {
  for (const char* column : {"params", "params_non_embedding", "params_matmul", "tokens", "unique_tokens", "flops", "loss"})
    require_positive(row, column, subject);
  const std::string status = imported_cell(row, "status");
  if (status_of(status) == RunStatus::running) {
    throw Error(Fault::bad_data, subject, "column `status` is `" + status + "`, expected done or diverged");
  }
  if (imported_cell(row, "params").empty()) throw Error(Fault::bad_data, subject, "has no number of parameters");
  if (imported_cell(row, "loss").empty() && status_of(status) == RunStatus::done)
    throw Error(Fault::bad_data, subject, "is done and has no loss");
}

Json typed(const std::string& text, Kind kind) {
  if (text.empty()) return nullptr;
  if (kind == Kind::word) return text;
  if (kind == Kind::count) {
    if (const auto whole = parse_int(text)) return *whole;
    return json_or_null(parse_unsigned(text));  // a seed above 2^63
  }
  return parse_double(text).value_or(std::nan(""));
}

}  // namespace

std::vector<ImportedRow> read_run_table(const std::filesystem::path& csv) {
  const std::string subject = csv.string();
  std::vector<std::vector<std::string>> table;
  for (CsvRecord& record : read_csv(read_file(csv), subject)) {
    if (record.cells.size() > 1 || !record.cells[0].empty()) table.push_back(std::move(record.cells));  // blank lines are nothing
  }
  if (table.size() < 2) throw Error(Fault::bad_data, subject, "holds no rows");

  // the header: every column known, none twice
  std::vector<const Column*> header;
  for (const std::string& word : table[0]) {
    const Column* column = find_column(column_name(word));
    if (column == nullptr) {
      std::vector<std::string> names;
      for (const Column& known : columns()) names.push_back(known.name);
      const auto near = nearest(word, names);
      throw Error(Fault::bad_data, subject, "column `" + word + "` is not known",
                  near ? "did you mean `" + *near + "`?" : "docs/formats/runs-table.md lists the columns");
    }
    if (std::find(header.begin(), header.end(), column) != header.end())
      throw Error(Fault::bad_data, subject, "column `" + word + "` is there twice");
    header.push_back(column);
  }

  std::vector<ImportedRow> rows;
  for (std::size_t r = 1; r < table.size(); ++r) {
    const std::string where = subject + " row " + std::to_string(r);
    if (table[r].size() != header.size()) {
      throw Error(Fault::bad_data, where,
                  "has " + std::to_string(table[r].size()) + " cells, the header " + std::to_string(header.size()));
    }
    ImportedRow row{csv.filename().string(), {}};
    for (std::size_t c = 0; c < header.size(); ++c) {
      const std::string cell = canonical(*header[c], table[r][c], where);
      if (!cell.empty()) row.cells.push_back({header[c]->name, cell});
    }
    check_row(row, where);
    rows.push_back(std::move(row));
  }
  return rows;
}

void fill_from_cells(StoredRun& run, ImportedRow row) {
  const auto number = [&](const char* column) { return parse_double(imported_cell(row, column)); };
  const auto count = [&](const char* column) { return parse_int(imported_cell(row, column)); };
  RunRecord& r = run.record;
  r.id = run.id;
  r.name = imported_cell(row, "name");
  r.group = imported_cell(row, "group");
  r.status = status_of(imported_cell(row, "status"));
  r.params = {count("params").value_or(0), count("params_non_embedding").value_or(0), count("params_matmul").value_or(0)};
  r.tokens = count("tokens").value_or(0);
  r.unique_tokens = count("unique_tokens").value_or(0);
  r.distinct_tokens_seen = count("distinct_tokens_seen");
  r.train_bytes = count("train_bytes");
  if (r.tokens > 0) {
    const auto per_token = [&](const char* column) { return number(column).value_or(0) / static_cast<double>(r.tokens); };
    r.flops = {per_token("flops_exact"), per_token("flops_6nd"), per_token("flops_full_attention")};
  }
  r.loss = number("loss");
  r.loss_best = number("loss_best");
  r.train_loss = number("train_loss");
  r.loss_se_eval = number("loss_se_eval");
  r.loss_full_context = number("loss_full_context");
  r.bits_per_byte = number("bits_per_byte");
  for (const Regime regime : {Regime::fresh, Regime::repeated, Regime::memorising}) {
    if (imported_cell(row, "regime") == to_string(regime)) r.regime = regime;
  }
  r.isa = imported_cell(row, "isa");
  run.seed = parse_unsigned(imported_cell(row, "seed"));
  run.learning_rate = number("learning_rate");
  run.batch_tokens = count("batch_tokens");
  run.imported = std::move(row);
}

std::string run_table_csv(const std::vector<StoredRun>& runs) {
  std::vector<std::pair<const StoredRun*, std::string>> rows;
  for (const StoredRun& run : runs) {
    const bool finished = run.record.status == RunStatus::done || run.record.status == RunStatus::diverged;
    if (finished) rows.emplace_back(&run, cell_of(run, columns().front()));
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    const std::int64_t n = a.first->record.params.params, m = b.first->record.params.params;
    return n != m ? n < m : a.second < b.second;
  });
  std::string out;
  const auto add_row = [&](auto cell_at) {
    std::vector<std::string> cells;
    for (const Column& column : columns()) cells.push_back(cell_at(column));
    out += csv_row(cells);
  };
  add_row([](const Column& column) { return column.name; });
  for (const auto& row : rows) add_row([&run = *row.first](const Column& column) { return cell_of(run, column); });
  return out;
}

void write_run_table(const std::vector<StoredRun>& runs, const std::filesystem::path& path) {
  write_output(path, run_table_csv(runs));
}

std::string to_json(const StoredRun& run) {
  Json object = Json::object();
  object["id"] = run.id;
  object["name"] = typed(run.record.name, Kind::word);
  for (const Column& column : columns()) {
    const bool timing = std::find(std::begin(kTimingColumns), std::end(kTimingColumns), column.name) != std::end(kTimingColumns);
    if (column.name != "run" && column.name != "name" && !timing) object[column.name] = typed(cell_of(run, column), column.kind);
  }
  object["status"] = to_string(run.record.status);  // an imported row without one is taken for done
  object["steps"] = run.imported ? Json(nullptr) : Json(run.record.steps);
  object["reason"] = run.record.reason.empty() ? Json(nullptr) : Json(run.record.reason);
  object["isa_changed"] = run.imported ? Json(nullptr) : Json(run.record.isa_changed);
  object["source"] = run.imported ? Json(run.imported->source) : Json(nullptr);
  Json& timing = object["timing"] = Json::object();
  for (const char* name : kTimingColumns) timing[name] = typed(cell_of(run, *find_column(name)), find_column(name)->kind);
  timing["peak_bytes"] = run.timing ? Json(run.timing->peak_bytes) : Json(nullptr);
  return json_text(object);
}

}  // namespace isoflop
