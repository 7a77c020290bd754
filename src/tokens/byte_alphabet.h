// Bytes written as printable characters, as GPT-2's files do. Inside the room only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isoflop::tokens {

/// Printable Latin-1 bytes stand for themselves, the 68 others for U+0100 onwards, in order.
///
/// Source   bytes_to_unicode in openai/gpt-2 encoder.py.
[[nodiscard]] std::string to_alphabet(std::string_view bytes);
/// Its inverse; nothing if a character stands for no byte.
[[nodiscard]] std::optional<std::string> from_alphabet(std::string_view text);

}  // namespace isoflop::tokens
