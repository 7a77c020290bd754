// Dropout: what is dropped is a function of key, site, row and column alone, and the mean stays.
#include "base/random.h"
#include "kernels/fixture.h"

namespace isoflop::kernels {
namespace {

/// The masks of ones in double, from the reference: 0 or the scale.
Guarded<double> masks(const Dropout<double>& dropout, std::int64_t rows, std::int64_t cols) {
  Guarded<double> ones(rows * cols), y(rows * cols);
  set_all(ones, 1);
  reference<double>().dropout({.rows = rows, .cols = cols, .x = ones.data(), .y = y.data(), .dropout = dropout});
  return y;
}

TEST(Dropout, DropsItsShareAndKeepsTheMean) {
  constexpr std::int64_t rows = 300, cols = 1000;
  for (const std::uint32_t threshold : {1U, 6'554U, 32'768U, 58'982U, 65'535U}) {
    const double share = threshold / 65536.0;
    const Guarded<double> y = masks(some_dropout<double>(threshold), rows, cols);
    double kept = 0, sum = 0;
    for (std::int64_t i = 0; i < y.size(); ++i) kept += y[i] > 0, sum += y[i];
    const double n = static_cast<double>(y.size()), spread = 4 * std::sqrt(share * (1 - share) / n);  // four standard errors
    EXPECT_LE(std::fabs(kept / n - (1 - share)), spread);
    EXPECT_LE(std::fabs(sum / n - 1), spread / (1 - share));
  }
}

TEST(Dropout, IsAnotherOneForEveryKeySiteRowAndColumn) {
  constexpr std::int64_t rows = 40, cols = 320;
  const Dropout<double> one = some_dropout<double>(32'768);
  Dropout<double> other_key = one, other_site = one, other_stream = one;
  other_key.key ^= std::uint64_t{1} << 63;
  ++other_site.site, ++other_stream.stream;
  const Guarded<double> y = masks(one, rows, cols);
  // of two independent masks half agrees; 11,800 pairs and more, so four standard errors are below 0.02
  const auto expect_half = [&](double agreeing, double pairs) { EXPECT_LE(std::fabs(agreeing / pairs - 0.5), 0.02); };
  for (const Dropout<double>& other : {other_key, other_site, other_stream}) {
    const Guarded<double> z = masks(other, rows, cols);
    double agreeing = 0;
    for (std::int64_t i = 0; i < y.size(); ++i) agreeing += y[i] == z[i];
    expect_half(agreeing, static_cast<double>(y.size()));
  }
  // and of a mask with itself, shifted: down a row, and right by what shares a word, a counter, a vector or a draw
  for (const std::int64_t shift : {cols, 1L, 2L, 8L, 15L, 16L, 17L, 32L, 48L, 64L, 128L}) {
    const std::int64_t sideways = shift == cols ? 0 : shift;
    double agreeing = 0, pairs = 0;
    for (std::int64_t i = 0; i + shift < y.size(); ++i) {
      if (i % cols + sideways >= cols) continue;
      agreeing += y[i] == y[i + shift];
      ++pairs;
    }
    expect_half(agreeing, pairs);
  }
}

TEST(Dropout, OfAttentionKeepsTheMeanOfItsOutput) {
  constexpr std::int64_t t = 9, heads = 2, size = 4, c = heads * size, draws = 4000;
  const Table<double>& ref = reference<double>();
  Guarded<double> qkv(t * 3 * c), out(t * c), probs(ref.attention_saved(t, heads, size)),
      scratch(ref.attention_scratch(t, heads, size)), mean(t * c), plain(t * c);
  fill(qkv, 1), set_all(mean, 0);
  ref.attention({t, heads, size, qkv.data(), 3 * c, plain.data(), c, probs.data(), scratch.data()});
  Dropout<double> dropout = some_dropout<double>(16'384);
  for (std::int64_t i = 0; i < draws; ++i, ++dropout.key) {
    ref.attention({t, heads, size, qkv.data(), 3 * c, out.data(), c, probs.data(), scratch.data(), dropout});
    for (std::int64_t j = 0; j < t * c; ++j) mean[j] += out[j] / draws;
  }
  // a row's output varies by at most sqrt(p / (1 - p)) = 0.58 for values of 1: five standard errors
  EXPECT_TRUE(agree(mean, plain, 5 * 0.58 / std::sqrt(static_cast<double>(draws))));
}

class EveryDropout : public EverySet {
 protected:
  template <class Act>
  void check(const Table<float, Act>& fast, std::int64_t rows, std::int64_t cols, double bound) {
    SCOPED_TRACE(::testing::Message() << rows << " x " << cols);
    const std::int64_t n = rows * cols;
    Guarded<float> x(n), residual(n), y(n);
    Guarded<Act> to_act(n);
    fill(x, 1), fill(residual, 2);
    const Guarded<double> xd = doubled(x), residuald = doubled(residual);
    Guarded<double> yd(n);
    const Dropout<float> dropout = some_dropout<float>(20'000);
    const Dropout<double> plain = some_dropout<double>(20'000);

    fast.dropout({.rows = rows, .cols = cols, .x = x.data(), .y = y.data(), .dropout = dropout});
    exact.dropout({.rows = rows, .cols = cols, .x = xd.data(), .y = yd.data(), .dropout = plain});
    EXPECT_TRUE(agree(y, yd, bounds::kDropout));
    for (std::int64_t i = 0; i < n; ++i) EXPECT_EQ(y[i] == 0, yd[i] == 0) << i;  // the same are dropped
    fast.dropout({.rows = rows, .cols = cols, .x = x.data(), .rounded = to_act.data(), .dropout = dropout});
    EXPECT_TRUE(agree(to_act, yd, bound));

    // added to a residual, over its own input
    fast.dropout({.rows = rows, .cols = cols, .x = x.data(), .residual = residual.data(), .y = x.data(), .dropout = dropout});
    for (std::int64_t i = 0; i < n; ++i) EXPECT_EQ(x[i], residual[i] + y[i]) << i;
    EXPECT_FALSE(x.touched() || residual.touched() || y.touched() || to_act.touched());
  }
};
INSTANTIATE_TEST_SUITE_P(Sets, EveryDropout, ::testing::Values(Set::ref, Set::avx2, Set::avx512, Set::avx512bf16), set_name);

TEST_P(EveryDropout, DropsWhatTheReferenceDropsAtEveryWidthThroughTwoVectorsAndOne) {
  std::vector<std::int64_t> widths = {63, 64, 65, 127, 130, 384};  // around what is drawn at a time
  for (std::int64_t cols = 1; cols <= 33; ++cols) widths.push_back(cols);
  for (const std::int64_t cols : widths) {
    check(*set, 3, cols, bounds::kDropout);
    if (has_bf16(GetParam())) check(bf16_table(GetParam()), 3, cols, bounds::kBf16);
  }
}

TEST(Dropout, BitsAreThoseOfPhilox) {
  // the rule of kernels.h, once more: column 93 is in the second draw, lane 13 of its second vector
  Dropout<double> dropout = some_dropout<double>(0);
  const std::uint32_t word = Philox{dropout.key, Stream::dropout}.words(std::uint64_t{7} << 32 | (8 + 6), dropout.site)[1];
  ASSERT_GT(word >> 16, 0U);
  for (const std::uint32_t above : {0U, 1U}) {
    dropout.threshold = (word >> 16) + above;  // dropped where the bits are below
    EXPECT_EQ(masks(dropout, 8, 94)[7 * 94 + 93], above == 1 ? 0 : 1);
  }
}

}  // namespace
}  // namespace isoflop::kernels
