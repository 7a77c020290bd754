#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/utf8.h"
#include "tokens/groups.h"

namespace isoflop {
namespace tokens {
namespace {

// Documents in parts that have the tokens of the whole.
class Counter {
 public:
  Counter(const Tokenizer& tokenizer, std::int64_t threads, std::int64_t bytes, const std::stop_token& stop,
          const ProgressFn& progress)
      : tokenizer_(tokenizer),
        parts_(
            threads, "count tokens", bytes, stop, progress,
            [this](Part& part, std::int64_t) {
              std::vector<std::int32_t> tokens;
              tokenizer_.encode(part.text, tokens);
              part.tokens = static_cast<std::int64_t>(tokens.size());
            },
            [](Part& part) { part.counts->tokens += part.tokens; }) {}

  void add(const Unit& unit) {
    if (!counts_of_) counts_of_ = &sources_[std::string(unit.source)];
    open_ += unit.text;
    TextCounts& counts = *counts_of_;
    counts.bytes += static_cast<std::int64_t>(unit.text.size());
    counts.characters += count_characters(unit.text);
    counts.documents += unit.ends_document ? 1 : 0;
    // a look for each doubling, so that a text without a certain place is not looked through again and again
    if (unit.ends_document || open_.size() >= look_at_) {
      const std::size_t cut = tokenizer_.certain_cut(open_, unit.ends_document);
      if (cut > 0) parts_.add({open_.substr(0, cut), counts_of_}, cut);
      open_.erase(0, cut);
      look_at_ = std::max(kPartBytes, 2 * open_.size());
    }
    if (unit.ends_document) counts_of_ = nullptr;
  }

  [[nodiscard]] TokenCounts counts() {
    ISOFLOP_CHECK(open_.empty());  // the last unit of a document ends it
    parts_.flush();
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
  static constexpr std::size_t kPartBytes = 256 << 10;
  struct Part {
    std::string text;
    TextCounts* counts = nullptr;
    std::int64_t tokens = 0;
  };

  const Tokenizer& tokenizer_;
  std::map<std::string, TextCounts> sources_;  // its nodes stay where they are
  TextCounts* counts_of_ = nullptr;            // of the document under way
  std::string open_;                           // its text that is in no part yet
  std::size_t look_at_ = kPartBytes;
  Groups<Part> parts_;
};

}  // namespace

TokenCounts count(const UnitSource& source, const Tokenizer& tokenizer, std::int64_t threads, std::stop_token stop,
                  const ProgressFn& progress) {
  if (threads < 1) throw Error(Fault::usage, "threads", std::to_string(threads) + ", expected 1 or more");
  Counter counter(tokenizer, threads, source.bytes, stop, progress);
  source.for_each_unit([&](const Unit& unit) { counter.add(unit); }, stop);
  return counter.counts();
}

}  // namespace tokens

TokenCounts count_tokens(const Corpus& corpus, const Tokenizer& tokenizer, std::int64_t threads, std::stop_token stop,
                         const ProgressFn& progress) {
  if (corpus.manifest().split == SplitKind::block)
    throw Error(Fault::usage, "split", "tokens are counted of whole documents", "open the corpus with the split `none`");
  TokenCounts counts = tokens::count(tokens::source_of(corpus), tokenizer, threads, stop, progress);
  const std::vector<SourceFacts>& known = corpus.manifest().sources;  // by name
  for (TextCounts& source : counts.sources) {
    const auto facts = std::lower_bound(known.begin(), known.end(), source.source,
                                        [](const SourceFacts& a, const std::string& name) { return a.name < name; });
    if (facts != known.end() && facts->name == source.source) source.invalid_bytes = facts->invalid_bytes;
    counts.total.invalid_bytes += source.invalid_bytes;
  }
  return counts;
}

}  // namespace isoflop
