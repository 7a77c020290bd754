// Aozora Bunko's mark-up: ruby, notes, gaiji, repeat marks, accents, the legend before a work and the colophon behind it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isoflop/clean.h"

namespace isoflop::corpus {

struct AozoraWork {
  std::string text;
  std::string title, author;                  ///< of the lines before the legend; empty if there are none
  std::string basetext, typist, proofreader;  ///< 底本, 入力, 校正 of the foot: whoever passes a work on is asked to keep them
  bool reserved = false;                      ///< the foot names Creative Commons or a standing copyright
};

/// Whether a text shows this mark-up: a legend, a note ［＃…］, or ruby at three places.
[[nodiscard]] bool looks_like_aozora(std::string_view text);

/// The works of a text, one after each legend, without mark-up. No 《 》 ｜ or ＃ is left in any: where a text means these
/// characters themselves, and says so as gaiji, they come out as ≪ ≫ | #, the first two by Aozora's own custom.
///
/// Source   aozora.gr.jp/annotation (the notes), accent_separation.html (〔e'rotique〕); the tables of aozorahack/aozora2html.
/// Result   ruby, ｜ and ［＃…］ are left out, notes in notes too; ※［＃…］ becomes the character it names, else 〓; ／＼ becomes
/// 〳〵 and
///          ／″＼ 〴〵. A ※ alone becomes 〓 where the legend shows that an earlier cleaner took its notes away.
/// Checked  aozora_test.cc; mutated texts in clean_mutation_test.cc.
[[nodiscard]] std::vector<AozoraWork> read_aozora(std::string_view text, bool compose_accents, AozoraCounts& counts);

}  // namespace isoflop::corpus
