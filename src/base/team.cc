#include "base/team.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/check.h"
#include "isoflop/base.h"

namespace isoflop {
namespace {

// spin a little before sleeping: regions of a step are milliseconds apart
constexpr int kSpins = 20'000;

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

struct Team::State {
  std::int64_t size = 1;
  std::vector<std::jthread> threads;
  const std::function<void(std::int64_t)>* body = nullptr;
  std::atomic<std::uint32_t> generation{0}, finished{0}, arrived{0}, released{0};
  std::atomic<bool> quit{false};
  std::mutex mutex;
  std::exception_ptr error;

  // workers are sent home while all they look at is still there; also when not all of them could be started
  ~State() {
    quit.store(true, std::memory_order_release);
    generation.fetch_add(1, std::memory_order_acq_rel);
    generation.notify_all();
    threads.clear();
  }

  void wait_for_change(std::atomic<std::uint32_t>& value, std::uint32_t old) const {
    for (int spin = 0; spin < kSpins; ++spin) {
      if (value.load(std::memory_order_acquire) != old) return;
      pause_briefly();
    }
    while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
  }

  void call(std::int64_t rank) {
    try {
      (*body)(rank);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
    }
  }

  void work(std::int64_t rank) {
    for (std::uint32_t seen = 0;; ++seen) {
      wait_for_change(generation, seen);
      if (quit.load(std::memory_order_acquire)) return;
      call(rank);
      finished.fetch_add(1, std::memory_order_acq_rel);
      finished.notify_one();
    }
  }
};

Team::Team(std::int64_t threads) : state_(std::make_unique<State>()) {
  ISOFLOP_CHECK(threads >= 1);
  state_->size = threads;
  try {
    for (std::int64_t rank = 1; rank < threads; ++rank) state_->threads.emplace_back([s = state_.get(), rank] { s->work(rank); });
  } catch (const std::system_error& error) {
    throw Error(Fault::failure, std::to_string(threads) + " threads", std::string("cannot be started: ") + error.what(),
                "ask for fewer with --threads");
  }
}

Team::~Team() = default;

std::int64_t Team::size() const { return state_->size; }

void Team::run(const std::function<void(std::int64_t)>& body) {
  State& s = *state_;
  s.body = &body;
  s.error = nullptr;
  s.finished.store(0, std::memory_order_relaxed);
  s.generation.fetch_add(1, std::memory_order_acq_rel);
  s.generation.notify_all();
  s.call(0);
  const auto others = static_cast<std::uint32_t>(s.size - 1);
  for (std::uint32_t done; (done = s.finished.load(std::memory_order_acquire)) != others;) s.wait_for_change(s.finished, done);
  if (s.error) std::rethrow_exception(s.error);
}

void Team::barrier() {
  State& s = *state_;
  const std::uint32_t round = s.released.load(std::memory_order_acquire);
  if (s.arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == static_cast<std::uint32_t>(s.size)) {
    s.arrived.store(0, std::memory_order_relaxed);
    s.released.fetch_add(1, std::memory_order_acq_rel);
    s.released.notify_all();
  } else {
    s.wait_for_change(s.released, round);
  }
}

}  // namespace isoflop
