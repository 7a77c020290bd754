// Dropout: Philox4x32-10 in vectors, a counter to a long. What is drawn at a time are the masks of 64 columns: 8 counters of 8
// times 16 bits, laid out (kernels.h) so that words come out where their columns are.

constexpr int kDrawn = 64;                      // columns
constexpr int kDrawnVectors = kDrawn / kWidth;  // their masks
constexpr int kDrawnParts = 16 / kWidth;        // vectors of counters
constexpr int kRounds = 10;

/// The masks of a dropout. Made once for a kernel's call: the keys of all rounds are laid out.
struct Draw {
  U keys[kRounds][2];
  U threshold;
  std::uint32_t stream;

  ISOFLOP_INLINE explicit Draw(const Dropout<float>& d) : threshold(words(d.threshold)), stream(d.stream) {
    auto key = static_cast<std::uint32_t>(d.key), other = static_cast<std::uint32_t>(d.key >> 32);
    for (int round = 0; round < kRounds; ++round, key += 0x9E3779B9U, other += 0xBB67AE85U) {
      keys[round][0] = longs(key);
      keys[round][1] = longs(other);
    }
  }

  /// What is dropped of the columns from kDrawn * group on.
  ISOFLOP_INLINE void operator()(std::uint32_t site, std::int64_t row, std::int64_t group, Mask (&dropped)[kDrawnVectors]) const {
#pragma GCC unroll 2
    for (int part = 0; part < kDrawnParts; ++part) {
      // the counter; of each long the lower word counts, and what products leave above it is never read
      U a = longs_from(static_cast<std::uint64_t>(group * 8 + part * (kWidth / 2)));
      U b = longs(static_cast<std::uint64_t>(row)), c = longs(site), d = longs(stream);
#pragma GCC unroll 10
      for (int round = 0; round < kRounds; ++round) {
        const U from_a = product(a, longs(0xD2511F53U)), from_c = product(c, longs(0xCD9E8D57U));
        a = exclusive_or(exclusive_or(upper_words(from_c), b), keys[round][0]);
        b = from_c;
        c = exclusive_or(exclusive_or(upper_words(from_a), d), keys[round][1]);
        d = from_a;
      }
      const U front = lower_words_joined(a, b), back = lower_words_joined(c, d);
      dropped[part] = less(lower_halves(front), threshold);
      dropped[kDrawnParts + part] = less(upper_halves(front), threshold);
      dropped[2 * kDrawnParts + part] = less(lower_halves(back), threshold);
      dropped[3 * kDrawnParts + part] = less(upper_halves(back), threshold);
    }
  }
};

/// Runs body(v, dropped) over the vectors of a row.
template <class Body>
ISOFLOP_INLINE void for_drawn(const Draw& draw, std::uint32_t site, std::int64_t row, std::int64_t vectors, const Body& body) {
  for (std::int64_t v = 0; v < vectors; v += kDrawnVectors) {
    Mask dropped[kDrawnVectors];
    draw(site, row, v / kDrawnVectors, dropped);
    for (std::int64_t k = v; k < least(v + kDrawnVectors, vectors); ++k) body(k, dropped[k - v]);
  }
}

void dropout(const DropoutArgs<float, Act>& a) {
  const Draw draw(a.dropout);
  const V scale = all(a.dropout.scale);
  for (std::int64_t r = 0; r < a.rows; ++r) {
    for_drawn(draw, a.dropout.site, r, (a.cols + kWidth - 1) / kWidth, [&](std::int64_t v, Mask dropped) {
      const Mask m = first(a.cols - v * kWidth);
      const std::int64_t at = r * a.cols + v * kWidth;
      V y = pick(dropped, zero(), mul(load(a.x + at, m), scale));
      if (a.residual) y = add(load(a.residual + at, m), y);
      if (a.rounded) {
        store(a.rounded + at, y, m);
      } else {
        store(a.y + at, y, m);
      }
    });
  }
}
