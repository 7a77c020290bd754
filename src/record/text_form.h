// A writer and a strict reader of JSON objects, driven by `members` (members.h).
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "isoflop/text.h"
#include "record/members.h"
#include "record/words.h"

namespace isoflop {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

/// Fills an ordered object, keys in the order of `members`.
class JsonWriter {
 public:
  Json object = Json::object();

  template <class T>
  void operator()(const char* key, T& value) {
    object[key] = form(value);
  }
  /// A key that older files lack: left out at the value they meant, so that their text, and what is hashed of it, stays.
  template <class T>
  void later(const char* key, T& value, const T& before) {
    if (value != before) object[key] = form(value);
  }

 private:
  template <class T>
  static Json form(T& value) {
    if constexpr (std::is_enum_v<T>) {
      return word_of(value);
    } else if constexpr (IsOptional<T>::value) {
      return json_or_null(value);
    } else if constexpr (IsVector<T>::value) {
      Json list = Json::array();
      for (auto& element : value) list.push_back(form(element));
      return list;
    } else if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string>) {
      JsonWriter inner;
      members(inner, value);
      return inner.object;
    } else {
      return value;
    }
  }
};

/// Reads what `members` asks for; `end` refuses keys nobody asked for. Every fault names `subject` and the key's path.
class JsonReader {
 public:
  JsonReader(const Json& object, std::string subject, std::string path = {})
      : object_(object), subject_(std::move(subject)), path_(std::move(path)) {
    if (!object.is_object()) throw fault(path_.empty() ? "is not a JSON object" : "key `" + path_ + "` must be an object");
  }

  template <class T>
  void operator()(const char* key, T& value) {
    asked_.push_back(key);
    const auto it = object_.find(key);
    if (it == object_.end()) throw fault("key `" + path_ + key + "` is missing");
    read(*it, path_ + key, value);
  }

  template <class T>
  void later(const char* key, T& value, const T& before) {
    asked_.push_back(key);
    value = before;
    if (const auto it = object_.find(key); it != object_.end()) read(*it, path_ + key, value);
  }

  void end() const {
    for (const auto& [key, value] : object_.items()) {
      bool known = false;
      for (const std::string& name : asked_) known = known || name == key;
      if (known) continue;
      const auto near = nearest(key, asked_);
      throw fault("key `" + path_ + key + "` is not known", near ? "did you mean `" + *near + "`?" : "");
    }
  }

 private:
  [[nodiscard]] Error fault(const std::string& problem, const std::string& hint = {}) const {
    return {Fault::bad_data, subject_, problem, hint};
  }
  [[nodiscard]] Error wrong(const std::string& path, const std::string& expected, const Json& found) const {
    return fault("key `" + path + "` must be " + expected + ", found " +
                 found.dump(-1, ' ', false, Json::error_handler_t::replace));
  }

  template <class T>
  void read(const Json& from, const std::string& path, T& value) const {
    if constexpr (std::is_enum_v<T>) {
      const auto found = from.is_string() ? find_word<T>(from.template get<std::string>()) : std::nullopt;
      if (!found) throw wrong(path, "one of " + known_words<T>(), from);
      value = *found;
    } else if constexpr (IsOptional<T>::value) {
      value.reset();
      if (!from.is_null()) read(from, path, value.emplace());
    } else if constexpr (IsVector<T>::value) {
      if (!from.is_array()) throw wrong(path, "a list", from);
      value.clear();
      for (std::size_t i = 0; i < from.size(); ++i) read(from[i], path + "[" + std::to_string(i) + "]", value.emplace_back());
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (!from.is_string()) throw wrong(path, "a string", from);
      value = from.template get<std::string>();
    } else if constexpr (std::is_same_v<T, bool>) {
      if (!from.is_boolean()) throw wrong(path, "true or false", from);
      value = from.template get<bool>();
    } else if constexpr (std::is_same_v<T, double>) {
      read_double(from, path, value);
    } else if constexpr (std::is_integral_v<T>) {
      read_integer(from, path, value);
    } else {
      JsonReader inner(from, subject_, path + ".");
      members(inner, value);
      inner.end();
    }
  }

  void read_double(const Json& from, const std::string& path, double& value) const {
    const std::string word = from.is_string() ? from.get<std::string>() : "";
    if (from.is_number()) {
      value = from.get<double>();
    } else if (word == "nan") {
      value = std::numeric_limits<double>::quiet_NaN();
    } else if (word == "inf" || word == "-inf") {
      value = std::copysign(std::numeric_limits<double>::infinity(), word == "inf" ? 1.0 : -1.0);
    } else {
      throw wrong(path, "a number", from);
    }
  }

  template <class T>
  void read_integer(const Json& from, const std::string& path, T& value) const {
    const bool fits = std::is_unsigned_v<T> ? from.is_number_unsigned()
                      : from.is_number_unsigned()
                          ? from.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
                          : from.is_number_integer();
    if (!fits) throw wrong(path, std::is_unsigned_v<T> ? "a whole number from 0" : "a whole number of 64 bits", from);
    value = from.get<T>();
  }

  const Json& object_;
  std::string subject_, path_;
  std::vector<std::string> asked_;
};

}  // namespace isoflop
