#include "corpus/encoding.h"

#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/check.h"
#include "corpus/stream.h"

namespace isoflop::corpus {
namespace {

constexpr std::size_t kStart = std::size_t{64} << 10;   // where NUL is looked for
constexpr std::size_t kSample = std::size_t{64} << 10;  // judged by statistics
constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::int32_t kClearly = 15;  // points of confidence, of 100

struct CloseConverter {
  void operator()(UConverter* converter) const { ::ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

// one that stops at bytes which are no character; nothing if ICU does not know the name
Converter open_converter(const std::string& name) {
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(::ucnv_open(name.c_str(), &error));
  if (U_FAILURE(error)) return nullptr;
  ::ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &error);
  return U_FAILURE(error) ? nullptr : std::move(converter);
}

bool is_no_character(UErrorCode error) {
  return error == U_INVALID_CHAR_FOUND || error == U_ILLEGAL_CHAR_FOUND || error == U_TRUNCATED_CHAR_FOUND ||
         error == U_ILLEGAL_ESCAPE_SEQUENCE || error == U_UNSUPPORTED_ESCAPE_SEQUENCE;
}

class IcuDecoder final : public Decoder {
 public:
  IcuDecoder(const std::string& encoding, Utf8Policy policy, std::string subject)
      : encoding_(encoding), policy_(policy), subject_(std::move(subject)), converter_(open_converter(encoding)) {
    ISOFLOP_CHECK(converter_ != nullptr);
  }

  void add(std::string_view bytes, std::string& out) override { convert(bytes, false, out); }
  void finish(std::string& out) override {
    convert({}, true, out);
    if (lead_ != 0) append_character(out, 0xFFFD);
    lead_ = 0;
  }
  [[nodiscard]] std::int64_t invalid_bytes() const override { return invalid_bytes_; }

 private:
  void convert(std::string_view bytes, bool last, std::string& out) {
    const char* from = bytes.data();
    const char* const end = from + bytes.size();
    while (true) {
      UChar* to = units_.data();
      const char* const before = from;
      UErrorCode error = U_ZERO_ERROR;
      ::ucnv_toUnicode(converter_.get(), &to, units_.data() + units_.size(), &from, end, nullptr, last ? 1 : 0, &error);
      offset_ += from - before;
      write(units_.data(), to, out);
      if (error == U_BUFFER_OVERFLOW_ERROR) continue;
      if (U_SUCCESS(error)) return;
      if (!is_no_character(error))
        throw Error(Fault::failure, subject_, std::string("cannot be decoded: ") + ::u_errorName(error));
      no_character(out);
    }
  }
  void no_character(std::string& out) {
    std::array<char, 32> bytes{};
    auto count = static_cast<std::int8_t>(bytes.size());
    UErrorCode error = U_ZERO_ERROR;
    ::ucnv_getInvalidChars(converter_.get(), bytes.data(), &count, &error);
    const std::int64_t invalid = std::max<std::int64_t>(1, U_SUCCESS(error) ? count : 1);
    if (policy_ == Utf8Policy::error) {
      throw Error(Fault::bad_data, subject_, "byte " + std::to_string(offset_ - invalid) + " is not " + encoding_,
                  "name its encoding with --encoding, or choose --utf8 replace or --utf8 skip");
    }
    invalid_bytes_ += invalid;
    if (policy_ == Utf8Policy::replace) append_character(out, 0xFFFD);
  }
  void write(const UChar* from, const UChar* end, std::string& out) {
    for (; from != end; ++from) {
      char32_t character = *from;
      if (U16_IS_LEAD(character)) {
        if (lead_ != 0) append_character(out, 0xFFFD);
        lead_ = character;
        continue;
      }
      if (lead_ != 0) {
        character = U16_IS_TRAIL(character) ? static_cast<char32_t>(U16_GET_SUPPLEMENTARY(lead_, character)) : 0xFFFD;
        lead_ = 0;
      } else if (U16_IS_TRAIL(character)) {
        character = 0xFFFD;
      }
      if (!(at_start_ && character == 0xFEFF)) append_character(out, character);
      at_start_ = false;
    }
  }

  std::string encoding_;
  Utf8Policy policy_;
  std::string subject_;
  Converter converter_;
  std::array<UChar, 8192> units_{};
  std::int64_t offset_ = 0, invalid_bytes_ = 0;
  char32_t lead_ = 0;
  bool at_start_ = true;
};

// the text of a sample that may end inside a character; nothing if it is not of this encoding
std::optional<std::string> decoded(const std::string& name, std::string_view sample) {
  if (open_converter(name) == nullptr) return std::nullopt;
  std::string text;
  try {
    IcuDecoder(name, Utf8Policy::error, name).add(sample, text);
  } catch (const Error&) {
    return std::nullopt;
  }
  return text;
}

struct Scripts {
  std::int64_t characters = 0, kana = 0, usual = 0, controls = 0;
};

// of what is not ASCII: kana of full width; of everything: what texts are usually made of, and C1 controls
Scripts scripts_of(std::string_view text) {
  Scripts found;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_character(text, at);
    const auto within = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
    if (c >= 0x80) ++found.characters;
    if (within(0x3041, 0x3096) || within(0x30A1, 0x30FA)) ++found.kana;
    if (within(0x80, 0x9F)) ++found.controls;
    if (within(0x20, 0x7E) || c == '\n' || c == '\r' || c == '\t' || within(0xA0, 0x24F) || within(0x370, 0x52F) ||
        within(0x2010, 0x2027) || within(0x3000, 0x30FF) || within(0x4E00, 0x9FFF) || within(0xAC00, 0xD7A3) ||
        within(0xFF01, 0xFF9F)) {
      ++found.usual;
    }
  }
  return found;
}

// UTF-16 without a mark: nearly all of it is what texts are made of
std::optional<std::string> guess_utf16(std::string_view start) {
  start = start.substr(0, start.size() / 2 * 2);
  for (const char* name : {"UTF-16LE", "UTF-16BE"}) {
    const auto text = decoded(name, start);
    if (!text) continue;
    const Scripts found = scripts_of(*text);
    if (found.usual * 20 >= count_characters(*text) * 19) return name;
  }
  return std::nullopt;
}

// Japanese of two encodings is told by its kana: in the wrong one there are next to none, or an error
std::optional<std::string> guess_japanese(std::string_view sample) {
  std::optional<std::string> best;
  double share = 0.2;
  for (const char* name : {"Shift_JIS", "EUC-JP"}) {
    const auto text = decoded(name, sample);
    if (!text) continue;
    const Scripts found = scripts_of(*text);
    const double of_kana = static_cast<double>(found.kana) / static_cast<double>(std::max<std::int64_t>(1, found.characters));
    if (of_kana > share) share = of_kana, best = name;
  }
  return best;
}

// encodings of the Latin alphabet differ in a few letters only: Western unless another is clearly likelier
bool is_western(std::string_view name) {
  return name == "ISO-8859-1" || name == "windows-1252";
}
bool is_other_latin(std::string_view name) {
  return name == "ISO-8859-2" || name == "ISO-8859-9" || name == "windows-1250" || name == "windows-1254";
}

std::optional<std::string> guess_by_statistics(std::string_view sample) {
  UErrorCode error = U_ZERO_ERROR;
  struct Close {
    void operator()(UCharsetDetector* detector) const { ::ucsdet_close(detector); }
  };
  const std::unique_ptr<UCharsetDetector, Close> detector(::ucsdet_open(&error));
  if (U_FAILURE(error)) return std::nullopt;
  ::ucsdet_setText(detector.get(), sample.data(), static_cast<std::int32_t>(sample.size()), &error);
  std::int32_t count = 0;
  const UCharsetMatch** matches = ::ucsdet_detectAll(detector.get(), &count, &error);
  if (U_FAILURE(error)) return std::nullopt;
  std::optional<std::string> latin;
  std::int32_t latin_confidence = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    const char* name = ::ucsdet_getName(matches[i], &error);
    const std::int32_t confidence = ::ucsdet_getConfidence(matches[i], &error);
    if (U_FAILURE(error) || name == nullptr || std::string_view(name).starts_with("UTF")) continue;
    const auto text = decoded(name, sample);
    if (!text || scripts_of(*text).controls != 0) continue;
    if (is_western(name)) return latin && latin_confidence >= confidence + kClearly ? *latin : std::string(name);
    if (!is_other_latin(name)) {
      if (!latin) return name;
    } else if (!latin) {
      latin = name;
      latin_confidence = confidence;
    }
  }
  return latin && latin_confidence >= kClearly ? latin : std::nullopt;
}

std::optional<std::string> mark_of(std::string_view start) {
  using namespace std::string_view_literals;
  if (start.starts_with("\xEF\xBB\xBF"sv)) return kUtf8;
  if (start.starts_with("\xFF\xFE\0\0"sv)) return "UTF-32LE";
  if (start.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32BE";
  if (start.starts_with("\xFF\xFE"sv)) return "UTF-16LE";
  if (start.starts_with("\xFE\xFF"sv)) return "UTF-16BE";
  return std::nullopt;
}

std::size_t first_high_byte(std::string_view bytes) {
  const auto at = std::find_if(bytes.begin(), bytes.end(), [](char c) { return static_cast<signed char>(c) < 0; });
  return static_cast<std::size_t>(at - bytes.begin());
}

}  // namespace

std::string encoding_name(const std::string& given) {
  if (open_converter(given) == nullptr || given.empty()) {
    const std::vector<std::string> usual{"UTF-8",      "Shift_JIS",    "cp932",  "EUC-JP",   "ISO-2022-JP",
                                         "ISO-8859-1", "windows-1252", "UTF-16", "UTF-16LE", "UTF-16BE",
                                         "GB18030",    "Big5",         "EUC-KR", "KOI8-R"};
    const std::optional<std::string> near = nearest(given, usual);
    throw Error(Fault::usage, "encoding",
                "`" + given + "` is not a known encoding, expected auto, UTF-8, cp932, EUC-JP, ISO-8859-1, UTF-16, ...",
                near ? "did you mean `" + *near + "`?" : "");
  }
  UErrorCode error = U_ZERO_ERROR;
  const char* standard = ::ucnv_getStandardName(given.c_str(), "IANA", &error);
  return standard != nullptr && std::string_view(standard).starts_with("UTF-8") ? kUtf8 : given;
}

EncodingGuess::EncodingGuess() : utf8_(Utf8Policy::skip, "") {}

void EncodingGuess::add(std::string_view bytes) {
  if (start_.size() < kStart) start_ += bytes.substr(0, kStart - start_.size());
  bytes_ += static_cast<std::int64_t>(bytes.size());
  scratch_.clear();
  utf8_.add(bytes, scratch_);
  high_bytes_ += std::count_if(bytes.begin(), bytes.end(), [](char c) { return static_cast<signed char>(c) < 0; });

  // the sample is one stretch from the first byte that is not ASCII on
  if (sample_.empty()) bytes.remove_prefix(first_high_byte(bytes));
  sample_ += bytes.substr(0, kSample - sample_.size());
}

bool EncodingGuess::decided() const {
  return sample_.size() == kSample && utf8_.invalid_bytes() * 10 > high_bytes_;
}

Encoding EncodingGuess::finish(const std::string& subject) {
  if (!decided()) utf8_.finish(scratch_);
  const bool valid = utf8_.invalid_bytes() == 0;
  if (const auto marked = mark_of(start_)) {
    if (*marked != kUtf8 || valid) return {*marked, "mark"};
  }
  if (const std::size_t nul = start_.find('\0'); nul != std::string::npos) {
    // half of UTF-16 in ASCII letters are NUL, and UTF-16 of other scripts is no UTF-8: text with a few of them is neither
    const bool few = 4 * std::count(start_.begin(), start_.end(), '\0') < static_cast<std::ptrdiff_t>(start_.size());
    const auto wide = valid && few ? std::nullopt : guess_utf16(start_);
    if (wide) return {*wide, "detected"};
    throw Error(Fault::bad_data, subject, "is binary, not text: byte " + std::to_string(nul) + " is NUL");
  }
  const bool escapes = start_.find("\x1B$B") != std::string::npos || start_.find("\x1B$@") != std::string::npos;
  if (valid && escapes && high_bytes_ == 0 && decoded("ISO-2022-JP", start_)) return {"ISO-2022-JP", "detected"};
  if (valid) return {kUtf8, "valid"};
  if (utf8_.invalid_bytes() * 10 <= high_bytes_) return {kUtf8, "damaged"};
  if (const auto japanese = guess_japanese(sample_)) return {*japanese, "detected"};
  if (const auto likely = guess_by_statistics(sample_)) return {*likely, "detected"};
  return {"windows-1252", "detected"};
}

Encoding detect_encoding(const InputFile& file, const UnpackLimits& limits, std::stop_token stop) {
  ByteStream stream(file, limits);
  EncodingGuess guess;
  const std::size_t size = std::clamp(16 * static_cast<std::size_t>(file.stored_bytes), kStart, kPiece);
  const auto buffer = std::make_unique_for_overwrite<char[]>(size);
  while (!guess.decided()) {
    if (stop.stop_requested()) throw Error(Fault::stopped, file.path.string(), "stopped while it was read");
    const std::size_t count = stream.read({buffer.get(), size});
    if (count == 0) break;
    guess.add({buffer.get(), count});
  }
  return guess.finish(file.path.string());
}

std::unique_ptr<Decoder> make_decoder(const std::string& encoding, Utf8Policy policy, const std::string& subject) {
  if (encoding == kUtf8) return std::make_unique<Utf8Cleaner>(policy, subject);
  return std::make_unique<IcuDecoder>(encoding, policy, subject);
}

}  // namespace isoflop::corpus
