#include "tokens/bpe_trainer.h"

#include <algorithm>
#include <bit>
#include <queue>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "tokens/bpe_tokenizer.h"
#include "tokens/groups.h"
#include "tokens/splitter.h"

namespace isoflop::tokens {
namespace {

constexpr std::size_t kLongestChunk = 1024;

// in parts cut between characters
template <class Visit>
void in_parts(std::string_view chunk, Visit visit) {
  while (chunk.size() > kLongestChunk) {
    std::size_t end = kLongestChunk;
    while (end > kLongestChunk - 3 && !starts_character(chunk[end])) --end;
    visit(chunk.substr(0, end));
    chunk.remove_prefix(end);
  }
  visit(chunk);
}

// A word of the text as tokens so far, how often it occurs, and the pairs in all of them.
class Words {
 public:
  explicit Words(const ChunkCounts& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const std::string_view chunk = counts.chunk(i);
      if (chunk.size() < 2) continue;
      ISOFLOP_CHECK(words_.size() < 0xFFFFFFFF);
      words_.push_back({symbols_.size(), static_cast<std::uint32_t>(chunk.size()), counts.count(i)});
      for (const char c : chunk) symbols_.push_back(static_cast<unsigned char>(c));
    }
    for (std::uint32_t w = 0; w < words_.size(); ++w) {
      const std::int32_t* ids = symbols_.data() + words_[w].begin;
      for (std::uint32_t i = 0; i + 1 < words_[w].length; ++i) change(ids[i], ids[i + 1], words_[w].count, w);
    }
    for (Pair& pair : pairs_) pair.touched = false;
    touched_.clear();
  }

  struct Pair {
    std::int64_t count = 0;
    std::int32_t left = 0, right = 0;
    std::vector<std::uint32_t> words;  // that may hold it
    bool touched = false;              // grew in the merge under way
  };
  [[nodiscard]] const std::vector<Pair>& pairs() const { return pairs_; }

  /// Every left-right becomes `merged`, from the left. Returns the pairs that have grown.
  const std::vector<std::uint32_t>& merge(std::uint32_t pair, std::int32_t merged) {
    for (const std::uint32_t other : touched_) pairs_[other].touched = false;
    touched_.clear();
    const std::int32_t left = pairs_[pair].left, right = pairs_[pair].right;
    for (const std::uint32_t w : std::exchange(pairs_[pair].words, {})) merge_in(w, left, right, merged);
    pairs_[pair].count = 0;
    return touched_;
  }

 private:
  struct Word {
    std::size_t begin;
    std::uint32_t length;
    std::int64_t count;
  };

  void merge_in(std::uint32_t w, std::int32_t left, std::int32_t right, std::int32_t merged) {
    Word& word = words_[w];
    std::int32_t* ids = symbols_.data() + word.begin;
    std::uint32_t to = 0;
    for (std::uint32_t from = 0; from < word.length; ++from, ++to) {
      if (ids[from] != left || from + 1 == word.length || ids[from + 1] != right) {
        ids[to] = ids[from];
        continue;
      }
      if (to > 0) {
        change(ids[to - 1], left, -word.count, w);
        change(ids[to - 1], merged, word.count, w);
      }
      if (from + 2 < word.length) {
        change(right, ids[from + 2], -word.count, w);
        change(merged, ids[from + 2], word.count, w);
      }
      ids[to] = merged;
      ++from;
    }
    word.length = to;
  }

  void change(std::int32_t left, std::int32_t right, std::int64_t by, std::uint32_t w) {
    const std::uint32_t index = index_of(left, right);
    Pair& pair = pairs_[index];
    pair.count += by;
    if (by < 0) return;
    if (pair.words.empty() || pair.words.back() != w) pair.words.push_back(w);
    if (!pair.touched) {
      pair.touched = true;
      touched_.push_back(index);
    }
  }

  std::uint32_t index_of(std::int32_t left, std::int32_t right) {
    const std::uint64_t key =
        (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) | static_cast<std::uint32_t>(right);
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = place_of(key);
    for (; slots_[at].second != 0; at = (at + 1) & mask) {
      if (slots_[at].first == key) return slots_[at].second - 1;
    }
    pairs_.push_back({0, left, right, {}, false});
    ISOFLOP_CHECK(pairs_.size() < 0xFFFFFFFF);
    slots_[at] = {key, static_cast<std::uint32_t>(pairs_.size())};
    if (pairs_.size() * 2 > slots_.size()) grow();
    return static_cast<std::uint32_t>(pairs_.size() - 1);
  }
  [[nodiscard]] std::size_t place_of(std::uint64_t key) const {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15U) >> (64 - std::countr_zero(slots_.size())));
  }
  void grow() {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> old(slots_.size() * 2);
    std::swap(old, slots_);
    for (const auto& slot : old) {
      if (slot.second == 0) continue;
      std::size_t at = place_of(slot.first);
      while (slots_[at].second != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  std::vector<Word> words_;
  std::vector<std::int32_t> symbols_;
  std::vector<Pair> pairs_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> slots_{1U << 14};  // key, place in pairs_ + 1
  std::vector<std::uint32_t> touched_;
};

// the most frequent first, then the smaller pair
struct Candidate {
  std::int64_t count;
  std::int32_t left, right;
  std::uint32_t pair;
  bool operator<(const Candidate& other) const {
    if (count != other.count) return count < other.count;
    return std::pair(left, right) > std::pair(other.left, other.right);
  }
};

}  // namespace

BpeParts train_bpe(const ChunkCounts& counts, std::int64_t tokens, std::int64_t least_count, std::stop_token stop,
                   const ProgressFn& progress) {
  BpeParts parts;
  std::unordered_map<std::string, std::int32_t> ids;
  for (int byte = 0; byte < 256; ++byte) {
    parts.tokens.emplace_back(1, static_cast<char>(byte));
    ids.emplace(parts.tokens.back(), byte);
  }

  Words words(counts);
  std::priority_queue<Candidate> queue;
  const auto offer = [&](std::uint32_t index) {
    const Words::Pair& pair = words.pairs()[index];
    if (pair.count >= least_count) queue.push({pair.count, pair.left, pair.right, index});
  };
  for (std::uint32_t i = 0; i < words.pairs().size(); ++i) offer(i);

  while (static_cast<std::int64_t>(parts.tokens.size()) < tokens && !queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    if (words.pairs()[best.pair].count != best.count) {
      // counts fall unseen; those that grow are offered again below
      if (words.pairs()[best.pair].count < best.count) offer(best.pair);
      continue;
    }
    std::string bytes = parts.tokens[static_cast<std::size_t>(best.left)] + parts.tokens[static_cast<std::size_t>(best.right)];
    const auto [place, fresh] = ids.emplace(bytes, static_cast<std::int32_t>(parts.tokens.size()));
    if (fresh) parts.tokens.push_back(std::move(bytes));
    parts.merges.push_back({best.left, best.right});
    for (const std::uint32_t grown : words.merge(best.pair, place->second)) offer(grown);
    if (parts.merges.size() % 256 == 0) {
      throw_if_stopped(stop);
      if (progress)
        progress({"merge byte pairs", static_cast<double>(parts.tokens.size()), static_cast<double>(tokens), "tokens", {}});
    }
  }
  return parts;
}

ChunkCounts count_chunks(const TokenizerOptions& options, const UnitSource& source, std::stop_token stop,
                         const ProgressFn& progress) {
  const Splitter splitter(options.pattern);
  std::vector<ChunkCounts> counts(static_cast<std::size_t>(options.threads));
  Groups<std::string> texts(
      options.threads, "count chunks", source.bytes, stop, progress,
      [&](std::string& text, std::int64_t rank) {
        ChunkCounts& own = counts[static_cast<std::size_t>(rank)];
        splitter.for_each_chunk(text,
                                [&](std::string_view chunk) { in_parts(chunk, [&](std::string_view part) { own.add(part); }); });
      },
      {});
  const bool everything = options.from == VocabularyFrom::whole_corpus;
  source.for_each_unit(
      [&](const Unit& unit) {
        if (!unit.held_out || everything) texts.add(std::string(unit.text), unit.text.size());
      },
      stop);
  texts.flush();
  for (std::size_t rank = 1; rank < counts.size(); ++rank) counts[0].add(std::exchange(counts[rank], ChunkCounts()));
  return std::move(counts[0]);
}

std::unique_ptr<Tokenizer> build_bpe(const TokenizerOptions& options, const UnitSource& source, std::stop_token stop,
                                     const ProgressFn& progress) {
  const bool end_of_text = source.split == SplitKind::document || source.split == SplitKind::source;
  const std::int64_t least = 256 + (end_of_text ? 1 : 0);
  if (options.vocab_size < least || options.vocab_size > kMostTokens) {
    throw Error(Fault::usage, "vocab_size",
                std::to_string(options.vocab_size) + ", expected " + std::to_string(least) + " (the bytes" +
                    (end_of_text ? " and the end of text" : "") + ") to " + std::to_string(kMostTokens),
                "8192 is usual for a small study");
  }
  if (options.least_count < 1)
    throw Error(Fault::usage, "least_count", std::to_string(options.least_count) + ", expected 1 or more");
  if (options.threads < 1) throw Error(Fault::usage, "threads", std::to_string(options.threads) + ", expected 1 or more");
  const ChunkCounts counts = count_chunks(options, source, stop, progress);
  BpeParts parts = train_bpe(counts, options.vocab_size - (end_of_text ? 1 : 0), options.least_count, stop, progress);
  if (end_of_text) {
    parts.specials.push_back({std::string(kEndOfTextName), static_cast<std::int32_t>(parts.tokens.size())});
    parts.tokens.emplace_back();
  }
  return std::make_unique<BpeTokenizer>(BpeModel(std::move(parts), "the trained tokenizer"), Splitter(options.pattern));
}

}  // namespace isoflop::tokens
