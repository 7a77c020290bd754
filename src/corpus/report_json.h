// What the reports of clean, dedup and mix share as JSON.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "isoflop/corpus.h"

namespace isoflop::corpus {

[[nodiscard]] inline Json files_json(const std::vector<CorpusFile>& files, const char* bytes) {
  Json list = Json::array();
  for (const CorpusFile& file : files) list.push_back({{"name", file.name}, {"sha256", file.sha256}, {bytes, file.stored_bytes}});
  return list;
}

/// Valid UTF-8, which a file's name need not be; on one line without `indent`.
[[nodiscard]] inline std::string dump_report(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace isoflop::corpus
