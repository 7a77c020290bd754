// A byte-pair vocabulary: tokens as bytes, merges in their order, and how a chunk becomes tokens. Inside the room only.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isoflop::tokens {

/// Two neighbours become one token; the earlier in the list, the sooner.
struct Merge {
  std::int32_t left = 0, right = 0;
  friend auto operator<=>(const Merge&, const Merge&) = default;
};

/// A token that no text becomes.
struct SpecialToken {
  std::string text;
  std::int32_t id = 0;
};

/// What tokenizer files hold.
struct BpeParts {
  std::vector<std::string> tokens;  ///< by id, as bytes; empty: a special token, or an id that stands for nothing
  std::vector<Merge> merges;
  std::vector<SpecialToken> specials;  ///< by id
  bool whole_chunks_first = false;     ///< a chunk that is a token is that token, whatever the merges say (tiktoken;
                                       ///< `ignore_merges`)
};

/// Places in the list of merges by pair. Open addressing: a lookup is one cache line.
class MergeTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Found {
    std::uint32_t rank = kNone;
    std::int32_t merged = 0;
  };

  explicit MergeTable(std::size_t merges);
  /// False if the pair is there already.
  bool add(const Merge& merge, std::uint32_t rank, std::int32_t merged);
  [[nodiscard]] Found find(std::int32_t left, std::int32_t right) const {
    const std::uint64_t key = key_of(left, right);
    for (std::size_t at = place_of(key);; at = (at + 1) & mask_) {
      if (slots_[at].key == key) return slots_[at].found;
      if (slots_[at].key == kEmpty) return {};
    }
  }

 private:
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  struct Slot {
    std::uint64_t key = kEmpty;
    Found found;
  };
  static std::uint64_t key_of(std::int32_t left, std::int32_t right) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) | static_cast<std::uint32_t>(right);
  }
  [[nodiscard]] std::size_t place_of(std::uint64_t key) const {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15U) >> shift_);
  }

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  int shift_ = 0;
};

class BpeModel {
 public:
  /// Throws bad_data naming `subject`: a byte without a token, a merge whose parts or product are not there, a merge or a token
  /// twice.
  BpeModel(BpeParts parts, const std::string& subject);

  [[nodiscard]] const BpeParts& parts() const { return parts_; }
  [[nodiscard]] std::int32_t byte_token(unsigned char byte) const { return byte_tokens_[byte]; }
  [[nodiscard]] std::optional<std::int32_t> find(std::string_view bytes) const;

  /// Appends a chunk's tokens: of the neighbours that merge, the pair that stands earliest in the list first, the leftmost of
  /// equals.
  ///
  /// Source   Sennrich et al. 2016 (arXiv:1508.07909) in the order of openai/gpt-2 and Hugging Face's tokenizers.
  /// Checked  bpe_model_test.cc: the plain definition, on random merges; both ways below give the same.
  void encode(std::string_view chunk, std::vector<std::int32_t>& out) const;


  // the two ways, one for short chunks
  static constexpr std::size_t kShort = 48;  ///< bytes: longer chunks pay for a queue
  /// a scan for each merge; at most kShort bytes
  void merge_short(std::string_view chunk, std::vector<std::int32_t>& out) const;
  void merge_long(std::string_view chunk, std::vector<std::int32_t>& out) const;   ///< a queue

 private:
  void check_bytes(const std::string& subject);
  void read_merges(const std::string& subject);
  void index_tokens(const std::string& subject);

  BpeParts parts_;
  std::array<std::int32_t, 256> byte_tokens_{};
  std::vector<std::int32_t> by_bytes_;  // ids by hash of their bytes, -1: empty
  MergeTable table_;
};

}  // namespace isoflop::tokens
