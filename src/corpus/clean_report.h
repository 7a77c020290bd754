// What cleaning did, added up in reading order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "corpus/clean_document.h"
#include "corpus/encoding.h"
#include "corpus/inputs.h"
#include "corpus/reader.h"
#include "isoflop/clean.h"

namespace isoflop::corpus {

class CleanReporter {
 public:
  CleanReporter(const CleanOptions& options, const std::vector<InputFile>& files);

  void encoding(std::size_t file, const Encoding& encoding);
  void end_file(std::size_t file, const FileReport& done, std::int64_t invalid_bytes);
  void add(std::size_t file, const CleanedRecord& record);
  void bad_document(std::size_t file, const Error& error);
  void bad_file(std::size_t file, const Error& error);
  void passed_over(std::int64_t files) { report_.passed_over = files; }

  [[nodiscard]] CleanReport finish();

 private:
  void add(CleanFile& file, const CleanedDocument& document);
  void add_failures(const CleanedDocument& document);
  void bad(std::size_t file, const Error& error);

  const CleanOptions& options_;
  const std::vector<InputFile>& files_;
  CleanReport report_;
  std::map<std::string, CleanFilter> filters_;
  std::map<std::string, CleanLanguage> languages_;
  std::map<std::string, CleanSource> sources_;
};

/// A removed document's line with the bound that it failed first: the key `removed_by`.
[[nodiscard]] std::string with_reason(const CleanedDocument& document);

}  // namespace isoflop::corpus
