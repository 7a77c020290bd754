// Contract checks: the program is wrong. Stops with the expression; the one abort of the library.
#pragma once

namespace isoflop {
[[noreturn]] void contract_breached(const char* expression, const char* file, int line);
}

#define ISOFLOP_CHECK(expression) \
  ((expression) ? static_cast<void>(0) : ::isoflop::contract_breached(#expression, __FILE__, __LINE__))
