// A split pattern that no scanner of our own knows, through PCRE2. Inside the room only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace isoflop::tokens {

class Regex {
 public:
  /// Unicode classes, UTF-8; bytes that are not UTF-8 match nothing. `\p{Han}` and its like mean the script, as in Oniguruma and
  /// Rust's regex (PCRE2 would take script extensions). Throws bad_data naming `subject` if PCRE2 cannot read the pattern.
  Regex(const std::string& pattern, const std::string& subject);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  /// A search under way; each thread has its own.
  class Search {
   public:
    explicit Search(const Regex& regex);
    ~Search();
    Search(const Search&) = delete;
    Search& operator=(const Search&) = delete;
    /// The next match that is not empty, from `from` on: [begin, end). False: there is none. Throws bad_data if PCRE2 gives up.
    bool next(std::string_view text, std::size_t from, std::size_t& begin, std::size_t& end);

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace isoflop::tokens
