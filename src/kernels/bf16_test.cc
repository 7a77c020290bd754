// The bf16 tables: each kernel against doubles fed the same rounded numbers, at every size around its tiles.
#include <limits>

#include "base/math.h"
#include "kernels/fixture.h"

namespace isoflop::kernels {
namespace {

using Table16 = Table<float, Bf16>;

TEST(Bf16, RoundsToNearestAndTiesToEven) {
  EXPECT_EQ(rounded<Bf16>(1.0f).bits, 0x3f80);
  EXPECT_EQ(rounded<Bf16>(1.0f + 1.0f / 256).bits, 0x3f80);  // a tie: to even
  EXPECT_EQ(rounded<Bf16>(1.0f + 3.0f / 256).bits, 0x3f82);  // a tie: to even, upwards
  EXPECT_EQ(rounded<Bf16>(1.0f + 1.0001f / 256).bits, 0x3f81);
  EXPECT_EQ(rounded<Bf16>(-std::numeric_limits<float>::infinity()).bits, 0xff80);
  EXPECT_EQ(rounded<Bf16>(std::numeric_limits<float>::max()).bits, 0x7f80);  // beyond the largest: inf
  EXPECT_TRUE(std::isnan(real(rounded<Bf16>(std::numeric_limits<float>::quiet_NaN()))));
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Bf16 x{static_cast<std::uint16_t>(bits)};
    if (std::isnan(real(x))) continue;
    EXPECT_EQ(rounded<Bf16>(real(x)).bits, x.bits);
  }
}

class EveryBf16 : public ::testing::TestWithParam<Set> {
 protected:
  void SetUp() override {
    const std::vector<Set> sets = available();
    if (std::find(sets.begin(), sets.end(), GetParam()) == sets.end()) GTEST_SKIP() << "this machine has no " << GetParam();
    set = &bf16_table(GetParam());
  }
  static constexpr std::int64_t kWidths = 33;  // through two vectors and one
  const Table16* set = nullptr;
  const Table<double>& exact = reference<double>();
};
INSTANTIATE_TEST_SUITE_P(Sets, EveryBf16, ::testing::Values(Set::ref, Set::avx512bf16), set_name);

struct Product {
  std::int64_t m, n, k, slack;
  bool bias, add, backward, to_act;
};

void check_matmul(const Table16& set, const Product& p) {
  SCOPED_TRACE(::testing::Message() << "m " << p.m << " n " << p.n << " k " << p.k << " slack " << p.slack << " bias " << p.bias
                                    << " add " << p.add << " backward " << p.backward << " rounded " << p.to_act);
  const std::int64_t outputs = p.backward ? p.k : p.n, inputs = p.backward ? p.n : p.k, ldw = inputs + p.slack;
  const std::int64_t lda = p.k + p.slack, ldc = p.n + p.slack;
  Guarded<float> w(outputs * ldw - p.slack), c(p.m * ldc - p.slack), bias(p.n);
  Guarded<Bf16> a(p.m * lda - p.slack), c16(p.m * ldc - p.slack), packed(set.packed_size(outputs, inputs));
  fill(w, 1), fill(a, 2), fill(c, 3), fill(c16, 3), fill(bias, 4);
  Guarded<double> want = p.to_act ? doubled(c16) : doubled(c);
  (p.backward ? set.pack_backward : set.pack_forward)({w.data(), outputs, inputs, ldw, 0, outputs, packed.data()});
  MatmulArgs<float, Bf16> args{.m = p.m, .n = p.n, .k = p.k, .a = a.data(), .lda = lda, .b = packed.data(), .ldc = ldc};
  if (p.to_act) {
    args.rounded = c16.data();
  } else {
    args.c = c.data();
  }
  if (p.bias) args.bias = bias.data();
  if (p.add) args.store = Store::add;
  set.matmul(args);
  EXPECT_FALSE(w.touched() || a.touched() || c.touched() || c16.touched() || bias.touched() || packed.touched());

  for (std::int64_t i = 0; i < p.m; ++i) {
    for (std::int64_t j = 0; j < p.n; ++j) {
      double sum = p.bias ? static_cast<double>(bias[j]) : 0;
      for (std::int64_t q = 0; q < p.k; ++q) {
        sum += static_cast<double>(real(a[i * lda + q])) *
               static_cast<double>(real(rounded<Bf16>(p.backward ? w[q * ldw + j] : w[j * ldw + q])));
      }
      want[i * ldc + j] = p.add ? want[i * ldc + j] + sum : sum;
    }
  }
  if (p.to_act) {
    EXPECT_TRUE(agree(c16, want, bounds::kBf16 + bounds::sum(p.k)));
  } else {
    EXPECT_TRUE(agree(c, want, bounds::sum(p.k)));
  }
}

TEST_P(EveryBf16, MatmulAgreesWithDoublesAtEverySizeThroughTwoVectorsAndOne) {
  for (const bool backward : {false, true}) {
    for (std::int64_t n = 1; n <= kWidths; ++n) check_matmul(*set, {3, n, 5, n % 3, true, n % 2 == 0, backward, false});
    for (std::int64_t n = 1; n <= kWidths; ++n) check_matmul(*set, {3, n, 6, n % 3, true, false, backward, true});
    for (std::int64_t k = 1; k <= 2 * kWidths; ++k) check_matmul(*set, {5, 37, k, k % 2, false, false, backward, k % 3 == 0});
  }
  for (std::int64_t m = 1; m <= 29; ++m) check_matmul(*set, {m, 19, 7, 2, m % 2 == 0, m % 3 == 0, false, false});
}

TEST_P(EveryBf16, MatmulAgreesWithDoublesAtSizesOfAModel) {
  for (const bool backward : {false, true}) {
    check_matmul(*set, {64, 97, 64, 0, true, false, backward, true});
    check_matmul(*set, {19, 64, 1024, 0, false, true, backward, false});
    check_matmul(*set, {31, 48, 4101, 0, true, true, backward, false});
  }
  check_matmul(*set, {250, 33, 1501, 5, true, true, false, false});
}

TEST_P(EveryBf16, MatmulGivesARowTheSameBytesWhereverItStands) {
  constexpr std::int64_t m = 33, n = 70, k = 51;
  Guarded<float> w(n * k), whole(m * n), alone(m * n);
  Guarded<Bf16> a(m * k), packed(set->packed_size(n, k));
  fill(w, 1), fill(a, 2);
  set->pack_forward({w.data(), n, k, k, 0, n, packed.data()});
  set->matmul({.m = m, .n = n, .k = k, .a = a.data(), .lda = k, .b = packed.data(), .c = whole.data(), .ldc = n});
  for (std::int64_t i = 0; i < m; ++i) {
    set->matmul(
        {.m = 1, .n = n, .k = k, .a = a.data() + i * k, .lda = k, .b = packed.data(), .c = alone.data() + i * n, .ldc = n});
  }
  EXPECT_TRUE(whole.same_bytes(alone));
}

TEST_P(EveryBf16, MatmulLetsNaNAndInfinityThroughToTheRowsThatHaveThemAndNoOther) {
  constexpr std::int64_t m = 4, n = 40, k = 21;  // odd: beyond a row's last element stands the next row's first
  Guarded<float> w(n * k), c(m * n);
  Guarded<Bf16> a(m * k), packed(set->packed_size(n, k));
  fill(w, 1), fill(a, 2);
  a[1 * k] = rounded<Bf16>(std::numeric_limits<float>::quiet_NaN());
  a[3 * k] = rounded<Bf16>(std::numeric_limits<float>::infinity());
  set->pack_forward({w.data(), n, k, k, 0, n, packed.data()});
  set->matmul({.m = m, .n = n, .k = k, .a = a.data(), .lda = k, .b = packed.data(), .c = c.data(), .ldc = n});
  for (std::int64_t j = 0; j < n; ++j) {
    EXPECT_TRUE(std::isfinite(c[j]));
    EXPECT_TRUE(std::isnan(c[n + j]));
    EXPECT_TRUE(std::isfinite(c[2 * n + j]));
    EXPECT_FALSE(std::isfinite(c[3 * n + j]));
  }
}

TEST_P(EveryBf16, RangesOfRowsPackToTheBytesOfTheWhole) {
  for (const std::int64_t n : {1, 20, 33, 64, 97}) {
    for (const std::int64_t k : {1, 7, 16, 33, 70}) {
      Guarded<float> w(n * k);
      fill(w, 1);
      for (const bool backward : {false, true}) {
        Guarded<Bf16> whole(set->packed_size(n, k)), parts(set->packed_size(n, k));
        set_all(whole, 0), set_all(parts, 0);
        const auto pack = backward ? set->pack_backward : set->pack_forward;
        pack({w.data(), n, k, k, 0, n, whole.data()});
        for (std::int64_t first = 0; first < n; first += kPackRows)
          pack({w.data(), n, k, k, first, std::min(first + kPackRows, n), parts.data()});
        EXPECT_TRUE(whole.same_bytes(parts)) << n << " x " << k << (backward ? " backward" : " forward");
        EXPECT_FALSE(whole.touched() || parts.touched() || w.touched());
      }
    }
  }
}

void check_outer(const Table16& set, std::int64_t t, std::int64_t n, std::int64_t k, std::int64_t slack) {
  SCOPED_TRACE(::testing::Message() << "t " << t << " n " << n << " k " << k << " slack " << slack);
  const std::int64_t ldy = n + slack, ldx = k + slack, ldw = k + slack;
  Guarded<Bf16> y(t * ldy - slack), x(t * ldx - slack);
  Guarded<float> w(n * ldw - slack), sums(n), scratch(set.outer_scratch(t, n, k));
  fill(y, 1), fill(x, 2), fill(w, 3), fill(sums, 4);
  Guarded<float> again = w;
  Guarded<double> want = doubled(w), want_sums = doubled(sums);
  for (std::int64_t i = 0; i < t * n; ++i) want_sums[i % n] += static_cast<double>(real(y[i / n * ldy + i % n]));
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < k; ++j) {
      for (std::int64_t r = 0; r < t; ++r)
        want[i * ldw + j] += static_cast<double>(real(y[r * ldy + i])) * static_cast<double>(real(x[r * ldx + j]));
    }
  }
  OuterArgs<float, Bf16> args{t, n, k, y.data(), ldy, x.data(), ldx, w.data(), ldw, sums.data(), scratch.data()};
  set.outer(args);
  EXPECT_FALSE(y.touched() || x.touched() || w.touched() || sums.touched() || scratch.touched());
  EXPECT_TRUE(agree(w, want, bounds::sum(t)));
  EXPECT_TRUE(agree(sums, want_sums, bounds::sum(t)));
  args.w = again.data();
  args.sums = nullptr;
  set.outer(args);
  EXPECT_TRUE(w.same_bytes(again));
}

TEST_P(EveryBf16, OuterAgreesWithDoublesAtEverySizeThroughTwoVectorsAndOneAndGivesTheSameBytesTwice) {
  for (std::int64_t n = 1; n <= kWidths; ++n) check_outer(*set, 9, n, 35, n % 2);
  for (std::int64_t k = 1; k <= kWidths; ++k) check_outer(*set, 10, 17, k, k % 2);
  for (std::int64_t t = 1; t <= kWidths; ++t) check_outer(*set, t, 15, 33, 0);
  check_outer(*set, 64, 97, 128, 3);
  check_outer(*set, 201, 29, 1024, 0);
}

TEST_P(EveryBf16, LayerNormAgreesWithDoublesAtEveryWidthThroughTwoVectorsAndOne) {
  constexpr std::int64_t rows = 3;
  std::vector<std::int64_t> all = {63, 64, 65, 192, 1600};
  for (std::int64_t n = 2; n <= kWidths; ++n) all.push_back(n);
  for (const std::int64_t cols : all) {
    SCOPED_TRACE(::testing::Message() << "cols " << cols);
    Guarded<float> x(rows * cols), gain(cols), shift(cols), mean(rows), inv(rows), dy(rows * cols), dx(rows * cols), dgain(cols),
        dbias(cols);
    Guarded<Bf16> y(rows * cols), dx16(rows * cols);
    fill(x, 1, 2, 0.5), fill(gain, 2, 0.5, 1), fill(shift, 3), fill(dy, 4), fill(dx, 5), fill(dgain, 6), fill(dbias, 7);
    Guarded<double> xd = doubled(x), gaind = doubled(gain), shiftd = doubled(shift), yd(rows * cols), meand(rows), invd(rows);
    Guarded<double> dyd = doubled(dy), dxd = doubled(dx), dgaind = doubled(dgain), dbiasd = doubled(dbias);
    set->layernorm({rows, cols, x.data(), gain.data(), shift.data(), y.data(), mean.data(), inv.data(), 1e-5f});
    exact.layernorm({rows, cols, xd.data(), gaind.data(), shiftd.data(), yd.data(), meand.data(), invd.data(), 1e-5});
    EXPECT_TRUE(agree(y, yd, bounds::kBf16));
    set->layernorm_backward({rows, cols, x.data(), gain.data(), mean.data(), inv.data(), dy.data(), dx.data(), dgain.data(),
                             dbias.data(), Store::add, dx16.data()});
    exact.layernorm_backward({rows, cols, xd.data(), gaind.data(), meand.data(), invd.data(), dyd.data(), dxd.data(),
                              dgaind.data(), dbiasd.data(), Store::add});
    EXPECT_TRUE(agree(dx, dxd, bounds::kLayerNormGradient));
    EXPECT_TRUE(agree(dx16, dxd, bounds::kBf16 + bounds::kLayerNormGradient));
    EXPECT_TRUE(agree(dgain, dgaind, bounds::kLayerNormParameters));
    EXPECT_FALSE(y.touched() || dx.touched() || dx16.touched() || dgain.touched() || dbias.touched());
  }
}

TEST_P(EveryBf16, GeluAgreesWithDoublesEverywhere) {
  for (const Gelu kind : {Gelu::exact, Gelu::tanh}) {
    for (const std::int64_t n : {1, 15, 16, 17, 33, 4096}) {
      Guarded<Bf16> x(n), y(n), dy(n), dx(n);
      fill(x, 1, 12), fill(dy, 2);
      Guarded<double> xd = doubled(x), dyd = doubled(dy), yd(n), dxd(n);
      set->gelu(kind, n, x.data(), y.data());
      exact.gelu(kind, n, xd.data(), yd.data());
      EXPECT_TRUE(agree(y, yd, bounds::kBf16));
      set->gelu_backward(kind, n, x.data(), dy.data(), dx.data());
      exact.gelu_backward(kind, n, xd.data(), dyd.data(), dxd.data());
      EXPECT_TRUE(agree(dx, dxd, bounds::kBf16));
      EXPECT_FALSE(x.touched() || y.touched() || dy.touched() || dx.touched());
    }
    // far inputs stay finite, NaN comes through
    Guarded<Bf16> x(5), y(5), dy(5), dx(5);
    const float far[] = {1e20f, -1e20f, 60, -60, std::numeric_limits<float>::quiet_NaN()};
    for (std::int64_t i = 0; i < 5; ++i) x[i] = rounded<Bf16>(far[i]), dy[i] = rounded<Bf16>(1.0f);
    set->gelu(kind, 5, x.data(), y.data());
    set->gelu_backward(kind, 5, x.data(), dy.data(), dx.data());
    for (std::int64_t i = 0; i < 4; ++i) {
      EXPECT_TRUE(std::fabs(static_cast<double>(real(y[i]) / (i % 2 == 0 ? real(x[i]) : 1) - (i % 2 == 0 ? 1 : 0))) <= 1e-6) << i;
      EXPECT_TRUE(std::fabs(static_cast<double>(real(dx[i]) - (i % 2 == 0 ? 1 : 0))) <= 1e-6) << i;
    }
    EXPECT_TRUE(std::isnan(real(y[4])) && std::isnan(real(dx[4])));
  }
}

template <class Real, class Act>
struct Attention {
  std::int64_t t, heads, size, slack, c = heads * size, ldqkv = 3 * c + slack, ldo = c + slack;
  Guarded<Act> qkv{t * ldqkv - slack}, out{t * ldo - slack}, dout{t * ldo - slack}, dqkv{t * ldqkv - slack}, probs;
  Guarded<Real> scratch;
  Dropout<Real> dropout;
  Attention(const Table<Real, Act>& set, std::int64_t t_, std::int64_t heads_, std::int64_t size_, std::int64_t slack_)
      : t(t_),
        heads(heads_),
        size(size_),
        slack(slack_),
        probs(set.attention_saved(t, heads, size)),
        scratch(set.attention_scratch(t, heads, size)) {
    set_all(out, 0.5), set_all(dqkv, 0.5);
  }
  void run(const Table<Real, Act>& set) {
    set.attention({t, heads, size, qkv.data(), ldqkv, out.data(), ldo, probs.data(), scratch.data(), dropout});
    set.attention_backward({t, heads, size, qkv.data(), ldqkv, out.data(), ldo, probs.data(), dout.data(), ldo, dqkv.data(),
                            ldqkv, scratch.data(), dropout});
  }
  [[nodiscard]] bool touched() const {
    return qkv.touched() || out.touched() || dout.touched() || dqkv.touched() || probs.touched() || scratch.touched();
  }
};

void check_attention(const Table16& set, std::int64_t t, std::int64_t heads, std::int64_t size, std::int64_t slack,
                     std::uint32_t threshold) {
  SCOPED_TRACE(::testing::Message() << "t " << t << " heads " << heads << " size " << size << " slack " << slack << " dropout "
                                    << threshold);
  Attention<float, Bf16> fast(set, t, heads, size, slack);
  fast.dropout = some_dropout<float>(threshold);
  fill(fast.qkv, 1, 2), fill(fast.dout, 2);
  Attention<double, double> plain(reference<double>(), t, heads, size, slack);
  plain.dropout = some_dropout<double>(threshold);
  plain.qkv = doubled(fast.qkv), plain.dout = doubled(fast.dout);
  fast.run(set);
  plain.run(reference<double>());
  EXPECT_FALSE(fast.touched());
  EXPECT_TRUE(agree(fast.out, plain.out, bounds::kBf16Attention));
  EXPECT_TRUE(agree(fast.dqkv, plain.dqkv, bounds::kBf16AttentionGradient));
  const Guarded<Bf16> out = fast.out, dqkv = fast.dqkv;
  fast.run(set);  // again over its own leftovers
  EXPECT_TRUE(fast.out.same_bytes(out) && fast.dqkv.same_bytes(dqkv));
}

TEST_P(EveryBf16, AttentionAgreesWithDoublesAtEveryLengthAndHeadSizeThroughTwoVectorsAndOne) {
  for (const std::uint32_t threshold : {0U, 20'000U}) {
    for (std::int64_t t = 1; t <= kWidths; ++t) check_attention(*set, t, 2, 8, 0, threshold);
    for (std::int64_t size = 1; size <= kWidths; ++size) check_attention(*set, 19, 2, size, 0, threshold);
    check_attention(*set, 64, 2, 32, 0, threshold);
    check_attention(*set, 100, 1, 48, 3, threshold);
    check_attention(*set, 65, 3, 64, 1, threshold);
  }
}

TEST_P(EveryBf16, AttentionLooksAtThePastOnly) {
  Attention<float, Bf16> a(*set, 40, 2, 16, 0), b(*set, 40, 2, 16, 0);
  fill(a.qkv, 1, 2), fill(b.qkv, 1, 2), fill(a.dout, 2), fill(b.dout, 2);
  for (std::int64_t j = 0; j < 3 * a.c; ++j) b.qkv[21 * b.ldqkv + j] = rounded<Bf16>(9.0f);
  a.run(*set), b.run(*set);
  EXPECT_EQ(std::memcmp(a.out.data(), b.out.data(), sizeof(Bf16) * static_cast<std::size_t>(21 * a.ldo)), 0);
  EXPECT_NE(std::memcmp(a.out.data() + 21 * a.ldo, b.out.data() + 21 * a.ldo, sizeof(Bf16) * static_cast<std::size_t>(a.ldo)), 0);
}

TEST_P(EveryBf16, CrossEntropyAgreesWithDoublesAtEveryWidthThroughTwoVectorsAndOne) {
  constexpr std::int64_t rows = 4;
  std::vector<std::int64_t> all = {63, 64, 65, 130, 3554};
  for (std::int64_t n = 1; n <= kWidths; ++n) all.push_back(n);
  for (const std::int64_t classes : all) {
    for (const std::int64_t padding : {0, 5}) {
      SCOPED_TRACE(::testing::Message() << "classes " << classes << " padding " << padding);
      const std::int64_t ld = classes + padding;
      Guarded<float> logits(rows * ld);
      Guarded<Bf16> gradient(rows * ld);
      fill(logits, 1, 10);
      const std::int32_t target[rows] = {0, static_cast<std::int32_t>(classes - 1), -1, static_cast<std::int32_t>(classes / 2)};
      Guarded<double> nll(rows), nlld(rows), want = doubled(logits);
      Guarded<float> spent = logits;
      set->cross_entropy({rows, classes, spent.data(), nullptr, ld, target, nll.data(), 0});
      exact.cross_entropy({rows, classes, want.data(), want.data(), ld, target, nlld.data(), 0.25});
      EXPECT_TRUE(agree(nll, nlld, bounds::kBf16Loss));
      const Guarded<double> loss_alone = nll;
      set->cross_entropy({rows, classes, logits.data(), gradient.data(), ld, target, nll.data(), 0.25f});
      EXPECT_TRUE(nll.same_bytes(loss_alone));
      EXPECT_TRUE(agree(gradient, want, bounds::kBf16));
      EXPECT_FALSE(logits.touched() || gradient.touched() || nll.touched());
      for (std::int64_t c = 0; c < ld; ++c) EXPECT_EQ(real(gradient[2 * ld + c]), 0);
      for (std::int64_t c = classes; c < ld; ++c) EXPECT_EQ(real(gradient[c]), 0);
    }
  }
}

TEST_P(EveryBf16, SmallProbabilitiesKeepTheirRelativeError) {
  const std::int32_t target[] = {0};
  Guarded<double> nll(1);
  for (int i = 0; i <= 8000; i += 7) {
    const float x = static_cast<float>(i) * -0.01f;
    Guarded<float> logits(2);
    Guarded<Bf16> gradient(2);
    logits[0] = 0, logits[1] = x;
    set->cross_entropy({1, 2, logits.data(), gradient.data(), 2, target, nll.data(), 1});
    const double e = exp_(static_cast<double>(x)), p = e / (1 + e);
    EXPECT_LE(std::fabs(static_cast<double>(real(gradient[1])) / p - 1), tolerance(bounds::kBf16)) << x;
  }
}

}  // namespace
}  // namespace isoflop::kernels
