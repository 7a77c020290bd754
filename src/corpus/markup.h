// HTML and Markdown as the text a reader sees.
#pragma once

#include <string>
#include <string_view>

namespace isoflop::corpus {

/// Elements nested deeper than this make a document unreadable.
inline constexpr int kDeepestHtml = 4096;

/// The text of HTML: blocks are lines of their own, paragraphs stand apart by an empty line, entities are resolved; scripts,
/// styles, forms' values, readings of ruby and what is hidden are left out. Broken mark-up is read as browsers do, as far as
/// libxml2 does. Needs    valid UTF-8 below 2 GiB. Throws   bad_data without a subject of its own (the caller knows the document)
/// for nesting beyond kDeepestHtml. Checked  markup_test.cc; mutated documents in clean_mutation_test.cc.
[[nodiscard]] std::string text_of_html(std::string_view html);

/// The text of Markdown (CommonMark with GitHub's tables, strike-through and task lists), by md4c; HTML in it as text_of_html.
/// Front matter goes; so do Hugo's shortcodes {{< … >}} and {{% … %}}, and header attributes {#id}.
[[nodiscard]] std::string text_of_markdown(std::string_view markdown);

/// A text without the front matter it begins with: between lines of --- (YAML) or +++ (TOML), a line of it being a comment,
/// indented, an item of a list or `key: value` (`key = value`); else the text is no front matter's and stays whole.
[[nodiscard]] std::string_view without_front_matter(std::string_view text);

}  // namespace isoflop::corpus
