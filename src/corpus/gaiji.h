// Characters that Shift_JIS lacks, as Aozora Bunko's notes name them.
#pragma once

#include <string>
#include <string_view>

namespace isoflop::corpus {

/// The character of plane (men) 1 or 2, row (ku) and cell (ten) 1 to 94 of JIS X 0213:2004, as UTF-8; some are two code points.
/// Empty where the standard has none.
///
/// Source   the C library's EUC-JISX0213 converter, read once.
/// Throws   failure if the C library has no such converter.
/// Checked  aozora_test.cc: rows 16 to 84 agree with ICU's JIS X 0208; single cells with what they are known to be.
[[nodiscard]] const std::string& jisx0213(int plane, int row, int cell);

/// The character that a gaiji note names: by code point (U+6DFC), else by men-ku-ten (第3水準1-87-24). Empty if it names none.
[[nodiscard]] std::string gaiji_of(std::string_view note);

}  // namespace isoflop::corpus
