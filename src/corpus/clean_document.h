// One document made clean: mark-up, normalisation, measures, bounds.
#pragma once

#include <exception>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "corpus/aozora.h"
#include "corpus/inputs.h"
#include "corpus/json_line.h"
#include "corpus/quality.h"
#include "isoflop/clean.h"

namespace isoflop::corpus {

/// What is cleaned as a whole: a line of JSONL, a plain file, or a piece of a long one.
struct Record {
  std::size_t file = 0;
  std::int64_t number = 0;  ///< of the line, from 1; of the piece, from 1, 0 for a whole file
  std::string bytes;        ///< valid UTF-8
  std::exception_ptr error = {};  ///< what is wrong with it, if that was seen while it was read
};

/// Rules beside the bounds, and their place before them in reports.
inline constexpr const char* kEmptyRule = "empty";
inline constexpr const char* kReservedRule = "rights_reserved";

struct Failure {
  std::string name;
  double value = 0, bound = 0;
};

struct CleanedDocument {
  std::string line;  ///< as it is written, kept or removed; no line end
  std::string id, source, language, format, opening;
  std::int64_t characters_before = 0, characters = 0, bytes = 0;
  bool changed = false;
  std::vector<Failure> failures;  ///< in the order of the bounds; none: it is kept
};

struct CleanedRecord {
  std::vector<CleanedDocument> documents;
  AozoraCounts aozora;
  std::exception_ptr error;  ///< the record is bad, or something went wrong
};

/// What a file that is no JSONL is written in, as far as its ending says; `automatic` if it does not.
[[nodiscard]] TextFormat format_by_ending(const InputFile& file, TextFormat asked);

class DocumentCleaner {
 public:
  DocumentCleaner(const CleanOptions& options, const std::vector<InputFile>& files);
  /// Throws nothing: what goes wrong is in the result.
  [[nodiscard]] CleanedRecord clean(const Record& record);

 private:
  void clean_line(const Record& record, CleanedRecord& result);
  void clean_file(const Record& record, CleanedRecord& result);
  [[nodiscard]] std::vector<AozoraWork> works_of(std::string_view text, const InputFile& file, std::string& format,
                                                 AozoraCounts& counts) const;
  void judge(const AozoraWork& work, const std::string& language, CleanedDocument& document, std::string& quality);
  [[nodiscard]] const Bounds& bounds(const std::string& language);

  const CleanOptions& options_;
  const std::vector<InputFile>& files_;
  std::unique_ptr<JsonLineReader> reader_;
  std::size_t reader_file_ = 0;
  std::map<std::string, Bounds> bounds_;
};

}  // namespace isoflop::corpus
