#include "record/json_text.h"

#include <cmath>

#include "isoflop/text.h"

namespace isoflop {
namespace {

void new_line(std::string& out, int indent, int depth) {
  if (indent < 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
}

std::string number_text(double value) {
  if (!std::isfinite(value)) return '"' + format_number(value) + '"';
  if (value == 0 && std::signbit(value)) return "-0.0";  // "-0" would read back as the integer 0
  return format_number(value);
}

void append(std::string& out, const Json& value, int indent, int depth) {
  if (value.is_number_float()) {
    out += number_text(value.get<double>());
  } else if (value.is_structured() && !value.empty()) {
    const bool object = value.is_object();
    // an array of plain numbers or words stays on one line
    const int inner = object || value.front().is_structured() ? indent : -1;
    out += object ? '{' : '[';
    bool first = true;
    for (auto it = value.begin(); it != value.end(); ++it) {
      if (!first) out += ',';
      new_line(out, inner, depth + 1);
      if (object) {
        out += Json(it.key()).dump(-1, ' ', false, Json::error_handler_t::replace);
        out += indent < 0 ? ":" : ": ";
      }
      append(out, *it, indent, depth + 1);
      first = false;
    }
    new_line(out, inner, depth);
    out += object ? '}' : ']';
  } else {
    out += value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

}  // namespace

std::string json_text(const Json& value, int indent) {
  std::string out;
  append(out, value, indent, 0);
  return out;
}

}  // namespace isoflop
