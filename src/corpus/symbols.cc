#include "corpus/symbols.h"

namespace isoflop::corpus {

void CharacterIds::encode(std::string_view text, bool learn, std::vector<std::uint32_t>& out) {
  for_each_character(text, [&](char32_t c, std::size_t) {
    std::uint32_t& id = ids_[c];
    if (id == kUnknown && learn) id = size_++;
    out.push_back(id);
  });
}

void WordIds::encode(std::string_view text, std::vector<std::uint32_t>& out) {
  for_each_word(text, [&](std::string_view word, bool) {
    lower_.assign(word);
    for (char& c : lower_) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    auto at = ids_.find(lower_);
    if (at == ids_.end()) at = ids_.emplace(lower_, static_cast<std::uint32_t>(ids_.size())).first;
    out.push_back(at->second);
  });
}

void Script::add(std::string_view text) {
  for_each_character(text, [&](char32_t c, std::size_t) {
    const bool ascii = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!ascii && (c < 0xC0 || (c >= 0x2000 && c <= 0x206F) || (c >= 0x3000 && c <= 0x303F) || (c >= 0xFF00 && c <= 0xFF0F)))
      return;
    ++letters;
    if ((c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x1000 && c <= 0x109F) || (c >= 0x1780 && c <= 0x17FF) ||
        (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
        (c >= 0x20000 && c <= 0x3FFFF))
      ++unspaced;
  });
}

}  // namespace isoflop::corpus
