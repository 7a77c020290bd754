#include "program.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/testing.h"

namespace isoflop::test {

namespace fs = std::filesystem;
static fs::path place;

fs::path fresh(const std::string& name) {
  place = process_folder() / name;
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

namespace {

// a shell that becomes the program, so that its process id is the program's
std::string shell_line(const std::string& arguments, const std::string& before) {
  return "cd '" + place.string() + "' && exec env ISOFLOP_CACHE='" + (place / "cache").string() + "' " + before +
         " '" ISOFLOP_PROGRAM "' " + arguments + " >'" + (place / "stdout.txt").string() + "' 2>'" +
         (place / "stderr.txt").string() + "' </dev/null";
}

Outcome outcome_of(int status) {
  Outcome outcome;
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = read(place / "stdout.txt");
  outcome.err = read(place / "stderr.txt");
  return outcome;
}

// the greatest name of a whole checkpoint; empty if there is none. The program may remove what is being looked at
std::string newest_checkpoint(const fs::path& study) {
  std::string newest;
  std::error_code ignored;
  for (fs::directory_iterator run(study / "runs", ignored), end; run != end; run.increment(ignored)) {
    for (fs::directory_iterator at(run->path() / "ckpt", ignored); at != end; at.increment(ignored)) {
      if (at->path().extension() != ".tmp") newest = std::max(newest, at->path().filename().string());
    }
  }
  return newest;
}

}  // namespace

Outcome program(const std::string& arguments, const std::string& before) {
  return outcome_of(std::system(shell_line(arguments, before).c_str()));
}

Outcome stopped_by(int signal, const std::string& arguments, const std::string& study, int checkpoints) {
  constexpr auto kPatience = std::chrono::minutes(3);
  std::string newest = newest_checkpoint(place / study);
  const std::string line = shell_line(arguments, "");
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    ::_exit(127);
  }
  const auto start = std::chrono::steady_clock::now();
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (std::string now = newest_checkpoint(place / study); now > newest) {
      newest = std::move(now);
      if (--checkpoints == 0) {
        ::kill(child, signal);
        ::waitpid(child, &status, 0);
        break;
      }
    }
    if (std::chrono::steady_clock::now() - start > kPatience) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return outcome_of(status);
}

}  // namespace isoflop::test
