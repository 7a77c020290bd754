#include "isoflop/corpus.h"

#include <xxhash.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "isoflop/text.h"
#include "corpus/reader.h"
#include "corpus/survey.h"
#include "corpus/units.h"

namespace isoflop {
namespace {

using corpus::InputFile;
using corpus::Survey;
using corpus::UnitFacts;

corpus::ReadOptions read_options(const CorpusOptions& options) {
  return {.text_key = options.text_key, .source_key = options.source_key, .utf8 = options.utf8};
}

[[noreturn]] void fail_without_held_out(const Survey& survey, SplitKind split) {
  const std::size_t count = split == SplitKind::source ? survey.sources.size() : survey.units.size();
  const std::string unit = split == SplitKind::block ? "block" : split == SplitKind::source ? "source" : "document";
  const std::string problem =
      count == 1 ? "the text is one " + unit + " of " + std::to_string(survey.characters) + " characters: nothing can be held out"
                 : "nothing can be held out: of " + std::to_string(count) + " " + unit +
                       "s, equal ones taken together, none is at most half of the text";
  switch (split) {
    case SplitKind::block:
      throw Error(Fault::bad_data, "split by block", problem, "give more text, or cut it smaller with --block-characters");
    case SplitKind::source:
      throw Error(Fault::bad_data, "split by source", problem, "choose another split: --split document or block");
    default:
      throw Error(Fault::bad_data, "split by document", problem, "choose --split block, which cuts long documents");
  }
}

// decides the sides; the manifest's numbers follow
void hold_out(Survey& survey, SplitKind split, double val_fraction) {
  if (split == SplitKind::none) return;
  const bool done = split == SplitKind::source ? corpus::hold_out_sources(survey.units, survey.source_names(), val_fraction)
                                               : corpus::hold_out_units(survey.units, val_fraction, survey.clusters);
  if (!done) fail_without_held_out(survey, split);
}

// all that decides the units and their sides: the text, where it is cut, which parts are held out
std::string content_id(const std::string& text_sha256, const std::vector<UnitFacts>& units) {
  Sha256 hash;
  hash.add("isoflop corpus 1\n");
  hash.add(text_sha256);
  std::string row(5, '\0');
  for (const UnitFacts& unit : units) {
    for (std::size_t i = 0; i < 4; ++i) row[i] = static_cast<char>(unit.bytes >> (8 * i) & 0xFF);
    row[4] = static_cast<char>((unit.held_out ? 1 : 0) + (unit.ends_document ? 2 : 0));
    hash.add(row);
  }
  return hash.hex();
}

// the second pass: rebuilds the units, checks each against the first pass, shows it
class Deliverer final : public corpus::DocumentSink {
 public:
  Deliverer(const std::vector<UnitFacts>& units, SplitKind split, std::int64_t block_characters,
            const std::function<void(const Unit&)>& visit)
      : units_(units),
        visit_(visit),
        whole_(split == SplitKind::document || split == SplitKind::source),
        cutter_(block_characters, [this](std::string_view block, std::int64_t, bool last) { deliver(block, last); }) {}

  void begin_file(const InputFile& file) { file_ = &file; }
  [[nodiscard]] bool all_delivered() const { return next_ == units_.size(); }
  [[noreturn]] void fail_changed() const {
    throw Error(Fault::bad_data, file_->path.string(), "changed while it was in use",
                "leave the text alone during a study, then run again");
  }

  void begin(std::string_view source) override {
    source_ = source;
    document_.clear();
  }
  void text(std::string_view piece) override {
    if (whole_) {
      document_ += piece;
      if (document_.size() > corpus::kLongestDocument) fail_changed();
    } else {
      cutter_.add(piece);
    }
  }
  void end(std::int64_t /*invalid_bytes*/) override {
    if (!whole_) return cutter_.finish();
    if (!document_.empty()) deliver(document_, true);
  }

 private:
  void deliver(std::string_view text, bool ends_document) {
    if (next_ == units_.size() || units_[next_].hash != corpus::hash_unit(text)) fail_changed();
    const UnitFacts& facts = units_[next_];
    visit_({static_cast<std::int64_t>(next_), source_, text, facts.held_out, ends_document});
    ++next_;
  }

  const std::vector<UnitFacts>& units_;
  const std::function<void(const Unit&)>& visit_;
  bool whole_;
  corpus::BlockCutter cutter_;
  const InputFile* file_ = nullptr;
  std::string source_, document_;
  std::size_t next_ = 0;
};

}  // namespace

void validate(const CorpusOptions& options) {
  if (options.split != SplitKind::none && !(options.val_fraction > 0 && options.val_fraction <= 0.5)) {
    throw Error(Fault::usage, "val_fraction", format_number(options.val_fraction) + " is not in (0, 0.5]",
                "0.1 is usual; to hold out nothing choose the split `none`");
  }
  if (options.block_characters < 1 || options.block_characters > 100'000'000) {
    throw Error(Fault::usage, "block_characters", std::to_string(options.block_characters) + " is not from 1 to 100,000,000",
                "10000 is usual");
  }
  if (options.text_key.empty()) throw Error(Fault::usage, "text_key", "is empty, expected the JSONL key that holds the text");
}

struct Corpus::State {
  CorpusOptions options;
  CorpusManifest manifest;
  std::vector<InputFile> files;
  std::int64_t passed_over = 0;
  std::vector<UnitFacts> units;
};

Corpus::Corpus(std::unique_ptr<State> state) : state_(std::move(state)) {}
Corpus::Corpus(Corpus&&) noexcept = default;
Corpus& Corpus::operator=(Corpus&&) noexcept = default;
Corpus::~Corpus() = default;

Corpus Corpus::open(const CorpusOptions& options, std::stop_token stop, const ProgressFn& progress) {
  validate(options);
  auto state = std::make_unique<State>();
  state->options = options;
  corpus::Inputs inputs = corpus::find_inputs(options.inputs);
  state->files = std::move(inputs.files);
  state->passed_over = inputs.passed_over;
  Survey survey =
      corpus::survey_files(state->files, read_options(options), options.split, options.block_characters,
                           options.near_duplicates_together, stop, progress);
  hold_out(survey, survey.split, options.val_fraction);

  CorpusManifest& manifest = state->manifest;
  manifest.content_id = content_id(survey.text_sha256, survey.units);
  manifest.split = survey.split;
  manifest.val_fraction = options.val_fraction;
  manifest.block_characters = options.block_characters;
  manifest.utf8 = options.utf8;
  manifest.distinct_characters = survey.distinct_characters;
  manifest.empty_documents = survey.empty_documents;
  manifest.files = survey.files;
  manifest.sources = survey.sources;
  for (const UnitFacts& unit : survey.units) {
    SplitFacts& side = unit.held_out ? manifest.held_out : manifest.train;
    SourceFacts& source = manifest.sources[unit.source];
    ++side.units;
    side.characters += unit.characters;
    side.bytes += unit.bytes;
    ++source.units;
    if (unit.held_out) {
      ++source.held_out_units;
      source.held_out_characters += unit.characters;
    }
  }
  std::sort(manifest.sources.begin(), manifest.sources.end(),
            [](const SourceFacts& a, const SourceFacts& b) { return a.name < b.name; });
  state->units = std::move(survey.units);
  return Corpus(std::move(state));
}

const CorpusManifest& Corpus::manifest() const {
  return state_->manifest;
}

std::vector<std::filesystem::path> Corpus::paths() const {
  return corpus::paths_of(state_->files);
}

std::string Corpus::passed_over() const {
  const std::int64_t files = state_->passed_over;
  if (files == 0) return {};
  return std::to_string(files) + (files == 1 ? " file was" : " files were") + " passed over: of a folder only " +
         corpus::kTextEndings + " are read";
}

void Corpus::for_each_unit(const std::function<void(const Unit&)>& visit, std::stop_token stop) const {
  const State& state = *state_;
  Deliverer deliverer(state.units, state.manifest.split, state.manifest.block_characters, visit);
  for (std::size_t i = 0; i < state.files.size(); ++i) {
    deliverer.begin_file(state.files[i]);
    const corpus::FileReport report = corpus::read_documents(state.files[i], read_options(state.options), deliverer, stop, {});
    if (report.sha256 != state.manifest.files[i].sha256) deliverer.fail_changed();
  }
  ISOFLOP_CHECK(deliverer.all_delivered());
}

}  // namespace isoflop
