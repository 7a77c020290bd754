// Checksums inside text: a JSON document or line that says whether it is whole (docs/formats/run.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isoflop {

/// Adds `"checksum"`, the XXH3-64 of every byte before it, as the last key of an indented JSON object that ends in "\n}".
[[nodiscard]] std::string seal_document(std::string_view object);
/// The object without its checksum; nothing if any byte is not as it was written.
[[nodiscard]] std::optional<std::string> unseal_document(std::string_view text);

/// Adds `"c"`, 8 digits of XXH3-64 of every byte before it, as the last key of a one-line JSON object. No newline.
[[nodiscard]] std::string seal_line(std::string_view object);
[[nodiscard]] std::optional<std::string> unseal_line(std::string_view line);

}  // namespace isoflop
