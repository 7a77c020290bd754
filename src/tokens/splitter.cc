#include "tokens/splitter.h"

#include <array>

#include "base/check.h"

namespace isoflop::tokens {
namespace {

struct Known {
  const char* pattern;
  Scan scan;
  int digits;
};

// what tokenizer files hold; the forms of one pattern that differ only in how fast a matcher runs them stand together
// Source  openai/gpt-2 encoder.py; openai/tiktoken openai_public.py (cl100k_base); nanochat (two digits); Qwen2 (one)
constexpr std::array<Known, 12> kKnown = {{
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", Scan::gpt2, 0},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", Scan::gpt2, 0},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s)", Scan::gpt2, 0},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     Scan::gpt4, 3},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     Scan::gpt4, 2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     Scan::gpt4, 1},
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
     Scan::gpt4, 3},
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
     Scan::gpt4, 2},
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
     Scan::gpt4, 3},
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     Scan::gpt4, 3},
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     Scan::gpt4, 2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|\p{Han}+|\p{Hiragana}+|[\p{Katakana}ーｰ]+| ?[^\P{L}\p{Han}\p{Hiragana}\p{Katakana}ーｰ]+|)"
     R"([^\P{N}\p{Han}\p{Hiragana}\p{Katakana}]{1,3}| ?[^\s\p{L}\p{N}\p{Han}\p{Hiragana}\p{Katakana}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     Scan::script, 3},
}};

}  // namespace

std::string regex_of(SplitPattern pattern) {
  const Scan scan = pattern == SplitPattern::gpt2 ? Scan::gpt2 : pattern == SplitPattern::gpt4 ? Scan::gpt4 : Scan::script;
  for (const Known& known : kKnown) {
    if (known.scan == scan) return known.pattern;
  }
  ISOFLOP_CHECK(false);
  return {};
}

std::optional<Splitter::Stage> Splitter::known(const std::string& pattern) {
  for (const Known& one : kKnown) {
    if (pattern == one.pattern) return Stage{one.scan, one.digits};
  }
  return std::nullopt;
}

Splitter::Splitter(SplitPattern pattern) : Splitter(std::vector{regex_of(pattern)}, "") {}

Splitter::Splitter(std::vector<std::string> patterns, const std::string& subject) : patterns_(std::move(patterns)) {
  for (const std::string& pattern : patterns_) {
    std::optional<Stage> stage = known(pattern);
    stages_.push_back(stage ? std::move(*stage) : Stage{Scan::regex, 0, Regex(pattern, subject)});
  }
}

bool Splitter::covers_everything() const {
  for (const Stage& stage : stages_) {
    if (stage.scan == Scan::regex) return false;
  }
  return true;
}

std::size_t Splitter::certain_cut(std::string_view text, bool ends) const {
  if (ends) return text.size();
  if (stages_.size() != 1) return 0;
  switch (stages_.front().scan) {
    case Scan::gpt2:
    case Scan::gpt4:
      return last_certain_cut<false>(text);
    case Scan::script:
      return last_certain_cut<true>(text);
    case Scan::regex:
      break;
  }
  return 0;
}

}  // namespace isoflop::tokens
