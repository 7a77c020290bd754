// Pure functions on memory, one table per instruction set. They know no model, allocate nothing, start no thread.
//
// Real is what is summed in: float, or double in the reference set (gradient checks). Act is what matrix products read and what
// is kept for backward: Real itself, or Bf16 under a Real of float. Every sum runs in ascending index order, one accumulator
// per output element (a vector of independent lanes with a fixed tree where a row is reduced; Bf16 enters in pairs, (0, 1), (2,
// 3),
// ...), so that bytes depend on shape and instruction set alone. Matrices are row-major with a leading dimension; sizes are any
// positive number unless a comment says otherwise, and no function reads or writes outside rows x cols.
#pragma once

#include <cstdint>

namespace isoflop::kernels {

enum class Gelu { exact, tanh };

/// The upper half of a float: 8 bits of exponent, 8 of significand with the hidden one. Conversion: bf16.h.
struct Bf16 {
  std::uint16_t bits = 0;
};

/// What happens to a result: it is stored, or added to what is there.
enum class Store { overwrite, add };

/// Packs rows [first, last) of W (n, k), outputs x inputs, into panels of the whole. A row range lets an update pack what it has
/// just written; ranges that together cover all rows give the bytes that one call over all of them gives.
template <class Real, class Act = Real>
struct PackArgs {
  const Real* w = nullptr;
  std::int64_t n = 0, k = 0;
  std::int64_t ldw = 0;
  std::int64_t first = 0, last = 0;  // first: a multiple of kPackRows; last: too, or n
  Act* packed = nullptr;             // packed_size(n, k) Acts
};
inline constexpr std::int64_t kPackRows = 32;

/// C (m, n) = [C +] (bias (n) + A (m, k) * B (k, n)), B packed by `pack_*`. C is `c`, or `rounded`: then it is overwritten.
template <class Real, class Act = Real>
struct MatmulArgs {
  std::int64_t m = 0, n = 0, k = 0;
  const Act* a = nullptr;  // (m, k), leading dimension lda
  std::int64_t lda = 0;
  const Act* b = nullptr;  // packed panels
  Real* c = nullptr;       // (m, n), leading dimension ldc
  Act* rounded = nullptr;  // the same, for the next product to read
  std::int64_t ldc = 0;
  const Real* bias = nullptr;  // (n) or none
  Store store = Store::overwrite;
};

/// W (n, k) += Y (t, n)^T * X (t, k): the weight gradient. t ascends in one accumulator per element.
template <class Real, class Act = Real>
struct OuterArgs {
  std::int64_t t = 0, n = 0, k = 0;
  const Act* y = nullptr;
  std::int64_t ldy = 0;
  const Act* x = nullptr;
  std::int64_t ldx = 0;
  Real* w = nullptr;
  std::int64_t ldw = 0;
  Real* sums = nullptr;     // (n) += sums of Y over t, the gradient of a bias; or none
  Real* scratch = nullptr;  // outer_scratch(t, n, k) Reals
};

template <class Real, class Act = Real>
struct LayerNormArgs {
  std::int64_t rows = 0, cols = 0;
  const Real* x = nullptr;     // (rows, cols)
  const Real* gain = nullptr;  // (cols)
  const Real* bias = nullptr;  // (cols) or none
  Act* y = nullptr;            // (rows, cols)
  Real* mean = nullptr;        // (rows), kept for backward
  Real* inv_std = nullptr;     // (rows), kept for backward
  Real epsilon = Real(1e-5);
};

/// dx = [dx +] gradient through the normalisation; dgain and dbias are added to.
template <class Real, class Act = Real>
struct LayerNormBackwardArgs {
  std::int64_t rows = 0, cols = 0;
  const Real* x = nullptr;
  const Real* gain = nullptr;
  const Real* mean = nullptr;
  const Real* inv_std = nullptr;
  const Real* dy = nullptr;  // (rows, cols)
  Real* dx = nullptr;        // (rows, cols)
  Real* dgain = nullptr;     // (cols)
  Real* dbias = nullptr;     // (cols) or none
  Store store = Store::overwrite;
  Act* rounded = nullptr;  // dx once more, for the next product to read, or none
};

/// Inverted dropout of one site: an element is 0 if its 16 random bits are below `threshold`, else multiplied by `scale`.
///
/// The bits are the same in every set: Philox4x32-10 (base/random.h) under `key`, at the counter {block, row, site, stream} with
/// block = col / 64 * 8 + col % 16 / 2; of its words number col % 64 / 32 * 2 + col % 2, the lower half where col % 32 < 16.
/// Checked  dropout_test.cc: share, mean, independence, and that every set drops the same.
template <class Real>
struct Dropout {
  std::uint64_t key = 0;
  std::uint32_t stream = 0, site = 0;
  std::uint32_t threshold = 0;  // of 65536: the probability in whole steps of 2^-16; 0: nothing is dropped
  Real scale = 1;               // 65536 / (65536 - threshold), so that the mean stays
};

/// y (rows, cols) = [residual +] dropout(x), to `y` or to `rounded`. y may be x.
template <class Real, class Act = Real>
struct DropoutArgs {
  std::int64_t rows = 0, cols = 0;
  const Real* x = nullptr;         // (rows, cols)
  const Real* residual = nullptr;  // (rows, cols) or none
  Real* y = nullptr;               // (rows, cols)
  Act* rounded = nullptr;          // the same, for the next product to read; then there is no y
  Dropout<Real> dropout = {};
};

/// Causal self-attention of one sequence. qkv (t, 3 c) holds q | k | v side by side, heads contiguous within each (c = heads *
/// size).
template <class Real, class Act = Real>
struct AttentionArgs {
  std::int64_t t = 0, heads = 0, size = 0;
  const Act* qkv = nullptr;  // leading dimension ldqkv
  std::int64_t ldqkv = 0;
  Act* out = nullptr;  // (t, heads * size), leading dimension ldo
  std::int64_t ldo = 0;
  Act* probs = nullptr;     // attention_saved(t, heads, size) Acts kept for backward; format of the set's own
  Real* scratch = nullptr;  // attention_scratch(t, heads, size) Reals
  // Of the probabilities: head h is site + h, (row, col) is (query, key). What is dropped is kept for backward with its sign
  // turned, so that backward draws nothing; all are kept times `scale`.
  Dropout<Real> dropout = {};
};
template <class Real, class Act = Real>
struct AttentionBackwardArgs {
  std::int64_t t = 0, heads = 0, size = 0;
  const Act* qkv = nullptr;
  std::int64_t ldqkv = 0;
  const Act* out = nullptr;
  std::int64_t ldo = 0;
  Act* probs = nullptr;       // as forward left them; spent
  const Act* dout = nullptr;  // (t, heads * size), leading dimension lddo
  std::int64_t lddo = 0;
  Act* dqkv = nullptr;  // (t, 3 c), leading dimension lddqkv; overwritten
  std::int64_t lddqkv = 0;
  Real* scratch = nullptr;
  Dropout<Real> dropout = {};  // forward's
};

/// Softmax cross-entropy over rows of logits, which are spent: nll[r] = -log softmax(logits[r])[target[r]] in double from a float
/// log-sum-exp, and gradient[r] = (softmax - onehot) * scale where it is asked for. Columns from `classes` up to ld are padding:
/// their gradient is 0. A target below 0 is ignored: nll 0, gradient 0. `gradient` may be `logits` where the types are one.
template <class Real, class Act = Real>
struct CrossEntropyArgs {
  std::int64_t rows = 0, classes = 0;
  Real* logits = nullptr;   // (rows, ld)
  Act* gradient = nullptr;  // (rows, ld) or none
  std::int64_t ld = 0;
  const std::int32_t* target = nullptr;
  double* nll = nullptr;  // (rows)
  Real scale = 0;
};

/// AdamW with decoupled decay (Loshchilov & Hutter, arXiv:1711.05101, alg. 2), on n elements:
/// g = grad * grad_scale; m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w = w (1 - lr decay) - lr (m/c1) / (sqrt(v/c2) + eps), c_i
/// = 1 - b_i^step
template <class Real>
struct AdamWArgs {
  std::int64_t n = 0;
  Real* w = nullptr;
  Real* m = nullptr;
  Real* v = nullptr;
  const Real* grad = nullptr;
  Real grad_scale = 1, learning_rate = 0, beta1 = 0, beta2 = 0, epsilon = 0, decay = 0, correction1 = 1, correction2 = 1;
};

template <class Real, class Act = Real>
struct Table {
  const char* name = "";

  // packed right-hand sides of W (n, k)
  // forward:  Y (m, n) = X (m, k) W^T    backward: dX (m, k) = dY (m, n) W
  std::int64_t (*packed_size)(std::int64_t n, std::int64_t k) = nullptr;  // Acts, for either direction
  void (*pack_forward)(const PackArgs<Real, Act>&) = nullptr;
  void (*pack_backward)(const PackArgs<Real, Act>&) = nullptr;
  void (*matmul)(const MatmulArgs<Real, Act>&) = nullptr;

  std::int64_t (*outer_scratch)(std::int64_t t, std::int64_t n, std::int64_t k) = nullptr;
  void (*outer)(const OuterArgs<Real, Act>&) = nullptr;

  void (*layernorm)(const LayerNormArgs<Real, Act>&) = nullptr;
  void (*layernorm_backward)(const LayerNormBackwardArgs<Real, Act>&) = nullptr;

  // y = gelu(x); dx = dy * gelu'(x), dx may be dy
  void (*gelu)(Gelu kind, std::int64_t n, const Act* x, Act* y) = nullptr;
  void (*gelu_backward)(Gelu kind, std::int64_t n, const Act* x, const Act* dy, Act* dx) = nullptr;

  std::int64_t (*attention_saved)(std::int64_t t, std::int64_t heads, std::int64_t size) = nullptr;
  std::int64_t (*attention_scratch)(std::int64_t t, std::int64_t heads, std::int64_t size) = nullptr;
  void (*attention)(const AttentionArgs<Real, Act>&) = nullptr;
  void (*attention_backward)(const AttentionBackwardArgs<Real, Act>&) = nullptr;

  void (*dropout)(const DropoutArgs<Real, Act>&) = nullptr;

  void (*cross_entropy)(const CrossEntropyArgs<Real, Act>&) = nullptr;

  // y += x
  void (*add)(std::int64_t n, const Real* x, Real* y) = nullptr;
  // y = x1 + x2
  void (*sum)(std::int64_t n, const Real* x1, const Real* x2, Real* y) = nullptr;
  // sum of squares in double; the caller fixes the chunking. NaN and inf come through.
  double (*sum_squares)(std::int64_t n, const Real* x) = nullptr;
  void (*adamw)(const AdamWArgs<Real>&) = nullptr;
};

/// The reference set: plain loops, what every faster set is compared with.
template <class Real, class Act = Real>
[[nodiscard]] const Table<Real, Act>& reference();

}  // namespace isoflop::kernels
