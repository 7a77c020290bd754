// JSON text whose numbers are the shortest that read back exactly.
#pragma once

#include <string>

#include "base/json.h"

namespace isoflop {

/// `indent` < 0: one line. Numbers that are not finite are written as the strings "nan", "inf", "-inf"; invalid UTF-8 is
/// replaced.
[[nodiscard]] std::string json_text(const Json& value, int indent = -1);

}  // namespace isoflop
