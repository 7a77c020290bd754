// A small judge of markup for the tests: tags nest, attributes are quoted and unique, entities are known. Not a parser.
#pragma once

#include <cctype>
#include <set>
#include <string>
#include <vector>

namespace isoflop::report {

/// Empty if well formed, else what is wrong and where. `html`: void elements need no end, a doctype may come first.
inline std::string markup_problem(const std::string& text, bool html) {
  static const std::set<std::string> kVoid{"meta", "br", "hr", "img", "link"};
  std::vector<std::string> open;
  std::set<std::string> ids;
  const auto problem = [&](const std::string& what, std::size_t at) {
    return what + " at byte " + std::to_string(at) + ": " + text.substr(at, 60);
  };
  std::size_t at = 0;
  if (html && text.starts_with("<!doctype html>")) at = 15;
  while (at < text.size()) {
    if (text[at] == '&') {
      const auto end = text.find(';', at);
      static const std::set<std::string> kEntities{"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
      if (end == std::string::npos || !kEntities.contains(text.substr(at, end - at + 1))) return problem("unknown entity", at);
      at = end + 1;
      continue;
    }
    if (text[at] == '>' && (open.empty() || open.back() != "style")) return problem("a bare >", at);
    if (text[at] != '<') {
      ++at;
      continue;
    }
    const std::size_t start = at++;
    const bool closing = at < text.size() && text[at] == '/';
    if (closing) ++at;
    std::string name;
    while (at < text.size() && std::isalnum(static_cast<unsigned char>(text[at]))) name += text[at++];
    if (name.empty()) return problem("a bare <", start);
    std::set<std::string> attributes;
    bool empty_element = false;
    for (;;) {
      while (at < text.size() && (text[at] == ' ' || text[at] == '\n')) ++at;
      if (at >= text.size()) return problem("a tag without end", start);
      if (text[at] == '>') break;
      if (text[at] == '/' && at + 1 < text.size() && text[at + 1] == '>') {
        empty_element = true;
        ++at;
        break;
      }
      std::string attribute;
      while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) || text[at] == '-')) attribute += text[at++];
      if (attribute.empty() || at + 1 >= text.size() || text[at] != '=' || text[at + 1] != '"')
        return problem("a bad attribute", at);
      const std::size_t value = at + 2;
      at = text.find('"', value);
      if (at == std::string::npos) return problem("an open quote", value);
      const std::string content = text.substr(value, at - value);
      if (content.find('<') != std::string::npos) return problem("< in an attribute", value);
      if (!attributes.insert(attribute).second) return problem("attribute twice: " + attribute, start);
      if (attribute == "id" && !ids.insert(content).second) return problem("id twice: " + content, start);
      ++at;
    }
    ++at;
    if (closing) {
      if (open.empty() || open.back() != name)
        return problem("</" + name + "> closes " + (open.empty() ? "nothing" : open.back()), start);
      open.pop_back();
    } else if (!empty_element && !(html && kVoid.contains(name))) {
      open.push_back(name);
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

}  // namespace isoflop::report
