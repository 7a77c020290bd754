// Tables and logs as other programs write them, told by their header or shape (docs/formats/laws.md says where each fact comes
// from).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "isoflop/laws.h"

namespace isoflop::laws {

/// A table that its header tells. What is empty is not stated.
struct KnownTable {
  std::string name;
  std::vector<std::string> header;            ///< columns that tell it
  std::map<std::string, std::string> rename;  ///< our word -> its column
  std::string n_convention, loss_unit;
  bool six_nd = false;  ///< has no tokens: C is 6 N D
};

/// The first kind whose columns are all there; nullptr: none, so columns are what they are called.
[[nodiscard]] const KnownTable* known_table(const std::vector<std::string>& header);

}  // namespace isoflop::laws
