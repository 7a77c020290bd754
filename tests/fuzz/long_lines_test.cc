#include "long_lines.h"

namespace isoflop::fuzz {
namespace {

TEST(LongLines, OfAHundredMillionCharactersAreReadOrRefused) {
  read_long_lines(100'000'000);
}

}  // namespace
}  // namespace isoflop::fuzz
