#include "isoflop/base.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/check.h"

namespace isoflop {

Error::Error(Fault fault, std::string subject, std::string problem, std::string hint)
    : fault_(fault), subject_(std::move(subject)), problem_(std::move(problem)), hint_(std::move(hint)) {
  what_ = subject_.empty() ? problem_ : subject_ + ": " + problem_;
}

void contract_breached(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "isoflop: internal error: %s does not hold at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace isoflop
