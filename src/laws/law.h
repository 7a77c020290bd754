// A law as the fit sees it: a formula over rows, with its constants; and what a fit asks of it, sums over rows with exact
// derivatives.
#pragma once

#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "isoflop/laws.h"
#include "laws/dual.h"

namespace isoflop::laws {

/// The most constants a law may have.
inline constexpr int kMaxConstants = 12;
inline constexpr std::size_t kMostInputs = 4;
inline constexpr int kMaxTriangle = kMaxConstants * (kMaxConstants + 1) / 2;

/// The parameters a formula is written in, one for each constant.
using Theta = std::array<double, kMaxConstants>;

/// Rows as a law reads them. The last pack is filled up with copies of the last row that weigh nothing.
struct Rows {
  std::int64_t count = 0;
  std::vector<std::vector<double>> inputs;  // a column of each input, ln of it where the law says so
  std::vector<double> response;             // ln y, or y: as the objective measures residuals
  std::vector<double> weight;

  [[nodiscard]] std::int64_t padded() const { return static_cast<std::int64_t>(response.size()); }
};

/// Fills the last pack up with copies of the last row that weigh nothing.
void fill_up(Rows& rows);

/// The rows at `indices`, each as often as it is named.
[[nodiscard]] Rows picked(const Rows& rows, std::span<const std::int64_t> indices);

/// Of a table with more rows than `kManyRows` starts and resamples see `kSomeRows` at a time: how a search goes and how an
/// estimate spreads is known from these, and time stays linear in rows.
inline constexpr std::int64_t kManyRows = 4000, kSomeRows = 2000;

/// What is summed over rows of r = response - prediction, each term times the row's weight.
struct Objective {
  enum class Kind { huber, lad, lsq, asymmetric } kind = Kind::huber;
  double delta = 1e-3;          ///< huber, asymmetric: where |r| turns from square to line
  double over = 10;             ///< asymmetric: predictions above the row count this much
  bool log_residual = true;     ///< r of ln y; else of y
  double low_loss = 0;          ///< the rows' weights hold (least y / y)^low_loss
  [[nodiscard]] std::string definition() const;
};

/// Sums over rows. `curvature`, a lower triangle row by row, is the Hessian (order 2) or what iteratively reweighted least
/// squares puts in its place, which is never indefinite (order 1).
struct Sums {
  double value = 0;
  std::array<double, kMaxConstants> gradient{};
  std::array<double, kMaxTriangle> curvature{};
};

/// How a constant is kept as a parameter of the formula.
enum class Space {
  plain,  ///< the constant itself
  log,    ///< its ln: it is positive
  unit,   ///< ln(c / (1 - c)): it lies between 0 and 1
};

struct Constant {
  std::string name;
  Space space = Space::plain;
  std::vector<double> starts;  ///< values of the parameter (not of the constant) that starts are made of
  std::vector<double> paper_starts = {};  ///< the grid of the paper, where it is finer
  int within = -1;  ///< >= 0: `starts` are shares of this input's range in the table
};

struct Input {
  std::string column;
  bool ln = true;  ///< the formula reads ln of it
};

/// One law. The formula of `value` lies beside its paper's equation in the law's own file.
struct Law {
  LawInfo info;
  std::vector<Input> inputs;  ///< of a law of steps: the columns its history is made of (steps.h)
  std::string response = "loss";
  bool reads_repeated = false;  ///< the formula accounts for text seen more than once
  bool log_value = true;  ///< the formula gives ln of the response; its residuals are of ln y unless asked otherwise
  std::vector<Constant> constants;
  /// Numbers that follow from the constants alone (exponents of the optimum, ...).
  std::function<std::map<std::string, double>(const std::map<std::string, double>&)> derived = {};

  /// The law as a sum of powers of N and D where nothing is repeated, its further inputs (granularity) as `held` has them.
  std::function<AdditiveLaw(const std::map<std::string, double>& constants, const std::map<std::string, double>& held)> additive =
      {};

  using Accumulate = void (*)(const Theta&, const Rows&, const Objective&, Sums&);
  std::array<Accumulate, 3> accumulate{};  ///< by order of derivatives
  int width = 0;  ///< columns of `Rows::inputs` the formula reads: one an input, or a history
  /// Predictions of every row (padded), and their gradients by the parameters (padded, P) if asked.
  void (*predict)(const Theta&, const Rows&, bool log_residual, double* value, double* gradient) = nullptr;
  /// The response at one pack of inputs, kPack numbers of each, as the formula reads them.
  void (*predict_pack)(const Theta&, const double* inputs, double* value) = nullptr;

  [[nodiscard]] int size() const { return static_cast<int>(constants.size()); }
  [[nodiscard]] double constant_of(int i, double parameter) const;
  [[nodiscard]] double parameter_of(int i, double constant) const;
  /// Whether a constant can have this value, and what is expected of it.
  [[nodiscard]] bool admits(int i, double constant) const;
  [[nodiscard]] std::string expected(int i) const;
  [[nodiscard]] std::map<std::string, double> named(const Theta& theta) const;
};

/// All laws of this build, in the order they are listed.
[[nodiscard]] const std::vector<Law>& all_laws();
/// Throws   Error{usage} naming the nearest law.
[[nodiscard]] const Law& law_named(const std::string& name);

// ---- below: how a formula becomes a Law

[[nodiscard]] inline Pack load(const double* x) {
  Pack p;
  std::memcpy(&p, x, sizeof(p));
  return p;
}

/// rho(r), its two derivatives, and the weight rho'(r) / r of reweighted least squares.
struct Robust {
  Pack value, first, second, weight;
};

[[nodiscard]] inline Robust robust(const Objective& o, Pack r) {
  // the corner of |r| has no curvature: only its value is asked for, minimise() smooths it
  if (o.kind == Objective::Kind::lad) return {abs(r), select(r < 0, pack_of(-1), pack_of(1)), pack_of(0), 1 / abs(r)};
  if (o.kind == Objective::Kind::lsq) return {0.5 * r * r, r, pack_of(1), pack_of(1)};
  const Pack size = abs(r), delta = pack_of(o.delta), one = pack_of(1), none = pack_of(0);
  const PackBits near = size <= o.delta;
  const Pack slope = select(r < 0, -delta, delta);
  Robust rho{select(near, 0.5 * r * r, delta * (size - 0.5 * o.delta)), select(near, r, slope), select(near, one, none),
             select(near, one, delta / size)};
  if (o.kind == Objective::Kind::asymmetric) {
    const Pack side = select(r < 0, pack_of(o.over), one);
    rho.value *= side;
    rho.first *= side;
    rho.second *= side;
    rho.weight *= side;
  }
  return rho;
}

template <class F, class T>
[[nodiscard]] inline T evaluate(const Theta& theta, const Rows& rows, std::int64_t row, bool log_residual) {
  constexpr int kP = F::kParameters;
  std::array<T, kP> t;
  for (int i = 0; i < kP; ++i) {
    t[i] = T{};
    t[i].v = pack_of(theta[i]);
    if constexpr (T::kOrder > 0) t[i].d[i] = pack_of(1);
  }
  std::array<Pack, F::kInputs> x;
  for (int i = 0; i < F::kInputs; ++i) x[i] = load(rows.inputs[i].data() + row);
  T value = F::value(t, x);
  if (log_residual == F::kLogValue) return value;
  if constexpr (F::kLogValue) return exp(value);
  else return log(value);
}

template <class F, class T>
void accumulate_rows(const Theta& theta, const Rows& rows, const Objective& objective, Sums& sums) {
  constexpr int kP = F::kParameters;
  Pack value = pack_of(0);
  std::array<Pack, kP> gradient{};
  std::array<Pack, kP*(kP + 1) / 2> curvature{};
  for (std::int64_t row = 0; row < rows.padded(); row += kPack) {
    const T f = evaluate<F, T>(theta, rows, row, objective.log_residual);
    const Robust rho = robust(objective, load(rows.response.data() + row) - f.v);
    const Pack w = load(rows.weight.data() + row);
    value += w * rho.value;
    if constexpr (T::kOrder > 0) {
      const Pack first = -w * rho.first;
      const Pack outer = w * (T::kOrder == 2 ? rho.second : rho.weight);
      for (int i = 0, at = 0; i < kP; ++i) {
        gradient[i] += first * f.d[i];
        const Pack scaled = outer * f.d[i];
        for (int j = 0; j <= i; ++j, ++at) {
          curvature[at] += scaled * f.d[j];
          if constexpr (T::kOrder == 2) curvature[at] += first * f.h[at];
        }
      }
    }
  }
  sums.value = sum(value);
  if constexpr (T::kOrder > 0) {
    for (int i = 0; i < kP; ++i) sums.gradient[i] = sum(gradient[i]);
    for (std::size_t at = 0; at < curvature.size(); ++at) sums.curvature[at] = sum(curvature[at]);
  }
}

template <class F>
void predict_rows(const Theta& theta, const Rows& rows, bool log_residual, double* value, double* gradient) {
  constexpr int kP = F::kParameters;
  for (std::int64_t row = 0; row < rows.padded(); row += kPack) {
    if (gradient == nullptr) {
      const auto f = evaluate<F, Value<kP>>(theta, rows, row, log_residual);
      std::memcpy(value + row, &f.v, sizeof(f.v));
      continue;
    }
    const auto f = evaluate<F, Gradient<kP>>(theta, rows, row, log_residual);
    std::memcpy(value + row, &f.v, sizeof(f.v));
    for (int i = 0; i < kP; ++i)
      for (std::int64_t lane = 0; lane < kPack; ++lane) gradient[(row + lane) * kP + i] = f.d[i][lane];
  }
}

// The same functions compiled for AVX2: a pack is one register instead of two. Nothing is contracted, so the bits are the same.
#if defined(__x86_64__)
template <class F, class T>
[[gnu::target("avx2"), gnu::flatten]] void accumulate_rows_avx2(const Theta& theta, const Rows& rows, const Objective& objective,
                                                                Sums& sums) {
  accumulate_rows<F, T>(theta, rows, objective, sums);
}
#endif

template <class F, class T>
[[nodiscard]] Law::Accumulate accumulate_here() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return accumulate_rows_avx2<F, T>;
#endif
  return accumulate_rows<F, T>;
}

template <class F>
void predict_one_pack(const Theta& theta, const double* inputs, double* value) {
  std::array<Value<F::kParameters>, F::kParameters> t;
  for (int i = 0; i < F::kParameters; ++i) t[i].v = pack_of(theta[i]);
  std::array<Pack, F::kInputs> x;
  for (int i = 0; i < F::kInputs; ++i) x[i] = load(inputs + i * kPack);
  Pack y = F::value(t, x).v;
  if constexpr (F::kLogValue) y = exp(y);
  std::memcpy(value, &y, sizeof(y));
}

/// Completes a law from its formula:
/// struct F { kParameters, kInputs, kLogValue; template <Dual T> static T value(const std::array<T, P>&, const std::array<Pack,
/// I>&) }.
template <class F>
[[nodiscard]] Law law_of(Law law) {
  static_assert(F::kParameters <= kMaxConstants);
  law.log_value = F::kLogValue;
  law.width = F::kInputs;
  law.accumulate = {accumulate_here<F, Value<F::kParameters>>(), accumulate_here<F, Gradient<F::kParameters>>(),
                    accumulate_here<F, Hessian<F::kParameters>>()};
  law.predict = predict_rows<F>;
  law.predict_pack = predict_one_pack<F>;
  return law;
}

}  // namespace isoflop::laws
