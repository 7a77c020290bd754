// N-grams seen before: a Bloom filter over the corpus itself, an exact set of what evaluation texts hold.
#include <algorithm>
#include <bit>
#include <cmath>

#include "base/math.h"
#include "isoflop/text.h"
#include "corpus/dedup_work.h"
#include "corpus/inputs.h"
#include "corpus/reader.h"

namespace isoflop::corpus {
namespace {

// Bloom 1970, blocked as by Putze, Sanders, Singler 2007: all bits of an n-gram lie in one cache line. A line that happens to be
// full costs false positives: a fifth more bits than Bloom's formula keep to what was asked for.
class BloomFilter {
 public:
  BloomFilter(std::int64_t ngrams, double false_positives, std::int64_t most_bytes) {
    constexpr double kLn2 = 0.69314718055994530942, kBlocking = 1.2;
    const double bits_each = -log_(false_positives) / (kLn2 * kLn2);
    const double bits = kBlocking * bits_each * static_cast<double>(std::max<std::int64_t>(ngrams, 1));
    if (bits / 8 > static_cast<double>(most_bytes)) {
      throw Error(Fault::failure, "ngrams",
                  "a filter of " + format_count(static_cast<double>(ngrams)) + " n-grams takes " + format_bytes(bits / 8) +
                      ", more than its part of the memory given",
                  "raise --memory, or allow more false positives with --ngrams-error");
    }
    lines_ = static_cast<std::uint64_t>(bits / 512) + 1;
    words_.resize(lines_ * 8);
    hashes_ = std::clamp(static_cast<int>(bits_each * kLn2 + 0.5), 1, 21);
  }

  [[nodiscard]] bool contains(std::uint64_t hash) const {
    bool all = true;
    for_each_bit(hash, [&](std::size_t word, std::uint64_t bit) { all = all && (words_[word] & bit) != 0; });
    return all;
  }
  void add(std::uint64_t hash) {
    for_each_bit(hash, [&](std::size_t word, std::uint64_t bit) { words_[word] |= bit; });
  }
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&words_[8 * line_of(hash)]); }

 private:
  [[nodiscard]] std::size_t line_of(std::uint64_t hash) const {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::size_t>(static_cast<Wide>(hash) * lines_ >> 64);
  }
  template <class Each>
  void for_each_bit(std::uint64_t hash, const Each& each) const {
    const std::size_t line = 8 * line_of(hash);
    std::uint64_t bits = mixed(hash + 1);
    for (int i = 0; i < hashes_; ++i) {
      if (i % 7 == 0 && i > 0) bits = mixed(bits + 1);
      const auto at = static_cast<unsigned>(bits >> 9 * (i % 7) & 511);
      each(line + at / 64, std::uint64_t{1} << at % 64);
    }
  }

  std::uint64_t lines_ = 0;
  std::vector<std::uint64_t> words_;
  int hashes_ = 1;
};

// n-grams of evaluation texts and where each was met first
class NgramSet {
 public:
  explicit NgramSet(std::int64_t most_bytes) : most_(static_cast<std::size_t>(most_bytes) / (2 * kEntryBytes)) {}

  void add(std::uint64_t hash, std::uint32_t origin) {
    if (2 * (size_ + 1) > keys_.size()) grow();
    const std::size_t at = slot_of(hash);
    if (keys_[at] == hash + (hash == 0 ? 1 : 0)) return;
    keys_[at] = hash + (hash == 0 ? 1 : 0);
    origins_[at] = origin;
    ++size_;
  }
  [[nodiscard]] std::optional<std::uint32_t> origin_of(std::uint64_t hash) const {
    if (size_ == 0) return std::nullopt;
    const std::size_t at = slot_of(hash);
    return keys_[at] != 0 ? std::optional(origins_[at]) : std::nullopt;
  }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(size_); }

 private:
  static constexpr std::size_t kEntryBytes = 12;

  // of the hash, or the empty one where it would stand; 0 marks the empty ones, so the hash 0 is taken for 1
  [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const {
    hash += hash == 0 ? 1 : 0;
    std::size_t at = static_cast<std::size_t>(hash >> shift_);
    while (keys_[at] != 0 && keys_[at] != hash) at = at + 1 == keys_.size() ? 0 : at + 1;
    return at;
  }
  void grow() {
    const std::size_t slots = std::max<std::size_t>(1024, 2 * keys_.size());
    if (slots > 2 * most_) {
      throw Error(Fault::failure, "decontaminate",
                  "the evaluation texts hold more n-grams than fit into their part of the memory given",
                  "raise --memory, or give fewer evaluation texts at a time");
    }
    std::vector<std::uint64_t> keys(slots);
    std::vector<std::uint32_t> origins(slots);
    keys.swap(keys_);
    origins.swap(origins_);
    shift_ = 64 - std::countr_zero(slots);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == 0) continue;
      const std::size_t at = slot_of(keys[i]);
      keys_[at] = keys[i];
      origins_[at] = origins[i];
    }
  }

  std::size_t most_, size_ = 0;
  int shift_ = 0;
  std::vector<std::uint64_t> keys_;
  std::vector<std::uint32_t> origins_;
};

// every document of a file, whole
class WholeDocuments final : public DocumentSink {
 public:
  WholeDocuments(const DedupWork& work, const InputFile& file, std::function<void(std::string_view)> each)
      : work_(work), file_(file), each_(std::move(each)) {}
  void begin(std::string_view /*source*/) override { text_.clear(); }
  void text(std::string_view piece) override { work_.append(piece, file_, text_); }
  void end(std::int64_t /*invalid_bytes*/) override { each_(text_); }

 private:
  const DedupWork& work_;
  const InputFile& file_;
  std::function<void(std::string_view)> each_;
  std::string text_;
};

class Contamination {
 public:
  explicit Contamination(DedupWork& work)
      : work_(work),
        options_(work.options.decontamination),
        shingler_(options_.shingles),
        held_(work.facts.size()),
        ngrams_(work.record_memory()) {}

  DedupStage run() {
    if (!options_.evaluation.empty()) learn_evaluation();
    if (options_.held_out) learn_held_out();
    DedupStage stage{.method = DedupMethod::decontaminate, .units = ngrams_.size()};
    std::vector<std::vector<std::uint64_t>> scratch(static_cast<std::size_t>(work_.team.size()));
    std::vector<std::optional<std::uint32_t>> origin(Spool::kMostSlots);
    work_.for_each(
        "decontaminate",
        [&](std::int64_t rank, std::size_t slot, const Document& document) {
          origin[slot].reset();
          if (held_[document.number] != 0) return;
          std::vector<std::uint64_t>& hashes = scratch[static_cast<std::size_t>(rank)];
          shingler_.hashes(document.text, hashes);
          for (std::size_t i = 0; i < hashes.size() && !origin[slot]; ++i) origin[slot] = ngrams_.origin_of(hashes[i]);
        },
        [&](std::size_t slot, const Document& document) {
          ++stage.documents;
          if (!origin[slot]) return;
          work_.between.add(DedupMethod::decontaminate, document.source, *origin[slot]);
          work_.remove(document.number, stage);
        });
    return stage;
  }

 private:
  void learn(std::string_view text, std::uint32_t origin) {
    shingler_.hashes(text, hashes_);
    for (const std::uint64_t hash : hashes_) ngrams_.add(hash, origin);
  }
  std::uint32_t new_origin(const std::string& name) {
    work_.sources.push_back(name);
    return static_cast<std::uint32_t>(work_.sources.size() - 1);
  }

  void learn_evaluation() {
    const ReadOptions read{
        .text_key = work_.options.text_key, .source_key = work_.options.source_key, .utf8 = work_.options.utf8};
    for (const InputFile& file : find_inputs(options_.evaluation).files) {
      const std::uint32_t origin = new_origin(file.name);
      WholeDocuments sink(work_, file, [&](std::string_view text) { learn(text, origin); });
      (void)read_documents(file, read, sink, work_.stop, {});
    }
  }
  // the units of a split by document are the documents that are not empty, in reading order: their indexes are our numbers
  void learn_held_out() {
    const std::uint32_t origin = new_origin("held-out");
    const Corpus corpus = Corpus::open({.inputs = work_.options.inputs,
                                        .text_key = work_.options.text_key,
                                        .source_key = work_.options.source_key,
                                        .utf8 = work_.options.utf8,
                                        .split = SplitKind::document,
                                        .val_fraction = options_.val_fraction},
                                       work_.stop, work_.progress);
    corpus.for_each_unit(
        [&](const Unit& unit) {
          if (!unit.held_out) return;
          held_.at(static_cast<std::size_t>(unit.index)) = 1;
          learn(unit.text, origin);
        },
        work_.stop);
  }

  DedupWork& work_;
  const DecontaminationOptions& options_;
  Shingler shingler_;
  std::vector<char> held_;
  NgramSet ngrams_;
  std::vector<std::uint64_t> hashes_;
};

// the n-grams of a document's units, one unit after the other
struct UnitNgrams {
  std::vector<std::uint64_t> hashes;
  std::vector<std::size_t> ends;  // of each unit
  std::size_t unit = 0;           // the next

  [[nodiscard]] std::span<const std::uint64_t> next() {
    const std::size_t begin = unit == 0 ? 0 : ends[unit - 1], end = ends[unit];
    ++unit;
    return std::span(hashes).subspan(begin, end - begin);
  }
};

void find_ngrams(const Shingler& shingler, std::string_view text, bool paragraphs, std::vector<std::uint64_t>& scratch,
                 UnitNgrams& out) {
  out.hashes.clear();
  out.ends.clear();
  out.unit = 0;
  const auto unit = [&](std::string_view part) {
    shingler.hashes(part, scratch);
    out.hashes.insert(out.hashes.end(), scratch.begin(), scratch.end());
    out.ends.push_back(out.hashes.size());
  };
  if (paragraphs) {
    for_each_part_of(text, true, [&](std::string_view whole, std::string_view) { unit(whole); });
  } else {
    unit(text);
  }
}

// was this unit seen before? If not, it is now.
bool seen_before(BloomFilter& filter, std::span<const std::uint64_t> hashes, double threshold) {
  constexpr std::size_t kAhead = 8;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (i + kAhead < hashes.size()) filter.prefetch(hashes[i + kAhead]);
    seen += filter.contains(hashes[i]) ? 1 : 0;
  }
  if (!hashes.empty() && static_cast<double>(seen) >= threshold * static_cast<double>(hashes.size())) return true;
  for (const std::uint64_t hash : hashes) filter.add(hash);
  return false;
}

}  // namespace

DedupStage remove_contaminated(DedupWork& work) {
  return Contamination(work).run();
}

DedupStage remove_seen_ngrams(DedupWork& work) {
  const NgramOptions& options = work.options.ngrams;
  DedupStage stage{.method = DedupMethod::ngrams};
  const Shingler shingler(options.shingles);
  std::vector<std::vector<std::uint64_t>> scratch(static_cast<std::size_t>(work.team.size()));
  std::vector<UnitNgrams> found(Spool::kMostSlots);
  const auto find = [&](std::int64_t rank, std::size_t slot, const Document& document) {
    find_ngrams(shingler, document.text, options.paragraphs, scratch[static_cast<std::size_t>(rank)], found[slot]);
  };
  // how many there are decides the filter's size
  work.for_each("n-grams", find, [&](std::size_t slot, const Document&) {
    ++stage.documents;
    stage.units += static_cast<std::int64_t>(found[slot].hashes.size());
  });
  BloomFilter filter(stage.units, options.false_positives, work.record_memory());

  const auto seen = [&](std::size_t slot) { return seen_before(filter, found[slot].next(), options.threshold); };
  if (options.paragraphs) {
    work.without_parts(
        "n-grams", true, find, [&](std::size_t slot, std::string_view) { return seen(slot); }, stage);
    return stage;
  }
  work.for_each("n-grams", find, [&](std::size_t slot, const Document& document) {
    if (seen(slot)) work.remove(document.number, stage);
  });
  return stage;
}

}  // namespace isoflop::corpus
