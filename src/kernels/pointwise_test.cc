// What treats each element alone, and sums: every set against doubles, at every width.
#include <limits>

#include "base/math.h"
#include "kernels/fixture.h"

namespace isoflop::kernels {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

class EveryGelu : public EverySet {};
INSTANTIATE_TEST_SUITE_P(Sets, EveryGelu, ::testing::Values(Set::ref, Set::avx2, Set::avx512), set_name);

TEST_P(EveryGelu, AgreesWithDoublesAtEveryWidthThroughTwoVectorsAndOne) {
  for (const Gelu kind : {Gelu::exact, Gelu::tanh}) {
    for (std::int64_t n = 1; n <= 2 * width() + 1; ++n) {
      Guarded<float> x(n), y(n), dy(n), dx(n);
      fill(x, static_cast<std::uint64_t>(n), 3), fill(dy, 7);
      set->gelu(kind, n, x.data(), y.data());
      set->gelu_backward(kind, n, x.data(), dy.data(), dx.data());
      EXPECT_FALSE(x.touched() || y.touched() || dy.touched() || dx.touched());
      const Guarded<double> xd = doubled(x), dyd = doubled(dy);
      Guarded<double> yd(n), dxd(n);
      exact.gelu(kind, n, xd.data(), yd.data());
      exact.gelu_backward(kind, n, xd.data(), dyd.data(), dxd.data());
      EXPECT_TRUE(agree(y, yd, bounds::kGelu));
      EXPECT_TRUE(agree(dx, dxd, bounds::kGeluSlope));
      // in place
      set->gelu_backward(kind, n, x.data(), dy.data(), dy.data());
      EXPECT_TRUE(dy.same_bytes(dx));
    }
  }
}

TEST_P(EveryGelu, StaysWithinItsBoundFromMinusFifteenToFifteen) {
  constexpr std::int64_t n = 300'001;
  Guarded<float> x(n), y(n), one(n), dx(n);
  for (std::int64_t i = 0; i < n; ++i) x[i] = static_cast<float>(i - 150'000) * 1e-4f, one[i] = 1;
  const Guarded<double> xd = doubled(x), oned = doubled(one);
  Guarded<double> yd(n), dxd(n);
  for (const Gelu kind : {Gelu::exact, Gelu::tanh}) {
    set->gelu(kind, n, x.data(), y.data());
    set->gelu_backward(kind, n, x.data(), one.data(), dx.data());
    exact.gelu(kind, n, xd.data(), yd.data());
    exact.gelu_backward(kind, n, xd.data(), oned.data(), dxd.data());
    EXPECT_TRUE(agree(y, yd, bounds::kGelu));
    EXPECT_TRUE(agree(dx, dxd, bounds::kGeluSlope));
  }
}

TEST_P(EveryGelu, LetsNaNThroughAndKeepsFarInputsFinite) {
  const float values[] = {kNaN, 1e20f, -1e20f, 50, -50, 0, kInf};
  Guarded<float> x(7), y(7), one(7), dx(7);
  for (int i = 0; i < 7; ++i) x[i] = values[i], one[i] = 1;
  for (const Gelu kind : {Gelu::exact, Gelu::tanh}) {
    set->gelu(kind, 7, x.data(), y.data());
    set->gelu_backward(kind, 7, x.data(), one.data(), dx.data());
    EXPECT_TRUE(std::isnan(y[0]) && std::isnan(dx[0]));
    EXPECT_EQ(y[1], 1e20f);
    EXPECT_EQ(y[2], 0);
    EXPECT_EQ(dx[1], 1);
    EXPECT_LE(std::fabs(dx[2]), 1e-15f);
    EXPECT_EQ(y[3], 50);
    EXPECT_EQ(y[4], 0);
    EXPECT_EQ(y[5], 0);
    EXPECT_EQ(y[6], kInf);
  }
}

class EverySum : public EverySet {};
INSTANTIATE_TEST_SUITE_P(Sets, EverySum, ::testing::Values(Set::ref, Set::avx2, Set::avx512), set_name);

TEST_P(EverySum, AddsVectorsExactlyAtEveryWidth) {
  for (std::int64_t n = 1; n <= 2 * width() + 1; ++n) {
    Guarded<float> a(n), b(n), c(n);
    fill(a, 1), fill(b, 2);
    set->sum(n, a.data(), b.data(), c.data());
    for (std::int64_t i = 0; i < n; ++i) EXPECT_EQ(c[i], a[i] + b[i]);
    set->add(n, a.data(), b.data());
    EXPECT_TRUE(b.same_bytes(c));
    EXPECT_FALSE(a.touched() || b.touched() || c.touched());
  }
}

TEST_P(EverySum, SquaresAreSummedInDouble) {
  for (const std::int64_t n : {1L, 7L, 8L, 9L, 15L, 16L, 17L, 31L, 33L, 1000L}) {
    Guarded<float> x(n);
    fill(x, static_cast<std::uint64_t>(n));
    const double want = exact.sum_squares(n, doubled(x).data());
    const double got = set->sum_squares(n, x.data());
    EXPECT_LE(std::fabs(got - want), tolerance(bounds::kSquares) * want);
    EXPECT_EQ(got, set->sum_squares(n, x.data()));
    x[n - 1] = kNaN;
    EXPECT_TRUE(std::isnan(set->sum_squares(n, x.data())));
    x[n - 1] = -kInf;
    EXPECT_EQ(set->sum_squares(n, x.data()), static_cast<double>(kInf));
    // a square beyond float is not beyond double
    x[n - 1] = 1e30f;
    EXPECT_TRUE(std::isfinite(set->sum_squares(n, x.data())));
  }
}

class EveryAdamW : public EverySet {};
INSTANTIATE_TEST_SUITE_P(Sets, EveryAdamW, ::testing::Values(Set::ref, Set::avx2, Set::avx512), set_name);

TEST_P(EveryAdamW, AgreesWithDoublesOverTenStepsAtEveryWidth) {
  for (std::int64_t n = 1; n <= 2 * width() + 1; ++n) {
    Guarded<float> w(n), m(n), v(n), g(n);
    fill(w, 1), set_all(m, 0), set_all(v, 0);
    Guarded<double> wd = doubled(w), md = doubled(m), vd = doubled(v);
    double power1 = 1, power2 = 1;
    for (int step = 1; step <= 10; ++step) {
      fill(g, static_cast<std::uint64_t>(step));
      const Guarded<double> gd = doubled(g);
      power1 *= 0.9, power2 *= 0.99;
      AdamWArgs<double> d{.n = n,
                          .w = wd.data(),
                          .m = md.data(),
                          .v = vd.data(),
                          .grad = gd.data(),
                          .grad_scale = 0.5,
                          .learning_rate = 1e-2,
                          .beta1 = 0.9,
                          .beta2 = 0.99,
                          .epsilon = 1e-8,
                          .decay = 0.1,
                          .correction1 = 1 - power1,
                          .correction2 = 1 - power2};
      AdamWArgs<float> f{.n = n,
                         .w = w.data(),
                         .m = m.data(),
                         .v = v.data(),
                         .grad = g.data(),
                         .grad_scale = 0.5f,
                         .learning_rate = 1e-2f,
                         .beta1 = 0.9f,
                         .beta2 = 0.99f,
                         .epsilon = 1e-8f,
                         .decay = 0.1f,
                         .correction1 = static_cast<float>(1 - power1),
                         .correction2 = static_cast<float>(1 - power2)};
      exact.adamw(d);
      set->adamw(f);
    }
    EXPECT_FALSE(w.touched() || m.touched() || v.touched() || g.touched());
    EXPECT_TRUE(agree(w, wd, bounds::kAdamW));
    EXPECT_TRUE(agree(m, md, bounds::kAdamW));
    EXPECT_TRUE(agree(v, vd, bounds::kAdamW));
  }
}

TEST_P(EveryAdamW, MovesAWeightByTheLearningRateOnTheFirstStep) {
  // m / c1 = g and sqrt(v / c2) = |g|: the step is lr times the sign of g
  Guarded<float> w(2), m(2), v(2), g(2);
  w[0] = w[1] = 1, g[0] = 0.25f, g[1] = -4;
  set_all(m, 0), set_all(v, 0);
  set->adamw({.n = 2,
              .w = w.data(),
              .m = m.data(),
              .v = v.data(),
              .grad = g.data(),
              .learning_rate = 0.125f,
              .beta1 = 0.9f,
              .beta2 = 0.999f,
              .epsilon = 1e-12f,
              .correction1 = 0.1f,
              .correction2 = 0.001f});
  EXPECT_LE(std::fabs(w[0] - 0.875f), tolerance(3e-6));
  EXPECT_LE(std::fabs(w[1] - 1.125f), tolerance(3e-6));
}

}  // namespace
}  // namespace isoflop::kernels
