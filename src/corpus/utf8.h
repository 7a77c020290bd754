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

}  // namespace isoflop::corpus
