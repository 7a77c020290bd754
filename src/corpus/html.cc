#include <libxml/HTMLparser.h>
#include <libxml/parser.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "corpus/markup.h"
#include "isoflop/base.h"

namespace isoflop::corpus {
namespace {

enum class Role { inline_text, line, paragraph, cell, line_break, dropped };

struct Element {
  std::string_view name;
  Role role;
};

// sorted by name; what is not here is inline
constexpr Element kElements[] = {{"address", Role::paragraph}, {"applet", Role::dropped},    {"article", Role::paragraph},
                                 {"aside", Role::paragraph},   {"audio", Role::dropped},     {"blockquote", Role::paragraph},
                                 {"br", Role::line_break},     {"button", Role::dropped},    {"canvas", Role::dropped},
                                 {"caption", Role::line},      {"center", Role::paragraph},  {"datalist", Role::dropped},
                                 {"dd", Role::line},           {"details", Role::paragraph}, {"dialog", Role::dropped},
                                 {"dir", Role::paragraph},     {"div", Role::paragraph},     {"dl", Role::paragraph},
                                 {"dt", Role::line},           {"embed", Role::dropped},     {"fieldset", Role::paragraph},
                                 {"figcaption", Role::line},   {"figure", Role::paragraph},  {"footer", Role::paragraph},
                                 {"form", Role::paragraph},    {"h1", Role::paragraph},      {"h2", Role::paragraph},
                                 {"h3", Role::paragraph},      {"h4", Role::paragraph},      {"h5", Role::paragraph},
                                 {"h6", Role::paragraph},      {"head", Role::dropped},      {"header", Role::paragraph},
                                 {"hr", Role::paragraph},      {"iframe", Role::dropped},    {"legend", Role::line},
                                 {"li", Role::line},           {"main", Role::paragraph},    {"map", Role::dropped},
                                 {"math", Role::dropped},      {"menu", Role::paragraph},    {"nav", Role::paragraph},
                                 {"noembed", Role::dropped},   {"noframes", Role::dropped},  {"noscript", Role::dropped},
                                 {"object", Role::dropped},    {"ol", Role::paragraph},      {"optgroup", Role::dropped},
                                 {"option", Role::dropped},    {"p", Role::paragraph},       {"pre", Role::paragraph},
                                 {"rp", Role::dropped},        {"rt", Role::dropped},        {"rtc", Role::dropped},
                                 {"script", Role::dropped},    {"section", Role::paragraph}, {"select", Role::dropped},
                                 {"style", Role::dropped},     {"summary", Role::line},      {"svg", Role::dropped},
                                 {"table", Role::paragraph},   {"td", Role::cell},           {"template", Role::dropped},
                                 {"textarea", Role::dropped},  {"th", Role::cell},           {"title", Role::dropped},
                                 {"tr", Role::line},           {"ul", Role::paragraph},      {"video", Role::dropped}};
static_assert(std::is_sorted(std::begin(kElements), std::end(kElements),
                             [](const Element& a, const Element& b) { return a.name < b.name; }));

Role role_of(std::string_view name) {
  const auto at = std::lower_bound(std::begin(kElements), std::end(kElements), name,
                                   [](const Element& element, std::string_view word) { return element.name < word; });
  return at != std::end(kElements) && at->name == name ? at->role : Role::inline_text;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

// what the parser's events make of the text
class Text {
 public:
  void start(std::string_view name, bool hidden) {
    const Role role = hidden ? Role::dropped : role_of(name);
    open_.push_back({std::string(name), role});
    if (role == Role::dropped) ++dropped_;
    if (dropped_ > 0) return;
    if (name == "pre") ++pre_;
    if (name == "ul" || name == "ol") ++lists_;
    boundary(role, name);
    if (role == Role::cell && in_row_) separator_ = '\t';
    if (role == Role::cell) in_row_ = true;
    if (name == "tr") in_row_ = false;
  }

  void end(std::string_view name) {
    const auto at = std::find_if(open_.rbegin(), open_.rend(), [name](const Open& open) { return open.name == name; });
    if (at == open_.rend()) return;
    for (auto left = at - open_.rbegin() + 1; left > 0; --left) close();
  }

  void characters(std::string_view text) {
    if (dropped_ > 0) return;
    if (pre_ > 0) return preformatted(text);
    for (std::size_t at = 0; at < text.size();) {
      if (is_space(text[at])) {
        if (separator_ == 0) separator_ = ' ';
        ++at;
        continue;
      }
      const std::size_t first = at;
      while (at < text.size() && !is_space(text[at])) ++at;
      put(text.substr(first, at - first));
    }
  }

  [[nodiscard]] bool too_deep() const { return open_.size() > static_cast<std::size_t>(kDeepestHtml); }
  std::string take() { return std::move(out_); }

 private:
  struct Open {
    std::string name;
    Role role;
  };

  void close() {
    const Open open = std::move(open_.back());
    open_.pop_back();
    if (open.role == Role::dropped) {
      --dropped_;
      return;
    }
    if (dropped_ > 0) return;
    if (open.name == "pre") --pre_;
    if (open.name == "tr" || open.name == "table") in_row_ = false;
    if (open.role != Role::line_break) boundary(open.role, open.name);
    if (open.name == "ul" || open.name == "ol") --lists_;
  }

  // the ends of lines that must stand before the next text
  void boundary(Role role, std::string_view name) {
    int ends = role == Role::paragraph ? 2 : role == Role::line ? 1 : 0;
    if (lists_ > 1 && (name == "ul" || name == "ol")) ends = 1;  // a list in a list begins no paragraph
    if (ends > 0) line_ends_ = std::max(line_ends_, ends);
    if (role == Role::line_break) line_ends_ = line_ends_ == 0 ? 1 : 2;
    if (ends > 0 || role == Role::line_break) separator_ = 0;
  }

  void put(std::string_view word) {
    if (!out_.empty()) {
      if (line_ends_ > 0) {
        out_.append(static_cast<std::size_t>(line_ends_), '\n');
      } else if (separator_ != 0) {
        out_ += separator_;
      }
    }
    line_ends_ = 0;
    separator_ = 0;
    out_ += word;
  }

  void preformatted(std::string_view text) {
    if (text.empty()) return;
    if (line_ends_ > 0 || separator_ != 0) {
      while (line_ends_ > 0 && text.starts_with('\n')) text.remove_prefix(1);  // the first line end belongs to the tag
      if (text.empty()) return;
    }
    separator_ = 0;
    put(text);
  }

  std::vector<Open> open_;
  std::string out_;
  int dropped_ = 0, pre_ = 0, lists_ = 0, line_ends_ = 0;
  char separator_ = 0;
  bool in_row_ = false;
};

// The parser is C: what is thrown inside its calls waits for the end.
struct Parse {
  Text text;
  htmlParserCtxtPtr context = nullptr;
  std::exception_ptr thrown;
  bool too_deep = false;

  template <class Call>
  void guarded(const Call& call) noexcept {
    if (thrown || too_deep) return;
    try {
      call();
      too_deep = text.too_deep();
    } catch (...) {
      thrown = std::current_exception();
    }
    if (thrown || too_deep) ::xmlStopParser(context);
  }
};

std::string_view view(const xmlChar* text) {
  return reinterpret_cast<const char*>(text);
}

bool is_hidden(const xmlChar** attributes) {
  for (; attributes != nullptr && *attributes != nullptr; attributes += 2) {
    if (view(attributes[0]) == "hidden") return true;
    if (view(attributes[0]) == "aria-hidden" && attributes[1] != nullptr && view(attributes[1]) == "true") return true;
  }
  return false;
}

void on_start(void* to, const xmlChar* name, const xmlChar** attributes) {
  auto* parse = static_cast<Parse*>(to);
  parse->guarded([&] { parse->text.start(view(name), is_hidden(attributes)); });
}
void on_end(void* to, const xmlChar* name) {
  auto* parse = static_cast<Parse*>(to);
  parse->guarded([&] { parse->text.end(view(name)); });
}
void on_characters(void* to, const xmlChar* text, int size) {
  auto* parse = static_cast<Parse*>(to);
  parse->guarded([&] { parse->text.characters({reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)}); });
}

}  // namespace

std::string text_of_html(std::string_view html) {
  static std::once_flag once;
  std::call_once(once, [] { ::xmlInitParser(); });
  if (html.empty()) return {};
  struct Free {
    void operator()(htmlParserCtxtPtr context) const {
      if (context->myDoc != nullptr) ::xmlFreeDoc(context->myDoc);
      ::htmlFreeParserCtxt(context);
    }
  };
  const std::unique_ptr<htmlParserCtxt, Free> context(::htmlNewParserCtxt());
  if (context == nullptr) throw std::bad_alloc();
  Parse parse;
  parse.context = context.get();
  *context->sax = {};
  context->sax->startElement = on_start;
  context->sax->endElement = on_end;
  context->sax->characters = on_characters;
  context->sax->ignorableWhitespace = on_characters;
  context->userData = &parse;
  ::htmlCtxtReadMemory(context.get(), html.data(), static_cast<int>(html.size()), nullptr, "UTF-8",
                       HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET | HTML_PARSE_NOIMPLIED);
  if (parse.thrown) std::rethrow_exception(parse.thrown);
  if (parse.too_deep) {
    throw Error(Fault::bad_data, "HTML", "elements nest deeper than " + std::to_string(kDeepestHtml) + " levels");
  }
  return parse.text.take();
}

}  // namespace isoflop::corpus
