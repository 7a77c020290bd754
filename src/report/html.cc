#include "report/html.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "report/palette.h"
#include "report/text.h"

namespace isoflop {
namespace embedded {
extern const std::string_view report_page_css;
}
namespace report {
namespace {

std::string first_upper(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

// a column with a cell as long as a sentence is set as words, in lines: a table of numbers stays within the page
bool is_words(const PageTable& table, std::size_t column) {
  constexpr std::size_t kMostOfANumber = 32;
  return std::any_of(table.rows.begin(), table.rows.end(), [&](const std::vector<std::string>& row) {
    return column < row.size() && row[column].size() > kMostOfANumber;
  });
}

std::string table_html(const PageTable& table) {
  std::string head, rows;
  std::vector<std::string> classes;
  for (std::size_t i = 0; i < table.head.size(); ++i) {
    classes.emplace_back(i == 0 ? "text" : is_words(table, i) ? "words" : "");
    head +=
        "<th scope=\"col\"" + (classes[i].empty() ? "" : " class=\"" + classes[i] + "\"") + ">" + escape(table.head[i]) + "</th>";
  }
  for (const std::vector<std::string>& row : table.rows) {
    std::string cells;
    for (std::size_t i = 0; i < row.size(); ++i)
      cells += i == 0 ? "<th scope=\"row\">" + name_of(row[i]) + "</th>"
                      : tag("td", i < classes.size() ? classes[i] : "", escape(row[i]));
    rows += tag("tr", "", cells);
  }
  return "<div class=\"block\">" + (table.title.empty() ? "" : tag("h3", "", escape(table.title))) +
         "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" +
         escape(table.title.empty() ? "Table" : table.title) + "\"><table>" + tag("thead", "", tag("tr", "", head)) +
         tag("tbody", "", rows) + "</table></div>" + (table.note.empty() ? "" : tag("figcaption", "", escape(table.note))) +
         "</div>";
}

std::string figures_html(const std::vector<CaptionedFigure>& figures) {
  std::string out, pair;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const auto& [figure, words] = figures[i];
    const std::string caption = tag("b", "", escape(figure.title) + ".") + (words.empty() ? "" : " " + escape(words));
    if (i == 0)
      out += tag("div", "block", figure_html(figure, 880, 470, 370, caption));
    else
      pair += figure_html(figure, 460, 320, 300, caption);
  }
  return out + (pair.empty() ? "" : tag("div", "pair block", pair));
}

}  // namespace

std::string tag(const std::string& name, const std::string& cls, const std::string& inner) {
  return "<" + name + (cls.empty() ? "" : " class=\"" + cls + "\"") + ">" + inner + "</" + name + ">";
}

std::string name_of(const std::string& text) {
  return "<bdi>" + escape(text) + "</bdi>";
}

std::string tile(const std::string& what, const std::string& value, const std::string& more) {
  return "<div>" + tag("dt", "", what) + tag("dd", "", value + (more.empty() ? "" : tag("small", "", more))) + "</div>";
}

std::string figure_html(const Figure& figure, double width, double height, double slim_height, const std::string& caption) {
  return "<figure>" + tag("div", "wide", figure_svg(figure, {.width = width, .height = height, .standalone = false})) +
         tag("div", "slim", figure_svg(figure, {.width = 356, .height = slim_height, .standalone = false})) +
         tag("figcaption", "", caption) + "</figure>";
}

std::string care_html(const std::vector<Warning>& warnings, const std::string& said) {
  std::set<std::string> texts;
  std::string items;
  for (const Warning& w : warnings)
    if (said.find(w.text) == std::string::npos && texts.insert(w.text).second)
      items += tag("li", "", escape(first_upper(w.text)) + ".");
  return items.empty() ? "" : tag("div", "care", tag("b", "", "Read with care") + tag("ul", "", items));
}

std::string section_html(const PageSection& section, bool opens) {
  std::string tiles;
  for (const Tile& t : section.tiles) tiles += tile(escape(t.what), escape(t.value), escape(t.more));
  std::string out = section.title.empty() ? "" : tag("h2", "", escape(section.title));
  if (!section.lead.empty()) out += tag("p", "lead", escape(section.lead));
  if (!tiles.empty()) out += tag("dl", "tiles", tiles);
  out += care_html(section.warnings, section.lead) + figures_html(section.figures);
  for (const PageTable& table : section.tables)
    if (!table.rows.empty()) out += table_html(table);
  return tag("section", opens ? "law" : "", out);
}

std::string document_html(const std::string& title, const std::string& header, const std::string& sections,
                          const std::string& made_by) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
         "base-uri 'none'; form-action 'none'\">"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"referrer\" "
         "content=\"no-referrer\"><meta name=\"color-scheme\" content=\"light dark\"><title>" +
         escape(title) + "</title>\n<style>" + page_colours_css() + figure_css() + std::string(embedded::report_page_css) +
         "</style></head>\n<body>" + header + "\n<main>" + sections + "</main>\n<footer>" +
         (made_by.empty() ? std::string() : "Made by " + escape(made_by) + ". ") +
         "This page is one file: it loads nothing and runs no script.</footer></body></html>\n";
}

}  // namespace report

std::string page_html(const Page& page) {
  const std::string header = "<header class=\"top\">" + report::tag("p", "kicker", report::escape(page.kicker)) +
                             report::tag("h1", "", report::name_of(page.title)) +
                             (page.subtitle.empty() ? "" : report::tag("p", "subtitle", report::escape(page.subtitle))) +
                             "</header>";
  std::string sections;
  for (const PageSection& section : page.sections)
    sections += report::section_html(section, &section == &page.sections.front()) + "\n";
  return report::document_html(page.title, header, sections, page.made_by);
}

}  // namespace isoflop
