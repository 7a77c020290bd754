#include "cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "cli/command.h"

namespace cli {
namespace {

std::stop_source& source() {
  static std::stop_source stop;
  return stop;
}
std::atomic<int> first_signal{0};

}  // namespace

void catch_signals() {
  // blocked everywhere and taken by one thread: no code runs inside a handler
  static sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&wanted, number);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  (void)source();
  std::thread([] {
    while (true) {
      int number = 0;
      if (sigwait(&wanted, &number) != 0) continue;
      int none = 0;
      if (!first_signal.compare_exchange_strong(none, number)) _exit(number == SIGINT ? 130 : 75);
      source().request_stop();
    }
  }).detach();
}

int exit_code(isoflop::Fault fault) {
  return static_cast<int>(fault == isoflop::Fault::stopped && first_signal == SIGINT ? isoflop::Fault::interrupted : fault);
}

std::stop_token stop_requested() { return source().get_token(); }

void throw_if_stopped(const std::string& what) {
  if (!source().stop_requested()) return;
  const bool by_hand = first_signal == SIGINT;
  throw isoflop::Error(by_hand ? isoflop::Fault::interrupted : isoflop::Fault::stopped,
                       by_hand ? "interrupted" : "stopped by a signal", what + " is saved",
                       "run the same command again to go on");
}

}  // namespace cli
