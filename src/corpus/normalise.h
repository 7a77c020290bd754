// Text in one form: Unicode normalisation, line ends, control characters, spaces nobody sees.
#pragma once

#include <string>
#include <string_view>

#include "isoflop/clean.h"

namespace isoflop::corpus {

/// `text` in the form, by ICU; equal to it where it was in that form. Needs valid UTF-8 below 2 GiB.
[[nodiscard]] std::string normalised(std::string_view text, UnicodeForm form);

/// Line ends of every kind (CR LF, CR, NEL, VT, FF, U+2028, U+2029) as \n; controls other than tab, and byte order marks, left
/// out. With `tidy`: no spaces at line ends (also of full width), no more than two line ends in a row, nothing empty at either
/// end. Needs valid UTF-8.
[[nodiscard]] std::string with_plain_lines(std::string_view text, bool tidy);

}  // namespace isoflop::corpus
