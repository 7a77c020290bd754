// Content hashes: SHA-256 (OpenSSL) for identities, XXH3-64 for checksums of large files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace isoflop {

[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// What a file is called by: the first 16 digits of its SHA-256.
[[nodiscard]] std::string content_id(std::string_view bytes);

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void add(std::string_view bytes);
  [[nodiscard]] std::string hex();  ///< ends the hash

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::uint64_t xxh3(std::span<const std::byte> bytes);
[[nodiscard]] std::uint64_t xxh3(std::string_view bytes);
/// XXH3-64 of bytes that come in pieces.
class Xxh3 {
 public:
  Xxh3();
  ~Xxh3();
  Xxh3(Xxh3&&) noexcept;
  Xxh3& operator=(Xxh3&&) noexcept;
  void add(std::string_view bytes);
  [[nodiscard]] std::uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string hex64(std::uint64_t value);  ///< 16 lower-case digits
[[nodiscard]] std::optional<std::uint64_t> parse_hex64(std::string_view text);  ///< its inverse; nothing for any other text

}  // namespace isoflop
