#include <algorithm>
#include <map>

#include "base/team.h"
#include "tokens/source.h"

namespace isoflop {
namespace tokens {
namespace {

std::int64_t characters_in(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// Documents in parts that have the tokens of the whole, counted in groups by several cores.
class Counter {
 public:
  Counter(const Tokenizer& tokenizer, std::int64_t threads) : tokenizer_(tokenizer), team_(threads) {}

  /// True when a group was counted.
  bool add(const Unit& unit) {
    if (!counts_of_) counts_of_ = &sources_[std::string(unit.source)];
    open_ += unit.text;
    TextCounts& counts = *counts_of_;
    counts.bytes += static_cast<std::int64_t>(unit.text.size());
    counts.characters += characters_in(unit.text);
    counts.documents += unit.ends_document ? 1 : 0;
    // a look for each doubling, so that a text without a certain place is not looked through again and again
    if (unit.ends_document || open_.size() >= look_at_) {
      const std::size_t cut = tokenizer_.certain_cut(open_, unit.ends_document);
      if (cut > 0) queue(open_.substr(0, cut));
      open_.erase(0, cut);
      look_at_ = std::max(kPartBytes, 2 * open_.size());
    }
    if (unit.ends_document) counts_of_ = nullptr;
    if (pending_bytes_ < kGroupBytes) return false;
    flush();
    return true;
  }

  void flush() {
    team_.run([&](std::int64_t rank) {
      std::vector<std::int32_t> tokens;
      for (auto i = static_cast<std::size_t>(rank); i < pending_.size(); i += static_cast<std::size_t>(team_.size())) {
        tokens.clear();
        tokenizer_.encode(pending_[i].text, tokens);
        pending_[i].tokens = static_cast<std::int64_t>(tokens.size());
      }
    });
    for (const Part& part : pending_) part.counts->tokens += part.tokens;
    done_ += pending_bytes_;
    pending_.clear();
    pending_bytes_ = 0;
  }

  [[nodiscard]] std::size_t done() const { return done_; }

  [[nodiscard]] TokenCounts counts() {
    flush();
    TokenCounts all;
    for (auto& [name, counts] : sources_) {
      counts.source = name;
      all.total.documents += counts.documents;
      all.total.characters += counts.characters;
      all.total.bytes += counts.bytes;
      all.total.tokens += counts.tokens;
      all.sources.push_back(counts);
    }
    return all;
  }

 private:
  static constexpr std::size_t kPartBytes = 256 << 10, kGroupBytes = 4 << 20;
  struct Part {
    std::string text;
    TextCounts* counts;
    std::int64_t tokens;
  };
  void queue(std::string text) {
    pending_bytes_ += text.size();
    pending_.push_back({std::move(text), counts_of_, 0});
  }

  const Tokenizer& tokenizer_;
  Team team_;
  std::map<std::string, TextCounts> sources_;  // its nodes stay where they are
  TextCounts* counts_of_ = nullptr;            // of the document under way
  std::string open_;                           // its text that is in no part yet
  std::size_t look_at_ = kPartBytes;
  std::vector<Part> pending_;
  std::size_t pending_bytes_ = 0, done_ = 0;
};

}  // namespace

TokenCounts count(const UnitSource& source, const Tokenizer& tokenizer, std::int64_t threads, std::stop_token stop, const ProgressFn& progress) {
  if (threads < 1) throw Error(Fault::usage, "threads", std::to_string(threads) + ", expected 1 or more");
  Counter counter(tokenizer, threads);
  source.for_each_unit(
      [&](const Unit& unit) {
        throw_if_stopped(stop);
        if (counter.add(unit) && progress) {
          progress({"count tokens", static_cast<double>(counter.done()), static_cast<double>(source.bytes), "bytes", {}});
        }
      },
      stop);
  return counter.counts();
}

}  // namespace tokens

TokenCounts count_tokens(const Corpus& corpus, const Tokenizer& tokenizer, std::int64_t threads, std::stop_token stop, const ProgressFn& progress) {
  TokenCounts counts = tokens::count(tokens::source_of(corpus), tokenizer, threads, stop, progress);
  const std::vector<SourceFacts>& known = corpus.manifest().sources;  // by name
  for (TextCounts& source : counts.sources) {
    const auto facts = std::lower_bound(known.begin(), known.end(), source.source, [](const SourceFacts& a, const std::string& name) { return a.name < name; });
    if (facts != known.end() && facts->name == source.source) source.invalid_bytes = facts->invalid_bytes;
    counts.total.invalid_bytes += source.invalid_bytes;
  }
  return counts;
}

}  // namespace isoflop
