// Matrix products over packed panels. One accumulator per element of C, k ascending: tiling does not change a bit of the result.
//
// A panel holds 2 vectors of columns (the last one or two of a matrix: 1, if that is enough), k rows after each other, zeros
// beyond n. Panel j0 starts at packed + j0 * k.

constexpr std::int64_t kPanel = kTileVectors * kWidth;

ISOFLOP_INLINE std::int64_t least(std::int64_t a, std::int64_t b) {
  return a < b ? a : b;
}
ISOFLOP_INLINE std::int64_t round_up(std::int64_t n, std::int64_t step) {
  return (n + step - 1) / step * step;
}
ISOFLOP_INLINE std::int64_t panel_width(std::int64_t columns_left) {
  return columns_left > kWidth ? kPanel : kWidth;
}

/// What happens to a tile of C when its sums are done; later epilogues (conversion, activation) go here.
struct Finish {
  const float* bias = nullptr;  // of the tile's first column, or none
  bool add = false;             // C += instead of C =
  bool prefetch = false;        // C is far away: ask for it before the sums
};

enum class Side { rows, columns };  // A[r, p] is a[r lda + p] or a[p lda + r]

template <int kRows, int kVectors, Side kSide>
void tile(std::int64_t k, const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float* c, std::int64_t ldc,
          std::int64_t columns, const Finish& finish) {
  V sum[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[r][v] = zero();
  }
  if (finish.prefetch) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      _mm_prefetch(reinterpret_cast<const char*>(c + r * ldc), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(c + r * ldc + columns - 1), _MM_HINT_T0);
    }
  }

  // two pointers into A: with one, the rows' offsets do not fit into the registers
  constexpr int kReach = 7, kUpper = kRows > kReach ? kReach : kRows;
  const float* lower = kSide == Side::rows ? a + kUpper * lda : a + kUpper;
  for (std::int64_t p = 0; p < k; ++p) {
    V column[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) column[v] = load(b + v * kWidth);
    b += ldb;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const float* const from = r < kUpper ? a : lower;
      const int row = r < kUpper ? r : r - kUpper;
      const V x = all(kSide == Side::rows ? from[row * lda] : from[row]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] = fma(x, column[v], sum[r][v]);
    }
    a += kSide == Side::rows ? 1 : lda;
    lower += kSide == Side::rows ? 1 : lda;
  }

  // bias, then store or add; the last vector may be partly beyond the matrix
  constexpr int kLast = kVectors - 1;
  const float* const biases = finish.bias;
  const bool adds = finish.add;
  if (columns == kVectors * kWidth) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const V bias = biases ? load(biases + v * kWidth) : zero();
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        float* out = c + r * ldc + v * kWidth;
        V value = biases ? add(sum[r][v], bias) : sum[r][v];
        if (adds) value = add(load(out), value);
        store(out, value);
      }
    }
    return;
  }
  const Mask edge = first(columns - kLast * kWidth);
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const Mask mask = v < kLast ? first(kWidth) : edge;
    const V bias = biases ? load(biases + v * kWidth, mask) : zero();
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      float* out = c + r * ldc + v * kWidth;
      V value = biases ? add(sum[r][v], bias) : sum[r][v];
      if (adds) value = add(load(out, mask), value);
      store(out, value, mask);
    }
  }
}

using Tile = void (*)(std::int64_t, const float*, std::int64_t, const float*, std::int64_t, float*, std::int64_t, std::int64_t,
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
struct Tiles {
  Tile of[kTileRows + 1];
};
template <int kVectors, Side kSide, int... kRows>
constexpr Tiles tiles_of(Counted<kRows...>) {
  return {{nullptr, tile<kRows, kVectors, kSide>...}};
}
template <Side kSide>
constexpr Tiles kTiles[kTileVectors] = {tiles_of<1, kSide>(CountTo<kTileRows>::type{}),
                                        tiles_of<2, kSide>(CountTo<kTileRows>::type{})};

/// A right-hand side B (k, n) in panels.
struct Packed {
  const float* data = nullptr;
  std::int64_t n = 0, k = 0;
};

/// C[:, j : j + a panel] = A (m, k) B[from : from + k, the same], columns below n <= b.n only; j a multiple of kPanel.
template <Side kSide>
ISOFLOP_INLINE void multiply_panel(std::int64_t j, std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
                                   std::int64_t lda, const Packed& b, std::int64_t from, float* c, std::int64_t ldc,
                                   const Finish& finish) {
  const std::int64_t ldb = panel_width(b.n - j);
  const std::int64_t columns = least(ldb, n - j);
  const Tiles& tiles = kTiles<kSide>[columns > kWidth];
  const float* panel = b.data + j * b.k + from * ldb;
  Finish here = finish;
  if (here.bias) here.bias += j;
  // tiles as even as possible: a tile of one row costs nearly as much as one of three
  for (std::int64_t i = 0, left = (m + kTileRows - 1) / kTileRows; i < m; --left) {
    const std::int64_t rows = (m - i + left - 1) / left;
    tiles.of[rows](k, kSide == Side::rows ? a + i * lda : a + i, lda, panel, ldb, c + i * ldc + j, ldc, columns, here);
    i += rows;
  }
}

/// C (m, n) = A (m, k) B[from : from + k, 0 : n], n <= b.n.
template <Side kSide>
ISOFLOP_INLINE void multiply(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t lda, const Packed& b,
                             std::int64_t from, float* c, std::int64_t ldc, const Finish& finish) {
  for (std::int64_t j = 0; j < n; j += kPanel) multiply_panel<kSide>(j, m, n, k, a, lda, b, from, c, ldc, finish);
}

// Side::rows wants A's rows of a block in L2 while all panels pass by
constexpr std::int64_t kBlockFloats = 96 * 1024;

void matmul(const MatmulArgs<float>& args) {
  const Packed b{args.b, args.n, args.k};
  const std::int64_t block = round_up(kBlockFloats / args.k + 1, kTileRows);
  for (std::int64_t i = 0; i < args.m; i += block) {
    multiply<Side::rows>(least(block, args.m - i), args.n, args.k, args.a + i * args.lda, args.lda, b, 0, args.c + i * args.ldc,
                         args.ldc, {.bias = args.bias, .add = args.store == Store::add});
  }
}

std::int64_t packed_floats(std::int64_t n, std::int64_t k) {
  return round_up(n, kWidth) * k;
}  // B (k, n)
std::int64_t packed_size(std::int64_t n, std::int64_t k) {  // either direction
  const std::int64_t forward = packed_floats(n, k), backward = packed_floats(k, n);
  return forward > backward ? forward : backward;
}

/// Panels of B = W^T, W (n, k).
void pack_forward(const float* w, std::int64_t n, std::int64_t k, std::int64_t ldw, float* packed) {
  for (std::int64_t j = 0; j < n; j += kPanel) {
    const std::int64_t width = panel_width(n - j), columns = least(width, n - j);
    float* panel = packed + j * k;
    for (std::int64_t p = 0; p < k; ++p) {
      for (std::int64_t r = 0; r < columns; ++r) panel[p * width + r] = w[(j + r) * ldw + p];
      for (std::int64_t r = columns; r < width; ++r) panel[p * width + r] = 0;
    }
  }
}

/// Panels of B = W, W (n, k): rows of W are rows of B.
void pack_backward(const float* w, std::int64_t n, std::int64_t k, std::int64_t ldw, float* packed) {
  // row by row: w may be far away, and is read as it lies
  const std::int64_t whole = k / kPanel * kPanel, width = panel_width(k - whole);
  for (std::int64_t p = 0; p < n; ++p) {
    const float* row = w + p * ldw;  // w[p,:]
    for (std::int64_t j = 0; j < whole; j += kPanel) {
      float* out = packed + j * n + p * kPanel;
      for (std::int64_t v = 0; v < kPanel; v += kWidth) store(out + v, load(row + j + v));
    }
    for (std::int64_t j = whole; j < k; j += kWidth)
      store(packed + whole * n + p * width + j - whole, load(row + j, first(k - j)));
  }
}

// `outer` packs the columns of Y that a few tiles need at a time: whole cache lines are used while they are near
constexpr std::int64_t kStrip = 4;
constexpr std::int64_t kStripStride = (kTileRows + kWidth - 1) / kWidth * kWidth;
static_assert(kStripStride == kWidth);

std::int64_t outer_scratch(std::int64_t t, std::int64_t, std::int64_t k) {
  return packed_floats(k, t) + kStrip * kStripStride * t;
}

void outer(const OuterArgs<float>& args) {
  pack_backward(args.x, args.t, args.k, args.ldx, args.scratch);
  const Packed x{args.scratch, args.k, args.t};
  float* const strip = args.scratch + packed_floats(args.k, args.t);  // (tiles, t, kStripStride)
  for (std::int64_t i = 0, left = (args.n + kTileRows - 1) / kTileRows; i < args.n;) {
    // the next tiles, as even as possible
    const std::int64_t tiles = least(left, kStrip);
    std::int64_t start[kStrip], rows[kStrip];
    Mask mask[kStrip];
    for (std::int64_t s = 0; s < tiles; ++s, --left) {
      start[s] = i;
      rows[s] = (args.n - i + left - 1) / left;
      mask[s] = first(rows[s]);
      i += rows[s];
    }
    for (std::int64_t r = 0; r < args.t; ++r) {
      const float* y = args.y + r * args.ldy;  // y[r,:]
      for (std::int64_t s = 0; s < tiles; ++s) store(strip + (s * args.t + r) * kStripStride, load(y + start[s], mask[s]));
    }
    for (std::int64_t j = 0; j < args.k; j += kPanel) {
      for (std::int64_t s = 0; s < tiles; ++s) {
        multiply_panel<Side::columns>(j, rows[s], args.k, args.t, strip + s * args.t * kStripStride, kStripStride, x, 0,
                                      args.w + start[s] * args.ldw, args.ldw, {.add = true, .prefetch = true});
      }
    }
  }
}
