#include "tokens/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <unicode/uchar.h>

#include <array>
#include <utility>

#include "isoflop/base.h"

namespace isoflop::tokens {
namespace {

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  if (pcre2_get_error_message(code, text.data(), text.size()) < 0) return "error " + std::to_string(code);
  return reinterpret_cast<const char*>(text.data());
}

// \p{Han} -> \p{sc:Han}
std::string with_plain_scripts(const std::string& pattern) {
  std::string out;
  for (std::size_t at = 0; at < pattern.size();) {
    const bool property = pattern[at] == '\\' && at + 2 < pattern.size() && (pattern[at + 1] == 'p' || pattern[at + 1] == 'P') &&
                          pattern[at + 2] == '{';
    const std::size_t close = property ? pattern.find('}', at) : std::string::npos;
    if (close != std::string::npos) {
      std::size_t name_at = at + 3;
      if (pattern[name_at] == '^') ++name_at;
      const std::string name = pattern.substr(name_at, close - name_at);
      const bool script = name.size() > 2 && u_getPropertyValueEnum(UCHAR_SCRIPT, name.c_str()) != UCHAR_INVALID_CODE;
      out.append(pattern, at, name_at - at).append(script ? "sc:" : "").append(name).append("}");
      at = close + 1;
    } else {
      const std::size_t length = pattern[at] == '\\' && at + 1 < pattern.size() ? 2 : 1;
      out.append(pattern, at, length);
      at += length;
    }
  }
  return out;
}

}  // namespace

struct Regex::State {
  std::string subject;
  pcre2_code* code = nullptr;
  ~State() { pcre2_code_free(code); }
};

Regex::Regex(const std::string& pattern, const std::string& subject) : state_(std::make_unique<State>()) {
  state_->subject = subject;
  const std::string ours = with_plain_scripts(pattern);
  int error = 0;
  PCRE2_SIZE at = 0;
  constexpr std::uint32_t kOptions = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
  state_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(ours.data()), ours.size(), kOptions, &error, &at, nullptr);
  if (state_->code == nullptr) {
    throw Error(Fault::bad_data, subject,
                "its split pattern cannot be read at character " + std::to_string(at) + ": " + message_of(error));
  }
  pcre2_jit_compile(state_->code, PCRE2_JIT_COMPLETE);  // where there is none, it is interpreted
}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

struct Regex::Search::State {
  const Regex::State& regex;
  pcre2_match_data* match;
  ~State() { pcre2_match_data_free(match); }
};

Regex::Search::Search(const Regex& regex)
    : state_(new State{*regex.state_, pcre2_match_data_create_from_pattern(regex.state_->code, nullptr)}) {}
Regex::Search::~Search() = default;

bool Regex::Search::next(std::string_view text, std::size_t from, std::size_t& begin, std::size_t& end) {
  for (;;) {
    const int found = pcre2_match(state_->regex.code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                                  PCRE2_NOTEMPTY, state_->match, nullptr);
    if (found == PCRE2_ERROR_NOMATCH) return false;
    if (found < 0)
      throw Error(Fault::bad_data, state_->regex.subject, "its split pattern cannot be matched: " + message_of(found));
    const PCRE2_SIZE* place = pcre2_get_ovector_pointer(state_->match);
    begin = place[0];
    end = place[1];
    if (end > begin && begin >= from) return true;
    from = end + 1;  // \K may set a beginning behind the end
    if (from > text.size()) return false;
  }
}

}  // namespace isoflop::tokens
