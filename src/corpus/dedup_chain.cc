// The whole job: documents in, one method after the other, what is left out.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/file.h"
#include "corpus/dedup_work.h"
#include "corpus/inputs.h"
#include "corpus/json_line.h"
#include "corpus/reader.h"
#include "isoflop/text.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using corpus::DedupWork;
using corpus::Document;
using corpus::Spool;

constexpr std::int64_t kPartBytes = std::int64_t{1} << 30;

// documents as they are read, with an id and a source
class Intake final : public corpus::DocumentSink {
 public:
  Intake(DedupWork& work, Spool& documents, Spool& ids) : work_(work), documents_(documents), ids_(ids) {}

  void begin_file(const corpus::InputFile& file) {
    file_ = &file;
    name_ = corpus::as_json_text(corpus::shown(file.name));
    if (file.json_lines) return;
    const DedupOptions& options = work_.options;
    id_ = name_;
    before_ = "{" + corpus::as_json_text(options.id_key) + ":" + name_ + "," + corpus::as_json_text(options.source_key) + ":" +
              name_ + "," + corpus::as_json_text(options.text_key) + ":";
    after_ = "}";
  }

  void line(const corpus::LineParts& parts) override {
    corpus::Splice splice(parts.line, parts.text_member);
    const auto set = [&splice](const std::optional<std::size_t>& member, const std::string& key, const std::string& json) {
      if (member) {
        splice.replace(*member, json);
      } else {
        splice.add(key, json);
      }
    };
    id_ = parts.id;
    if (id_.empty()) {
      id_ = corpus::as_json_text(corpus::shown(file_->name) + ":" + std::to_string(parts.number));
      set(parts.id_member, work_.options.id_key, id_);
    }
    if (!parts.has_source) set(parts.source_member, work_.options.source_key, name_);
    std::tie(before_, after_) = splice.around();
  }
  void begin(std::string_view source) override {
    const auto [at, fresh] = index_.try_emplace(std::string(source), static_cast<std::uint32_t>(work_.sources.size()));
    if (fresh) work_.sources.push_back(at->first);
    source_ = at->second;
    text_.clear();
  }
  void text(std::string_view piece) override { work_.append(piece, *file_, text_); }
  void end(std::int64_t /*invalid_bytes*/) override {
    if (text_.empty()) {
      ++empty_;
      return;
    }
    const auto number = static_cast<std::uint32_t>(work_.facts.size());
    const auto bytes = static_cast<std::uint32_t>(text_.size());
    work_.facts.push_back({.source = source_, .bytes_read = bytes, .bytes = bytes});
    documents_.add({number, source_, before_, after_, text_});
    ids_.add({.number = number, .text = id_});
  }
  [[nodiscard]] std::int64_t empty() const { return empty_; }

 private:
  DedupWork& work_;
  Spool& documents_;
  Spool& ids_;
  const corpus::InputFile* file_ = nullptr;
  std::string name_, id_, before_, after_, text_;
  std::map<std::string, std::uint32_t> index_;
  std::uint32_t source_ = 0;
  std::int64_t empty_ = 0;
};

std::vector<CorpusFile> read_all(DedupWork& work, const std::vector<corpus::InputFile>& files, Intake& intake) {
  const DedupOptions& options = work.options;
  const corpus::ReadOptions read{.text_key = options.text_key,
                                 .source_key = options.source_key,
                                 .utf8 = options.utf8,
                                 .id_key = options.id_key,
                                 .line_parts = true};
  double before = 0, total = 0;
  for (const corpus::InputFile& file : files) total += static_cast<double>(file.stored_bytes);
  std::vector<CorpusFile> read_files;
  for (const corpus::InputFile& file : files) {
    intake.begin_file(file);
    const corpus::FileReport report = corpus::read_documents(file, read, intake, work.stop, [&](std::int64_t bytes) {
      if (work.progress) work.progress({"read text", before + static_cast<double>(bytes), total, "bytes", file.name});
    });
    before += static_cast<double>(report.stored_bytes);
    read_files.push_back({file.name, report.sha256, report.stored_bytes});
  }
  return read_files;
}

DedupStage run_method(DedupWork& work, DedupMethod method) {
  switch (method) {
    case DedupMethod::minhash:
      return corpus::remove_minhash(work);
    case DedupMethod::simhash:
      return corpus::remove_simhash(work);
    case DedupMethod::substrings:
      return corpus::remove_substrings(work);
    case DedupMethod::ngrams:
      return corpus::remove_seen_ngrams(work);
    case DedupMethod::decontaminate:
      return corpus::remove_contaminated(work);
    default:
      return corpus::remove_equal(work, method);
  }
}

void count(DedupWork& work, std::size_t corpus_sources, DedupReport& report) {
  report.sources.resize(corpus_sources);
  for (std::size_t i = 0; i < corpus_sources; ++i) report.sources[i].name = work.sources[i];
  std::vector<std::int64_t> members(work.facts.size());
  for (std::uint32_t number = 0; number < work.facts.size(); ++number) {
    const corpus::DocumentFacts& facts = work.facts[number];
    DedupSource& source = report.sources[facts.source];
    const std::int64_t gone = facts.kept ? facts.bytes_read - std::int64_t{facts.bytes} : facts.bytes_read;
    ++report.documents;
    ++source.documents;
    source.bytes += facts.bytes_read;
    source.removed_bytes += gone;
    report.bytes += facts.bytes_read;
    report.removed_bytes += gone;
    source.removed_documents += facts.kept ? 0 : 1;
    report.removed += facts.kept ? 0 : 1;
    ++members[work.clusters.root(number)];
  }
  report.kept = report.documents - report.removed;
  for (const std::int64_t size : members) {
    report.clusters += size > 1 ? 1 : 0;
    report.pairs += size * (size - 1) / 2;
  }
  std::sort(report.sources.begin(), report.sources.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const auto& [key, counted] : work.between.counts()) {
    const auto& [method, removed, kept] = key;
    report.between.push_back({work.sources[removed], work.sources[kept], method, counted});
  }
  std::sort(report.between.begin(), report.between.end(), [](const auto& a, const auto& b) {
    return std::tie(a.method, a.removed, a.kept) < std::tie(b.method, b.removed, b.kept);
  });
}

}  // namespace

void validate(const DedupOptions& options) {
  const auto refuse = [](const char* option, const std::string& problem, const std::string& hint = {}) {
    throw Error(Fault::usage, option, problem, hint);
  };
  if (options.chain.empty())
    refuse("dedup", "no method named",
           "choose one or more, in their order: --documents --paragraphs --lines --minhash --simhash --substrings --ngrams "
           "--decontaminate FILE");
  if (std::set<DedupMethod>(options.chain.begin(), options.chain.end()).size() != options.chain.size())
    refuse("dedup", "a method is named twice");
  if (options.text_key.empty() || options.id_key.empty() || options.source_key.empty())
    refuse("key", "the name of a JSONL key is empty");
  if (options.threads < 1 || options.threads > 1024)
    refuse("threads", std::to_string(options.threads) + " is not from 1 to 1024");
  if (options.memory < std::int64_t{64} << 20)
    refuse("memory", format_bytes(static_cast<double>(options.memory)) + " is less than 64 MiB, the least that works");
  if (options.min_unit < 1) refuse("min_unit", std::to_string(options.min_unit) + " is not a number of bytes from 1");
  validate(options.minhash);
  corpus::validate(options.simhash.shingles, "simhash_ngram");
  corpus::validate(options.ngrams.shingles, "ngrams_n");
  corpus::validate(options.decontamination.shingles, "overlap_ngram");
  if (options.simhash.distance < 0 || options.simhash.distance > 16)
    refuse("distance", std::to_string(options.simhash.distance) + " is not from 0 to 16 bits", "3 is usual");
  if (options.substrings.min_length < 8 || options.substrings.min_length > 1'000'000)
    refuse("min_length", std::to_string(options.substrings.min_length) + " is not from 8 to 1,000,000 bytes", "100 is usual");
  if (!(options.ngrams.threshold > 0 && options.ngrams.threshold <= 1))
    refuse("ngrams_threshold", format_number(options.ngrams.threshold) + " is not in (0, 1]");
  if (!(options.ngrams.false_positives >= 1e-9 && options.ngrams.false_positives <= 0.5))
    refuse("ngrams_error", format_number(options.ngrams.false_positives) + " is not from 1e-9 to 0.5");
  const bool decontaminates =
      std::find(options.chain.begin(), options.chain.end(), DedupMethod::decontaminate) != options.chain.end();
  if (decontaminates && options.decontamination.evaluation.empty() && !options.decontamination.held_out)
    refuse("decontaminate", "no evaluation texts named");
}

DedupReport deduplicate(const DedupOptions& options, std::stop_token stop, const ProgressFn& progress) {
  validate(options);
  const corpus::Inputs inputs = corpus::find_inputs(options.inputs);
  const std::vector<corpus::InputFile>& files = inputs.files;
  std::vector<fs::path> read = corpus::paths_of(files);
  if (!options.decontamination.evaluation.empty()) {
    const std::vector<fs::path> evaluation = corpus::paths_of(corpus::find_inputs(options.decontamination.evaluation).files);
    read.insert(read.end(), evaluation.begin(), evaluation.end());
  }
  corpus::refuse_to_lose(read, options.clusters, options.out, "clusters");
  std::optional<corpus::PartsFolder> out;
  if (!options.out.empty()) out.emplace(options.out, corpus::kDedupManifest, kPartBytes, read);
  const fs::path work_folder = !options.work.empty() ? fs::path(options.work) : out ? out->path() : fs::path(".");

  DedupWork work(options, std::move(stop), progress, work_folder);
  DedupReport report;
  report.passed_over = inputs.passed_over;
  Spool ids(work.folder, options.memory / 32);
  work.documents = work.new_spool();
  Intake intake(work, *work.documents, ids);
  report.inputs = read_all(work, files, intake);
  report.empty = intake.empty();
  work.documents->finish();
  ids.finish();
  if (work.facts.empty()) throw Error(Fault::bad_data, "corpus", "holds no text: every document is empty");
  const std::size_t corpus_sources = work.sources.size();
  work.clusters.resize(work.facts.size());

  for (const DedupMethod method : options.chain) report.stages.push_back(run_method(work, method));
  count(work, corpus_sources, report);
  if (out) {
    corpus::write_documents(work, *out);
    report.files = out->close();
    out->finish(to_json(report, options));
  }
  if (!options.clusters.empty()) corpus::write_clusters(work, ids, options.clusters);
  return report;
}

}  // namespace isoflop
