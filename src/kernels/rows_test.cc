// LayerNorm and cross-entropy: every set against doubles, at every width.
#include <limits>

#include "base/math.h"
#include "kernels/fixture.h"

namespace isoflop::kernels {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<std::int64_t> widths(std::int64_t lanes, std::initializer_list<std::int64_t> more) {
  std::vector<std::int64_t> all;
  for (std::int64_t n = 1; n <= 2 * lanes + 1; ++n) all.push_back(n);
  all.insert(all.end(), more);
  return all;
}

class EveryLayerNorm : public EverySet {};
INSTANTIATE_TEST_SUITE_P(Sets, EveryLayerNorm, ::testing::Values(Set::ref, Set::avx2, Set::avx512), set_name);

TEST_P(EveryLayerNorm, AgreesWithRefAtEveryWidthThroughTwoVectorsAndOne) {
  constexpr std::int64_t rows = 3;
  for (const std::int64_t cols : widths(width(), {63, 64, 65, 192, 1600})) {
    for (const bool bias : {false, true}) {
      SCOPED_TRACE(::testing::Message() << "cols " << cols << " bias " << bias);
      Guarded<float> x(rows * cols), gain(cols), shift(cols), y(rows * cols), mean(rows), inv(rows);
      Guarded<float> dy(rows * cols), dx(rows * cols), dgain(cols), dbias(cols);
      fill(x, 1, 2, 0.5), fill(gain, 2, 0.5, 1), fill(shift, 3), fill(dy, 4), fill(dx, 5), fill(dgain, 6), fill(dbias, 7);
      Guarded<double> xd = doubled(x), gaind = doubled(gain), shiftd = doubled(shift), yd(rows * cols), meand(rows), invd(rows);
      Guarded<double> dyd = doubled(dy), dxd = doubled(dx), dgaind = doubled(dgain), dbiasd = doubled(dbias);

      const float epsilon = cols == 1 ? 1.0f : 1e-5f;  // one column has no variance: keep 1/std small
      set->layernorm(
          {rows, cols, x.data(), gain.data(), bias ? shift.data() : nullptr, y.data(), mean.data(), inv.data(), epsilon});
      exact.layernorm({rows, cols, xd.data(), gaind.data(), bias ? shiftd.data() : nullptr, yd.data(), meand.data(), invd.data(),
                       static_cast<double>(epsilon)});
      EXPECT_TRUE(agree(y, yd, bounds::kLayerNorm));
      EXPECT_TRUE(agree(mean, meand, bounds::kLayerNorm));
      EXPECT_TRUE(agree(inv, invd, bounds::kLayerNorm));

      for (const Store store : {Store::overwrite, Store::add}) {
        set->layernorm_backward({rows, cols, x.data(), gain.data(), mean.data(), inv.data(), dy.data(), dx.data(), dgain.data(),
                                 bias ? dbias.data() : nullptr, store});
        exact.layernorm_backward({rows, cols, xd.data(), gaind.data(), meand.data(), invd.data(), dyd.data(), dxd.data(),
                                  dgaind.data(), bias ? dbiasd.data() : nullptr, store});
        EXPECT_TRUE(agree(dx, dxd, bounds::kLayerNormGradient));
        EXPECT_TRUE(agree(dgain, dgaind, bounds::kLayerNormParameters));
        EXPECT_TRUE(agree(dbias, dbiasd, bounds::kLayerNormParameters));
      }
      for (const Guarded<float>* g : {&x, &gain, &shift, &y, &mean, &inv, &dy, &dx, &dgain, &dbias}) EXPECT_FALSE(g->touched());
    }
  }
}

TEST_P(EveryLayerNorm, LetsNaNThroughToItsRowOnly) {
  constexpr std::int64_t cols = 19;
  Guarded<float> x(2 * cols), gain(cols), y(2 * cols), mean(2), inv(2);
  fill(x, 1), set_all(gain, 1);
  x[cols + 18] = kNaN;
  set->layernorm({2, cols, x.data(), gain.data(), nullptr, y.data(), mean.data(), inv.data(), 1e-5f});
  for (std::int64_t c = 0; c < cols; ++c) {
    EXPECT_TRUE(std::isfinite(y[c]));
    EXPECT_TRUE(std::isnan(y[cols + c]));
  }
}

class EveryCrossEntropy : public EverySet {};
INSTANTIATE_TEST_SUITE_P(Sets, EveryCrossEntropy, ::testing::Values(Set::ref, Set::avx2, Set::avx512), set_name);

TEST_P(EveryCrossEntropy, AgreesWithRefAtEveryWidthThroughTwoVectorsAndOne) {
  constexpr std::int64_t rows = 4;
  for (const std::int64_t classes : widths(width(), {63, 64, 65, 130, 3554})) {
    for (const std::int64_t padding : {0, 5}) {
      SCOPED_TRACE(::testing::Message() << "classes " << classes << " padding " << padding);
      const std::int64_t ldl = classes + padding;
      Guarded<float> logits(rows * ldl);
      fill(logits, 1, 10);
      const std::int32_t target[rows] = {0, static_cast<std::int32_t>(classes - 1), -1, static_cast<std::int32_t>(classes / 2)};
      Guarded<double> nll(rows), nlld(rows), want = doubled(logits);
      const Guarded<float> before = logits;

      // no gradient: the loss alone, logits as they were
      set->cross_entropy({rows, classes, logits.data(), nullptr, ldl, target, nll.data(), 0});
      EXPECT_TRUE(logits.same_bytes(before));
      exact.cross_entropy({rows, classes, want.data(), want.data(), ldl, target, nlld.data(), 0.25});
      EXPECT_TRUE(agree(nll, nlld, bounds::kLoss));
      EXPECT_EQ(nll[2], 0);

      const Guarded<double> loss_alone = nll;
      set->cross_entropy({rows, classes, logits.data(), logits.data(), ldl, target, nll.data(), 0.25f});
      EXPECT_TRUE(nll.same_bytes(loss_alone));
      EXPECT_TRUE(agree(logits, want, bounds::kLossGradient));
      EXPECT_FALSE(logits.touched() || nll.touched());
      for (std::int64_t c = 0; c < ldl; ++c) EXPECT_EQ(logits[2 * ldl + c], 0);
      for (std::int64_t c = classes; c < ldl; ++c) EXPECT_EQ(logits[c], 0);
    }
  }
}

TEST_P(EveryCrossEntropy, GradientOfACertainPredictionKeepsItsDigits) {
  // p of the target is 1 - 9.1e-4: p - 1 taken in float from p would lose four digits
  Guarded<float> logits(2);
  logits[0] = 7, logits[1] = 0;
  const std::int32_t target[] = {0};
  Guarded<double> nll(1);
  set->cross_entropy({1, 2, logits.data(), logits.data(), 2, target, nll.data(), 1});
  const double rest = 1 / (1 + exp_(7.0));
  EXPECT_LE(std::fabs(static_cast<double>(logits[0]) / -rest - 1), tolerance(2e-4));
  EXPECT_LE(std::fabs(static_cast<double>(logits[1]) / rest - 1), tolerance(1e-6));
}

TEST_P(EveryCrossEntropy, SmallProbabilitiesKeepTheirRelativeError) {
  const std::int32_t target[] = {0};
  Guarded<double> nll(1);
  for (int i = 0; i <= 8000; ++i) {
    const float x = static_cast<float>(i) * -0.01f;
    Guarded<float> logits(2);
    logits[0] = 0, logits[1] = x;
    set->cross_entropy({1, 2, logits.data(), logits.data(), 2, target, nll.data(), 1});
    const double e = exp_(static_cast<double>(x)), p = e / (1 + e);
    EXPECT_LE(std::fabs(static_cast<double>(logits[1]) / p - 1), tolerance(bounds::kExponential)) << x;
  }
}

TEST_P(EveryCrossEntropy, ANaNOrInfiniteLogitGivesANaNLossWhereverItStands) {
  constexpr std::int64_t classes = 71;
  for (std::int64_t where = 0; where < classes; ++where) {
    for (const float bad : {kNaN, std::numeric_limits<float>::infinity()}) {
      Guarded<float> logits(2 * classes);
      fill(logits, 1);
      logits[where] = bad;
      const std::int32_t target[] = {3, 3};
      Guarded<double> nll(2);
      set->cross_entropy({2, classes, logits.data(), nullptr, classes, target, nll.data(), 0});
      EXPECT_TRUE(std::isnan(nll[0])) << where;
      EXPECT_TRUE(std::isfinite(nll[1]));
      set->cross_entropy({2, classes, logits.data(), logits.data(), classes, target, nll.data(), 1});
      EXPECT_TRUE(std::isnan(nll[0]) && std::isnan(logits[0])) << where;
    }
  }
}

}  // namespace
}  // namespace isoflop::kernels
