// Words at the door for values of an enumeration: tables of pairs, looked up both ways.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isoflop/base.h"

namespace isoflop::corpus {

template <class Table, class Value>
std::string name_in(const Table& table, Value value) {
  for (const auto& [name, of] : table) {
    if (of == value) return name;
  }
  return {};
}

/// Throws usage with `what` as the subject and the nearest word.
template <class Table>
auto value_in(const Table& table, const std::string& text, const char* what) {
  std::vector<std::string> names;
  std::string listed;
  for (const auto& [name, value] : table) {
    if (text == name) return value;
    names.emplace_back(name);
    listed += (listed.empty() ? "" : ", ") + names.back();
  }
  const std::optional<std::string> near = nearest(text, names);
  throw Error(Fault::usage, what, "`" + text + "` is none of " + listed, near ? "did you mean `" + *near + "`?" : "");
}

}  // namespace isoflop::corpus
