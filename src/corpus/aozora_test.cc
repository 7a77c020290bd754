// Aozora Bunko's mark-up, rule by rule.
#include "corpus/aozora.h"

#include <unicode/ucnv.h>
#include <unicode/ustring.h>

#include "corpus/gaiji.h"
#include "corpus/testing.h"
#include "base/utf8.h"

namespace isoflop::corpus {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

std::string line(std::string_view text, AozoraCounts* seen = nullptr, bool compose = true) {
  AozoraCounts counts;
  const std::vector<AozoraWork> works = read_aozora(text, compose, counts);
  if (seen != nullptr) *seen = counts;
  if (works.empty()) return "";
  std::string out = works[0].text;
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

TEST(AozoraLine, RubyGoesAndItsBaseStays) {
  EXPECT_EQ(line("山《やま》と｜夕方折戸《ゆうがたおりど》の蔭"), "山と夕方折戸の蔭");
}

TEST(AozoraLine, NotesGoAlsoInsideOfNotes) {
  EXPECT_EQ(line("おくれんかな［＃「おくれんかな」に傍点］と"), "おくれんかなと");
  EXPECT_EQ(line("俥［＃「※［＃「木＋世」、第3水準1-85-56］」に傍点］が"), "俥が");
  EXPECT_EQ(line("学而時習［＃レ］之［＃（ヲ）］"), "学而時習之");
}

TEST(AozoraLine, ARepeatMarkOfTwoHalvesBecomesOneSign) {
  EXPECT_EQ(line("いよ／＼"), "いよ〳〵");
  EXPECT_EQ(line("しみ／″＼"), "しみ〴〵");
  EXPECT_EQ(line("a／b"), "a／b");
}

TEST(AozoraLine, AGaijiBecomesTheCharacterThatItsNoteNames) {
  EXPECT_EQ(line("※［＃ローマ数字7、1-13-27］"), "Ⅶ");
  EXPECT_EQ(line("※［＃二の字点、1-2-22］"), "〻");
  EXPECT_EQ(line("※［＃「さんずい＋嫩のつくり」、U+6F31、123-4］ぐ"), "漱ぐ");
  EXPECT_EQ(line("※［＃半濁点付き平仮名か、1-4-87］"), "か゚") << "two code points";
  EXPECT_EQ(line("※［＃「口＋世」、１−１３−２１］"), "Ⅰ") << "wide digits";
  EXPECT_EQ(line("※［＃「にんべん＋竢のつくり」、第3水準1-14-1］"), "俱");
}

TEST(AozoraLine, AGaijiWithoutACodeBecomesAGeta) {
  AozoraCounts counts;
  EXPECT_EQ(line("※［＃「口＋世」、155-14］み※［＃小書き片仮名ヰ］", &counts), "〓み〓");
  EXPECT_EQ(counts.gaiji_unknown, 2);
  EXPECT_EQ(line("※［＃「口＋世」、U+D800］"), "〓") << "half a surrogate pair is no character";
}

TEST(AozoraLine, TheMarksThemselvesComeOutAsTheirNeighbours) {
  EXPECT_EQ(line("※［＃始め二重山括弧、1-1-52］注※［＃終わり二重山括弧、1-1-53］※［＃縦線、1-1-35］※［＃井げた、1-1-84］"),
            "≪注≫|#");
}

TEST(AozoraLine, MarksWithoutTheirOtherHalfLeaveTheText) {
  EXPECT_EQ(line("山《やま"), "山やま");
  EXPECT_EQ(line("や》ま｜と＃"), "やまと#");
  EXPECT_EQ(line("甲［＃「乙"), "甲「乙");
}

TEST(AozoraLine, AccentsAreComposedAndTheirBracketsGo) {
  EXPECT_EQ(line("〔e'rotique〕な〔Lucre`ce〕"), "érotiqueなLucrèce");
  EXPECT_EQ(line("〔ae&on AE& s& c,a o/ A& ?@〕"), "æon Æ ß ça ø Å ¿");
  EXPECT_EQ(line("〔以下原稿なし〕"), "〔以下原稿なし〕") << "brackets of an editor";
  EXPECT_EQ(line("〔e'rotique〕", nullptr, false), "〔e'rotique〕");
}

TEST(AozoraLine, WhatWasDoneIsCounted) {
  AozoraCounts counts;
  (void)line("山《やま》［＃改行］※［＃1-13-21］／＼〔a'〕", &counts);
  EXPECT_EQ(counts.rubies, 1);
  EXPECT_EQ(counts.notes, 1);
  EXPECT_EQ(counts.gaiji_mapped, 1);
  EXPECT_EQ(counts.repeat_marks, 1);
  EXPECT_EQ(counts.accents, 1);
}

const std::string kRule(55, '-');
const std::string kLegend = kRule +
                            "\r\n【テキスト中に現れる記号について】\r\n\r\n《》：ルビ\r\n（例）山《やま》\r\n\r\n"
                            "［＃］：入力者注\r\n（例）※［＃「木＋世」、第3水準1-85-56］\r\n" +
                            kRule + "\r\n";

TEST(AozoraFile, HeadLegendAndFootGoAndTheirFactsStay) {
  AozoraCounts counts;
  const auto works =
      read_aozora("羅生門\r\n芥川《あくたがわ》竜之介\r\n\r\n" + kLegend +
                      "\r\n　ある日の暮方《くれがた》の事である。\r\n\r\n底本：「芥川全集」筑摩書房\r\n　　1986年\r\n"
                      "入力：平山誠\r\n校正：もりみつじゅんじ\r\n青空文庫作成ファイル：\r\n",
                  true, counts);
  ASSERT_THAT(works, SizeIs(1));
  EXPECT_EQ(works[0].text, "\n　ある日の暮方の事である。\n\n");
  EXPECT_EQ(works[0].title, "羅生門");
  EXPECT_EQ(works[0].author, "芥川竜之介");
  EXPECT_EQ(works[0].basetext, "「芥川全集」筑摩書房");
  EXPECT_EQ(works[0].typist, "平山誠");
  EXPECT_EQ(works[0].proofreader, "もりみつじゅんじ");
  EXPECT_FALSE(works[0].reserved);
  EXPECT_EQ(counts.legends, 1);
  EXPECT_EQ(counts.feet, 1);
}

TEST(AozoraFile, SeveralWorksBeginEachAfterItsLegend) {
  AozoraCounts counts;
  const auto works =
      read_aozora(kLegend + "一\n" + kLegend + "二\n底本：甲\n\n三題\n乙\n\n" + kLegend + "三\n底本の親本：丙\n", true, counts);
  ASSERT_THAT(works, SizeIs(3));
  EXPECT_THAT((std::vector{works[0].text, works[1].text, works[2].text}), ElementsAre("一\n", "二\n", "三\n"));
  EXPECT_EQ(works[2].title, "三題");
  EXPECT_EQ(works[2].author, "乙");
  EXPECT_EQ(counts.works, 3);
}

TEST(AozoraFile, AFootThatNamesALicenceReservesTheWork) {
  AozoraCounts counts;
  const auto works = read_aozora(
      kLegend + "一\n底本：甲\n※この作品は「クリエイティブ・コモンズ」でライセンスされています。\n" + kLegend + "二\n底本：乙\n",
      true, counts);
  EXPECT_TRUE(works.at(0).reserved);
  EXPECT_FALSE(works.at(1).reserved);
  EXPECT_EQ(counts.reserved, 1);
}

TEST(AozoraFile, AMarkWhoseNotesAnEarlierCleanerTookIsUnknown) {
  std::string stripped = kLegend;
  const std::size_t note = stripped.find("［＃「木");
  stripped.erase(note, stripped.find("］\r\n", note) + 3 - note);
  EXPECT_EQ(line(stripped + "葉を※ぎ取って"), "葉を〓ぎ取って");
  EXPECT_EQ(line(kLegend + "※印の"), "※印の");
}

TEST(AozoraFile, IsToldByItsLegendItsNotesOrItsRuby) {
  EXPECT_TRUE(looks_like_aozora(kLegend));
  EXPECT_TRUE(looks_like_aozora("改頁［＃改ページ］"));
  EXPECT_TRUE(looks_like_aozora("山《やま》川《かわ》海《うみ》"));
  EXPECT_FALSE(looks_like_aozora("山《やま》川《かわ》"));
  EXPECT_FALSE(looks_like_aozora("《第一章》《第二章》《第三章》"));
  EXPECT_FALSE(looks_like_aozora("plain text with [brackets] and ---------------------------"));
}

TEST(Gaiji, RowsOfJisX0208AreAsIcuReadsThem) {
  UErrorCode error = U_ZERO_ERROR;
  UConverter* converter = ::ucnv_open("EUC-JP", &error);
  ASSERT_TRUE(U_SUCCESS(error));
  int compared = 0, different = 0;
  for (int row = 16; row <= 84; ++row) {
    for (int cell = 1; cell <= 94; ++cell) {
      const char code[2] = {static_cast<char>(0xA0 + row), static_cast<char>(0xA0 + cell)};
      UChar unit[4] = {};
      error = U_ZERO_ERROR;
      const std::int32_t units = ::ucnv_toUChars(converter, unit, 4, code, 2, &error);
      if (U_FAILURE(error) || units != 1 || unit[0] == 0xFFFD) continue;
      std::string expected;
      append_character(expected, unit[0]);
      ++compared;
      if (jisx0213(1, row, cell) != expected) ++different;
    }
  }
  ::ucnv_close(converter);
  EXPECT_GE(compared, 6355) << "the kanji of JIS X 0208";
  EXPECT_EQ(different, 0);
}

TEST(Gaiji, TheSecondPlaneBeginsAtU20089) {
  std::string expected;
  append_character(expected, 0x20089);
  EXPECT_EQ(jisx0213(2, 1, 1), expected);
}

}  // namespace
}  // namespace isoflop::corpus
