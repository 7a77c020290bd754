#include "program.h"

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace isoflop::test {

namespace fs = std::filesystem;
static fs::path place;

fs::path fresh(const std::string& name) {
  place = fs::temp_directory_path() / ("isoflop_cli_" + name);
  fs::remove_all(place);
  fs::create_directories(place);
  return place;
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

Outcome program(const std::string& arguments, const std::string& before) {
  const fs::path out = place / "stdout.txt", err = place / "stderr.txt";
  const std::string line = "cd '" + place.string() + "' && ISOFLOP_CACHE='" + (place / "cache").string() + "' " + before + " '" ISOFLOP_PROGRAM "' " + arguments + " >'" +
                           out.string() + "' 2>'" + err.string() + "' </dev/null";
  const int status = std::system(line.c_str());
  Outcome outcome;
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = read(out);
  outcome.err = read(err);
  return outcome;
}

std::string sentences(std::size_t characters) {
  static constexpr const char* kWords[] = {"the", "law", "of", "loss", "falls", "as", "models", "grow", "with", "data", "and", "compute"};
  std::string text;
  std::uint32_t state = 7;
  for (int sentence = 0; text.size() < characters; ++sentence) {
    for (int w = 0; w < 7; ++w) {
      state = state * 1664525U + 1013904223U;
      text += (w == 0 ? "" : " ") + std::string(kWords[(state >> 16) % 12]);
    }
    text += sentence % 6 == 5 ? ".\n\n" : ". ";
  }
  return text;
}

}  // namespace isoflop::test
