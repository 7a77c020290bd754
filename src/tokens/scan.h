// The known split patterns by hand: where the chunk that begins here ends. Inside the room only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tokens/char_class.h"
#include "base/utf8.h"

namespace isoflop::tokens {

enum class Scan { gpt2, gpt4, script, regex };  ///< regex: not scanned here

/// Text as classes of characters; a byte that is not UTF-8 is a character of its own, of class `other`.
template <bool kScripts>
class ClassedText {
 public:
  struct Point {
    CharClass c = CharClass::other;
    std::uint32_t length = 1;
  };

  explicit ClassedText(std::string_view text) : text_(text), classes_(char_classes()) {}

  [[nodiscard]] std::size_t size() const { return text_.size(); }
  [[nodiscard]] char byte(std::size_t i) const { return text_[i]; }
  [[nodiscard]] Point at(std::size_t i) const {
    const auto lead = static_cast<unsigned char>(text_[i]);
    if (lead < 0x80) return {class_of(lead), 1};
    const CodePoint point = first_code_point(text_.substr(i));
    if (!point.valid) return {CharClass::other, 1};
    return {class_of(point.value), static_cast<std::uint32_t>(point.length)};
  }
  /// Behind the run of characters of class `c` that begins at `i`.
  [[nodiscard]] std::size_t run(std::size_t i, CharClass c) const {
    while (i < size()) {
      const Point point = at(i);
      if (point.c != c) break;
      i += point.length;
    }
    return i;
  }

 private:
  [[nodiscard]] CharClass class_of(std::uint32_t value) const {
    return static_cast<CharClass>(kScripts ? classes_[value] >> 4 : classes_[value] & 15);
  }

  std::string_view text_;
  const std::uint8_t* classes_;
};

/// Bytes of 's 't 'm 'd 're 've 'll at `i`, else 0; with `any_case` also in capitals, and with the long s that folds to s.
template <bool kScripts>
std::size_t contraction(const ClassedText<kScripts>& text, std::size_t i, bool any_case) {
  if (text.byte(i) != '\'' || i + 1 == text.size()) return 0;
  const auto lower = [&](std::size_t at) {
    const char c = at < text.size() ? text.byte(at) : '\0';
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  const char first = lower(i + 1), second = lower(i + 2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l')) return 3;
  if (any_case && first == '\xC5' && second == '\xBF') return 3;
  return 0;
}

/// Behind the whitespace chunk at `begin`: \s*[\r\n]+|\s+(?!\S)|\s+, or the last two alone.
template <bool kScripts>
std::size_t whitespace_end(const ClassedText<kScripts>& text, std::size_t begin, bool to_newline) {
  std::size_t end = begin, last = begin, newline_end = 0;
  while (end < text.size()) {
    const auto point = text.at(end);
    if (point.c != CharClass::space && point.c != CharClass::newline) break;
    last = end;
    end += point.length;
    if (point.c == CharClass::newline) newline_end = end;
  }
  if (to_newline && newline_end > 0) return newline_end;
  return end == text.size() || last == begin ? end : last;  // the last one goes with the word behind it
}

template <bool kScripts>
std::size_t digits_end(const ClassedText<kScripts>& text, std::size_t begin, int most) {
  std::size_t end = begin;
  for (int i = 0; i < most && end < text.size(); ++i) {
    const auto point = text.at(end);
    if (point.c != CharClass::number) break;
    end += point.length;
  }
  return end;
}

inline std::size_t chunk_end_gpt2(const ClassedText<false>& text, std::size_t begin) {
  if (const std::size_t bytes = contraction(text, begin, false); bytes > 0) return begin + bytes;
  auto first = text.at(begin);
  std::size_t from = begin;
  if (text.byte(begin) == ' ' && begin + 1 < text.size()) {
    if (const auto next = text.at(begin + 1); next.c != CharClass::space && next.c != CharClass::newline) {
      first = next;
      from = begin + 1;
    }
  }
  if (first.c == CharClass::space || first.c == CharClass::newline) return whitespace_end(text, begin, false);
  return text.run(from + first.length, first.c);
}

/// ` ?` and a run of `other` with the newlines behind it, or whitespace: how the newer patterns end.
template <bool kScripts>
std::size_t other_or_whitespace_end(const ClassedText<kScripts>& text, std::size_t begin, CharClass first, CharClass second) {
  if (first == CharClass::other || (text.byte(begin) == ' ' && second == CharClass::other)) {
    return text.run(text.run(begin + (first == CharClass::other ? 0 : 1), CharClass::other), CharClass::newline);
  }
  return whitespace_end(text, begin, true);
}

inline std::size_t chunk_end_gpt4(const ClassedText<false>& text, std::size_t begin, int digits) {
  const auto first = text.at(begin);
  if (first.c == CharClass::letter) return text.run(begin + first.length, CharClass::letter);
  if (first.c == CharClass::number) return digits_end(text, begin, digits);
  if (const std::size_t bytes = contraction(text, begin, true); bytes > 0) return begin + bytes;
  const std::size_t behind = begin + first.length;
  const CharClass second = behind < text.size() ? text.at(behind).c : CharClass::newline;
  if (first.c != CharClass::newline && second == CharClass::letter) return text.run(behind, CharClass::letter);
  return other_or_whitespace_end(text, begin, first.c, second);
}

inline std::size_t chunk_end_script(const ClassedText<true>& text, std::size_t begin) {
  const auto first = text.at(begin);
  const bool word = first.c == CharClass::letter || first.c >= CharClass::han;
  if (word) return text.run(begin + first.length, first.c);
  if (first.c == CharClass::number) return digits_end(text, begin, 3);
  if (const std::size_t bytes = contraction(text, begin, true); bytes > 0) return begin + bytes;
  const std::size_t behind = begin + first.length;
  const CharClass second = behind < text.size() ? text.at(behind).c : CharClass::newline;
  if (text.byte(begin) == ' ' && second == CharClass::letter) return text.run(behind, CharClass::letter);
  return other_or_whitespace_end(text, begin, first.c, second);
}

/// The largest place where a letter is followed by something that no pattern puts into one chunk with it; 0: there is none. What
/// comes before it and what comes behind it are cut alone as they are cut together.
template <bool kScripts>
std::size_t last_certain_cut(std::string_view bytes) {
  const ClassedText<kScripts> text(bytes);
  const auto is_word = [](CharClass c) { return c == CharClass::letter || c >= CharClass::han; };
  const auto start_before = [&](std::size_t i) {  // of the character that ends at i
    for (std::size_t back = 4; back > 1; --back) {
      if (back <= i && text.at(i - back).length == back) return i - back;
    }
    return i - 1;
  };
  // a character whose end has not come yet
  std::size_t end = bytes.size();
  while (end > 0 && bytes.size() - end < 3) {
    const std::size_t last = start_before(end);
    if (static_cast<unsigned char>(bytes[last]) < 0x80 || text.at(last).length > 1) break;
    end = last;
  }
  for (std::size_t behind = end; behind > 0;) {
    const std::size_t place = start_before(behind);
    if (place > 0 && !is_word(text.at(place).c) && is_word(text.at(start_before(place)).c)) return place;
    behind = place;
  }
  return 0;
}

}  // namespace isoflop::tokens
