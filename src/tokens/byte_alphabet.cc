#include "tokens/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "base/utf8.h"

namespace isoflop::tokens {
namespace {

constexpr std::uint32_t kFirst = 256, kMost = 324;

struct Alphabet {
  std::array<std::uint32_t, 256> of_byte{};
  std::array<int, kMost> byte_of{};
};

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  for (int& byte : alphabet.byte_of) byte = -1;
  std::uint32_t next = kFirst;
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    alphabet.of_byte[byte] = printable ? byte : next++;
    alphabet.byte_of[alphabet.of_byte[byte]] = static_cast<int>(byte);
  }
  return alphabet;
}
constexpr Alphabet kAlphabet = make_alphabet();
static_assert(kAlphabet.of_byte[' '] == 0x120 && kAlphabet.of_byte['\n'] == 0x10A && kAlphabet.byte_of[kMost - 1] == 173);

}  // namespace

std::string to_alphabet(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) append_character(text, kAlphabet.of_byte[static_cast<unsigned char>(c)]);
  return text;
}

std::optional<std::string> from_alphabet(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = first_code_point(text.substr(at));
    if (!point.valid || point.value >= kMost || kAlphabet.byte_of[point.value] < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(kAlphabet.byte_of[point.value]));
    at += point.length;
  }
  return bytes;
}

}  // namespace isoflop::tokens
