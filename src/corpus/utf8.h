// UTF-8 held to the standard: no overlong forms, no surrogates, nothing beyond U+10FFFF (Unicode 15, table 3-7).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "isoflop/corpus.h"

namespace isoflop::corpus {

/// Bytes of some encoding in, valid UTF-8 out, in pieces of any size.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Appends what is whole. Throws bad_data with the byte offset if the policy is `error`.
  virtual void add(std::string_view bytes, std::string& out) = 0;
  virtual void finish(std::string& out) = 0;  ///< a character cut off by the end is invalid
  /// Bytes that belong to no character. `replace` writes one U+FFFD per maximal subpart of a character.
  [[nodiscard]] virtual std::int64_t invalid_bytes() const = 0;
};

/// UTF-8 to UTF-8; a byte order mark at the start is dropped.
class Utf8Cleaner final : public Decoder {
 public:
  Utf8Cleaner(Utf8Policy policy, std::string subject) : policy_(policy), subject_(std::move(subject)) {}

  void add(std::string_view bytes, std::string& out) override;
  void finish(std::string& out) override;
  [[nodiscard]] std::int64_t invalid_bytes() const override { return invalid_bytes_; }

 private:
  void clean(std::string_view bytes, bool last, std::string& out);

  Utf8Policy policy_;
  std::string subject_;
  std::string carry_;        // the beginning of a character, at most 3 bytes
  std::int64_t offset_ = 0;  // of carry_'s first byte
  std::int64_t invalid_bytes_ = 0;
  bool at_start_ = true;
};

/// Code points of valid UTF-8.
[[nodiscard]] std::int64_t count_characters(std::string_view text);

/// The code point that begins at `at` of valid UTF-8; `at` moves behind it.
[[nodiscard]] inline char32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
  const char32_t first = byte(0);
  if (first < 0x80) return at += 1, first;
  if (first < 0xE0) {
    const char32_t character = (first & 0x1F) << 6 | (byte(1) & 0x3F);
    return at += 2, character;
  }
  if (first < 0xF0) {
    const char32_t character = (first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    return at += 3, character;
  }
  const char32_t character = (first & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  return at += 4, character;
}

/// The code point that ends before `end` of valid UTF-8; `end` moves to where it begins.
[[nodiscard]] char32_t previous_character(std::string_view text, std::size_t& end);

/// Appends a code point.
void append_character(std::string& out, char32_t character);

/// The first `characters` code points, or all.
[[nodiscard]] std::string_view first_characters(std::string_view text, std::int64_t characters);
/// visit(code point, byte offset) for each character of valid UTF-8.
template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const char32_t character = next_character(text, at);
    visit(character, start);
  }
}

}  // namespace isoflop::corpus
