// The Tokenizer over a byte-pair vocabulary. Inside the room only.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "isoflop/tokens.h"
#include "tokens/bpe_model.h"
#include "tokens/splitter.h"

namespace isoflop::tokens {

class ChunkCache;

class BpeTokenizer final : public Tokenizer {
 public:
  BpeTokenizer(BpeModel model, Splitter splitter);
  ~BpeTokenizer() override;

  [[nodiscard]] std::string kind() const override { return "bpe"; }
  [[nodiscard]] std::int64_t vocab_size() const override { return static_cast<std::int64_t>(model_.parts().tokens.size()); }
  [[nodiscard]] std::optional<std::int32_t> end_of_text() const override { return end_of_text_; }
  /// Special tokens are never read out of text: `<|endoftext|>` in a document is its characters.
  void encode(std::string_view text, std::vector<std::int32_t>& out) const override;
  [[nodiscard]] std::string decode(std::span<const std::int32_t> tokens) const override;
  [[nodiscard]] std::int64_t bytes_of(std::int32_t token) const override;
  [[nodiscard]] std::string to_json() const override;  // Hugging Face's tokenizer.json
  [[nodiscard]] std::size_t certain_cut(std::string_view text, bool ends) const override {
    return splitter_.certain_cut(text, ends);
  }

  [[nodiscard]] const BpeModel& model() const { return model_; }
  [[nodiscard]] const Splitter& splitter() const { return splitter_; }

 private:
  class Lease;  // a cache for the time of one call
  [[nodiscard]] const std::string& bytes_at(std::int32_t token) const;

  BpeModel model_;
  Splitter splitter_;
  std::optional<std::int32_t> end_of_text_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<ChunkCache>> idle_;  // they change how fast an answer comes, never the answer
};

/// Reads any tokenizer.json of Hugging Face's form. Throws bad_data naming `subject` and what it cannot do, by name.
[[nodiscard]] std::unique_ptr<Tokenizer> bpe_from_json(const std::string& text, const std::string& subject);

}  // namespace isoflop::tokens
