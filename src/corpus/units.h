// Units of the split: a long text cut into blocks, and which units are held out.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isoflop/corpus.h"

namespace isoflop::corpus {

/// Cuts a text that comes in pieces into blocks of about `block_characters` (T): at the paragraph end (blank line) nearest to T
/// within [T/2, 3T/2], else at the nearest line end there, else after T code points. What is left at the end, 3T/2 at most, is
/// the last block. The cuts do not depend on the pieces; the blocks joined are the text.
class BlockCutter {
 public:
  /// `emit` gets each block; `last` is true for the last of a text.
  using Emit = std::function<void(std::string_view block, std::int64_t characters, bool last)>;
  BlockCutter(std::int64_t block_characters, Emit emit);
  void add(std::string_view piece);  ///< cut between two characters
  void finish();                     ///< the text ends; the next one may begin

 private:
  void cut_while_long();

  std::int64_t target_, shortest_, longest_;
  Emit emit_;
  std::string pending_;
  std::size_t from_ = 0;  // start of what is not yet emitted
  std::int64_t pending_characters_ = 0;
};

/// XXH3-128 of a unit's bytes.
struct UnitHash {
  std::uint64_t high = 0, low = 0;
  friend auto operator<=>(const UnitHash&, const UnitHash&) = default;
};
[[nodiscard]] UnitHash hash_unit(std::string_view text);

/// What the split knows of a unit.
struct UnitFacts {
  UnitHash hash;
  std::uint32_t characters = 0;
  std::uint32_t bytes = 0;
  std::uint32_t source = 0;  ///< index into the sources, in order of first meeting
  bool held_out = false;
  bool ends_document = true;
};

/// Marks units as held out: from the smallest hash upwards until `val_fraction` of the characters is reached. Units of equal hash
/// go together; a group that would bring the held-out share over a half is passed over. Returns false if nothing could be held
/// out. `clusters` has for each unit the smallest index of those that stay together with it, and orders them by their smallest
/// hash; empty: each unit for itself.
[[nodiscard]] bool hold_out_units(std::vector<UnitFacts>& units, double val_fraction,
                                  std::span<const std::uint32_t> clusters = {});
/// The same for whole sources, by the hash of their names.
[[nodiscard]] bool hold_out_sources(std::vector<UnitFacts>& units, const std::vector<std::string>& names, double val_fraction);

}  // namespace isoflop::corpus
