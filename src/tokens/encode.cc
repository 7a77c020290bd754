#include "tokens/groups.h"
#include "tokens/token_writer.h"

namespace isoflop {
namespace tokens {
namespace {

struct Encoded {
  std::string text;
  bool held_out = false, ends_document = false;
  std::vector<std::int32_t> tokens = {};
};

}  // namespace

TokenSet encode(const UnitSource& source, const Tokenizer& tokenizer, const EncodeOptions& options, std::stop_token stop,
                const ProgressFn& progress) {
  if (options.shard_tokens < 1)
    throw Error(Fault::usage, "shard_tokens", std::to_string(options.shard_tokens) + ", expected 1 or more");
  if (options.threads < 1) throw Error(Fault::usage, "threads", std::to_string(options.threads) + ", expected 1 or more");
  const std::string id = token_set_id(source.content_id, tokenizer);
  if (auto there = find_tokens(options.root, id)) return std::move(*there);

  TokenSetWriter writer({options.root, id, source.content_id, options.shard_tokens}, tokenizer);
  Groups<Encoded> units(
      options.threads, "encode", source.bytes, stop, progress,
      [&](Encoded& unit, std::int64_t) {
        tokenizer.encode(unit.text, unit.tokens);
        if (unit.ends_document && tokenizer.end_of_text()) unit.tokens.push_back(*tokenizer.end_of_text());
      },
      [&](Encoded& unit) {
        (unit.held_out ? writer.held_out() : writer.train()).add(unit.tokens, static_cast<std::int64_t>(unit.text.size()));
      });
  source.for_each_unit(
      [&](const Unit& unit) {
        units.add({std::string(unit.text), unit.held_out, unit.ends_document}, unit.text.size());
      },
      stop);
  units.flush();
  return writer.finish();
}

}  // namespace tokens

TokenSet encode_corpus(const Corpus& corpus, const Tokenizer& tokenizer, const EncodeOptions& options, std::stop_token stop,
                       const ProgressFn& progress) {
  return tokens::encode(tokens::source_of(corpus), tokenizer, options, stop, progress);
}

}  // namespace isoflop
