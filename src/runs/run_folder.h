// One run's folder: the names of its files and what they say.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/runs.h"

namespace isoflop {

/// 16 hex digits, or `imported-` and 16 hex digits.
[[nodiscard]] bool is_run_folder_name(const std::string& name);
[[nodiscard]] bool is_imported_name(const std::string& name);

/// spec.json. Throws bad_data if it is not whole, missing_input if it is not there.
[[nodiscard]] RunSpec read_spec(const std::filesystem::path& folder);

/// record.json and the checksums it holds of the lines it belongs to.
struct SealedRecord {
  RunRecord record;
  std::string steps_xxh3, eval_xxh3;
};
[[nodiscard]] std::string record_document(const SealedRecord& record);
/// Nothing if there is no record.json; throws bad_data if it is not whole.
[[nodiscard]] std::optional<SealedRecord> read_record(const std::filesystem::path& folder);
/// hex64 of XXH3-64 of the file; of no bytes if it is not there.
[[nodiscard]] std::string file_xxh3(const std::filesystem::path& path);

/// host.json: what belongs to the clock, the host or the caller's names.
struct HostFacts {
  std::string name, group;
  std::optional<RunTiming> timing;
};
[[nodiscard]] std::string host_document(const HostFacts& host);
[[nodiscard]] HostFacts read_host(const std::filesystem::path& folder);

/// record.json of an imported row.
[[nodiscard]] std::string imported_document(const ImportedRow& row);
[[nodiscard]] ImportedRow read_imported(const std::filesystem::path& folder);

/// The run as its files say. A record.json that is not whole makes it `running`, with the fault as `reason`: it can be trained
/// again, never counted. A spec.json that is not whole can be written again from the folder's name and unmakes no result.
[[nodiscard]] StoredRun load_run(const std::filesystem::path& folder);

/// RunStore::restore_spec in this folder.
bool restore_spec(const std::filesystem::path& folder, const RunSpec& resolved);

/// How a file that is not whole is mended at the least cost: a name in a run's folder, `ckpt/...`, or in the study's.
[[nodiscard]] std::string cure_of(const std::string& file);

/// Every problem of one run's files, for RunStore::verify.
[[nodiscard]] std::vector<VerifyProblem> verify_run(const std::filesystem::path& folder);
/// The same of the files beside `runs/`.
[[nodiscard]] std::vector<VerifyProblem> verify_study(const std::filesystem::path& study);
/// Those of them that carry no checksum.
[[nodiscard]] std::vector<std::string> unsealed_files(const std::filesystem::path& study);

}  // namespace isoflop
