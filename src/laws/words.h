// Counts and names for people, as the room's warnings say them.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "isoflop/text.h"

namespace isoflop {

inline std::string plural(std::size_t count, const std::string& one) {
  return format_count(static_cast<double>(count)) + " " + one + (count == 1 ? "" : "s");
}

inline std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < 6; ++i) text += (i ? ", " : "") + names[i];
  return names.size() > 6 ? text + " and " + std::to_string(names.size() - 6) + " more" : text;
}

/// A number with as many digits as a sentence bears.
inline std::string people(double value) {
  return format_significant(value, 4);
}

/// A count of parameters or tokens; a table may hold one that is not whole, or larger than any integer.
inline std::string counted(double value) {
  return value < 1e15 && std::floor(value) == value ? format_count(value) : format_number(value);
}

}  // namespace isoflop
