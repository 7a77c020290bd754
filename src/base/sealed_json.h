// JSON files that carry a checksum of themselves: the last key of the object is `checksum`, XXH3-64 of the bytes before it.
#pragma once

#include <string>

#include "base/json.h"

namespace isoflop {

/// One line: the object in compact form, with `"checksum"` (16 hex digits of XXH3-64 of that form without it) as its last key.
[[nodiscard]] std::string seal_json(const Json& object);

/// The object without its checksum. Throws Error{bad_data} naming `subject`, with `hint`, if a single bit is not as it was written.
[[nodiscard]] Json unseal_json(const std::string& text, const std::string& subject, const std::string& hint);

}  // namespace isoflop
