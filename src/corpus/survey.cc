#include "corpus/survey.h"

#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>

#include "base/check.h"
#include "base/hash.h"
#include "isoflop/text.h"
#include "corpus/dedup_minhash.h"
#include "base/utf8.h"

namespace isoflop::corpus {
namespace {

class CharacterSet {
 public:
  void add(std::string_view text) {
    for_each_character(text, [this](char32_t c, std::size_t) { seen_[c] = true; });
  }
  [[nodiscard]] std::int64_t size() const {
    std::int64_t count = 0;
    for (const char seen : seen_) count += seen != 0 ? 1 : 0;
    return count;
  }

 private:
  std::vector<char> seen_ = std::vector<char>(0x110000);
};

// XXH3-128 of a document that comes in pieces; the same as hash_unit of the whole
class DocumentHash {
 public:
  DocumentHash() { XXH3_128bits_reset(state_.get()); }
  void add(std::string_view piece) { XXH3_128bits_update(state_.get(), piece.data(), piece.size()); }
  UnitHash take() {
    const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
    XXH3_128bits_reset(state_.get());
    return {hash.high64, hash.low64};
  }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_{XXH3_createState()};
};

std::uint32_t to_32(std::int64_t value) {
  ISOFLOP_CHECK(value >= 0 && value <= std::numeric_limits<std::uint32_t>::max());
  return static_cast<std::uint32_t>(value);
}

// until the split is known, units are kept both as documents and as blocks; the latter go when there are documents enough
class Surveyor final : public DocumentSink {
 public:
  Surveyor(SplitKind split, std::int64_t block_characters, bool near_duplicates)
      : split_(split),
        want_blocks_(split == SplitKind::automatic || split == SplitKind::block || split == SplitKind::none),
        want_documents_(split == SplitKind::automatic || split == SplitKind::document || split == SplitKind::source),
        want_clusters_(near_duplicates && (split == SplitKind::automatic || split == SplitKind::document)),
        cutter_(block_characters, [this](std::string_view block, std::int64_t characters, bool last) {
          blocks_.push_back(
              {hash_unit(block), to_32(characters), to_32(static_cast<std::int64_t>(block.size())), source_, false, last});
        }) {}

  void begin_file() { characters_before_ = survey_.characters; }
  void end_file(const InputFile& file, const FileReport& report) {
    if (file.named && survey_.characters == characters_before_) {
      throw Error(Fault::bad_data, file.path.string(), file.stored_bytes == 0 ? "is empty" : "holds no text");
    }
    survey_.files.push_back({file.name, report.sha256, report.stored_bytes});
  }

  void begin(std::string_view source) override {
    const auto [at, fresh] =
        source_index_.try_emplace(std::string(source), to_32(static_cast<std::int64_t>(survey_.sources.size())));
    if (fresh) {
      survey_.sources.push_back({.name = at->first, .sha256 = {}});
      files_of_source_.emplace_back();
    }
    source_ = at->second;
    const std::size_t file = survey_.files.size();
    if (files_of_source_[source_].empty() || files_of_source_[source_].back() != file) files_of_source_[source_].push_back(file);
    characters_ = bytes_ = 0;
    beginning_.clear();
  }
  void text(std::string_view piece) override {
    characters_ += count_characters(piece);
    bytes_ += static_cast<std::int64_t>(piece.size());
    text_hash_.add(piece);
    seen_.add(piece);
    if (want_documents_) document_hash_.add(piece);
    if (want_blocks_) cutter_.add(piece);
    // a character more than is compared, so that the cut is made there and not where a piece ended
    if (want_clusters_ && beginning_.size() <= NearDuplicates::kMostBytes)
      beginning_ += piece.substr(0, NearDuplicates::kMostBytes + 4 - std::min(beginning_.size(), NearDuplicates::kMostBytes));
  }
  void end(std::int64_t invalid_bytes) override {
    SourceFacts& source = survey_.sources[source_];
    source.invalid_bytes += invalid_bytes;
    if (bytes_ == 0) {
      ++survey_.empty_documents;
      return;
    }
    ++source.documents;
    source.characters += characters_;
    source.bytes += bytes_;
    survey_.characters += characters_;
    if (want_blocks_) cutter_.finish();
    if (want_documents_) add_document();
  }

  Survey finish() {
    if (survey_.characters == 0) throw Error(Fault::bad_data, "corpus", "holds no text: every document is empty");
    if (split_ == SplitKind::automatic) split_ = SplitKind::block;
    const bool by_document = split_ == SplitKind::document || split_ == SplitKind::source;
    if (by_document && !too_long_.empty()) {
      throw Error(Fault::bad_data, too_long_, "is one document of more than " + format_bytes(kLongestDocument),
                  "choose --split block");
    }
    survey_.split = split_;
    if (want_clusters_ && split_ == SplitKind::document) survey_.clusters = near_duplicates_.clusters();
    survey_.units = std::move(by_document ? documents_ : blocks_);
    survey_.text_sha256 = text_hash_.hex();
    survey_.distinct_characters = seen_.size();
    for (std::size_t i = 0; i < survey_.sources.size(); ++i) survey_.sources[i].sha256 = hash_of_files(files_of_source_[i]);
    return std::move(survey_);
  }

 private:
  void add_document() {
    const UnitHash hash = document_hash_.take();
    if (bytes_ > static_cast<std::int64_t>(kLongestDocument)) {
      too_long_ = survey_.sources[source_].name;
      return;
    }
    if (want_clusters_) near_duplicates_.add(beginning_);
    documents_.push_back({hash, to_32(characters_), to_32(bytes_), source_, false, true});
    if (split_ == SplitKind::automatic && static_cast<std::int64_t>(documents_.size()) == kEnoughDocuments) {
      split_ = SplitKind::document;
      want_blocks_ = false;
      blocks_ = {};
    }
  }
  // the file's own hash; of several files, the hash of their hashes, one a line
  std::string hash_of_files(const std::vector<std::size_t>& files) const {
    if (files.size() == 1) return survey_.files[files[0]].sha256;
    std::string lines;
    for (const std::size_t file : files) lines += survey_.files[file].sha256 + "\n";
    return sha256_hex(lines);
  }

  SplitKind split_;
  bool want_blocks_, want_documents_, want_clusters_;
  NearDuplicates near_duplicates_;
  std::string beginning_;  // of the document, as far as it is compared
  BlockCutter cutter_;
  Survey survey_;
  std::vector<UnitFacts> documents_, blocks_;
  std::string too_long_;
  Sha256 text_hash_;
  CharacterSet seen_;
  DocumentHash document_hash_;
  std::map<std::string, std::uint32_t> source_index_;
  std::vector<std::vector<std::size_t>> files_of_source_;
  std::uint32_t source_ = 0;
  std::int64_t characters_ = 0, bytes_ = 0, characters_before_ = 0;
};

}  // namespace

std::vector<std::string> Survey::source_names() const {
  std::vector<std::string> names;
  for (const SourceFacts& source : sources) names.push_back(source.name);
  return names;
}

Survey survey_files(const std::vector<InputFile>& files, const ReadOptions& options, SplitKind split,
                    std::int64_t block_characters, bool near_duplicates, std::stop_token stop, const ProgressFn& progress) {
  std::int64_t total = 0;
  for (const InputFile& file : files) total += file.stored_bytes;
  std::int64_t before = 0;
  Surveyor surveyor(split, block_characters, near_duplicates);
  for (const InputFile& file : files) {
    surveyor.begin_file();
    const auto advanced = [&](std::int64_t bytes) {
      if (progress) progress({"read text", static_cast<double>(before + bytes), static_cast<double>(total), "bytes", file.name});
    };
    const FileReport report = read_documents(file, options, surveyor, stop, advanced);
    surveyor.end_file(file, report);
    before += report.stored_bytes;
  }
  return surveyor.finish();
}

}  // namespace isoflop::corpus
