#include "corpus/normalise.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include <algorithm>

#include "base/check.h"
#include "corpus/white_space.h"

namespace isoflop::corpus {
namespace {

const icu::Normalizer2& normaliser(UnicodeForm form) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* found =
      form == UnicodeForm::nfkc ? icu::Normalizer2::getNFKCInstance(error) : icu::Normalizer2::getNFCInstance(error);
  if (U_FAILURE(error) || found == nullptr)
    throw Error(Fault::failure, "ICU", std::string("cannot normalise: ") + ::u_errorName(error));
  return *found;
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) < 0; });
}

// what stands at `at`: a line end, something to leave out, or text; and its length in bytes
enum class Piece { text, line_end, nothing };
struct Found {
  Piece piece = Piece::text;
  std::size_t length = 1;
};

Found look(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const unsigned first = byte(0);
  if (first == '\r') return {Piece::line_end, byte(1) == '\n' ? 2U : 1U};
  if (first == '\v' || first == '\f' || first == '\n') return {Piece::line_end, 1};
  if ((first < 0x20 && first != '\t') || first == 0x7F) return {Piece::nothing, 1};
  if (first == 0xC2 && byte(1) == 0x85) return {Piece::line_end, 2};
  if (first == 0xC2 && byte(1) < 0xA0) return {Piece::nothing, 2};
  if (first == 0xE2 && byte(1) == 0x80 && (byte(2) == 0xA8 || byte(2) == 0xA9)) return {Piece::line_end, 3};
  if (first == 0xEF && byte(1) == 0xBB && byte(2) == 0xBF) return {Piece::nothing, 3};
  return {Piece::text, 1};
}

// bytes that look() may see more in than text
constexpr bool is_special(unsigned char byte) {
  return (byte < 0x20 && byte != '\t') || byte == 0x7F || byte == 0xC2 || byte == 0xE2 || byte == 0xEF;
}

// where a line's text ends when the spaces behind it go
std::size_t text_end(std::string_view out, std::size_t line) {
  return line + trimmed_end(out.substr(line)).size();
}

}  // namespace

std::string normalised(std::string_view text, UnicodeForm form) {
  if (form == UnicodeForm::none || is_ascii(text)) return std::string(text);
  const icu::Normalizer2& to = normaliser(form);
  const icu::StringPiece from(text.data(), static_cast<std::int32_t>(text.size()));
  UErrorCode error = U_ZERO_ERROR;
  if (to.isNormalizedUTF8(from, error) && U_SUCCESS(error)) return std::string(text);
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  error = U_ZERO_ERROR;
  to.normalizeUTF8(0, from, sink, nullptr, error);
  if (U_FAILURE(error)) throw Error(Fault::failure, "ICU", std::string("cannot normalise: ") + ::u_errorName(error));
  return out;
}

std::string with_plain_lines(std::string_view text, bool tidy) {
  std::string out;
  out.reserve(text.size());
  std::size_t line = 0;  // where the line begins in out
  int blank = 2;         // line ends in a row; at the start no more are wanted
  const auto end_line = [&] {
    if (!tidy) {
      out += '\n';
      return;
    }
    out.resize(text_end(out, line));
    if (out.size() > line) blank = 0;
    if (++blank <= 2) out += '\n';
    line = out.size();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    while (at < text.size() && !is_special(static_cast<unsigned char>(text[at]))) ++at;
    out += text.substr(start, at - start);
    if (at == text.size()) break;
    const Found found = look(text, at);
    if (found.piece == Piece::text) out += text[at];
    if (found.piece == Piece::line_end) end_line();
    at += found.length;
  }
  if (!tidy) return out;
  out.resize(text_end(out, line));
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace isoflop::corpus
