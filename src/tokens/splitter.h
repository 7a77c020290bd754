// Text cut into the chunks that no merge crosses. Inside the room only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isoflop/tokens.h"
#include "tokens/regex.h"
#include "tokens/scan.h"

namespace isoflop::tokens {

/// The regular expression of a pattern, as Oniguruma, Rust's regex and PCRE2 (with `\p{sc:...}`) read it.
[[nodiscard]] std::string regex_of(SplitPattern pattern);

class Splitter {
 public:
  explicit Splitter(SplitPattern pattern);
  /// One expression after another, each over the pieces the one before has cut: matches and what lies between them are pieces.
  /// Those that are known run by hand. Throws bad_data naming `subject`.
  Splitter(std::vector<std::string> patterns, const std::string& subject);

  [[nodiscard]] const std::vector<std::string>& patterns() const { return patterns_; }
  /// All of them are scanned by hand: each match begins where the last one ended.
  [[nodiscard]] bool covers_everything() const;

  /// visit(chunk) for each chunk, in order; together they are the text.
  template <class Visit>
  void for_each_chunk(std::string_view text, Visit&& visit) const {
    cut(0, text, visit);
  }

  /// Where a text that goes on may be cut without changing a chunk: its end if it is whole (`ends`), else the last certain place,
  /// 0 if there is none.
  [[nodiscard]] std::size_t certain_cut(std::string_view text, bool ends) const;

 private:
  struct Stage {
    Scan scan = Scan::regex;
    int digits = 0;
    std::optional<Regex> regex = {};
  };
  static std::optional<Stage> known(const std::string& pattern);

  template <class Visit>
  void cut(std::size_t stage, std::string_view text, Visit& visit) const {
    if (stage == stages_.size()) return visit(text);
    const auto pass_on = [&](std::size_t begin, std::size_t end) {
      if (stage + 1 == stages_.size()) return visit(text.substr(begin, end - begin));
      cut(stage + 1, text.substr(begin, end - begin), visit);
    };
    const auto walk = [&](auto chunk_end) {
      for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = chunk_end(begin);
        pass_on(begin, end);
        begin = end;
      }
    };
    const Stage& how = stages_[stage];
    switch (how.scan) {
      case Scan::gpt2:
        return walk([classes = ClassedText<false>(text)](std::size_t begin) { return chunk_end_gpt2(classes, begin); });
      case Scan::gpt4:
        return walk([classes = ClassedText<false>(text), digits = how.digits](std::size_t begin) {
          return chunk_end_gpt4(classes, begin, digits);
        });
      case Scan::script:
        return walk([classes = ClassedText<true>(text)](std::size_t begin) { return chunk_end_script(classes, begin); });
      case Scan::regex:
        break;
    }
    Regex::Search search(*how.regex);
    std::size_t done = 0, begin = 0, end = 0;
    while (done < text.size() && search.next(text, done, begin, end)) {
      if (begin > done) pass_on(done, begin);
      pass_on(begin, end);
      done = end;
    }
    if (done < text.size()) pass_on(done, text.size());
  }

  std::vector<std::string> patterns_;
  std::vector<Stage> stages_;
};

}  // namespace isoflop::tokens
