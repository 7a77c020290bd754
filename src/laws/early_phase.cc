// Runs that ended early: in its first tokens a model learns what no power of D tells, and its loss falls by about the same
// number of nats with every doubling, until the law of long runs takes over. Our own.
#include "laws/formulas.h"

namespace isoflop::laws {
namespace {

constexpr double kLnBillion = 20.723265836946411;  // of parameters

/// -ln(1 - e^(-z)) of x = ln z: -x where z is small, e^(-z) where it is large.
template <Dual T>
T not_yet_learnt(const T& x) {
  const Pack ln_z = select(x.v < 6.5, x.v, pack_of(6.5));  // nothing is left beyond, nor can its slopes be told from 0
  const Pack z = exp(ln_z), gone = exp(-z);
  const PackBits small = z < 0.02;  // where 1 - e^(-z) loses digits its series has them all
  const Pack second = z * z, fourth = second * second;
  const Pack value = select(small, -ln_z + z * 0.5 - second * (1.0 / 24) + fourth * (1.0 / 2880), -log(1 - gone));
  const Pack rate = select(small, 1 - z * 0.5 + second * (1.0 / 12) - fourth * (1.0 / 720), z * gone / (1 - gone));
  return dual::chain(x, value, -rate, rate * (rate + z - 1));
}

struct EarlyPhase {
  static constexpr int kParameters = 8, kInputs = 2;
  static constexpr bool kLogValue = true;
  // L = E + A / N^alpha + B / D^beta - r ln(1 - e^(-D / D_e)), D_e = D_0 (N / 1e9)^k. For D << D_e the last is r ln(D_e / D),
  // for D = 5 D_e 0.007 r, and then nothing
  template <Dual T>
  static T value(const std::array<T, 8>& t, const std::array<Pack, 2>& x) {
    const auto& [e, a, b, alpha, beta, r, d_0, k] = t;
    const auto& [n, d] = x;
    const T early = d - (d_0 + (n - kLnBillion) * k);
    return log(exp(e) + exp(a - n * alpha) + exp(b - d * beta) + exp(r) * not_yet_learnt(early));
  }
};

}  // namespace

Law early_phase() {
  return law_of<EarlyPhase>(
      {.info = {"early_phase", "L(N, D) = E + A N^-alpha + B D^-beta - r ln(1 - exp(-D/D_e)), D_e = D_0 (N/1e9)^k",
                "our own: what is not learnt yet falls by r nats for a factor of e in D"},
       .inputs = {{"params"}, {"tokens"}},
       .constants = {{"E", Space::log, {0, 0.6}},
                     {"A", Space::log, {3, 8}},
                     {"B", Space::log, {3, 8}},
                     {"alpha", Space::plain, {0.35}},
                     {"beta", Space::plain, {0.35}},
                     {"r", Space::log, {0.2}},
                     {"D_0", Space::log, {0.2, 0.45}, {}, 1},
                     {"k", Space::plain, {0, 0.6}}}});
}

}  // namespace isoflop::laws
