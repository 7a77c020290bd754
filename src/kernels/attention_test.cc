// Causal attention, with dropout and without: every set against doubles, at lengths and head sizes around its blocks.
#include <limits>

#include "kernels/fixture.h"

namespace isoflop::kernels {
namespace {

template <class Real>
struct Case {
  std::int64_t t, heads, size, slack;
  std::int64_t c = heads * size, ldqkv = 3 * c + slack, ldo = c + slack;
  Guarded<Real> qkv{t * ldqkv - slack}, out{t * ldo - slack}, dout{t * ldo - slack}, dqkv{t * ldqkv - slack};
  Guarded<Real> probs, scratch;
  Dropout<Real> dropout;
  Case(const Table<Real>& set, std::int64_t t_, std::int64_t heads_, std::int64_t size_, std::int64_t slack_)
      : t(t_),
        heads(heads_),
        size(size_),
        slack(slack_),
        probs(set.attention_saved(t_, heads_, size_)),
        scratch(set.attention_scratch(t_, heads_, size_)) {
    fill(qkv, 1, 2), fill(dout, 2), set_all(out, 0.5), set_all(dqkv, 0.5);
  }
  void run(const Table<Real>& set) {
    set.attention({t, heads, size, qkv.data(), ldqkv, out.data(), ldo, probs.data(), scratch.data(), dropout});
    set.attention_backward({t, heads, size, qkv.data(), ldqkv, out.data(), ldo, probs.data(), dout.data(), ldo, dqkv.data(),
                            ldqkv, scratch.data(), dropout});
  }
  [[nodiscard]] bool touched() const {
    return qkv.touched() || out.touched() || dout.touched() || dqkv.touched() || probs.touched() || scratch.touched();
  }
};

class EveryAttention : public EverySet {
 protected:
  void check(std::int64_t t, std::int64_t heads, std::int64_t size, std::int64_t slack) {
    for (const std::uint32_t threshold : {0U, 20'000U}) check(t, heads, size, slack, threshold);
  }
  void check(std::int64_t t, std::int64_t heads, std::int64_t size, std::int64_t slack, std::uint32_t threshold) {
    SCOPED_TRACE(::testing::Message() << "t " << t << " heads " << heads << " size " << size << " slack " << slack << " dropout "
                                      << threshold);
    Case<float> fast(*set, t, heads, size, slack);
    Case<double> plain(exact, t, heads, size, slack);
    fast.dropout = some_dropout<float>(threshold);
    plain.dropout = some_dropout<double>(threshold);
    fast.run(*set);
    plain.run(exact);
    EXPECT_FALSE(fast.touched());
    // both wrote nothing between the rows, so whole buffers compare
    EXPECT_TRUE(agree(fast.out, plain.out, bounds::kAttention));
    EXPECT_TRUE(agree(fast.dqkv, plain.dqkv, bounds::kAttentionGradient));

    // again over its own leftovers: the same bytes
    const Guarded<float> out = fast.out, dqkv = fast.dqkv;
    fast.run(*set);
    EXPECT_TRUE(fast.out.same_bytes(out) && fast.dqkv.same_bytes(dqkv));
  }
};
INSTANTIATE_TEST_SUITE_P(Sets, EveryAttention, ::testing::Values(Set::ref, Set::avx2, Set::avx512), set_name);

TEST_P(EveryAttention, AgreesWithDoublesAtEveryLengthThroughTwoVectorsAndOne) {
  for (std::int64_t t = 1; t <= 2 * width() + 1; ++t) check(t, 2, 8, 0);
}

TEST_P(EveryAttention, AgreesWithDoublesAtEveryHeadSizeThroughTwoVectorsAndOne) {
  for (std::int64_t size = 1; size <= 2 * width() + 1; ++size) check(19, 2, size, 0);
}

TEST_P(EveryAttention, AgreesWithDoublesAtSizesOfAModel) {
  check(64, 2, 32, 0);
  check(100, 1, 48, 3);
  check(65, 3, 64, 1);
  check(37, 1, 80, 0);
}

TEST_P(EveryAttention, LooksAtThePastOnly) {
  // a change at position 20 leaves all before it as it was, to the byte
  Case<float> a(*set, 40, 2, 16, 0), b(*set, 40, 2, 16, 0);
  for (std::int64_t j = 0; j < 3 * a.c; ++j) b.qkv[20 * b.ldqkv + j] = 9;
  a.run(*set), b.run(*set);
  EXPECT_EQ(std::memcmp(a.out.data(), b.out.data(), sizeof(float) * static_cast<std::size_t>(20 * a.ldo)), 0);
  EXPECT_NE(std::memcmp(a.out.data() + 20 * a.ldo, b.out.data() + 20 * a.ldo, sizeof(float) * static_cast<std::size_t>(a.ldo)),
            0);
}

TEST_P(EveryAttention, ANaNReachesEveryRowThatSeesItAndNoOther) {
  Case<float> a(*set, 40, 1, 16, 0);
  a.qkv[20 * a.ldqkv + a.c + 3] = std::numeric_limits<float>::quiet_NaN();  // a key
  a.run(*set);
  for (std::int64_t i = 0; i < 40; ++i) EXPECT_EQ(std::isnan(a.out[i * a.ldo]), i >= 20) << i;
}

}  // namespace
}  // namespace isoflop::kernels
