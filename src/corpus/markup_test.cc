// HTML and Markdown as the text a reader sees; text in one form.
#include "corpus/markup.h"

#include <algorithm>

#include "corpus/normalise.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

using testing::HasSubstr;

TEST(Html, BlocksAreLinesAndParagraphsStandApart) {
  EXPECT_EQ(text_of_html("<h1>Title</h1><p>One\n  two</p><p>three<br>four</p><div>five</div>"),
            "Title\n\nOne two\n\nthree\nfour\n\nfive");
}

TEST(Html, InlineElementsLeaveNoTrace) {
  EXPECT_EQ(text_of_html("<p>a <b>bo</b>ld, <a href='x'>li<i>n</i>k</a>.</p>"), "a bold, link.");
}

TEST(Html, WhatIsNotShownIsNotText) {
  EXPECT_EQ(text_of_html("<html><head><title>t</title><style>p{}</style></head><body><script>if (a < b) x('</p>');</script>"
                         "<p>seen</p><!-- not --><noscript>no</noscript><p hidden>no</p><textarea>no</textarea></body></html>"),
            "seen");
}

TEST(Html, EntitiesAreResolved) {
  EXPECT_EQ(text_of_html("<p>a &amp; b &lt;c&gt; &eacute; &#26085;&#x672C; &hellip; &unknown; 3 < 4</p>"),
            "a & b <c> é 日本 … &unknown; 3 < 4");
}

TEST(Html, ReadingsOfRubyGo) {
  EXPECT_EQ(text_of_html("<p><ruby><rb>坊</rb><rp>（</rp><rt>ぼ</rt><rp>）</rp></ruby>っちゃん</p>"), "坊っちゃん");
}

TEST(Html, ListsAndTablesKeepTheirItemsApart) {
  EXPECT_EQ(text_of_html("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><p>d</p>"), "a\nb\nc\n\nd");
  EXPECT_EQ(text_of_html("<table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>2</td></tr></table>"), "x\ty\n1\t2");
}

TEST(Html, PreformattedTextKeepsItsLines) {
  EXPECT_EQ(text_of_html("<p>a</p><pre>\nfor (;;)\n  x();\n</pre><p>b</p>"), "a\n\nfor (;;)\n  x();\n\n\nb");
}

TEST(Html, BrokenMarkUpIsReadAsFarAsItGoes) {
  EXPECT_EQ(text_of_html("<p>one<p>two</b></div><td>three"), "one\n\ntwo\n\nthree");
  EXPECT_EQ(text_of_html("just text"), "just text");
  EXPECT_EQ(text_of_html(""), "");
}

TEST(Html, ALongTextIsReadWhole) {
  std::string html;
  for (int i = 0; i < 200'000; ++i) html += "<p>paragraph " + std::to_string(i) + " of a long text with some words in it</p>\n";
  const std::string text = text_of_html(html + "<p>" + std::string(12'000'000, 'x') + "</p>");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 400'000);
  EXPECT_EQ(std::count(text.end() - 12'000'000, text.end(), 'x'), 12'000'000);
}

TEST(Html, EndlessNestingIsRefused) {
  std::string html;
  for (int i = 0; i < 1'000'000; ++i) html += "<div>";
  const Error error = error_of([&] { (void)text_of_html(html); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.problem(), HasSubstr("nest deeper than 4096"));
}

TEST(Markdown, IsTextWithoutItsMarks) {
  EXPECT_EQ(
      text_of_markdown("# Title {#top}\n\nSome *emphasis*, `code` and a [link](http://x \"y\").\n\n* one\n* two\n\n> quoted\n\n"
                       "![picture](a.png) after\n\n    int x;\n"),
      "Title\n\nSome emphasis, code and a link.\n\none\ntwo\n\nquoted\n\nafter\n\nint x;\n");
}

TEST(Markdown, HtmlInItIsReadAsHtml) {
  EXPECT_EQ(text_of_markdown("a &#8217; <b>bold</b>\n\n<div>\n  <ul><li>item</li></ul>\n</div>\n\n3 < 4 & 5\n"),
            "a ’ bold\n\nitem\n\n3 < 4 & 5");
}

TEST(Markdown, TablesAreRowsOfCells) {
  EXPECT_EQ(text_of_markdown("| a | b |\n|---|---|\n| 1 | 2 |\n"), "a\tb\n1\t2");
}

TEST(Markdown, FrontMatterAndShortcodesGo) {
  EXPECT_EQ(text_of_markdown("---\ntitle: 'In May'\ntags:\n  - a\n- b\n# comment\n\n---\n\nText {{< img src=\"{{x}}\" >}}and {{% "
                             "note %}}more {{ kept }}.\n"),
            "Text and more {{ kept }}.");
  EXPECT_EQ(text_of_markdown("+++\ntitle = \"x\"\n[a]\nb = 1\n+++\nText\n"), "Text");
}

TEST(Markdown, AShortcodeWhereALinkLeadsIsALink) {
  EXPECT_EQ(text_of_markdown("See [the page]({{< ref \"x.md\" >}} \"title\").\n"), "See the page.");
}

TEST(FrontMatter, OfOtherTextIsNone) {
  for (const char* text : {"---\nA sentence that is no key.\n---\nText\n", "---\n\n---\nText\n", "---\ntitle: x\nnever closed\n",
                           "--- \ntitle: x\n", "text\n---\ntitle: x\n---\n"}) {
    EXPECT_EQ(without_front_matter(text), text);
  }
}

TEST(Markdown, AShortTextThatBecomesALongOneIsRefused) {
  std::string columns = "|", rule = "|", rows;
  for (int i = 0; i < 100; ++i) columns += "a|", rule += "---|";
  for (int i = 0; i < 20'000; ++i) rows += "|a|\n";
  const Error error = error_of([&] { (void)text_of_markdown(columns + "\n" + rule + "\n" + rows); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
}

TEST(NormalForm, NfcComposesAndNfkcFoldsToo) {
  EXPECT_EQ(normalised("e\xCC\x81 か\xE3\x82\x99 Ａ①", UnicodeForm::nfc), "é が Ａ①");
  EXPECT_EQ(normalised("e\xCC\x81 ｶﾞ Ａ①", UnicodeForm::nfkc), "é ガ A1");
  EXPECT_EQ(normalised("e\xCC\x81", UnicodeForm::none), "e\xCC\x81");
}

TEST(Lines, EveryEndOfALineIsOneAndControlsGo) {
  EXPECT_EQ(with_plain_lines("a\r\nb\rc\xC2\x85"
                             "d\x0C"
                             "e\xE2\x80\xA8"
                             "f\x01\x7F\xC2\x9D"
                             "g\xEF\xBB\xBF\t.",
                             false),
            "a\nb\nc\nd\ne\nfg\t.");
  EXPECT_EQ(with_plain_lines("“q” ！\xC2\xA0x", false), "“q” ！\xC2\xA0x") << "neighbours of those";
}

TEST(Lines, TidyTakesWhatNobodySees) {
  EXPECT_EQ(with_plain_lines("\n \n　一  \n\n \n　\n二\t\n三　\n\n\n", true), "　一\n\n二\n三");
  EXPECT_EQ(with_plain_lines(" \n\n", true), "");
}

}  // namespace
}  // namespace isoflop::corpus
