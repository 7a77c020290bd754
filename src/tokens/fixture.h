// A corpus of a few lines, for the tests of this room.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing.h"
#include "tokens/source.h"

namespace isoflop {

struct Line {
  std::string text;
  bool held_out = false;
  bool ends_document = true;
};

inline tokens::UnitSource source_of(const std::vector<Line>& lines, SplitKind split = SplitKind::document) {
  tokens::UnitSource source;
  source.content_id = "test";
  source.split = split;
  for (const Line& line : lines) {
    source.content_id += "|" + line.text;
    source.bytes += static_cast<std::int64_t>(line.text.size());
  }
  source.for_each_unit = [lines](const std::function<void(const Unit&)>& visit, std::stop_token) {
    std::int64_t index = 0;
    for (const Line& line : lines) visit({index++, "test", line.text, line.held_out, line.ends_document});
  };
  return source;
}

inline std::unique_ptr<Tokenizer> char_tokenizer(const tokens::UnitSource& source,
                                                 VocabularyFrom from = VocabularyFrom::training_split) {
  return tokens::build_tokenizer({TokenizerKind::char_, from}, source, {});
}

inline std::vector<std::int32_t> ids(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<std::int32_t> out;
  tokenizer.encode(text, out);
  return out;
}

inline std::vector<std::int32_t> all_of(const TokenSplit& split) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(split.size()));
  split.copy(0, split.size(), out.data());
  return out;
}

}  // namespace isoflop
