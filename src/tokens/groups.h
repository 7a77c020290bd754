// Work on a text by several cores with bounded memory. Inside the room only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include "base/team.h"
#include "tokens/source.h"

namespace isoflop::tokens {

/// Items worked on by a team a few MiB at a time, then taken in the order they were added.
template <class Item>
class Groups {
 public:
  using Work = std::function<void(Item& item, std::int64_t rank)>;
  using Take = std::function<void(Item& item)>;
  /// `total` bytes of text are expected; `take` may be empty.
  Groups(std::int64_t threads, std::string_view stage, std::int64_t total, std::stop_token stop, const ProgressFn& progress,
         Work work, Take take)
      : team_(threads),
        stage_(stage),
        total_(static_cast<double>(total)),
        stop_(std::move(stop)),
        progress_(progress),
        work_(std::move(work)),
        take_(std::move(take)) {}

  [[nodiscard]] std::int64_t threads() const { return team_.size(); }

  void add(Item item, std::size_t bytes) {
    throw_if_stopped(stop_);
    items_.push_back(std::move(item));
    bytes_ += bytes;
    constexpr std::size_t kGroupBytes = 4 << 20;
    if (bytes_ >= kGroupBytes) flush();
  }

  /// What is not worked on yet. Once, last.
  void flush() {
    team_.run([&](std::int64_t rank) {
      for (auto i = static_cast<std::size_t>(rank); i < items_.size(); i += static_cast<std::size_t>(team_.size()))
        work_(items_[i], rank);
    });
    if (take_)
      for (Item& item : items_) take_(item);
    done_ += bytes_;
    items_.clear();
    bytes_ = 0;
    if (progress_) progress_({stage_, static_cast<double>(done_), total_, "bytes", {}});
  }

 private:
  Team team_;
  std::string_view stage_;
  double total_;
  std::stop_token stop_;
  const ProgressFn& progress_;
  Work work_;
  Take take_;
  std::vector<Item> items_;
  std::size_t bytes_ = 0, done_ = 0;
};

}  // namespace isoflop::tokens
