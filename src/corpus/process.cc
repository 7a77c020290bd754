#include "corpus/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/check.h"
#include "isoflop/base.h"

namespace isoflop::corpus {
namespace {

constexpr int kLookForStopMs = 100;
constexpr int kPatienceMs = 2'000;
constexpr std::size_t kLastWords = 600;
constexpr std::size_t kMostOutput = std::size_t{256} << 20;

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw Error(Fault::io, "pipe", std::strerror(errno));
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int reading() const { return ends_[0]; }
  [[nodiscard]] int writing() const { return ends_[1]; }
  void close_reading() { close_end(0); }
  void close_writing() { close_end(1); }

 private:
  void close_end(std::size_t i) {
    if (ends_[i] >= 0) ::close(ends_[i]);
    ends_[i] = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

// starts the child; -1 if there is no such program
pid_t start(const std::vector<std::string>& words, const std::filesystem::path& folder, const Pipe& out, const Pipe& err) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  ISOFLOP_CHECK(::posix_spawn_file_actions_init(&actions) == 0);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.writing(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, err.writing(), 2);
  ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());

  // signals as a fresh program expects them, whatever this one blocks or ignores; a group of its own, so that it can be ended
  // whole
  posix_spawnattr_t attributes;
  ISOFLOP_CHECK(::posix_spawnattr_init(&attributes) == 0);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  pid_t child = -1;
  const int code = ::posix_spawnp(&child, words[0].c_str(), &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (code == 0) return child;
  if (code == ENOENT || code == EACCES) return -1;
  throw Error(Fault::failure, words[0], std::string("cannot be started: ") + std::strerror(code));
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// asks the child's group to end, then makes it
void end_group(pid_t child) {
  ::kill(-child, SIGTERM);
  int status = 0;
  for (int waited = 0; waited < kPatienceMs; waited += kLookForStopMs) {
    if (::waitpid(child, &status, WNOHANG) == child) return;
    ::poll(nullptr, 0, kLookForStopMs);
  }
  ::kill(-child, SIGKILL);
  wait_for(child);
}

// reads both ends until the child has closed them
void collect(Pipe& out, Pipe& err, std::string& output, std::string& words, std::stop_token stop) {
  std::array<char, 1 << 16> buffer;
  while (out.reading() >= 0 || err.reading() >= 0) {
    if (stop.stop_requested()) throw Error(Fault::stopped, "data get", "stopped");
    std::array<pollfd, 2> ends{pollfd{out.reading(), POLLIN, 0}, pollfd{err.reading(), POLLIN, 0}};
    if (::poll(ends.data(), ends.size(), kLookForStopMs) < 0 && errno != EINTR)
      throw Error(Fault::io, "poll", std::strerror(errno));
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (ends[i].revents == 0) continue;
      const ssize_t count = ::read(ends[i].fd, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        (i == 0 ? out : err).close_reading();
        continue;
      }
      (i == 0 ? output : words).append(buffer.data(), static_cast<std::size_t>(count));
      if (output.size() > kMostOutput) throw Error(Fault::failure, "data get", "the client wrote without end");
      if (words.size() > 2 * kLastWords) words.erase(0, words.size() - kLastWords);
    }
  }
}

std::string trimmed_end(const std::string& words) {
  const std::size_t end = words.find_last_not_of(" \n\r\t");
  if (end == std::string::npos) return {};
  const std::size_t from = end + 1 > kLastWords ? end + 1 - kLastWords : 0;
  return words.substr(from, end + 1 - from);
}

}  // namespace

std::string run_program(const std::vector<std::string>& words, const std::filesystem::path& folder,
                        const std::string& missing_hint, const std::string& failed_hint, std::stop_token stop) {
  Pipe out, err;
  const pid_t child = start(words, folder, out, err);
  if (child < 0) throw Error(Fault::failure, words[0], "no such program", missing_hint);
  out.close_writing();
  err.close_writing();

  std::string output, last_words;
  try {
    collect(out, err, output, last_words, stop);
  } catch (...) {
    end_group(child);
    throw;
  }
  const int status = wait_for(child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;

  std::string command;
  for (const std::string& word : words) command += (command.empty() ? "" : " ") + word;
  const std::string said = trimmed_end(last_words.empty() ? output : last_words);
  const std::string how = WIFEXITED(status) ? "ended with exit code " + std::to_string(WEXITSTATUS(status))
                                            : "was ended by signal " + std::to_string(WTERMSIG(status));
  throw Error(Fault::failure, command, how + (said.empty() ? "" : ": " + said), failed_hint);
}

}  // namespace isoflop::corpus
