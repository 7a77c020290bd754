#include "lab/baselines.h"

#include <lzma.h>

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "base/text.h"

namespace isoflop::lab {
namespace {

constexpr std::int64_t kChunk = 1 << 16;
constexpr std::int64_t kMostText = 64 << 20;  // xz's window at -9: more text would not be seen together anyway

template <class Visit>
void for_each_token(const TokenSplit& split, Visit visit) {
  std::vector<std::int32_t> buffer(static_cast<std::size_t>(std::min(kChunk, split.size())));
  for (std::int64_t at = 0; at < split.size(); at += kChunk) {
    const std::int64_t count = std::min(kChunk, split.size() - at);
    split.copy(at, count, buffer.data());
    for (std::int64_t i = 0; i < count; ++i) visit(buffer[static_cast<std::size_t>(i)]);
  }
}

double unigram_nats(const Prepared& prepared) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(prepared.tokenizer->vocab_size()), 0);
  for_each_token(*prepared.tokens.train, [&](std::int32_t token) { ++counts[static_cast<std::size_t>(token)]; });
  const double total = static_cast<double>(prepared.tokens.train->size()) + static_cast<double>(counts.size());
  std::vector<double> nats(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) nats[i] = -log_((static_cast<double>(counts[i]) + 1) / total);
  double sum = 0;
  for_each_token(*prepared.tokens.held_out, [&](std::int32_t token) { sum += nats[static_cast<std::size_t>(token)]; });
  return sum / static_cast<double>(prepared.tokens.held_out->size());
}

// bytes of `xz -9` without the container: raw LZMA2 with the dictionary no larger than the text needs
std::optional<std::size_t> xz_bytes(const std::string& text) {
  lzma_options_lzma options;
  if (lzma_lzma_preset(&options, 9) != 0) return std::nullopt;
  options.dict_size = static_cast<std::uint32_t>(std::clamp<std::size_t>(text.size(), LZMA_DICT_SIZE_MIN, options.dict_size));
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  std::vector<std::uint8_t> out(text.size() + text.size() / 3 + 4096);
  std::size_t written = 0;
  const lzma_ret status = lzma_raw_buffer_encode(filters, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), out.data(),
                                                 &written, out.size());
  if (status != LZMA_OK) return std::nullopt;
  return written;
}

}  // namespace

std::vector<Baseline> baselines(const Prepared& prepared) {
  std::vector<Baseline> lines;
  lines.push_back({"unigram", unigram_nats(prepared), "cross-entropy of the held-out tokens under the training split's token frequencies"});

  const TokenSplit& held_out = *prepared.tokens.held_out;
  std::string text;
  std::int64_t tokens = 0;
  std::vector<std::int32_t> buffer;
  while (tokens < held_out.size() && static_cast<std::int64_t>(text.size()) < kMostText) {
    const std::int64_t count = std::min(kChunk, held_out.size() - tokens);
    buffer.resize(static_cast<std::size_t>(count));
    held_out.copy(tokens, count, buffer.data());
    text += prepared.tokenizer->decode(buffer);
    tokens += count;
  }
  if (const auto bytes = xz_bytes(text); bytes && tokens > 0) {
    lines.push_back({"xz -9", static_cast<double>(*bytes) * 8 * log_(2) / static_cast<double>(tokens), "the held-out text compressed by itself (LZMA2, preset 9)"});
  }
  return lines;
}

}  // namespace isoflop::lab
