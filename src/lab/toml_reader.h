// A TOML table read key by key; whatever is left over at the end is an unknown key.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/base.h"

namespace isoflop::lab {

class TomlReader {
 public:
  TomlReader(const toml::table& table, std::string subject, std::string path)
      : table_(table), subject_(std::move(subject)), path_(std::move(path)) {}

  // each returns nothing when the key is absent and throws Error{bad_study} with file, line and column when it is of another type
  [[nodiscard]] std::optional<std::string> text(const char* key);
  [[nodiscard]] std::optional<double> number(const char* key);
  [[nodiscard]] std::optional<std::int64_t> integer(const char* key);
  [[nodiscard]] std::optional<bool> boolean(const char* key);
  [[nodiscard]] std::optional<std::vector<std::string>> texts(const char* key);  // one string or an array of them
  [[nodiscard]] std::optional<std::vector<std::int64_t>> integers(const char* key);
  [[nodiscard]] std::optional<TomlReader> table(const char* key);
  [[nodiscard]] std::vector<TomlReader> tables(const char* key);

  /// True, and the key counts as read, when it holds exactly this word ("scaled").
  [[nodiscard]] bool is_word(const char* key, const char* word);

  /// Throws for the first key that was never asked for, with the nearest that was.
  void finish() const;

  /// An error at a key of this table.
  [[noreturn]] void fail(const char* key, const std::string& problem, const std::string& hint = {}) const;

 private:
  const toml::node* find(const char* key);
  [[noreturn]] void wrong_type(const char* key, const toml::node& node, const char* expected) const;
  [[nodiscard]] std::string where(const toml::source_region& region) const;

  const toml::table& table_;
  std::string subject_, path_;
  std::vector<std::string> asked_;
};

}  // namespace isoflop::lab
