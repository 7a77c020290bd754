#include "corpus/aozora.h"

#include <cstring>
#include <optional>
#include <utility>

#include "corpus/gaiji.h"
#include "corpus/white_space.h"

namespace isoflop::corpus {
namespace {

constexpr std::string_view kLegend = "【テキスト中に現れる記号について】";
constexpr std::string_view kOpenRuby = "《", kCloseRuby = "》", kBar = "｜", kHash = "＃", kOpen = "［", kClose = "］",
                           kGaiji = "※";
constexpr std::string_view kSlash = "／", kBackslash = "＼", kVoiced = "″", kOpenAccent = "〔", kCloseAccent = "〕",
                           kUnknown = "〓";

// memmem: these characters begin with bytes that every Japanese character begins with
std::size_t find_in(std::string_view text, std::string_view word, std::size_t from = 0) {
  if (from >= text.size()) return std::string_view::npos;
  const void* at = ::memmem(text.data() + from, text.size() - from, word.data(), word.size());
  return at == nullptr ? std::string_view::npos : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

// letter and sign, as the table of accent_separation.html has them
struct Accent {
  char sign;
  std::string_view letters, composed;
};
constexpr Accent kAccents[] = {{'`', "AEIOUaeiou", "ÀÈÌÒÙàèìòù"},
                               {'\'', "AEIOUYaeiouy", "ÁÉÍÓÚÝáéíóúý"},
                               {'^', "AEIOUaeiou", "ÂÊÎÔÛâêîôû"},
                               {'~', "ANOano", "ÃÑÕãñõ"},
                               {':', "AEIOUaeiouy", "ÄËÏÖÜäëïöüÿ"},
                               {'_', "AEIOUaeiou", "ĀĒĪŌŪāēīōū"},
                               {'&', "Aas", "Ååß"},
                               {',', "Cc", "Çç"},
                               {'/', "Oo", "Øø"},
                               {'@', "!?", "¡¿"}};
constexpr std::pair<std::string_view, std::string_view> kLigatures[] = {{"AE&", "Æ"}, {"ae&", "æ"}, {"OE&", "Œ"}, {"oe&", "œ"}};

std::optional<std::string_view> accented(char letter, char sign) {
  for (const Accent& accent : kAccents) {
    if (accent.sign != sign) continue;
    const std::size_t index = accent.letters.find(letter);
    if (index == std::string_view::npos) continue;
    const std::string_view before = first_characters(accent.composed, static_cast<std::int64_t>(index));
    return first_characters(accent.composed.substr(before.size()), 1);
  }
  return std::nullopt;
}

// the text with its accents composed, and how many there were
std::pair<std::string, std::int64_t> composed(std::string_view text) {
  std::string out;
  std::int64_t accents = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::string_view found;
    std::size_t length = 0;
    for (const auto& [plain, one] : kLigatures) {
      if (text.substr(at).starts_with(plain)) found = one, length = plain.size();
    }
    if (found.empty() && at + 1 < text.size()) {
      if (const auto one = accented(text[at], text[at + 1])) found = *one, length = 2;
    }
    if (found.empty()) {
      out += text[at++];
    } else {
      out += found;
      at += length;
      ++accents;
    }
  }
  return {std::move(out), accents};
}

// One line without its mark-up.
class Line {
 public:
  Line(std::string_view line, bool stripped, bool compose, AozoraCounts& counts)
      : line_(line), stripped_(stripped), compose_(compose), counts_(counts) {}

  std::string clean() {
    while (at_ < line_.size()) {
      const std::size_t start = at_;
      const char32_t c = next_character(line_, at_);
      if (c < 0x2000 || (c > 0x3015 && c < 0xFF00)) {
        out_ += line_.substr(start, at_ - start);
      } else {
        mark(line_.substr(start, at_ - start));
      }
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool follows(std::string_view word) const { return line_.substr(at_).starts_with(word); }
  bool take(std::string_view word) {
    if (!follows(word)) return false;
    at_ += word.size();
    return true;
  }

  void mark(std::string_view c) {
    if (c == kGaiji) return gaiji();
    if (c == kOpen && take(kHash)) {
      if (note()) ++counts_.notes;
    } else if (c == kOpenRuby) {
      const std::size_t end = find_in(line_, kCloseRuby, at_);
      if (end == std::string_view::npos) return;
      at_ = end + kCloseRuby.size();
      ++counts_.rubies;
    } else if (c == kSlash && (follows(kBackslash) || follows("″＼"))) {
      out_ += take(kVoiced) ? "〴〵" : "〳〵";
      at_ += kBackslash.size();
      ++counts_.repeat_marks;
    } else if (c == kOpenAccent) {
      accents();
    } else if (c == kHash) {
      out_ += '#';
    } else if (c != kBar && c != kCloseRuby) {
      out_ += c;
    }
  }

  // behind ※: the note that names a character, else the mark itself
  void gaiji() {
    const std::size_t here = at_;
    if (take("［＃") || take(kOpen)) {
      if (const auto text = note()) {
        std::string character = gaiji_of(*text);
        if (character == kOpenRuby) character = "≪";
        if (character == kCloseRuby) character = "≫";
        if (character == kBar) character = "|";
        if (character == kHash) character = "#";
        ++(character.empty() ? counts_.gaiji_unknown : counts_.gaiji_mapped);
        out_ += character.empty() ? kUnknown : std::string_view(character);
        return;
      }
      at_ = here;
    }
    if (stripped_) ++counts_.gaiji_unknown;
    out_ += stripped_ ? kUnknown : kGaiji;
  }

  // from behind its opening bracket to behind its closing one: what is between them; nothing if it is not closed
  std::optional<std::string_view> note() {
    const std::size_t first = at_;
    int depth = 1;
    for (std::size_t at = at_; at < line_.size();) {
      const std::size_t start = at;
      (void)next_character(line_, at);
      const std::string_view c = line_.substr(start, at - start);
      if (c == kOpen) ++depth;
      if (c != kClose || --depth > 0) continue;
      at_ = at;
      return line_.substr(first, start - first);
    }
    // a bracket too many inside: up to the first that closes
    const std::size_t end = find_in(line_, kClose, at_);
    if (end == std::string_view::npos) return std::nullopt;
    at_ = end + kClose.size();
    return line_.substr(first, end - first);
  }

  void accents() {
    const std::size_t end = find_in(line_, kCloseAccent, at_);
    if (end == std::string_view::npos) {
      out_ += kOpenAccent;
      return;
    }
    const std::string inner = Line(line_.substr(at_, end - at_), stripped_, compose_, counts_).clean();
    at_ = end + kCloseAccent.size();
    auto [text, count] = compose_ ? composed(inner) : std::pair(inner, std::int64_t{0});
    counts_.accents += count;
    out_ += count > 0 ? text : std::string(kOpenAccent) + inner + std::string(kCloseAccent);
  }

  std::string_view line_;
  bool stripped_, compose_;
  AozoraCounts& counts_;
  std::size_t at_ = 0;
  std::string out_;
};

bool is_rule(std::string_view line) {
  line = trimmed(line);
  return line.size() >= 20 && line.find_first_not_of('-') == std::string_view::npos;
}

bool begins_foot(std::string_view line) {
  for (const std::string_view word : {"底本：", "底本:", "底本の親本：", "底本の親本:"}) {
    if (line.starts_with(word)) return true;
  }
  return false;
}

bool says_reserved(std::string_view line) {
  return find_in(line, "クリエイティブ・コモンズ") != std::string_view::npos ||
         find_in(line, "著作権存続") != std::string_view::npos;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    at = end + 1;
  }
  return lines;
}

class Reader {
 public:
  Reader(std::string_view text, bool compose, AozoraCounts& counts)
      : lines_(lines_of(text)), compose_(compose), counts_(counts) {}

  std::vector<AozoraWork> read() {
    for (std::size_t i = 0; i < lines_.size();) {
      if (const std::size_t end = legend_end(i); end != 0) {
        begin_work(i, end);
        i = end;
        continue;
      }
      const std::string_view line = lines_[i++];
      if (!in_foot_ && begins_foot(line)) {
        in_foot_ = true;
        ++counts_.feet;
      }
      if (in_foot_) {
        foot(line);
      } else {
        work_.text += Line(line, stripped_, compose_, counts_).clean();
        work_.text += '\n';
      }
    }
    end_work();
    return std::move(works_);
  }

 private:
  static constexpr std::size_t kLongestHead = 60, kLongestLegend = 120;

  // the line behind a legend that begins at this one, else 0. The first of a text may lack its title: then it speaks of ruby or
  // notes
  [[nodiscard]] std::size_t legend_end(std::size_t first) const {
    if (!is_rule(lines_[first])) return 0;
    bool speaks = false;
    for (std::size_t i = first + 1; i < lines_.size() && i <= first + kLongestLegend; ++i) {
      const std::string_view line = lines_[i];
      if (is_rule(line)) return speaks ? i + 1 : 0;
      speaks = speaks || find_in(line, kLegend) != std::string_view::npos ||
               (!begun_ && first <= kLongestHead &&
                (find_in(line, "ルビ") != std::string_view::npos || find_in(line, "入力者") != std::string_view::npos));
    }
    return 0;
  }

  // before a legend stand title and author: at the head of the text, or in the foot of the work before
  void begin_work(std::size_t first, std::size_t end) {
    const bool was_foot = in_foot_;
    const bool has_head = was_foot || (!begun_ && first <= kLongestHead);
    if (has_head && !in_foot_) work_.text.clear();
    end_work();
    stripped_ = false;
    for (std::size_t i = first; i < end; ++i) stripped_ = stripped_ || trimmed(lines_[i]) == "（例）※";
    ++counts_.legends;
    begun_ = true;
    if (!has_head) return;
    std::size_t last = first;
    while (last > 0 && trimmed(lines_[last - 1]).empty()) --last;
    std::size_t top = last;
    while (top > 0 && !trimmed(lines_[top - 1]).empty()) --top;
    // behind a foot, lines with a colon are still its own
    for (std::size_t i = top; was_foot && i < last; ++i) {
      if (find_in(lines_[i], "：") != std::string_view::npos) return;
    }
    if (top < last) work_.title = plain(lines_[top]);
    if (top + 1 < last) work_.author = plain(lines_[last - 1]);
  }

  void end_work() {
    if (!trimmed_lines(work_.text).empty()) works_.push_back(std::move(work_));
    work_ = {};
    in_foot_ = false;
  }

  static std::string_view trimmed_lines(std::string_view text) {
    const std::size_t first = text.find_first_not_of("\n \t");
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
  }

  void foot(std::string_view line) {
    if (says_reserved(line)) work_.reserved = true;
    const auto keep = [&](std::string_view word, std::string& where) {
      if (line.starts_with(word) && where.empty()) where = plain(line.substr(word.size()));
    };
    keep("底本：", work_.basetext);
    keep("入力：", work_.typist);
    keep("校正：", work_.proofreader);
  }

  std::string plain(std::string_view line) {
    AozoraCounts elsewhere;  // only what stands in the text is counted
    return Line(trimmed(line), false, compose_, elsewhere).clean();
  }

  std::vector<std::string_view> lines_;
  bool compose_;
  AozoraCounts& counts_;
  std::vector<AozoraWork> works_;
  AozoraWork work_;
  bool begun_ = false, in_foot_ = false, stripped_ = false;
};

bool is_kana(char32_t c) {
  return c >= 0x3041 && c <= 0x30FF;
}

}  // namespace

bool looks_like_aozora(std::string_view text) {
  if (find_in(text, kLegend) != std::string_view::npos) return true;
  if (const std::size_t at = find_in(text, "［＃");
      at != std::string_view::npos && find_in(text, kClose, at) != std::string_view::npos) {
    return true;
  }
  int rubies = 0;
  for (std::size_t at = find_in(text, kOpenRuby); at != std::string_view::npos; at = find_in(text, kOpenRuby, at)) {
    at += kOpenRuby.size();
    std::size_t end = at;
    int kana = 0;
    while (end < text.size() && kana < 20) {
      std::size_t next = end;
      if (!is_kana(next_character(text, next))) break;
      end = next;
      ++kana;
    }
    if (kana > 0 && text.substr(end).starts_with(kCloseRuby) && ++rubies == 3) return true;
  }
  return false;
}

std::vector<AozoraWork> read_aozora(std::string_view text, bool compose_accents, AozoraCounts& counts) {
  std::vector<AozoraWork> works = Reader(text, compose_accents, counts).read();
  for (const AozoraWork& work : works) counts.reserved += work.reserved ? 1 : 0;
  counts.works += static_cast<std::int64_t>(works.size());
  return works;
}

}  // namespace isoflop::corpus
