#include "corpus/clean_report.h"

#include <algorithm>

#include "base/json.h"
#include "corpus/json_line.h"

namespace isoflop {
namespace corpus {
namespace {

constexpr std::size_t kExamples = 3, kBadExamples = 5;

// rules first, then bounds as they are tried
std::size_t place_of(const std::string& name) {
  if (name == kEmptyRule) return 0;
  if (name == kReservedRule) return 1;
  return 2 + 2 * measure_index(name.substr(4)) + (name.starts_with("max_") ? 1 : 0);
}

template <class Value>
std::vector<Value> values_of(const std::map<std::string, Value>& map) {
  std::vector<Value> values;
  for (const auto& [name, value] : map) values.push_back(value);
  return values;
}

}  // namespace

CleanReporter::CleanReporter(const CleanOptions& options, const std::vector<InputFile>& files)
    : options_(options), files_(files) {
  for (const InputFile& file : files) {
    report_.files.emplace_back();
    report_.files.back().name = file.name;
    report_.files.back().stored_bytes = file.stored_bytes;
  }
}

void CleanReporter::encoding(std::size_t file, const Encoding& encoding) {
  report_.files[file].encoding = encoding.name;
  report_.files[file].encoding_from = encoding.from;
}

void CleanReporter::end_file(std::size_t file, const FileReport& done, std::int64_t invalid_bytes) {
  report_.files[file].sha256 = done.sha256;
  report_.files[file].stored_bytes = done.stored_bytes;
  report_.files[file].invalid_bytes = invalid_bytes;
}

void CleanReporter::add(std::size_t file, const CleanedRecord& record) {
  report_.aozora += record.aozora;
  for (const CleanedDocument& document : record.documents) add(report_.files[file], document);
}

void CleanReporter::add(CleanFile& file, const CleanedDocument& document) {
  const bool kept = document.failures.empty();
  ++file.documents;
  ++report_.documents;
  report_.characters += document.characters_before;
  ++report_.formats[document.format];
  CleanSource& source = sources_[document.source];
  source.name = document.source;
  ++source.documents;
  source.characters += document.characters_before;
  if (!document.language.empty()) {
    CleanLanguage& language = languages_[document.language];
    ++language.documents;
    if (kept) {
      ++language.kept_documents;
      language.kept_characters += document.characters;
    }
  }
  if (!kept) return add_failures(document);
  ++report_.kept_documents;
  report_.kept_characters += document.characters;
  report_.kept_bytes += document.bytes;
  if (document.changed) ++report_.changed_documents;
  ++source.kept_documents;
  source.kept_characters += document.characters;
}

void CleanReporter::add_failures(const CleanedDocument& document) {
  for (const Failure& failure : document.failures) ++filters_[failure.name].failed;
  const Failure& first = document.failures.front();
  CleanFilter& filter = filters_[first.name];
  ++filter.documents;
  filter.characters += document.characters;
  if (filter.examples.size() == kExamples) return;
  filter.examples.push_back({document.id, document.source, document.opening, first.value, first.bound});
}

void CleanReporter::bad(std::size_t file, const Error& error) {
  ++report_.bad;
  if (report_.bad_examples.size() == kBadExamples) return;
  // by the file's name: the manifest holds no path
  std::string what = error.what();
  if (const std::string path = files_[file].path.string(); what.starts_with(path))
    what.replace(0, path.size(), files_[file].name);
  report_.bad_examples.push_back(std::move(what));
}

void CleanReporter::bad_document(std::size_t file, const Error& error) {
  ++report_.files[file].bad;
  bad(file, error);
}

void CleanReporter::bad_file(std::size_t file, const Error& error) {
  report_.files[file].problem = error.problem();
  bad(file, error);
}

CleanReport CleanReporter::finish() {
  CleanReport report = report_;
  for (auto& [name, filter] : filters_) {
    filter.name = name;
    report.filters.push_back(filter);
  }
  std::sort(report.filters.begin(), report.filters.end(),
            [](const CleanFilter& a, const CleanFilter& b) { return place_of(a.name) < place_of(b.name); });
  for (auto& [name, language] : languages_) {
    language.name = name;
    if (!options_.filter) continue;
    for (const Bounds::Bound& bound : bounds_of(name, options_.bounds).bounds) {
      language.bounds.push_back({measure_table()[bound.measure].name, bound.at_least, bound.value, {}});
    }
  }
  report.languages = values_of(languages_);
  report.sources = values_of(sources_);
  return report;
}

std::string with_reason(const CleanedDocument& document) {
  std::string line = document.line;
  line.pop_back();  // the brace
  line += ", \"removed_by\": ";
  append_json_text(line, document.failures.front().name);
  return line + "}";
}

}  // namespace corpus

AozoraCounts& AozoraCounts::operator+=(const AozoraCounts& other) {
  works += other.works;
  legends += other.legends;
  feet += other.feet;
  rubies += other.rubies;
  notes += other.notes;
  gaiji_mapped += other.gaiji_mapped;
  gaiji_unknown += other.gaiji_unknown;
  repeat_marks += other.repeat_marks;
  accents += other.accents;
  reserved += other.reserved;
  return *this;
}

}  // namespace isoflop
