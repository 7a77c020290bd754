#include "tokens/rank_file.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "isoflop/text.h"
#include "tokens/bpe_tokenizer.h"

namespace isoflop::tokens {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < 3; ++i) word = (word << 8) | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) text.push_back(i <= count ? kDigits[(word >> (18 - 6 * i)) & 63] : '=');
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); at += 4) {
    std::uint32_t word = 0;
    std::size_t padding = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const char c = text[at + i];
      const std::size_t digit = c == '=' ? 0 : kDigits.find(c);
      if (c == '=') ++padding;
      const bool last = at + 4 == text.size();
      if (digit == std::string_view::npos || (c != '=' && padding > 0) || (c == '=' && (!last || i < 2))) return std::nullopt;
      word = (word << 6) | static_cast<std::uint32_t>(digit);
    }
    for (std::size_t i = 0; i + padding < 3; ++i) bytes.push_back(static_cast<char>((word >> (16 - 8 * i)) & 255));
  }
  return to_base64(bytes) == text ? std::optional(bytes) : std::nullopt;  // bits behind the last byte are zero
}

struct Line {
  std::string bytes;
  std::int64_t rank = 0;
};
std::optional<Line> parse_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  auto bytes = from_base64(line.substr(0, space));
  const auto rank = parse_int(line.substr(space + 1));
  if (!bytes || !rank) return std::nullopt;
  return Line{std::move(*bytes), *rank};
}

std::string_view next_line(std::string_view text, std::size_t& at) {
  const std::size_t end = std::min(text.find('\n', at), text.size());
  std::string_view line = text.substr(at, end - at);
  at = end + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// encodings by the names of their files
struct Encoding {
  std::string_view name;
  SplitPattern pattern;
  std::int32_t end_of_text;
};
constexpr std::array<Encoding, 4> kEncodings = {{{"gpt2", SplitPattern::gpt2, 50256},
                                                 {"r50k_base", SplitPattern::gpt2, 50256},
                                                 {"p50k_base", SplitPattern::gpt2, 50256},
                                                 {"cl100k_base", SplitPattern::gpt4, 100257}}};

}  // namespace

bool looks_like_ranks(const std::string& text) {
  std::size_t at = 0;
  return !text.empty() && parse_line(next_line(text, at)).has_value();
}

BpeParts parts_from_ranks(const std::string& text, const std::string& path) {
  BpeParts parts;
  parts.whole_chunks_first = true;
  std::unordered_map<std::string, std::int32_t> ranks;
  std::vector<bool> taken;
  std::int64_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view raw = next_line(text, at);
    const std::string subject = path + ":" + std::to_string(++number);
    if (raw.empty()) continue;
    auto line = parse_line(raw);
    if (!line)
      throw Error(Fault::bad_data, subject, "is not a token in base64, a space and its rank",
                  "the file may be torn or of another kind");
    if (line->rank < 0 || line->rank >= kMostTokens)
      throw Error(Fault::bad_data, subject, "rank " + std::to_string(line->rank) + " is out of range");
    const auto rank = static_cast<std::size_t>(line->rank);
    if (rank >= taken.size()) {
      taken.resize(rank + 1);
      parts.tokens.resize(rank + 1);
    }
    if (taken[rank]) throw Error(Fault::bad_data, subject, "rank " + std::to_string(rank) + " stands twice");
    if (!ranks.emplace(line->bytes, static_cast<std::int32_t>(rank)).second)
      throw Error(Fault::bad_data, subject, "its token stands twice");
    taken[rank] = true;
    parts.tokens[rank] = std::move(line->bytes);
  }
  if (parts.tokens.size() > 2 * ranks.size() + 1024) {
    throw Error(Fault::bad_data, path,
                std::to_string(ranks.size()) + " tokens have ranks up to " + std::to_string(parts.tokens.size() - 1) +
                    ": most stand for nothing");
  }

  std::vector<std::tuple<std::int32_t, Merge>> merges;  // product, parts
  for (const auto& [bytes, rank] : ranks) {
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      const auto left = ranks.find(bytes.substr(0, cut)), right = ranks.find(bytes.substr(cut));
      if (left != ranks.end() && right != ranks.end()) merges.emplace_back(rank, Merge{left->second, right->second});
    }
  }
  std::sort(merges.begin(), merges.end());
  for (const auto& [product, merge] : merges) parts.merges.push_back(merge);
  return parts;
}

std::unique_ptr<Tokenizer> tokenizer_from_ranks(const std::string& text, const std::string& path,
                                                std::optional<SplitPattern> pattern) {
  BpeParts parts = parts_from_ranks(text, path);
  const std::string stem = std::filesystem::path(path).stem().string();
  auto end_of_text = static_cast<std::int32_t>(parts.tokens.size());
  for (const Encoding& encoding : kEncodings) {
    if (encoding.name != stem) continue;
    if (!pattern) pattern = encoding.pattern;
    // an encoding's own id, if it is free in the file and no more than one beyond it
    const auto own = static_cast<std::size_t>(encoding.end_of_text), size = parts.tokens.size();
    if (own < size ? parts.tokens[own].empty() : own - size < 2) end_of_text = encoding.end_of_text;
  }
  if (!pattern) {
    throw Error(Fault::usage, path, "a rank file does not say how text is cut", "give --split-pattern gpt2, gpt4 or script");
  }
  parts.tokens.resize(std::max(parts.tokens.size(), static_cast<std::size_t>(end_of_text) + 1));
  parts.specials = {{std::string(kEndOfTextName), end_of_text}};
  return std::make_unique<BpeTokenizer>(BpeModel(std::move(parts), path), Splitter(*pattern));
}

std::string ranks_of(const BpeModel& model) {
  const BpeParts& parts = model.parts();
  // a token's first merge gives it its place
  std::vector<bool> made(parts.tokens.size());
  std::int32_t last = -1;
  for (const Merge& merge : parts.merges) {
    const auto product =
        model.find(parts.tokens[static_cast<std::size_t>(merge.left)] + parts.tokens[static_cast<std::size_t>(merge.right)])
            .value_or(-1);
    const auto at = static_cast<std::size_t>(product);
    if (made[at]) continue;
    made[at] = true;
    if (product < last)
      throw Error(Fault::usage, "tiktoken", "its ranks are ids, and here the merges do not come in the order of ids",
                  "write it as json");
    last = product;
  }
  std::string text;
  for (std::size_t id = 0; id < parts.tokens.size(); ++id) {
    if (!parts.tokens[id].empty()) text += to_base64(parts.tokens[id]) + " " + std::to_string(id) + "\n";
  }
  return text;
}

}  // namespace isoflop::tokens
