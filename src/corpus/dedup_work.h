// What the methods of a chain share: the documents that are left, what is known of every document, and who held what first.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

#include "base/team.h"
#include "corpus/dedup_minhash.h"
#include "corpus/dedup_spool.h"
#include "corpus/inputs.h"
#include "corpus/parts_folder.h"
#include "corpus/white_space.h"
#include "isoflop/dedup.h"

namespace isoflop::corpus {

struct DocumentFacts {
  std::uint32_t source = 0;
  std::uint32_t bytes_read = 0;  ///< of the text as it was read
  std::uint32_t bytes = 0;       ///< of the text as it is now
  bool kept = true;
};

/// Counts of (removed source, kept source); the last pair is at hand, for duplicates come in runs.
class BetweenCounts {
 public:
  using Key = std::tuple<DedupMethod, std::uint32_t, std::uint32_t>;
  void add(DedupMethod method, std::uint32_t removed, std::uint32_t kept, std::int64_t count = 1) {
    const Key key{method, removed, kept};
    if (last_ == nullptr || key != last_key_) {
      last_ = &counts_[key];
      last_key_ = key;
    }
    *last_ += count;
  }
  void add(const BetweenCounts& others) {
    for (const auto& [key, count] : others.counts_) counts_[key] += count;
  }
  [[nodiscard]] const std::map<Key, std::int64_t>& counts() const { return counts_; }

 private:
  std::map<Key, std::int64_t> counts_;
  Key last_key_;
  std::int64_t* last_ = nullptr;
};

struct DedupWork {
  DedupWork(const DedupOptions& given, std::stop_token stopping, const ProgressFn& progressing,
            std::filesystem::path spill_folder)
      : options(given), stop(std::move(stopping)), progress(progressing), folder(std::move(spill_folder)), team(given.threads) {}

  const DedupOptions& options;
  std::stop_token stop;
  const ProgressFn& progress;
  std::filesystem::path folder;  ///< of what does not fit in memory
  Team team;
  std::unique_ptr<Spool> documents;  ///< those of them with facts[number].kept count
  std::vector<DocumentFacts> facts;  ///< by number
  Clusters clusters;                 ///< of numbers, over the whole chain
  std::vector<std::string> sources;  ///< in order of first meeting; then what else may have held a text first
  BetweenCounts between;

  [[nodiscard]] std::unique_ptr<Spool> new_spool() const { return std::make_unique<Spool>(folder, options.memory / 8); }
  [[nodiscard]] std::int64_t record_memory() const { return options.memory * 3 / 8; }

  using OnRank = std::function<void(std::int64_t rank, std::size_t slot, const Document&)>;
  using InOrder = std::function<void(std::size_t slot, const Document&)>;
  /// Every document that is left, in order; progress in bytes of text.
  void for_each(const char* stage, const OnRank& work, const InOrder& take);

  /// Their numbers, without reading them.
  template <class Visit>
  void for_each_number(const Visit& visit) const {
    for (std::size_t place = 0; place < documents->size(); ++place) {
      const std::uint32_t number = documents->number_at(place);
      if (facts[number].kept) visit(number);
    }
  }

  [[noreturn]] void fail_stopped() const;
  /// Appends a piece of a document of the file. Throws failure if so long a document does not fit.
  void append(std::string_view piece, const InputFile& file, std::string& text) const;
  /// The document is not kept.
  void remove(std::uint32_t number, DedupStage& stage);
  /// The document lives on in `rest` with another text, or is removed if nothing but white space is left of it.
  void replace(const Document& document, const Document& shorter, Spool& rest, DedupStage& stage);
  void use(std::unique_ptr<Spool> rest);  ///< instead of `documents`
  /// Every document that is left without the parts (for_each_part_of) of which `gone` says so, asked on the caller in order;
  /// `work` sees each document before.
  using Gone = std::function<bool(std::size_t slot, std::string_view core)>;
  void without_parts(const char* name, bool paragraphs, const OnRank& work, const Gone& gone, DedupStage& stage);
};

/// The methods. Each takes out what it finds and says what it did.
[[nodiscard]] DedupStage remove_equal(DedupWork& work, DedupMethod method);  ///< documents, paragraphs, lines
[[nodiscard]] DedupStage remove_minhash(DedupWork& work);
[[nodiscard]] DedupStage remove_simhash(DedupWork& work);
[[nodiscard]] DedupStage remove_substrings(DedupWork& work);
[[nodiscard]] DedupStage remove_seen_ngrams(DedupWork& work);
[[nodiscard]] DedupStage remove_contaminated(DedupWork& work);

/// Writes the documents that are left, a line each.
void write_documents(DedupWork& work, PartsFolder& folder);
/// Writes {"id", "cluster"} for every document read; clusters are numbered from 0 in order of their first documents.
void write_clusters(DedupWork& work, const Spool& ids, const std::filesystem::path& path);

/// The parts of a text that are compared: a line with its line end, or a paragraph with the blank lines after it. `core` is what
/// counts: without the white space at its end, empty for blank lines.
template <class Visit>
void for_each_part_of(std::string_view text, bool paragraphs, const Visit& visit) {
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    end = end == std::string_view::npos ? text.size() : end + 1;
    if (paragraphs) {
      // to the first blank line, then to the next that is not blank
      bool seen_blank = blank(text.substr(0, end));
      while (end < text.size()) {
        std::size_t next = text.find('\n', end);
        next = next == std::string_view::npos ? text.size() : next + 1;
        const bool is_blank = blank(text.substr(end, next - end));
        if (seen_blank && !is_blank) break;
        seen_blank = seen_blank || is_blank;
        end = next;
      }
    }
    const std::string_view whole = text.substr(0, end);
    visit(whole, trimmed_end(whole));
    text.remove_prefix(end);
  }
}

}  // namespace isoflop::corpus
