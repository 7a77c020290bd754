#include "model/arena.h"

#include <sys/mman.h>

#include <algorithm>

#include "base/check.h"
#include "isoflop/text.h"
#include "isoflop/base.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace isoflop::model {
namespace {

constexpr std::int64_t kPieceAlignment = 64;
constexpr std::int64_t kHugePage = std::int64_t{2} << 20;

// between pieces: an address sanitizer sees a step over the end of one
#if defined(__SANITIZE_ADDRESS__)
constexpr std::int64_t kGap = 64;
#else
constexpr std::int64_t kGap = 0;
#endif

std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

std::int64_t Carver::bytes() const {
  return round_up(used_, kHugePage);
}

std::byte* Carver::take_bytes(std::int64_t bytes) {
  ISOFLOP_CHECK(bytes >= 0);
  std::byte* piece = base_ == nullptr ? nullptr : base_ + used_;
  const std::int64_t size = round_up(bytes, kPieceAlignment);
#if defined(__SANITIZE_ADDRESS__)
  if (base_ != nullptr) __asan_poison_memory_region(piece + bytes, static_cast<std::size_t>(size - bytes + kGap));
#endif
  used_ = std::min(used_ + size + kGap, kMost);
  return piece;
}

Arena::Arena(std::int64_t bytes) : bytes_(bytes) {
  ISOFLOP_CHECK(bytes >= 0 && bytes % kHugePage == 0);
  // one page more than needed, so that the base can stand on a page's edge; the kernel gives the rest only when it is touched
  mapped_ = static_cast<std::size_t>(bytes + kHugePage);
  mapping_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) {
    mapping_ = nullptr;
    throw Error(Fault::failure, "model", "not enough memory: " + format_bytes(static_cast<double>(bytes)) + " are needed",
                "take a smaller model, a smaller batch or fewer threads");
  }
  const auto address = reinterpret_cast<std::uintptr_t>(mapping_);
  base_ = static_cast<std::byte*>(mapping_) + (static_cast<std::uintptr_t>(kHugePage) - address % kHugePage) % kHugePage;
  madvise(base_, static_cast<std::size_t>(bytes), MADV_HUGEPAGE);  // advice: refused without harm
}

Arena::~Arena() {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(mapping_, mapped_);
#endif
  if (mapping_ != nullptr) munmap(mapping_, mapped_);
}

}  // namespace isoflop::model
