#include "isoflop/clean.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/team.h"
#include "isoflop/text.h"
#include "corpus/clean_document.h"
#include "corpus/clean_report.h"
#include "corpus/encoding.h"
#include "corpus/inputs.h"
#include "corpus/language.h"
#include "corpus/parts_folder.h"
#include "corpus/reader.h"

namespace isoflop {
namespace corpus {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{4} << 20;  // a thread
constexpr std::int64_t kLongestPossible = std::int64_t{1} << 30;

using Add = std::function<void(Record record)>;

// A file's text as records: lines, or the whole, or pieces of what is too long to be held.
class Records final : public PieceSink {
 public:
  Records(const InputFile& file, std::size_t index, const CleanOptions& options, const Add& add)
      : file_(file),
        index_(index),
        options_(options),
        add_(add),
        lines_(
            options.longest_document, [this](std::string_view line, std::int64_t number) { take(line, number); },
            [this](std::int64_t number) {
              const Error error = too_long_a_line(file_.path.string(), number, options_.longest_document);
              bad(number, {error.fault(), error.subject(), error.problem(),
                           error.hint() + " Else allow longer ones with --longest-document"});
            }) {}

  void piece(std::string_view text, std::int64_t invalid_bytes) override {
    line_invalid_ += invalid_bytes - invalid_bytes_;
    invalid_bytes_ = invalid_bytes;
    if (file_.json_lines) {
      lines_.add(text);
      if (text.ends_with('\n')) line_invalid_ = 0;
      return;
    }
    text_ += text;
    while (static_cast<std::int64_t>(text_.size()) > options_.longest_document) cut();
  }
  void finish(std::int64_t invalid_bytes) override {
    invalid_bytes_ = invalid_bytes;
    if (file_.json_lines) return lines_.finish();
    if (pieces_ == 0 || !text_.empty()) add_({index_, pieces_ == 0 ? 0 : pieces_ + 1, std::move(text_)});
  }
  [[nodiscard]] std::int64_t invalid_bytes() const { return invalid_bytes_; }

 private:
  // with skip_bad, invalid bytes cost their line, not the rest of the file: a piece is no more than a line then
  void take(std::string_view line, std::int64_t number) {
    if (line_invalid_ == 0 || options_.invalid != Utf8Policy::error) return add_({index_, number, std::string(line)});
    bad(number, {Fault::bad_data, file_.path.string() + ":" + std::to_string(number), "holds invalid UTF-8",
                 "choose --utf8 replace or --utf8 skip to keep the line"});
  }
  // it takes its turn among the records: what is reported first does not depend on how many are read ahead
  void bad(std::int64_t number, const Error& error) { add_({index_, number, {}, std::make_exception_ptr(error)}); }

  // plain text ends at its last empty line before the limit, else at its last line end; other formats cannot be cut
  void cut() {
    const auto most = static_cast<std::size_t>(options_.longest_document);
    const TextFormat format = format_by_ending(file_, options_.format);
    const std::string limit = format_bytes(static_cast<double>(options_.longest_document));
    if (format != TextFormat::automatic && format != TextFormat::plain) {
      throw Error(Fault::bad_data, file_.path.string(),
                  "is one document of more than " + limit + ", and " + to_string(format) + " cannot be cut",
                  "split the file, or allow longer ones with --longest-document");
    }
    const std::string_view head = std::string_view(text_).substr(0, most);
    std::size_t end = head.rfind("\n\n");
    if (end == std::string_view::npos || end < most / 2) end = head.rfind('\n');
    if (end == std::string_view::npos) {
      throw Error(Fault::bad_data, file_.path.string(), "holds a line of more than " + limit + ", the longest document allowed",
                  "cut the line, or allow longer ones with --longest-document");
    }
    end = std::min(text_.find_first_not_of('\n', end), most);
    add_({index_, ++pieces_, text_.substr(0, end)});
    text_.erase(0, end);
  }

  const InputFile& file_;
  std::size_t index_;
  const CleanOptions& options_;
  const Add& add_;
  LineCutter lines_;
  std::string text_;
  std::int64_t pieces_ = 0, invalid_bytes_ = 0, line_invalid_ = 0;
};

// Batches of records cleaned by the team, taken in reading order.
class Pipeline {
 public:
  Pipeline(const CleanOptions& options, const std::vector<InputFile>& files)
      : options_(options),
        team_(options.threads),
        report_(options, files),
        parts_(options.out, kCleanManifest, options.shard_bytes, paths_of(files)) {
    for (std::int64_t i = 0; i < options.threads; ++i) cleaners_.emplace_back(options, files);
    if (options.removed.empty()) return;
    if (const std::filesystem::path path = options.removed; path.has_parent_path()) make_folder(path.parent_path());
    removed_.emplace(options.removed);
  }

  void add(Record record) {
    bytes_ += record.bytes.size() + 64;
    const bool fails = record.error && !options_.skip_bad;
    records_.push_back(std::move(record));
    if (fails || bytes_ >= kBatchBytes * static_cast<std::size_t>(options_.threads)) flush();
  }

  void flush() {
    std::vector<Record> records = std::exchange(records_, {});
    bytes_ = 0;
    std::vector<CleanedRecord> results(records.size());
    std::atomic<std::size_t> next{0};
    team_.run([&](std::int64_t rank) {
      for (std::size_t i; (i = next.fetch_add(1)) < records.size();) {
        results[i] = cleaners_[static_cast<std::size_t>(rank)].clean(records[i]);
        records[i].bytes = {};
      }
    });
    for (std::size_t i = 0; i < results.size(); ++i) take(records[i].file, results[i]);
  }

  CleanReporter& report() { return report_; }

  CleanReport finish() {
    flush();
    CleanReport report = report_.finish();
    report.parts = parts_.close();
    std::string lines;
    for (const CorpusFile& part : report.parts) lines += part.sha256 + "\n";
    report.content_id = sha256_hex(lines);
    if (removed_) removed_->finish();
    parts_.finish(to_json(report, options_));
    return report;
  }

 private:
  void take(std::size_t file, const CleanedRecord& result) {
    if (result.error) {
      try {
        std::rethrow_exception(result.error);
      } catch (const Error& error) {
        if (!options_.skip_bad || error.fault() != Fault::bad_data) throw;
        report_.bad_document(file, error);
      }
    }
    report_.add(file, result);
    for (const CleanedDocument& document : result.documents) {
      if (document.failures.empty()) {
        parts_.write(document.line);
      } else if (removed_) {
        removed_->write(with_reason(document) + "\n");
      }
    }
  }

  const CleanOptions& options_;
  Team team_;
  CleanReporter report_;
  PartsFolder parts_;
  std::optional<OutputFile> removed_;
  std::vector<DocumentCleaner> cleaners_;
  std::vector<Record> records_;
  std::size_t bytes_ = 0;
};

Encoding encoding_of(const InputFile& file, const CleanOptions& options, std::stop_token stop) {
  if (options.encoding != "auto") return {encoding_name(options.encoding), "given"};
  return detect_encoding(file, options.unpack, stop);
}

void read_file_into(Pipeline& pipeline, const InputFile& file, std::size_t index, const CleanOptions& options,
                    std::stop_token stop, const std::function<void(std::int64_t)>& advanced) {
  if (file.named && file.stored_bytes == 0) throw Error(Fault::bad_data, file.path.string(), "is empty");
  const Encoding encoding = encoding_of(file, options, stop);
  pipeline.report().encoding(index, encoding);
  ReadOptions read;
  const bool line_by_line = file.json_lines && encoding.name == kUtf8 && options.skip_bad && options.invalid == Utf8Policy::error;
  read.utf8 = line_by_line ? Utf8Policy::replace : options.invalid;
  read.encoding = encoding.name;
  read.unpack = options.unpack;
  const Add add = [&](Record record) { pipeline.add(std::move(record)); };
  Records records(file, index, options, add);
  const FileReport done = read_pieces(file, read, records, stop, advanced);
  pipeline.report().end_file(index, done, records.invalid_bytes());
}

}  // namespace
}  // namespace corpus

void validate(const CleanOptions& options) {
  const auto within = [](const char* name, std::int64_t value, std::int64_t least, std::int64_t most) {
    if (value >= least && value <= most) return;
    throw Error(Fault::usage, name,
                std::to_string(value) + " is not from " + std::to_string(least) + " to " + std::to_string(most));
  };
  within("threads", options.threads, 1, 4096);
  within("longest_document", options.longest_document, 1, corpus::kLongestPossible);
  within("shard_bytes", options.shard_bytes, 1, std::int64_t{1} << 50);
  within("unpack ratio", options.unpack.ratio, 1, 1'000'000);
  within("unpacked bytes", options.unpack.bytes, 1, std::int64_t{1} << 50);
  for (const auto& [name, key] :
       {std::pair("text_key", &options.text_key), {"source_key", &options.source_key}, {"id_key", &options.id_key}}) {
    if (key->empty()) throw Error(Fault::usage, name, "is empty, expected a JSONL key");
  }
  if (options.out.empty()) throw Error(Fault::usage, "out", "is missing, expected the folder to write");
  if (options.encoding != "auto") (void)corpus::encoding_name(options.encoding);
  if (!options.language.empty()) {
    const std::vector<std::string>& known = corpus::known_languages();
    if (std::find(known.begin(), known.end(), options.language) == known.end()) {
      std::string listed;
      for (const std::string& name : known) listed += (listed.empty() ? "" : ", ") + name;
      throw Error(Fault::usage, "language", "`" + options.language + "` is none of " + listed);
    }
  }
  (void)corpus::bounds_of("en", options.bounds);
  for (const QualityBound& least : options.bounds) {
    for (const QualityBound& most : options.bounds) {
      if (!least.at_least || most.at_least || least.measure != most.measure || !least.value || !most.value ||
          *least.value <= *most.value)
        continue;
      throw Error(Fault::usage, least.source.empty() ? least.name() : least.source,
                  format_number(*least.value) + " is above " + most.name() + " " + format_number(*most.value) +
                      ": nothing would be kept");
    }
  }
}

CleanReport clean_corpus(const CleanOptions& options, std::stop_token stop, const ProgressFn& progress) {
  validate(options);
  corpus::Inputs inputs = corpus::find_inputs(options.inputs, true);
  corpus::refuse_to_lose(corpus::paths_of(inputs.files), options.removed, options.out, "removed");
  double total = 0, before = 0;
  for (const corpus::InputFile& file : inputs.files) total += static_cast<double>(file.stored_bytes);
  corpus::Pipeline pipeline(options, inputs.files);
  for (std::size_t i = 0; i < inputs.files.size(); ++i) {
    const corpus::InputFile& file = inputs.files[i];
    const auto advanced = [&](std::int64_t bytes) {
      if (progress) progress({"clean", before + static_cast<double>(bytes), total, "bytes", file.name});
    };
    try {
      corpus::read_file_into(pipeline, file, i, options, stop, advanced);
    } catch (const Error& error) {
      if (error.fault() != Fault::bad_data) throw;
      pipeline.flush();  // what was read of it comes before what is wrong with it
      if (!options.skip_bad) throw;
      pipeline.report().bad_file(i, error);
    }
    before += static_cast<double>(file.stored_bytes);
  }
  pipeline.report().passed_over(inputs.passed_over);
  return pipeline.finish();
}

}  // namespace isoflop
