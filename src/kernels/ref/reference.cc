// The reference set: plain loops in ascending order, what every faster set is compared with.
#include <cmath>
#include <cstdint>

#include "base/math.h"
#include "base/random.h"
#include "kernels/bf16.h"
#include "kernels/kernels.h"

namespace isoflop::kernels {
namespace {

// packed: B (k, n) row-major, whichever side of W it came from
std::int64_t packed_size(std::int64_t n, std::int64_t k) {
  return n * k;
}

template <class Real, class Act>
void pack_forward(const PackArgs<Real, Act>& a) {
  for (std::int64_t i = a.first; i < a.last; ++i) {
    for (std::int64_t j = 0; j < a.k; ++j) a.packed[j * a.n + i] = rounded<Act>(a.w[i * a.ldw + j]);
  }
}

template <class Real, class Act>
void pack_backward(const PackArgs<Real, Act>& a) {
  for (std::int64_t i = a.first; i < a.last; ++i) {
    for (std::int64_t j = 0; j < a.k; ++j) a.packed[i * a.k + j] = rounded<Act>(a.w[i * a.ldw + j]);
  }
}

template <class Real, class Act>
void matmul(const MatmulArgs<Real, Act>& a) {
  for (std::int64_t i = 0; i < a.m; ++i) {
    const Act* x = a.a + i * a.lda;  // a[i,:]
    for (std::int64_t j = 0; j < a.n; ++j) {
      Real sum = a.bias ? a.bias[j] : 0;
      for (std::int64_t p = 0; p < a.k; ++p) sum += real(x[p]) * real(a.b[p * a.n + j]);
      const std::int64_t at = i * a.ldc + j;
      if (a.rounded) {
        a.rounded[at] = rounded<Act>(sum);
      } else {
        a.c[at] = a.store == Store::add ? a.c[at] + sum : sum;
      }
    }
  }
}

std::int64_t outer_scratch(std::int64_t, std::int64_t, std::int64_t) {
  return 0;
}

template <class Real, class Act>
void outer(const OuterArgs<Real, Act>& a) {
  for (std::int64_t i = 0; i < a.n; ++i) {
    for (std::int64_t j = 0; j < a.k; ++j) {
      Real sum = 0;
      for (std::int64_t r = 0; r < a.t; ++r) sum += real(a.y[r * a.ldy + i]) * real(a.x[r * a.ldx + j]);
      a.w[i * a.ldw + j] += sum;
    }
    Real total = 0;
    for (std::int64_t r = 0; a.sums && r < a.t; ++r) total += real(a.y[r * a.ldy + i]);
    if (a.sums) a.sums[i] += total;
  }
}

template <class Real, class Act>
void layernorm(const LayerNormArgs<Real, Act>& a) {
  const auto cols = static_cast<double>(a.cols);
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const Real* x = a.x + r * a.cols;  // x[r,:]
    Act* y = a.y + r * a.cols;         // y[r,:]

    // mean and variance in two passes, in double
    double sum = 0;
    for (std::int64_t c = 0; c < a.cols; ++c) sum += static_cast<double>(x[c]);
    const double mean = sum / cols;
    double squares = 0;
    for (std::int64_t c = 0; c < a.cols; ++c) {
      const double d = static_cast<double>(x[c]) - mean;
      squares += d * d;
    }
    const double inv = 1 / std::sqrt(squares / cols + static_cast<double>(a.epsilon));

    // keep both for backward, then normalise
    a.mean[r] = static_cast<Real>(mean);
    a.inv_std[r] = static_cast<Real>(inv);
    for (std::int64_t c = 0; c < a.cols; ++c) {
      const Real scaled = (x[c] - a.mean[r]) * a.inv_std[r] * a.gain[c];
      y[c] = rounded<Act>(a.bias ? scaled + a.bias[c] : scaled);
    }
  }
}

template <class Real, class Act>
void layernorm_backward(const LayerNormBackwardArgs<Real, Act>& a) {
  const auto cols = static_cast<double>(a.cols);
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const Real* x = a.x + r * a.cols;
    const Real* dy = a.dy + r * a.cols;
    Real* dx = a.dx + r * a.cols;

    // means of g and of g * xhat, where g = dy * gain
    double sum_g = 0, sum_gx = 0;
    for (std::int64_t c = 0; c < a.cols; ++c) {
      const Real xhat = (x[c] - a.mean[r]) * a.inv_std[r];
      const double g = static_cast<double>(dy[c] * a.gain[c]);
      sum_g += g;
      sum_gx += g * static_cast<double>(xhat);
    }
    const auto mean_g = static_cast<Real>(sum_g / cols);
    const auto mean_gx = static_cast<Real>(sum_gx / cols);

    // dy is read before dx is written: they may be the same row
    for (std::int64_t c = 0; c < a.cols; ++c) {
      const Real xhat = (x[c] - a.mean[r]) * a.inv_std[r];
      const Real d = dy[c];
      a.dgain[c] += d * xhat;
      if (a.dbias) a.dbias[c] += d;
      const Real through = a.inv_std[r] * (d * a.gain[c] - mean_g - xhat * mean_gx);
      dx[c] = a.store == Store::add ? dx[c] + through : through;
      if (a.rounded) a.rounded[r * a.cols + c] = rounded<Act>(dx[c]);
    }
  }
}

constexpr double kInvSqrt2 = 0.70710678118654752440;
constexpr double kInvSqrt2Pi = 0.39894228040143267794;
constexpr double kSqrt2OverPi = 0.79788456080286535588;
constexpr double kCubic = 0.044715;

template <class Act>
void gelu(Gelu kind, std::int64_t n, const Act* x, Act* y) {
  for (std::int64_t i = 0; i < n; ++i) {
    const double v = static_cast<double>(real(x[i]));
    const double inside = kind == Gelu::exact ? erf_(v * kInvSqrt2) : tanh_(kSqrt2OverPi * (v + kCubic * v * v * v));
    y[i] = rounded<Act>(0.5 * v * (1 + inside));
  }
}

template <class Act>
void gelu_backward(Gelu kind, std::int64_t n, const Act* x, const Act* dy, Act* dx) {
  for (std::int64_t i = 0; i < n; ++i) {
    const double v = static_cast<double>(real(x[i]));
    double slope;
    if (kind == Gelu::exact) {
      slope = 0.5 * (1 + erf_(v * kInvSqrt2)) + v * kInvSqrt2Pi * exp_(-0.5 * v * v);
    } else {
      const double t = tanh_(kSqrt2OverPi * (v + kCubic * v * v * v));
      slope = 0.5 * (1 + t) + 0.5 * v * (1 - t * t) * kSqrt2OverPi * (1 + 3 * kCubic * v * v);
    }
    dx[i] = rounded<Act>(static_cast<double>(real(dy[i])) * slope);
  }
}

template <class Real>
bool drops(const Dropout<Real>& d, std::uint32_t site, std::int64_t row, std::int64_t col) {
  if (d.threshold == 0) return false;
  const Philox random{d.key, static_cast<Stream>(d.stream)};
  const auto block = static_cast<std::uint64_t>(col / 64 * 8 + col % 16 / 2);
  const auto words = random.words(static_cast<std::uint64_t>(row) << 32 | block, site);
  const std::uint32_t word = words[static_cast<std::size_t>(col % 64 / 32 * 2 + col % 2)];
  return (col % 32 < 16 ? word & 0xffff : word >> 16) < d.threshold;
}

template <class Real, class Act>
void dropout(const DropoutArgs<Real, Act>& a) {
  for (std::int64_t r = 0; r < a.rows; ++r) {
    for (std::int64_t c = 0; c < a.cols; ++c) {
      const std::int64_t at = r * a.cols + c;
      const Real kept = drops(a.dropout, a.dropout.site, r, c) ? 0 : a.x[at] * a.dropout.scale;
      const Real y = a.residual ? a.residual[at] + kept : kept;
      if (a.rounded) {
        a.rounded[at] = rounded<Act>(y);
      } else {
        a.y[at] = y;
      }
    }
  }
}

// probs: (heads, t, t), the upper triangle untouched
std::int64_t attention_saved(std::int64_t t, std::int64_t heads, std::int64_t) {
  return heads * t * t;
}
std::int64_t attention_scratch(std::int64_t t, std::int64_t, std::int64_t size) {
  return t > 3 * t * size ? t : 3 * t * size;  // a row of scores; backward: dq, dk and dv of a head
}

// a probability that was dropped is negative
template <class Real>
Real left_of(Real p) {
  return p < 0 ? 0 : p;
}

template <class Real, class Act>
void attention(const AttentionArgs<Real, Act>& a) {
  const std::int64_t c = a.heads * a.size;
  const auto scale = static_cast<Real>(1 / std::sqrt(static_cast<double>(a.size)));
  Real* const scores = a.scratch;  // of a row
  for (std::int64_t h = 0; h < a.heads; ++h) {
    const Act* q = a.qkv + h * a.size;
    const Act* k = q + c;
    const Act* v = k + c;
    for (std::int64_t i = 0; i < a.t; ++i) {
      Real largest = 0;
      for (std::int64_t j = 0; j <= i; ++j) {
        Real score = 0;
        for (std::int64_t d = 0; d < a.size; ++d) score += real(q[i * a.ldqkv + d]) * real(k[j * a.ldqkv + d]);
        scores[j] = score * scale;
        if (j == 0 || scores[j] > largest) largest = scores[j];
      }
      double sum = 0;
      for (std::int64_t j = 0; j <= i; ++j) {
        scores[j] = static_cast<Real>(exp_(static_cast<double>(scores[j] - largest)));
        sum += static_cast<double>(scores[j]);
      }
      Act* p = a.probs + (h * a.t + i) * a.t;  // p[i,:]
      for (std::int64_t j = 0; j <= i; ++j) {
        const double kept = static_cast<double>(a.dropout.scale) * static_cast<double>(scores[j]) / sum;
        p[j] = rounded<Act>(drops(a.dropout, a.dropout.site + static_cast<std::uint32_t>(h), i, j) ? -kept : kept);
      }
      for (std::int64_t d = 0; d < a.size; ++d) {
        Real o = 0;
        for (std::int64_t j = 0; j <= i; ++j) o += left_of(real(p[j])) * real(v[j * a.ldqkv + d]);
        a.out[i * a.ldo + h * a.size + d] = rounded<Act>(o);
      }
    }
  }
}

template <class Real, class Act>
void attention_backward(const AttentionBackwardArgs<Real, Act>& a) {
  const std::int64_t c = a.heads * a.size;
  const auto scale = static_cast<Real>(1 / std::sqrt(static_cast<double>(a.size))) / a.dropout.scale;
  Real* const dq = a.scratch;  // (t, size), and dk, dv behind it
  Real* const dk = dq + a.t * a.size;
  Real* const dv = dk + a.t * a.size;
  for (std::int64_t h = 0; h < a.heads; ++h) {
    const Act* q = a.qkv + h * a.size;
    const Act* k = q + c;
    const Act* v = k + c;
    for (std::int64_t i = 0; i < 3 * a.t * a.size; ++i) dq[i] = 0;
    for (std::int64_t i = 0; i < a.t; ++i) {
      const Act* p = a.probs + (h * a.t + i) * a.t;        // p[i,:]
      const Act* dout = a.dout + i * a.lddo + h * a.size;  // dout[i,h,:]
      const Act* out = a.out + i * a.ldo + h * a.size;     // out[i,h,:]
      Real mean = 0;                                       // sum_j p_ij dp_ij
      for (std::int64_t d = 0; d < a.size; ++d) mean += real(dout[d]) * real(out[d]);
      for (std::int64_t j = 0; j <= i; ++j) {
        Real dp = 0;
        for (std::int64_t d = 0; d < a.size; ++d) dp += real(dout[d]) * real(v[j * a.ldqkv + d]);
        dp = real(p[j]) < 0 ? 0 : dp * a.dropout.scale;
        const Real ds = real(rounded<Act>(std::fabs(real(p[j])) * (dp - mean) * scale));
        for (std::int64_t d = 0; d < a.size; ++d) {
          dq[i * a.size + d] += ds * real(k[j * a.ldqkv + d]);
          dk[j * a.size + d] += ds * real(q[i * a.ldqkv + d]);
          dv[j * a.size + d] += left_of(real(p[j])) * real(dout[d]);
        }
      }
    }
    for (int part = 0; part < 3; ++part) {
      for (std::int64_t i = 0; i < a.t; ++i) {
        for (std::int64_t d = 0; d < a.size; ++d) {
          a.dqkv[i * a.lddqkv + part * c + h * a.size + d] = rounded<Act>(dq[(part * a.t + i) * a.size + d]);
        }
      }
    }
  }
}

template <class Real, class Act>
void cross_entropy(const CrossEntropyArgs<Real, Act>& a) {
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const Real* x = a.logits + r * a.ld;  // logits[r,:]
    Act* g = a.gradient ? a.gradient + r * a.ld : nullptr;
    if (a.target[r] < 0) {
      a.nll[r] = 0;
      for (std::int64_t c = 0; g && c < a.ld; ++c) g[c] = rounded<Act>(0);
      continue;
    }
    Real largest = x[0];
    for (std::int64_t c = 1; c < a.classes; ++c) {
      if (x[c] > largest) largest = x[c];
    }
    double sum = 0;
    for (std::int64_t c = 0; c < a.classes; ++c) sum += exp_(static_cast<double>(x[c] - largest));
    a.nll[r] = log_(sum) + (static_cast<double>(largest) - static_cast<double>(x[a.target[r]]));
    if (!g) continue;
    for (std::int64_t c = 0; c < a.classes; ++c) {
      const double p = exp_(static_cast<double>(x[c] - largest)) / sum;
      g[c] = rounded<Act>((p - (c == a.target[r] ? 1 : 0)) * static_cast<double>(a.scale));
    }
    for (std::int64_t c = a.classes; c < a.ld; ++c) g[c] = rounded<Act>(0);
  }
}

template <class Real>
void add(std::int64_t n, const Real* x, Real* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += x[i];
}

template <class Real>
void sum(std::int64_t n, const Real* x1, const Real* x2, Real* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = x1[i] + x2[i];
}

template <class Real>
double sum_squares(std::int64_t n, const Real* x) {
  double total = 0;
  for (std::int64_t i = 0; i < n; ++i) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return total;
}

template <class Real>
void adamw(const AdamWArgs<Real>& a) {
  for (std::int64_t i = 0; i < a.n; ++i) {
    const Real g = a.grad[i] * a.grad_scale;
    a.m[i] = a.beta1 * a.m[i] + (1 - a.beta1) * g;
    a.v[i] = a.beta2 * a.v[i] + (1 - a.beta2) * g * g;
    const Real step = (a.m[i] / a.correction1) / (std::sqrt(a.v[i] / a.correction2) + a.epsilon);
    a.w[i] = a.w[i] * (1 - a.learning_rate * a.decay) - a.learning_rate * step;
  }
}

template <class Real, class Act>
constexpr Table<Real, Act> make_table() {
  Table<Real, Act> t;
  t.name = "ref";
  t.packed_size = packed_size;
  t.pack_forward = pack_forward<Real, Act>;
  t.pack_backward = pack_backward<Real, Act>;
  t.matmul = matmul<Real, Act>;
  t.outer_scratch = outer_scratch;
  t.outer = outer<Real, Act>;
  t.layernorm = layernorm<Real, Act>;
  t.layernorm_backward = layernorm_backward<Real, Act>;
  t.gelu = gelu<Act>;
  t.gelu_backward = gelu_backward<Act>;
  t.attention_saved = attention_saved;
  t.attention_scratch = attention_scratch;
  t.attention = attention<Real, Act>;
  t.attention_backward = attention_backward<Real, Act>;
  t.dropout = dropout<Real, Act>;
  t.cross_entropy = cross_entropy<Real, Act>;
  t.add = add<Real>;
  t.sum = sum<Real>;
  t.sum_squares = sum_squares<Real>;
  t.adamw = adamw<Real>;
  return t;
}

template <class Real, class Act>
constexpr Table<Real, Act> kTable = make_table<Real, Act>();

}  // namespace

template <class Real, class Act>
const Table<Real, Act>& reference() {
  return kTable<Real, Act>;
}
template const Table<float>& reference<float>();
template const Table<double>& reference<double>();
template const Table<float, Bf16>& reference<float, Bf16>();

}  // namespace isoflop::kernels
