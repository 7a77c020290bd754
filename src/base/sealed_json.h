// JSON that carries its own checksum: a document or a line that says whether it is whole (docs/formats/sealed-json.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isoflop {

/// Adds `"checksum"`, 16 hex digits of XXH3-64 of the object's text, as its last key, and a newline behind the object.
/// Needs    an object with a key, compact on one line, or indented by 2 and closed by a brace on a line of its own.
/// Checked  base_test.cc: any flipped bit and any truncation is found.
[[nodiscard]] std::string seal_json(std::string_view object);

/// The object's text without its checksum; nothing if a single bit is not as it was written.
[[nodiscard]] std::optional<std::string> try_unseal_json(std::string_view text);

/// The same. Throws Error{bad_data} naming `subject`, with `hint`, instead of giving nothing.
[[nodiscard]] std::string unseal_json(std::string_view text, const std::string& subject, const std::string& hint = {});

}  // namespace isoflop
