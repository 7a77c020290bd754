// The step of Levenberg and Marquardt: one solver for laws of few constants and for mixtures of many sources.
#pragma once

#include <cmath>

namespace isoflop::laws {

/// Solves (H + lambda S) step = -gradient for n parameters by Cholesky's factors, S diagonal; false where H + lambda S is not
/// positive definite. `promise` is what the quadratic model says the step gains.
///
/// Shapes   curvature(i, j) for j <= i, gradient(i), scale(i); `l` has room for n (n + 1) / 2 numbers, `y` and `step` for n.
template <class Curvature, class Gradient, class Scale>
[[nodiscard]] bool damped_step(int n, const Curvature& curvature, const Gradient& gradient, const Scale& scale, double lambda,
                               double* l, double* y, double* step, double& promise) {
  const auto row = [l](int i) { return l + i * (i + 1) / 2; };
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j <= i; ++j) {
      double sum = curvature(i, j);
      if (i == j) sum += lambda * std::fmax(scale(i), 1e-300);
      for (int k = 0; k < j; ++k) sum -= row(i)[k] * row(j)[k];
      if (i == j) {
        if (!(sum > 1e-14 * scale(i))) return false;
        row(i)[i] = std::sqrt(sum);
      } else {
        row(i)[j] = sum / row(j)[j];
      }
    }
  }
  promise = 0;
  for (int i = 0; i < n; ++i) {
    double sum = -gradient(i);
    for (int k = 0; k < i; ++k) sum -= row(i)[k] * y[k];
    y[i] = sum / row(i)[i];
    promise += 0.5 * y[i] * y[i];
  }
  for (int i = n; i-- > 0;) {
    double sum = y[i];
    for (int k = i + 1; k < n; ++k) sum -= row(k)[i] * step[k];
    step[i] = sum / row(i)[i];
  }
  return std::isfinite(promise);
}

}  // namespace isoflop::laws
