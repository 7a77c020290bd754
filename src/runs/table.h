// The run table's columns (docs/formats/runs-table.md), said once: export, import and the JSON form read them here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "isoflop/runs.h"

namespace isoflop {

/// Takes over an imported row: the record's values where its table has them.
void fill_from_cells(StoredRun& run, ImportedRow row);

/// The rows of a table as imported runs. Throws bad_data naming row and column.
[[nodiscard]] std::vector<ImportedRow> read_run_table(const std::filesystem::path& csv);

}  // namespace isoflop
