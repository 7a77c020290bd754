// Small JSON documents: nlohmann with nesting capped, and readers whose errors name the file and the key.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "isoflop/base.h"

namespace isoflop {

using Json = nlohmann::ordered_json;

/// Throws Error{bad_data} naming `subject` and the byte offset. Nesting deeper than 64 is refused.
[[nodiscard]] Json parse_json(const std::string& text, const std::string& subject);

/// The value of a key. Throws Error{bad_data} naming subject and key when it is missing or of another type.
template <class T>
[[nodiscard]] T json_get(const Json& object, const std::string& key, const std::string& subject) {
  const auto it = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || it == object.end()) throw Error(Fault::bad_data, subject, "key `" + key + "` is missing");
  try {
    return it->template get<T>();
  } catch (const nlohmann::json::exception&) {
    throw Error(Fault::bad_data, subject, "key `" + key + "` is of the wrong type: " + it->dump());
  }
}

/// The same; null or a missing key is nothing.
template <class T>
[[nodiscard]] std::optional<T> json_find(const Json& object, const std::string& key, const std::string& subject) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return std::nullopt;
  return json_get<T>(object, key, subject);
}

/// null for nothing.
template <class T>
[[nodiscard]] Json json_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace isoflop
