#include "tokens/bpe_tokenizer.h"

#include <array>

#include "isoflop/base.h"
#include "tokens/chunk_cache.h"
#include "tokens/source.h"

namespace isoflop::tokens {
namespace {

// the names that end a document, the usual one first
constexpr std::array<std::string_view, 6> kEndOfText = {kEndOfTextName, "<|end_of_text|>", "<|eos|>", "</s>", "<eos>", "<|bos|>"};

std::optional<std::int32_t> end_of_text_in(const std::vector<SpecialToken>& specials) {
  for (const std::string_view name : kEndOfText) {
    for (const SpecialToken& special : specials) {
      if (special.text == name) return special.id;
    }
  }
  return std::nullopt;
}

}  // namespace

class BpeTokenizer::Lease {
 public:
  explicit Lease(const BpeTokenizer& owner) : owner_(owner) {
    {
      const std::lock_guard lock(owner_.mutex_);
      if (!owner_.idle_.empty()) {
        cache_ = std::move(owner_.idle_.back());
        owner_.idle_.pop_back();
      }
    }
    if (!cache_) cache_ = std::make_unique<ChunkCache>();
  }
  ~Lease() {
    const std::lock_guard lock(owner_.mutex_);
    owner_.idle_.push_back(std::move(cache_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  [[nodiscard]] ChunkCache& cache() { return *cache_; }

 private:
  const BpeTokenizer& owner_;
  std::unique_ptr<ChunkCache> cache_;
};

BpeTokenizer::BpeTokenizer(BpeModel model, Splitter splitter)
    : model_(std::move(model)), splitter_(std::move(splitter)), end_of_text_(end_of_text_in(model_.parts().specials)) {}
BpeTokenizer::~BpeTokenizer() = default;

void BpeTokenizer::encode(std::string_view text, std::vector<std::int32_t>& out) const {
  Lease lease(*this);
  ChunkCache& cache = lease.cache();
  const auto encode_chunk = [&](std::string_view chunk, std::vector<std::int32_t>& tokens) { model_.encode(chunk, tokens); };
  splitter_.for_each_chunk(text, [&](std::string_view chunk) {
    cache.append(text, static_cast<std::size_t>(chunk.data() - text.data()), chunk.size(), out, encode_chunk);
  });
}

const std::string& BpeTokenizer::bytes_at(std::int32_t token) const {
  if (token < 0 || token >= vocab_size()) bad_token(token, vocab_size());
  return model_.parts().tokens[static_cast<std::size_t>(token)];
}

std::string BpeTokenizer::decode(std::span<const std::int32_t> tokens) const {
  std::string text;
  for (const std::int32_t token : tokens) text += bytes_at(token);
  return text;
}

std::int64_t BpeTokenizer::bytes_of(std::int32_t token) const { return static_cast<std::int64_t>(bytes_at(token).size()); }

}  // namespace isoflop::tokens
