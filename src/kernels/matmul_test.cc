// Matrix products: every set against doubles, at every size around its tiles.
#include <limits>

#include "kernels/fixture.h"

namespace isoflop::kernels {
namespace {

class EveryMatmul : public EverySet {};
INSTANTIATE_TEST_SUITE_P(Sets, EveryMatmul, ::testing::Values(Set::ref, Set::avx2, Set::avx512), set_name);

struct Product {
  std::int64_t m, n, k, slack;  // slack: columns beyond, in A and C
  bool bias, add, backward;
};

// runs a product in the set and in plain loops of double; `out` comes back with its slack
void check(const Table<float>& set, const Product& p) {
  SCOPED_TRACE(::testing::Message() << "m " << p.m << " n " << p.n << " k " << p.k << " slack " << p.slack << " bias " << p.bias
                                    << " add " << p.add << " backward " << p.backward);
  // W is (outputs, inputs); forward multiplies by W^T (k = inputs), backward by W (k = outputs)
  const std::int64_t outputs = p.backward ? p.k : p.n, inputs = p.backward ? p.n : p.k, ldw = inputs + p.slack;
  const std::int64_t lda = p.k + p.slack, ldc = p.n + p.slack;
  Guarded<float> w(outputs * ldw - p.slack), a(p.m * lda - p.slack), c(p.m * ldc - p.slack), bias(p.n);
  fill(w, 1), fill(a, 2), fill(c, 3), fill(bias, 4);
  const Guarded<float> before = c;
  Guarded<float> packed(set.packed_size(outputs, inputs));
  (p.backward ? set.pack_backward : set.pack_forward)({w.data(), outputs, inputs, ldw, 0, outputs, packed.data()});
  MatmulArgs<float> args{.m = p.m, .n = p.n, .k = p.k, .a = a.data(), .lda = lda, .b = packed.data(), .c = c.data(), .ldc = ldc};
  if (p.bias) args.bias = bias.data();
  if (p.add) args.store = Store::add;
  set.matmul(args);
  EXPECT_FALSE(w.touched() || a.touched() || c.touched() || bias.touched() || packed.touched());

  // one comparison over all of C: the slack must be as it was
  Guarded<double> want = doubled(before);
  for (std::int64_t i = 0; i < p.m; ++i) {
    for (std::int64_t j = 0; j < p.n; ++j) {
      double sum = p.bias ? static_cast<double>(bias[j]) : 0;
      for (std::int64_t q = 0; q < p.k; ++q) {
        sum += static_cast<double>(a[i * lda + q]) * static_cast<double>(p.backward ? w[q * ldw + j] : w[j * ldw + q]);
      }
      want[i * ldc + j] = p.add ? static_cast<double>(before[i * ldc + j]) + sum : sum;
    }
  }
  EXPECT_TRUE(agree(c, want, bounds::sum(p.k)));
}

TEST_P(EveryMatmul, AgreesWithDoublesAtEveryWidthThroughTwoVectorsAndOne) {
  for (std::int64_t n = 1; n <= 2 * width() + 1; ++n) {
    for (const bool backward : {false, true})
      check(*set, {.m = 3, .n = n, .k = 5, .slack = n % 3, .bias = true, .add = n % 2 == 0, .backward = backward});
  }
}

TEST_P(EveryMatmul, AgreesWithDoublesAtEveryNumberOfRowsThroughTwoTilesAndOne) {
  for (std::int64_t m = 1; m <= 29; ++m)
    check(*set, {.m = m, .n = width() + 3, .k = 7, .slack = 2, .bias = m % 2 == 0, .add = m % 3 == 0, .backward = false});
}

TEST_P(EveryMatmul, AgreesWithDoublesAtEveryDepthThroughTwoVectorsAndOne) {
  for (std::int64_t k = 1; k <= 2 * width() + 1; ++k) {
    for (const bool backward : {false, true})
      check(*set, {.m = 5, .n = 37, .k = k, .slack = 0, .bias = false, .add = false, .backward = backward});
  }
}

TEST_P(EveryMatmul, AgreesWithDoublesAtSizesOfAModel) {
  for (const bool backward : {false, true}) {
    check(*set, {.m = 64, .n = 97, .k = 64, .slack = 0, .bias = true, .add = false, .backward = backward});
    check(*set, {.m = 19, .n = 64, .k = 1024, .slack = 0, .bias = false, .add = true, .backward = backward});
    check(*set, {.m = 31, .n = 48, .k = 4100, .slack = 0, .bias = true, .add = true, .backward = backward});
  }
  check(*set, {.m = 150, .n = 33, .k = 1500, .slack = 5, .bias = true, .add = true, .backward = false});
}

TEST_P(EveryMatmul, GivesARowTheSameBytesWhereverItStands) {
  // what lets a caller cut rows into micro-batches as it likes
  constexpr std::int64_t m = 33, n = 70, k = 50;
  Guarded<float> w(n * k), a(m * k), whole(m * n), alone(m * n), packed(set->packed_size(n, k));
  fill(w, 1), fill(a, 2);
  set->pack_forward({w.data(), n, k, k, 0, n, packed.data()});
  set->matmul({.m = m, .n = n, .k = k, .a = a.data(), .lda = k, .b = packed.data(), .c = whole.data(), .ldc = n});
  for (std::int64_t i = 0; i < m; ++i) {
    set->matmul(
        {.m = 1, .n = n, .k = k, .a = a.data() + i * k, .lda = k, .b = packed.data(), .c = alone.data() + i * n, .ldc = n});
  }
  EXPECT_TRUE(whole.same_bytes(alone));
}

TEST_P(EveryMatmul, LetsNaNAndInfinityThroughToTheRowsThatHaveThem) {
  constexpr std::int64_t m = 4, n = 40, k = 20;
  Guarded<float> w(n * k), a(m * k), c(m * n), packed(set->packed_size(n, k));
  fill(w, 1), fill(a, 2);
  a[1 * k + 19] = std::numeric_limits<float>::quiet_NaN();
  a[2 * k + 3] = std::numeric_limits<float>::infinity();
  set->pack_forward({w.data(), n, k, k, 0, n, packed.data()});
  set->matmul({.m = m, .n = n, .k = k, .a = a.data(), .lda = k, .b = packed.data(), .c = c.data(), .ldc = n});
  for (std::int64_t j = 0; j < n; ++j) {
    EXPECT_TRUE(std::isfinite(c[j]));
    EXPECT_TRUE(std::isnan(c[n + j]));
    EXPECT_TRUE(std::isinf(c[2 * n + j]));
    EXPECT_TRUE(std::isfinite(c[3 * n + j]));
  }
}

TEST_P(EveryMatmul, RangesOfRowsPackToTheBytesOfTheWhole) {
  for (const std::int64_t n : {1, 20, 33, 64, 97}) {
    for (const std::int64_t k : {1, 7, 16, 33, 70}) {
      Guarded<float> w(n * k);
      fill(w, 1);
      for (const bool backward : {false, true}) {
        Guarded<float> whole(set->packed_size(n, k)), parts(set->packed_size(n, k));
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

class EveryOuter : public EverySet {
 protected:
  void check(std::int64_t t, std::int64_t n, std::int64_t k, std::int64_t slack) {
    SCOPED_TRACE(::testing::Message() << "t " << t << " n " << n << " k " << k << " slack " << slack);
    const std::int64_t ldy = n + slack, ldx = k + slack, ldw = k + slack;
    Guarded<float> y(t * ldy - slack), x(t * ldx - slack), w(n * ldw - slack), sums(n), scratch(set->outer_scratch(t, n, k));
    fill(y, 1), fill(x, 2), fill(w, 3), fill(sums, 4);
    Guarded<float> again = w;
    Guarded<double> want = doubled(w), want_sums = doubled(sums);
    for (std::int64_t i = 0; i < t * n; ++i) want_sums[i % n] += static_cast<double>(y[i / n * ldy + i % n]);
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < k; ++j) {
        for (std::int64_t r = 0; r < t; ++r)
          want[i * ldw + j] += static_cast<double>(y[r * ldy + i]) * static_cast<double>(x[r * ldx + j]);
      }
    }
    OuterArgs<float> args{.t = t,
                          .n = n,
                          .k = k,
                          .y = y.data(),
                          .ldy = ldy,
                          .x = x.data(),
                          .ldx = ldx,
                          .w = w.data(),
                          .ldw = ldw,
                          .sums = sums.data(),
                          .scratch = scratch.data()};
    set->outer(args);
    EXPECT_FALSE(y.touched() || x.touched() || w.touched() || sums.touched() || scratch.touched());
    EXPECT_TRUE(agree(w, want, bounds::sum(t)));
    EXPECT_TRUE(agree(sums, want_sums, bounds::sum(t)));
    args.sums = nullptr;
    args.w = again.data();
    set->outer(args);
    EXPECT_TRUE(w.same_bytes(again));
  }
};
INSTANTIATE_TEST_SUITE_P(Sets, EveryOuter, ::testing::Values(Set::ref, Set::avx2, Set::avx512), set_name);

TEST_P(EveryOuter, AgreesWithDoublesAtEverySizeThroughTwoVectorsAndOneAndGivesTheSameBytesTwice) {
  for (std::int64_t n = 1; n <= 2 * width() + 1; ++n) check(9, n, 35, n % 2);
  for (std::int64_t k = 1; k <= 2 * width() + 1; ++k) check(9, 17, k, k % 2);
  for (std::int64_t t = 1; t <= 2 * width() + 1; ++t) check(t, 15, 33, 0);
  check(64, 97, 128, 3);
  check(200, 29, 1024, 0);
}

}  // namespace
}  // namespace isoflop::kernels
