// What a column's header or a key says its numbers count, and in which unit.
#include <algorithm>

#include "plan/claims_text.h"
#include "plan/claims_vocabulary.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

/// The longest that the label holds: of "loss (bits per byte)" the unit, of "GPU hours" both words. A share of something is
/// that thing where its word is there too.
struct Meaning {
  Kind kind = Kind::none;
  double factor = 1;
  std::size_t length = 0;
};

Meaning meaning_of(const std::string& label) {
  const std::string plain = plain_label(label);
  Meaning longest;
  for (const Word& word : words_of(kHeader)) {
    if (longest.kind != Kind::none && (longest.kind != Kind::percent || word.kind == Kind::percent)) continue;
    const bool worded = letter(word.text[0]) || static_cast<unsigned char>(word.text[0]) >= 0x80;
    const std::string& text = word.text.size() == 1 ? label : plain;  // N_layers is no N
    if ((worded ? find_word(text, word.text) : text.find(word.text)) != std::string::npos)
      longest = {word.kind, word.factor, word.text.size()};
  }
  for (std::size_t i = 0; i < plain.size(); ++i)
    if (letter(plain[i]) && (i == 0 || !letter(plain[i - 1])))
      if (const auto time = device_time_at(plain, i); time && time->end - i > longest.length) {
        const bool each = (i > 0 && plain[i - 1] == '/') || (i > 3 && at(plain, i - 4, "per "));  // USD/GPU-hour: a price
        longest = each ? Meaning{Kind::usd_per_hour, 1, time->end - i} : Meaning{time->kind, time->factor, time->end - i};
      }
  if (longest.kind == Kind::none && first_accelerator(label)) longest.kind = Kind::devices;  // A100s
  if (label.find("円") == std::string::npos && find_word(plain, "yen") == std::string::npos &&
      find_word(plain, "jpy") == std::string::npos)
    return longest;
  if (longest.kind == Kind::usd) longest.kind = Kind::yen;
  if (longest.kind == Kind::usd_per_hour) longest.kind = Kind::yen_per_hour;
  if (longest.kind == Kind::usd_per_kwh) longest.kind = Kind::yen_per_kwh;
  return longest;
}

/// "(B)", "(十億)", "(10^18 FLOPs)", "($M)", "params_m", "params_億": what a count is given in.
double scale_of(const std::string& label, Kind kind) {
  for (std::size_t i = label.find_first_of("(["); i != std::string::npos; i = label.find_first_of("([", i + 1)) {
    std::size_t begin = skip_spaces(label, i + 1);
    if (at(label, begin, "$")) ++begin;
    const bool written_out = begin < label.size() && digit(label[begin]);
    const auto n = read_number(written_out ? label.substr(begin) : "1" + label.substr(begin), 0);
    if (n && (n->suffixed || n->power || (written_out && at(label, begin, "1e")))) return n->value;
  }
  if (kind == Kind::flops)
    for (const std::string_view mark : {"10^", "1e"})
      if (const std::size_t i = label.find(mark); i != std::string::npos)
        if (const auto n = read_number(label, i); n && n->value >= 1e9) return n->value;
  const std::size_t mark = label.rfind('_');
  if (mark == std::string::npos || mark + 1 == label.size()) return 1;
  std::string magnitude = label.substr(mark + 1);
  if (magnitude.size() == 1 && letter(magnitude[0])) magnitude[0] = static_cast<char>(lower(magnitude[0]) - ('a' - 'A'));
  const auto n = read_number("1" + magnitude, 0);
  return n && n->suffixed && n->end == magnitude.size() + 1 ? n->value : 1;
}

bool counted(Kind kind) {
  return kind == Kind::params || kind == Kind::tokens || kind == Kind::batch_tokens || kind == Kind::usd || kind == Kind::yen ||
         kind == Kind::steps || kind == Kind::flops;
}

}  // namespace

Column column_of(const std::string& written) {
  const std::string label = normalised(written);
  const Meaning meaning = meaning_of(label);
  return {meaning.kind, meaning.factor * (counted(meaning.kind) ? scale_of(label, meaning.kind) : 1)};
}

Kind kind_of_label(const std::string& label) {
  const Kind kind = column_of(label).kind;
  return kind == Kind::utilisation ? Kind::percent : kind;
}

void count_as(Quantity& q, const Column& column) {
  const double factor = q.suffixed && counted(column.kind) ? 1 : column.factor;  // 50M under "Params (M)"
  q.kind = column.kind;
  q.value = q.raw * factor;
  q.step *= factor;
  q.labelled = true;
  if (column.kind != Kind::utilisation) return;
  q.kind = Kind::percent;
  q.utilisation = true;
  if (q.value > 1) return;  // mfu = 0.4
  q.value *= 100;
  q.step *= 100;
}

std::optional<Quantity> cell_quantity(const std::string& cell, const Column& column) {
  const auto all = quantities(cell);
  if (all.empty()) return std::nullopt;
  Quantity q = all.front();
  // x 1.5 of what the table compares with
  const std::size_t first = cell.find_first_not_of(' ');
  if (q.kind == Kind::none && (cell[first] == '*' || cell[first] == 'x')) q.kind = Kind::factor;
  if (q.kind == Kind::none && column.kind != Kind::none) count_as(q, column);
  if (q.kind == Kind::percent && column.kind == Kind::utilisation) q.utilisation = true;
  return q;
}

}  // namespace isoflop::plan
