// Matrix products over packed panels. One accumulator per element of C, k ascending: tiling does not change a bit of the result.
//
// The operands (P: kWidth times kPair Acts) are the set's: an element of k alone, or two neighbours of k side by side.
//
// A panel holds 2 vectors of columns (the last one or two of a matrix: 1, if that is enough), k rows after each other (kPair to
// an operand), zeros beyond n and k. Panel j0 starts at packed + j0 * padded(k).

constexpr std::int64_t kPanel = kTileVectors * kWidth;

ISOFLOP_INLINE std::int64_t least(std::int64_t a, std::int64_t b) {
  return a < b ? a : b;
}
ISOFLOP_INLINE std::int64_t round_up(std::int64_t n, std::int64_t step) {
  return (n + step - 1) / step * step;
}
ISOFLOP_INLINE std::int64_t padded(std::int64_t k) {
  return round_up(k, kPair);
}
ISOFLOP_INLINE std::int64_t panel_width(std::int64_t columns_left) {
  return columns_left > kWidth ? kPanel : kWidth;
}
/// Floats of scratch memory that `count` Ts take, to whole vectors.
template <class T>
ISOFLOP_INLINE std::int64_t scratch_floats(std::int64_t count) {
  return round_up(count * static_cast<std::int64_t>(sizeof(T)), kWidth * 4) / 4;
}

/// What a tile of C begins with and how it ends.
struct Finish {
  const float* bias = nullptr;  // of the tile's first column, or none: every sum begins with it
  bool add = false;             // C += instead of C =; C is float
  bool prefetch = false;        // C is far away: ask for it before the sums
};

enum class Side { rows, columns };  // A[r, p] is a[r lda + p], or in a strip (pack_strip)

// a strip holds a tile's rows side by side, k rows of operands after each other
constexpr std::int64_t kStripStride = kWidth * kPair;
static_assert(kTileRows <= kWidth);

/// The same pointer; what is computed from it is computed after this point, not before a loop that needs the registers.
template <class T>
ISOFLOP_INLINE T* from_here(T* p) {
  asm volatile("" : "+r"(p));
  return p;
}

template <int kRows, int kVectors, Side kSide, class Out>
void tile(std::int64_t k, const Act* a, std::int64_t lda, const Act* b, std::int64_t ldb, Out* c, std::int64_t ldc,
          std::int64_t columns, const Finish& finish) {
  // the last vector may be partly beyond the matrix
  const bool whole = columns == kVectors * kWidth;
  const Mask edge = first(columns - (kVectors - 1) * kWidth);
  if (finish.prefetch) {
    const Out* far = c;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      _mm_prefetch(reinterpret_cast<const char*>(far), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(far + columns - 1), _MM_HINT_T0);
      far = from_here(far + ldc);
    }
  }
  V sum[kRows][kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const float* from = finish.bias + v * kWidth;
    const V bias = !finish.bias ? zero() : whole || v + 1 < kVectors ? load(from) : load(from, edge);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) sum[r][v] = bias;
  }

  // two pointers into A: with one, the rows' offsets do not fit into the registers
  constexpr int kReach = 7, kUpper = kRows > kReach ? kReach : kRows;
  const Act* lower = kSide == Side::rows ? a + kUpper * lda : a + kUpper * kPair;
  const auto step = [&](const auto& operand) __attribute__((always_inline)) {
    P column[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) column[v] = load_operands(b + v * kWidth * kPair);
    b += ldb * kPair;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const Act* const from = r < kUpper ? a : lower;
      const int row = r < kUpper ? r : r - kUpper;
      const P x = operand(kSide == Side::rows ? from + row * lda : from + row * kPair);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] = multiply_add(x, column[v], sum[r][v]);
    }
    a += kSide == Side::rows ? kPair : lda;
    lower += kSide == Side::rows ? kPair : lda;
  };
  const std::int64_t steps = kSide == Side::rows ? k / kPair : padded(k) / kPair;
  for (std::int64_t p = 0; p < steps; ++p) step([](const Act* x) __attribute__((always_inline)) { return operand_of_all(x); });
  if (kSide == Side::rows && kPair > 1 && k % kPair != 0) {
    step([](const Act* x) __attribute__((always_inline)) { return operand_of_one(x); });
  }

  Out* out = from_here(c);
  const auto store_rows = [&](const auto& put) __attribute__((always_inline)) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) put(out + v * kWidth, sum[r][v], v);
      out = from_here(out + ldc);
    }
  };
  if (whole && finish.add) {
    store_rows([](Out * to, V x, int) __attribute__((always_inline)) { store(to, add(load(to), x)); });
  } else if (whole) {
    store_rows([](Out * to, V x, int) __attribute__((always_inline)) { store(to, x); });
  } else {
    const bool adds = finish.add;
    store_rows([=](Out * to, V x, int v) __attribute__((always_inline)) {
      const Mask mask = v + 1 < kVectors ? first(kWidth) : edge;
      store(to, adds ? add(load(to, mask), x) : x, mask);
    });
  }
}

template <class Out>
using Tile = void (*)(std::int64_t, const Act*, std::int64_t, const Act*, std::int64_t, Out*, std::int64_t, std::int64_t,
                      const Finish&);

// tiles by number of rows, 1 to kTileRows
template <int... kRows>
struct Counted {};
template <int kCount, int... kRows>
struct CountTo : CountTo<kCount - 1, kCount, kRows...> {};
template <int... kRows>
struct CountTo<0, kRows...> {
  using type = Counted<kRows...>;
};
template <class Out>
struct Tiles {
  Tile<Out> of[kTileRows + 1];
};
template <int kVectors, Side kSide, class Out, int... kRows>
constexpr Tiles<Out> tiles_of(Counted<kRows...>) {
  return {{nullptr, tile<kRows, kVectors, kSide, Out>...}};
}
template <Side kSide, class Out>
constexpr Tiles<Out> kTiles[kTileVectors] = {tiles_of<1, kSide, Out>(CountTo<kTileRows>::type{}),
                                             tiles_of<2, kSide, Out>(CountTo<kTileRows>::type{})};

/// A right-hand side B (k, n) in panels.
struct Packed {
  const Act* data = nullptr;
  std::int64_t n = 0, k = 0;
};

/// C[:, j : j + a panel] = A (m, k) B[from : from + k, the same], columns below n <= b.n only; j a multiple of kPanel, from of
/// kPair.
template <Side kSide, class Out>
ISOFLOP_INLINE void multiply_panel(std::int64_t j, std::int64_t m, std::int64_t n, std::int64_t k, const Act* a, std::int64_t lda,
                                   const Packed& b, std::int64_t from, Out* c, std::int64_t ldc, const Finish& finish) {
  const std::int64_t ldb = panel_width(b.n - j);
  const std::int64_t columns = least(ldb, n - j);
  const Tiles<Out>& tiles = kTiles<kSide, Out>[columns > kWidth];
  const Act* panel = b.data + j * padded(b.k) + from * ldb;
  Finish here = finish;
  if (here.bias) here.bias += j;
  // tiles as even as possible: a tile of one row costs nearly as much as one of three
  for (std::int64_t i = 0, left = (m + kTileRows - 1) / kTileRows; i < m; --left) {
    const std::int64_t rows = (m - i + left - 1) / left;
    tiles.of[rows](k, kSide == Side::rows ? a + i * lda : a + i * kPair, lda, panel, ldb, c + i * ldc + j, ldc, columns, here);
    i += rows;
  }
}

/// C (m, n) = A (m, k) B[from : from + k, 0 : n], n <= b.n.
template <Side kSide, class Out>
ISOFLOP_INLINE void multiply(std::int64_t m, std::int64_t n, std::int64_t k, const Act* a, std::int64_t lda, const Packed& b,
                             std::int64_t from, Out* c, std::int64_t ldc, const Finish& finish) {
  for (std::int64_t j = 0; j < n; j += kPanel) multiply_panel<kSide>(j, m, n, k, a, lda, b, from, c, ldc, finish);
}

// Side::rows wants A's rows of a block in L2 while all panels pass by
constexpr std::int64_t kBlockActs = 96 * 1024 * kPair;

template <class Out>
ISOFLOP_INLINE void matmul_into(Out* c, const MatmulArgs<float, Act>& args) {
  const Packed b{args.b, args.n, args.k};
  const std::int64_t block = round_up(kBlockActs / args.k + 1, kTileRows);
  for (std::int64_t i = 0; i < args.m; i += block) {
    multiply<Side::rows>(least(block, args.m - i), args.n, args.k, args.a + i * args.lda, args.lda, b, 0, c + i * args.ldc,
                         args.ldc, {.bias = args.bias, .add = args.store == Store::add});
  }
}

void matmul(const MatmulArgs<float, Act>& args) {
  if (args.rounded) {
    matmul_into(args.rounded, args);
  } else {
    matmul_into(args.c, args);
  }
}

std::int64_t packed_acts(std::int64_t n, std::int64_t k) {
  return round_up(n, kWidth) * padded(k);
}  // B (k, n)
std::int64_t packed_size(std::int64_t n, std::int64_t k) {  // either direction
  const std::int64_t forward = packed_acts(n, k), backward = packed_acts(k, n);
  return forward > backward ? forward : backward;
}

static_assert(kPackRows % kPanel == 0);

/// Panels of B = W^T, W (n, k): its rows [begin, end) only.
template <class In>
ISOFLOP_INLINE void pack_columns(const In* w, std::int64_t n, std::int64_t k, std::int64_t ldw, std::int64_t begin,
                                 std::int64_t end, Act* packed) {
  const std::int64_t depth = padded(k) / kPair;
  for (std::int64_t j = begin; j < end; j += kWidth) {
    const std::int64_t first_of_panel = j / kPanel * kPanel, width = panel_width(n - first_of_panel);
    Act* panel = packed + first_of_panel * padded(k) + (j - first_of_panel) * kPair;
    for (std::int64_t p = 0; p < depth; p += kWidth) {
      // kWidth rows of W, kWidth operands of each
      P block[kWidth];
#pragma GCC unroll 16
      for (int r = 0; r < kWidth; ++r) {
        block[r] = j + r < n ? operands_along(w + (j + r) * ldw + p * kPair, k - p * kPair) : no_operands();
      }
      transpose(block);
      const std::int64_t rows = least(kWidth, depth - p);
#pragma GCC unroll 16
      for (int q = 0; q < kWidth; ++q) {
        if (q < rows) store_operands(panel + (p + q) * width * kPair, block[q]);
      }
    }
  }
}

/// Panels of B = W, W (n, k): rows of W are rows of B; [begin, end) only.
template <class In>
ISOFLOP_INLINE void pack_rows(const In* w, std::int64_t n, std::int64_t k, std::int64_t ldw, std::int64_t begin, std::int64_t end,
                              Act* packed) {
  // row by row: w may be far away, and is read as it lies
  const std::int64_t whole = k / kPanel * kPanel, width = panel_width(k - whole);
  for (std::int64_t p = begin; p < end; p += kPair) {
    const In* row = w + p * ldw;                       // w[p,:]
    const In* next = p + 1 < n ? row + ldw : nullptr;  // w[p + 1,:], if there is one and the set wants it
    for (std::int64_t j = 0; j < whole; j += kPanel) {
      Act* out = packed + j * padded(n) + p * kPanel;
      for (std::int64_t v = 0; v < kPanel; v += kWidth) {
        store_operands(out + v * kPair, operands_across(row + j + v, next ? next + j + v : nullptr, first(kWidth)));
      }
    }
    for (std::int64_t j = whole; j < k; j += kWidth) {
      store_operands(packed + whole * padded(n) + p * width + (j - whole) * kPair,
                     operands_across(row + j, next ? next + j : nullptr, first(k - j)));
    }
  }
}

void pack_forward(const PackArgs<float, Act>& a) {
  pack_columns(a.w, a.n, a.k, a.ldw, a.first, a.last, a.packed);
}
void pack_backward(const PackArgs<float, Act>& a) {
  pack_rows(a.w, a.n, a.k, a.ldw, a.first, a.last, a.packed);
}

/// Columns of Y (t, n) as the left side of a product: the lanes of `mask` of each row, t rows of operands.
ISOFLOP_INLINE void pack_strip(const Act* y, std::int64_t ldy, std::int64_t t, Mask mask, Act* strip) {
  for (std::int64_t r = 0; r < t; r += kPair, y += kPair * ldy, strip += kStripStride) {
    store_operands(strip, operands_across(y, r + 1 < t ? y + ldy : nullptr, mask));
  }
}
ISOFLOP_INLINE std::int64_t strip_acts(std::int64_t t) {
  return padded(t) / kPair * kStripStride;
}

/// Takes `count` Ts from a set's scratch memory.
template <class T>
ISOFLOP_INLINE T* take(float*& from, std::int64_t count) {
  T* taken = reinterpret_cast<T*>(from);
  from += scratch_floats<T>(count);
  return taken;
}

// `outer` packs the columns of Y that a few tiles need at a time: whole cache lines are used while they are near
constexpr std::int64_t kStrip = 4;

std::int64_t outer_scratch(std::int64_t t, std::int64_t, std::int64_t k) {
  return scratch_floats<Act>(packed_acts(k, t)) + scratch_floats<Act>(kStrip * strip_acts(t));
}

/// Strips of kTiles groups of columns of Y, and the sums of those columns over t.
template <int kTiles>
ISOFLOP_INLINE void pack_strips(const OuterArgs<float, Act>& args, const std::int64_t* start, const std::int64_t* rows,
                                Act* strips) {
  V total[kTiles];
  Mask mask[kTiles];
#pragma GCC unroll 4
  for (int s = 0; s < kTiles; ++s) total[s] = zero(), mask[s] = first(rows[s]);
  const P ones = operand_of_ones();
  for (std::int64_t r = 0; r < args.t; r += kPair) {
    const Act* y = args.y + r * args.ldy;  // y[r,:]
    const bool has_next = r + 1 < args.t;
#pragma GCC unroll 4
    for (int s = 0; s < kTiles; ++s) {
      const P x = operands_across(y + start[s], has_next ? y + args.ldy + start[s] : nullptr, mask[s]);
      store_operands(strips + s * strip_acts(args.t) + r / kPair * kStripStride, x);
      total[s] = multiply_add(x, ones, total[s]);
    }
  }
  if (!args.sums) return;
#pragma GCC unroll 4
  for (int s = 0; s < kTiles; ++s) {
    float* sums = args.sums + start[s];
    store(sums, add(load(sums, mask[s]), total[s]), mask[s]);
  }
}

void outer(const OuterArgs<float, Act>& args) {
  float* scratch = args.scratch;
  Act* const panels = take<Act>(scratch, packed_acts(args.k, args.t));
  Act* const strips = take<Act>(scratch, kStrip * strip_acts(args.t));
  pack_rows(args.x, args.t, args.k, args.ldx, 0, args.t, panels);
  const Packed x{panels, args.k, args.t};
  for (std::int64_t i = 0, left = (args.n + kTileRows - 1) / kTileRows; i < args.n;) {
    // the next tiles, as even as possible
    const std::int64_t tiles = least(left, kStrip);
    std::int64_t start[kStrip], rows[kStrip];
    for (std::int64_t s = 0; s < tiles; ++s, --left) {
      start[s] = i;
      rows[s] = (args.n - i + left - 1) / left;
      i += rows[s];
    }
    static_assert(kStrip == 4);
    if (tiles == 4) pack_strips<4>(args, start, rows, strips);
    if (tiles == 3) pack_strips<3>(args, start, rows, strips);
    if (tiles == 2) pack_strips<2>(args, start, rows, strips);
    if (tiles == 1) pack_strips<1>(args, start, rows, strips);
    for (std::int64_t j = 0; j < args.k; j += kPanel) {
      for (std::int64_t s = 0; s < tiles; ++s) {
        multiply_panel<Side::columns>(j, rows[s], args.k, args.t, strips + s * strip_acts(args.t), kStripStride, x, 0,
                                      args.w + start[s] * args.ldw, args.ldw, {.add = true, .prefetch = true});
      }
    }
  }
}
