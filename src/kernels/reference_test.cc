// The reference itself: gradients against central differences in double, products against the definition.
#include "kernels/fixture.h"

namespace isoflop::kernels {
namespace {

using Buffer = Guarded<double>;
const Table<double>& ref() {
  return reference<double>();
}

// d loss / d x[i] by central differences, for every i, against `gradient`
template <class Loss>
void expect_gradient(Buffer& x, const Buffer& gradient, const Loss& loss) {
  constexpr double kStep = 1e-5;
  Buffer slope(x.size());
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const double keep = x[i];
    x[i] = keep + kStep;
    const double up = loss();
    x[i] = keep - kStep;
    slope[i] = (up - loss()) / (2 * kStep);
    x[i] = keep;
  }
  EXPECT_TRUE(agree(gradient, slope, 1e-8));
}

double dot(const Buffer& a, const Buffer& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

TEST(Reference, GeluGradientsAreTheSlopes) {
  constexpr std::int64_t n = 81;
  Buffer x(n), y(n), dy(n), dx(n);
  for (std::int64_t i = 0; i < n; ++i) x[i] = static_cast<double>(i - 40) / 8;
  fill(dy, 1);
  for (const Gelu kind : {Gelu::exact, Gelu::tanh}) {
    ref().gelu_backward(kind, n, x.data(), dy.data(), dx.data());
    expect_gradient(x, dx, [&] {
      ref().gelu(kind, n, x.data(), y.data());
      return dot(y, dy);
    });
  }
}

TEST(Reference, GeluHasItsKnownValues) {
  // x Phi(x) at 1 and -2 from tables of the normal distribution; the tanh form from its formula
  Buffer x(2), y(2);
  x[0] = 1, x[1] = -2;
  ref().gelu(Gelu::exact, 2, x.data(), y.data());
  EXPECT_LE(std::fabs(y[0] - 0.84134474606854293), tolerance(1e-15));
  EXPECT_LE(std::fabs(y[1] + 2 * 0.022750131948179209), tolerance(1e-15));
  ref().gelu(Gelu::tanh, 2, x.data(), y.data());
  EXPECT_LE(std::fabs(y[0] - 0.84119199060827676), tolerance(1e-14));
}

TEST(Reference, LayerNormGradientsAreTheSlopes) {
  constexpr std::int64_t rows = 3, cols = 7;
  Buffer x(rows * cols), gain(cols), bias(cols), y(rows * cols), mean(rows), inv(rows), dy(rows * cols), dx(rows * cols),
      dgain(cols), dbias(cols);
  fill(x, 1), fill(gain, 2, 0.5, 1), fill(bias, 3), fill(dy, 4), set_all(dgain, 0), set_all(dbias, 0);
  const auto loss = [&] {
    ref().layernorm({rows, cols, x.data(), gain.data(), bias.data(), y.data(), mean.data(), inv.data(), 1e-5});
    return dot(y, dy);
  };
  static_cast<void>(loss());
  ref().layernorm_backward({rows, cols, x.data(), gain.data(), mean.data(), inv.data(), dy.data(), dx.data(), dgain.data(),
                            dbias.data(), Store::overwrite});
  expect_gradient(x, dx, loss);
  expect_gradient(gain, dgain, loss);
  expect_gradient(bias, dbias, loss);
}

TEST(Reference, AttentionGradientsAreTheSlopes) {
  constexpr std::int64_t t = 5, heads = 2, size = 3, c = heads * size;
  Buffer qkv(t * 3 * c), out(t * c), dout(t * c), dqkv(t * 3 * c), probs(ref().attention_saved(t, heads, size)),
      scratch(ref().attention_scratch(t, heads, size));
  fill(qkv, 1, 1.5), fill(dout, 2);
  for (const std::uint32_t threshold : {0U, 20'000U}) {
    const Dropout<double> dropout = some_dropout<double>(threshold);
    const auto loss = [&] {
      ref().attention({t, heads, size, qkv.data(), 3 * c, out.data(), c, probs.data(), scratch.data(), dropout});
      return dot(out, dout);
    };
    static_cast<void>(loss());
    ref().attention_backward({t, heads, size, qkv.data(), 3 * c, out.data(), c, probs.data(), dout.data(), c, dqkv.data(), 3 * c,
                              scratch.data(), dropout});
    expect_gradient(qkv, dqkv, loss);
  }
}

TEST(Reference, CrossEntropyGradientIsTheSlope) {
  constexpr std::int64_t rows = 3, classes = 6;
  Buffer logits(rows * classes), gradient(rows * classes), nll(rows);
  fill(logits, 1, 2);
  const std::int32_t target[rows] = {0, 5, -1};
  gradient = logits;
  ref().cross_entropy({rows, classes, gradient.data(), gradient.data(), classes, target, nll.data(), 0.5});
  expect_gradient(logits, gradient, [&] {
    ref().cross_entropy({rows, classes, logits.data(), nullptr, classes, target, nll.data(), 0});
    return 0.5 * (nll[0] + nll[1] + nll[2]);
  });
}

TEST(Reference, MatmulAndOuterAreTheDefinition) {
  constexpr std::int64_t m = 3, n = 4, k = 5;
  Buffer x(m * k), w(n * k), y(m * n), dx(m * k), dw(n * k), packed(ref().packed_size(n, k));
  fill(x, 1), fill(w, 2), set_all(dw, 0);
  ref().pack_forward({w.data(), n, k, k, 0, n, packed.data()});
  ref().matmul({.m = m, .n = n, .k = k, .a = x.data(), .lda = k, .b = packed.data(), .c = y.data(), .ldc = n});
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (std::int64_t p = 0; p < k; ++p) sum += x[i * k + p] * w[j * k + p];
      EXPECT_LE(std::fabs(y[i * n + j] - sum), tolerance(1e-15));
    }
  }
  // the gradients of sum(y dy) with respect to x and w
  Buffer dy(m * n);
  fill(dy, 3);
  const auto loss = [&] {
    ref().pack_forward({w.data(), n, k, k, 0, n, packed.data()});
    ref().matmul({.m = m, .n = n, .k = k, .a = x.data(), .lda = k, .b = packed.data(), .c = y.data(), .ldc = n});
    return dot(y, dy);
  };
  Buffer back(ref().packed_size(n, k));
  ref().pack_backward({w.data(), n, k, k, 0, n, back.data()});
  ref().matmul({.m = m, .n = k, .k = n, .a = dy.data(), .lda = n, .b = back.data(), .c = dx.data(), .ldc = k});
  ref().outer({.t = m, .n = n, .k = k, .y = dy.data(), .ldy = n, .x = x.data(), .ldx = k, .w = dw.data(), .ldw = k});
  expect_gradient(x, dx, loss);
  expect_gradient(w, dw, loss);
}

TEST(Chooser, AlwaysHasTheReferenceFirstAndNamesWhatItGives) {
  const std::vector<Set> sets = available();
  ASSERT_FALSE(sets.empty());
  EXPECT_EQ(sets.front(), Set::ref);
  EXPECT_TRUE(std::is_sorted(sets.begin(), sets.end()));
  for (const Set set : sets) {
    EXPECT_EQ(table(set).name, ::testing::PrintToString(set == Set::avx512bf16 ? Set::avx512 : set));
    if (!has_bf16(set)) continue;
    EXPECT_EQ(bf16_table(set).name, ::testing::PrintToString(set));
  }
}

}  // namespace
}  // namespace isoflop::kernels
