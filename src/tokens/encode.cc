#include "base/team.h"
#include "tokens/source.h"
#include "tokens/token_writer.h"

namespace isoflop {
namespace tokens {
namespace {

// Units in reading order, encoded in groups so that memory stays bounded and several cores can work.
class Encoder {
 public:
  Encoder(const Tokenizer& tokenizer, std::int64_t threads, TokenSetWriter& writer) : tokenizer_(tokenizer), team_(threads), writer_(writer) {}

  /// True when a group was written.
  bool add(const Unit& unit) {
    pending_.push_back({std::string(unit.text), unit.held_out, unit.ends_document, {}});
    pending_bytes_ += unit.text.size();
    constexpr std::size_t kGroupBytes = 4 << 20;
    if (pending_bytes_ < kGroupBytes) return false;
    flush();
    return true;
  }

  void flush() {
    team_.run([&](std::int64_t rank) {
      for (auto i = static_cast<std::size_t>(rank); i < pending_.size(); i += static_cast<std::size_t>(team_.size())) {
        Pending& unit = pending_[i];
        tokenizer_.encode(unit.text, unit.tokens);
        if (unit.ends_document && tokenizer_.end_of_text()) unit.tokens.push_back(*tokenizer_.end_of_text());
      }
    });
    for (const Pending& unit : pending_) {
      const auto bytes = static_cast<std::int64_t>(unit.text.size());
      (unit.held_out ? writer_.held_out() : writer_.train()).add(unit.tokens, bytes);
    }
    done_ += pending_bytes_;
    pending_.clear();
    pending_bytes_ = 0;
  }

  [[nodiscard]] std::size_t done() const { return done_; }

 private:
  struct Pending {
    std::string text;
    bool held_out, ends_document;
    std::vector<std::int32_t> tokens;
  };
  const Tokenizer& tokenizer_;
  Team team_;
  TokenSetWriter& writer_;
  std::vector<Pending> pending_;
  std::size_t pending_bytes_ = 0, done_ = 0;
};

}  // namespace

TokenSet encode(const UnitSource& source, const Tokenizer& tokenizer, const EncodeOptions& options, std::stop_token stop, const ProgressFn& progress) {
  if (options.shard_tokens < 1) throw Error(Fault::usage, "shard_tokens", std::to_string(options.shard_tokens) + ", expected 1 or more");
  if (options.threads < 1) throw Error(Fault::usage, "threads", std::to_string(options.threads) + ", expected 1 or more");
  const std::string id = token_set_id(source.content_id, tokenizer);
  if (auto there = find_tokens(options.root, id)) return std::move(*there);

  TokenSetWriter writer({options.root, id, source.content_id, options.shard_tokens}, tokenizer);
  Encoder encoder(tokenizer, options.threads, writer);
  source.for_each_unit(
      [&](const Unit& unit) {
        throw_if_stopped(stop);
        if (encoder.add(unit) && progress) {
          progress({"encode", static_cast<double>(encoder.done()), static_cast<double>(source.bytes), "bytes", {}});
        }
      },
      stop);
  encoder.flush();
  return writer.finish();
}

}  // namespace tokens

TokenSet encode_corpus(const Corpus& corpus, const Tokenizer& tokenizer, const EncodeOptions& options, std::stop_token stop, const ProgressFn& progress) {
  return tokens::encode(tokens::source_of(corpus), tokenizer, options, stop, progress);
}

}  // namespace isoflop
