// What the packages hold, turned into documents.
#include <glob.h>

#include <algorithm>
#include <cctype>

#include "base/file.h"
#include "base/json.h"
#include "isoflop/text.h"
#include "corpus/process.h"
#include "corpus/recipe.h"

namespace isoflop::corpus {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMostOfAFile = std::uintmax_t{256} << 20;  // as of what a program of the package writes

class JsonLines {
 public:
  explicit JsonLines(const Recipe& recipe) : recipe_(recipe) {}
  void add(const std::string& id, const std::string& title, const std::string& source, const std::string& text) {
    const Json line = {{"id", recipe_.facts.name + ":" + id},
                       {"title", title},
                       {"source", source},
                       {"text", text},
                       {"licence", recipe_.facts.licence}};
    // what is not UTF-8 does not stop us here: the checksum of the whole does
    lines_ += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  [[nodiscard]] std::string take() { return std::move(lines_); }

 private:
  const Recipe& recipe_;
  std::string lines_;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// chapter_2 before chapter_10
bool by_name_and_number(const std::string& a, const std::string& b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!is_digit(a[i]) || !is_digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
      continue;
    }
    const auto digits = [](const std::string& text, std::size_t& at) {
      const std::size_t from = at;
      while (at < text.size() && is_digit(text[at])) ++at;
      return text.substr(from, at - from);
    };
    const std::string x = digits(a, i), y = digits(b, j);
    if (x.size() != y.size()) return x.size() < y.size();
    if (x != y) return x < y;
  }
  return a.size() - i < b.size() - j;
}

std::vector<std::string> matching(const fs::path& folder, const std::string& pattern) {
  glob_t found{};
  ::glob((folder / pattern).c_str(), 0, nullptr, &found);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  std::sort(paths.begin(), paths.end(), by_name_and_number);
  return paths;
}

// "1897_william_mc_kinley_r" -> "1897", "William Mc Kinley"
std::pair<std::string, std::string> year_and_name(const std::string& stem) {
  const std::size_t first = stem.find('_'), last = stem.rfind('_');
  if (first == std::string::npos || last <= first) {
    throw Error(Fault::bad_data, stem, "is not a file name of the form YEAR_name_PARTY");
  }
  std::string name = stem.substr(first + 1, last - first - 1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool starts_word = i == 0 || name[i - 1] == ' ';
    if (name[i] == '_') name[i] = ' ';
    if (starts_word && name[i] >= 'a' && name[i] <= 'z') name[i] = static_cast<char>(name[i] - 'a' + 'A');
  }
  return {stem.substr(0, first), name};
}

std::string from_files(const Recipe& recipe, const fs::path& folder) {
  JsonLines lines(recipe);
  for (const std::string& pattern : recipe.files) {
    for (const fs::path path : matching(folder, pattern)) {
      if (fs::file_size(path) > kMostOfAFile) {
        throw Error(Fault::bad_data, path.string(),
                    "holds more than " + format_bytes(static_cast<double>(kMostOfAFile)) + ", unlike any text of a recipe");
      }
      const std::string stem = path.stem().string();
      const std::string text = read_file(path);
      if (recipe.facts.unpack == "year_name_party") {
        const auto [year, name] = year_and_name(stem);
        lines.add(stem, name + ", " + year, name, text);
      } else {
        lines.add(stem, text.substr(0, text.find_first_of("\r\n")), recipe.source, text);
      }
    }
  }
  return lines.take();
}

struct Verse {
  std::string_view book, chapter, text;
};

// "1Sm3:16 Then Eli called Samuel" -> "1Sm", "3", "Then Eli called Samuel"
Verse parse_verse(std::string_view line) {
  const std::size_t colon = line.find(':'), space = line.find(' ');
  std::size_t chapter = colon;
  while (colon != std::string_view::npos && chapter > 0 && is_digit(line[chapter - 1])) --chapter;
  if (colon == std::string_view::npos || space == std::string_view::npos || space < colon || chapter == 0 || chapter == colon) {
    throw Error(Fault::bad_data, "kjv",
                "cannot read the verse `" + std::string(line.substr(0, 60)) + "`, expected `Book1:2 text`");
  }
  return {line.substr(0, chapter), line.substr(chapter, colon - chapter), line.substr(space + 1)};
}

std::string from_verses(const Recipe& recipe, const fs::path& folder, std::stop_token stop) {
  std::vector<std::string> words = recipe.command;
  if (words.empty()) throw Error(Fault::bad_data, recipe.facts.name, "the recipe has no `command`");
  words[0] = (folder / words[0]).string();
  const std::string printed = run_program(words, folder, "the package holds no such program for this machine",
                                          "it may need libreadline8 (Debian: apt-get install libreadline8)", stop);

  JsonLines lines(recipe);
  std::string book, chapter, text;
  std::size_t books = 0;
  const auto end_book = [&] {
    if (book.empty()) return;
    if (books == recipe.titles.size())
      throw Error(Fault::bad_data, recipe.facts.name, "holds more books than the recipe has titles");
    lines.add(book, recipe.titles[books++], recipe.source, text);
    text.clear();
  };
  std::string_view rest = printed;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty()) continue;
    const Verse verse = parse_verse(line);
    if (verse.book != book) {
      end_book();
    } else if (verse.chapter != chapter) {
      text += '\n';
    }
    book = verse.book;
    chapter = verse.chapter;
    text.append(verse.text).append("\n");
  }
  end_book();
  return lines.take();
}

}  // namespace

std::string unpack_to_json_lines(const Recipe& recipe, const fs::path& folder, std::stop_token stop) {
  const std::string& kind = recipe.facts.unpack;
  if (kind == "year_name_party" || kind == "chapters") return from_files(recipe, folder);
  if (kind == "verses") return from_verses(recipe, folder, stop);
  throw Error(Fault::bad_data, recipe.facts.name, "`unpack = \"" + kind + "\"` is none of year_name_party, chapters, verses");
}

}  // namespace isoflop::corpus
