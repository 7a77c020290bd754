#include <md4c.h>

#include <algorithm>
#include <exception>
#include <string>

#include "corpus/markup.h"
#include "isoflop/base.h"

namespace isoflop::corpus {
namespace {

// empty items and cells become tags longer than themselves; md4c fills short rows of a table up, which has no bound
constexpr std::size_t kMostGrowth = 16;
constexpr int kStopped = 1;

const char* tag_of(MD_BLOCKTYPE block) {
  switch (block) {
    case MD_BLOCK_QUOTE:
      return "blockquote";
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
      return "ul";
    case MD_BLOCK_LI:
      return "li";
    case MD_BLOCK_H:
      return "h1";
    case MD_BLOCK_CODE:
      return "pre";
    case MD_BLOCK_P:
      return "p";
    case MD_BLOCK_TABLE:
      return "table";
    case MD_BLOCK_TR:
      return "tr";
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      return "td";
    default:
      return nullptr;
  }
}

// The parser's events as the HTML that text_of_html needs: blocks, and text as it is read. Links, images and emphasis leave no
// tags. The parser is C: nothing may be thrown through it.
class Html {
 public:
  explicit Html(std::size_t size) : most_(kMostGrowth * size + (std::size_t{64} << 10)) {}

  int block(MD_BLOCKTYPE type, bool opens) {
    return guarded([&] {
      if (const char* tag = tag_of(type)) out_.append(opens ? "<" : "</").append(tag).append(">");
      if (type == MD_BLOCK_HR && opens) out_ += "<hr>";
      if (type == MD_BLOCK_H && !opens) drop_attributes();
    });
  }
  int span(MD_SPANTYPE type, bool opens) {
    if (type == MD_SPAN_IMG) images_ += opens ? 1 : -1;
    return 0;
  }
  int text(MD_TEXTTYPE type, std::string_view text) {
    if (images_ > 0) return 0;
    return guarded([&] {
      switch (type) {
        case MD_TEXT_NULLCHAR:
          out_ += "\xEF\xBF\xBD";
          break;
        case MD_TEXT_BR:
          out_ += "<br>";
          break;
        case MD_TEXT_SOFTBR:
          out_ += '\n';
          break;
        case MD_TEXT_ENTITY:
        case MD_TEXT_HTML:
          out_ += text;
          break;
        default:
          escape(text);
      }
    });
  }

  [[nodiscard]] const std::string& html() const { return out_; }
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }
  [[nodiscard]] bool too_long() const { return out_.size() > most_; }

 private:
  template <class Call>
  int guarded(const Call& call) noexcept {
    try {
      call();
      return too_long() ? kStopped : 0;
    } catch (...) {
      thrown_ = std::current_exception();
      return kStopped;
    }
  }

  void escape(std::string_view text) {
    for (const char c : text) {
      if (c == '<') {
        out_ += "&lt;";
      } else if (c == '&') {
        out_ += "&amp;";
      } else {
        out_ += c;
      }
    }
  }

  // "Heading {#id .class}" ends before the brace
  void drop_attributes() {
    constexpr std::string_view kEnd = "}</h1>";
    if (!out_.ends_with(kEnd)) return;
    const std::size_t brace = out_.rfind('{');
    if (brace == std::string::npos || brace + 1 >= out_.size() || (out_[brace + 1] != '#' && out_[brace + 1] != '.')) return;
    if (out_.find_first_of("<\n", brace) != out_.size() - kEnd.size() + 1) return;
    out_.resize(brace);
    out_ += "</h1>";
  }

  std::size_t most_;
  std::string out_;
  std::exception_ptr thrown_;
  int images_ = 0;
};

Html& html_of(void* to) {
  return *static_cast<Html*>(to);
}
int enter_block(MD_BLOCKTYPE type, void* /*detail*/, void* to) {
  return html_of(to).block(type, true);
}
int leave_block(MD_BLOCKTYPE type, void* /*detail*/, void* to) {
  return html_of(to).block(type, false);
}
int enter_span(MD_SPANTYPE type, void* /*detail*/, void* to) {
  return html_of(to).span(type, true);
}
int leave_span(MD_SPANTYPE type, void* /*detail*/, void* to) {
  return html_of(to).span(type, false);
}
int on_text(MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* to) {
  return html_of(to).text(type, {text, size});
}

// {{< figure src="x" >}} and {{% note %}}: calls of a template, no text
std::string without_shortcodes(std::string_view text) {
  std::string out;
  std::size_t written = 0;
  for (std::size_t open = text.find("{{"); open != std::string_view::npos && open + 2 < text.size();
       open = text.find("{{", open)) {
    const char kind = text[open + 2];
    const std::size_t end = kind == '<' || kind == '%' ? text.find(kind == '<' ? ">}}" : "%}}", open + 3) : open;
    if (end == std::string_view::npos) break;
    if (end == open) {
      open += 2;
      continue;
    }
    out += text.substr(written, open - written);
    if (out.ends_with("](")) out += '#';  // where a link leads
    written = open = end + 3;
  }
  return out += text.substr(written);
}

std::string_view next_line(std::string_view text, std::size_t& at) {
  const std::size_t end = std::min(text.find('\n', at), text.size());
  std::string_view line = text.substr(at, end - at);
  at = std::min(end + 1, text.size());
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

bool is_front_matter_line(std::string_view line, char assigns) {
  if (line.empty() || line.front() == '#' || line.front() == ' ' || line.front() == '\t') return true;
  if (line.front() == '-' || line.front() == '[' || line.front() == ']' || line.front() == '}' || line.front() == '"')
    return true;
  const std::size_t sign = line.find(assigns);
  if (sign == std::string_view::npos || sign == 0) return false;
  if (assigns == ':' && sign + 1 < line.size() && line[sign + 1] != ' ' && line[sign + 1] != '\t') return false;
  return line.substr(0, sign).find_first_of("{}[]<>`*!?") == std::string_view::npos;
}

}  // namespace

std::string_view without_front_matter(std::string_view text) {
  std::size_t at = 0;
  const std::string_view fence = next_line(text, at);
  if (fence != "---" && fence != "+++") return text;
  const char assigns = fence == "---" ? ':' : '=';
  bool any = false;
  while (at < text.size()) {
    const std::string_view line = next_line(text, at);
    if (line == fence || (assigns == ':' && line == "...")) return any ? text.substr(at) : text;
    if (!is_front_matter_line(line, assigns)) return text;
    any = any || (!line.empty() && line.find(assigns) != std::string_view::npos);
  }
  return text;
}

std::string text_of_markdown(std::string_view markdown) {
  const std::string body = without_shortcodes(without_front_matter(markdown));
  Html html(body.size());
  MD_PARSER parser{};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_PERMISSIVEATXHEADERS;
  parser.enter_block = enter_block;
  parser.leave_block = leave_block;
  parser.enter_span = enter_span;
  parser.leave_span = leave_span;
  parser.text = on_text;
  const int code = ::md_parse(body.data(), static_cast<MD_SIZE>(body.size()), &parser, &html);
  html.rethrow();
  if (html.too_long()) {
    throw Error(Fault::bad_data, "Markdown",
                "grows to more than " + std::to_string(kMostGrowth) + " times its size, unlike any text");
  }
  if (code != 0) throw Error(Fault::failure, "Markdown", "cannot be parsed: not enough memory");
  return text_of_html(html.html());
}

}  // namespace isoflop::corpus
