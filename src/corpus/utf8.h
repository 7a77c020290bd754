// UTF-8 held to the standard: no overlong forms, no surrogates, nothing beyond U+10FFFF (Unicode 15, table 3-7).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "isoflop/corpus.h"

namespace isoflop::corpus {

/// Bytes in, valid UTF-8 out, in pieces of any size; a byte order mark at the start is dropped.
class Utf8Cleaner {
 public:
  Utf8Cleaner(Utf8Policy policy, std::string subject) : policy_(policy), subject_(std::move(subject)) {}

  /// Appends what is whole. Throws bad_data with the byte offset if the policy is `error`.
  void add(std::string_view bytes, std::string& out);
  void finish(std::string& out);  ///< a character cut off by the end is invalid

  /// Bytes that belong to no character. `replace` writes one U+FFFD per maximal subpart of a character.
  [[nodiscard]] std::int64_t invalid_bytes() const { return invalid_bytes_; }

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

}  // namespace isoflop::corpus
