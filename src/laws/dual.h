// Numbers that carry their derivatives by P parameters, over a pack of rows: a law is written once, as its formula, and its
// gradient and Hessian are exact.
#pragma once

#include <array>

#include "laws/pack.h"

namespace isoflop::laws {

/// The value alone.
template <int P>
struct Value {
  static constexpr int kOrder = 0;
  Pack v;
};

/// Value and gradient.
template <int P>
struct Gradient {
  static constexpr int kOrder = 1;
  Pack v;
  std::array<Pack, P> d;
};

/// Value, gradient and the lower triangle of the Hessian, row by row.
template <int P>
struct Hessian {
  static constexpr int kOrder = 2;
  Pack v;
  std::array<Pack, P> d;
  std::array<Pack, P*(P + 1) / 2> h;
};

namespace dual {

// a where the mask is set, else b: rows choose, and take their choice's derivatives
template <int P>
[[nodiscard]] inline Value<P> chosen(PackBits mask, const Value<P>& a, const Value<P>& b) {
  return {select(mask, a.v, b.v)};
}
template <int P>
[[nodiscard]] inline Gradient<P> chosen(PackBits mask, const Gradient<P>& a, const Gradient<P>& b) {
  Gradient<P> y;
  y.v = select(mask, a.v, b.v);
  for (int i = 0; i < P; ++i) y.d[i] = select(mask, a.d[i], b.d[i]);
  return y;
}
template <int P>
[[nodiscard]] inline Hessian<P> chosen(PackBits mask, const Hessian<P>& a, const Hessian<P>& b) {
  Hessian<P> y;
  y.v = select(mask, a.v, b.v);
  for (int i = 0; i < P; ++i) y.d[i] = select(mask, a.d[i], b.d[i]);
  for (std::size_t at = 0; at < y.h.size(); ++at) y.h[at] = select(mask, a.h[at], b.h[at]);
  return y;
}

// f(x), given f, f' and f'' at x.v
template <int P>
[[nodiscard]] inline Value<P> chain(const Value<P>&, Pack f, Pack, Pack) {
  return {f};
}
template <int P>
[[nodiscard]] inline Gradient<P> chain(const Gradient<P>& x, Pack f, Pack f1, Pack) {
  Gradient<P> y;
  y.v = f;
  for (int i = 0; i < P; ++i) y.d[i] = f1 * x.d[i];
  return y;
}
template <int P>
[[nodiscard]] inline Hessian<P> chain(const Hessian<P>& x, Pack f, Pack f1, Pack f2) {
  Hessian<P> y;
  y.v = f;
  for (int i = 0, at = 0; i < P; ++i) {
    y.d[i] = f1 * x.d[i];
    const Pack f2d = f2 * x.d[i];
    for (int j = 0; j <= i; ++j, ++at) y.h[at] = f1 * x.h[at] + f2d * x.d[j];
  }
  return y;
}

// a + s b, s a number of each row
template <int P>
[[nodiscard]] inline Value<P> plus(const Value<P>& a, Pack s, const Value<P>& b) {
  return {a.v + s * b.v};
}
template <int P>
[[nodiscard]] inline Gradient<P> plus(const Gradient<P>& a, Pack s, const Gradient<P>& b) {
  Gradient<P> y;
  y.v = a.v + s * b.v;
  for (int i = 0; i < P; ++i) y.d[i] = a.d[i] + s * b.d[i];
  return y;
}
template <int P>
[[nodiscard]] inline Hessian<P> plus(const Hessian<P>& a, Pack s, const Hessian<P>& b) {
  Hessian<P> y;
  y.v = a.v + s * b.v;
  for (int i = 0; i < P; ++i) y.d[i] = a.d[i] + s * b.d[i];
  for (std::size_t at = 0; at < y.h.size(); ++at) y.h[at] = a.h[at] + s * b.h[at];
  return y;
}

// s a
template <int P>
[[nodiscard]] inline Value<P> scaled(const Value<P>& a, Pack s) {
  return {s * a.v};
}
template <int P>
[[nodiscard]] inline Gradient<P> scaled(const Gradient<P>& a, Pack s) {
  Gradient<P> y;
  y.v = s * a.v;
  for (int i = 0; i < P; ++i) y.d[i] = s * a.d[i];
  return y;
}
template <int P>
[[nodiscard]] inline Hessian<P> scaled(const Hessian<P>& a, Pack s) {
  Hessian<P> y;
  y.v = s * a.v;
  for (int i = 0; i < P; ++i) y.d[i] = s * a.d[i];
  for (std::size_t at = 0; at < y.h.size(); ++at) y.h[at] = s * a.h[at];
  return y;
}

template <int P>
[[nodiscard]] inline Value<P> times(const Value<P>& a, const Value<P>& b) {
  return {a.v * b.v};
}
template <int P>
[[nodiscard]] inline Gradient<P> times(const Gradient<P>& a, const Gradient<P>& b) {
  Gradient<P> y;
  y.v = a.v * b.v;
  for (int i = 0; i < P; ++i) y.d[i] = a.v * b.d[i] + b.v * a.d[i];
  return y;
}
template <int P>
[[nodiscard]] inline Hessian<P> times(const Hessian<P>& a, const Hessian<P>& b) {
  Hessian<P> y;
  y.v = a.v * b.v;
  for (int i = 0, at = 0; i < P; ++i) {
    y.d[i] = a.v * b.d[i] + b.v * a.d[i];
    for (int j = 0; j <= i; ++j, ++at) y.h[at] = a.v * b.h[at] + b.v * a.h[at] + a.d[i] * b.d[j] + b.d[i] * a.d[j];
  }
  return y;
}

/// The same kind of number with Q parameters.
template <class T, int Q>
struct Over;
template <int P, int Q>
struct Over<Value<P>, Q> {
  using type = Value<Q>;
};
template <int P, int Q>
struct Over<Gradient<P>, Q> {
  using type = Gradient<Q>;
};
template <int P, int Q>
struct Over<Hessian<P>, Q> {
  using type = Hessian<Q>;
};

/// Parameters First.. as numbers that know of no others: what a long sum depends on is summed in them, then widened. Needs the
/// parameters themselves, not functions of them.
template <int First, int Q, class T, std::size_t P>
[[nodiscard]] inline std::array<typename Over<T, Q>::type, Q> part(const std::array<T, P>& t) {
  static_assert(First + Q <= static_cast<int>(P));
  std::array<typename Over<T, Q>::type, Q> narrow{};
  for (int i = 0; i < Q; ++i) {
    narrow[i].v = t[First + i].v;
    if constexpr (T::kOrder > 0) narrow[i].d[i] = pack_of(1);
  }
  return narrow;
}

/// A number of the parameters First.. as a T.
template <int First, class T, int Q>
[[nodiscard]] inline T widened(const typename Over<T, Q>::type& x) {
  T wide{};
  wide.v = x.v;
  if constexpr (T::kOrder > 0)
    for (int i = 0; i < Q; ++i) wide.d[First + i] = x.d[i];
  if constexpr (T::kOrder == 2)
    for (int i = 0, at = 0; i < Q; ++i)
      for (int j = 0; j <= i; ++j, ++at) wide.h[(First + i) * (First + i + 1) / 2 + First + j] = x.h[at];
  return wide;
}

}  // namespace dual

/// What a formula is written in: any of the three above.
template <class T>
concept Dual = requires(T x) {
  T::kOrder;
  x.v;
};

template <Dual T>
[[nodiscard]] inline T operator+(const T& a, const T& b) {
  return dual::plus(a, pack_of(1), b);
}
template <Dual T>
[[nodiscard]] inline T operator-(const T& a, const T& b) {
  return dual::plus(a, pack_of(-1), b);
}
template <Dual T>
[[nodiscard]] inline T operator*(const T& a, const T& b) {
  return dual::times(a, b);
}
template <Dual T>
[[nodiscard]] inline T operator*(const T& a, Pack s) {
  return dual::scaled(a, s);
}
template <Dual T>
[[nodiscard]] inline T operator*(Pack s, const T& a) {
  return a * s;
}
template <Dual T>
[[nodiscard]] inline T operator-(const T& a) {
  return dual::scaled(a, pack_of(-1));
}
template <Dual T>
[[nodiscard]] inline T operator*(double s, const T& a) {
  return a * pack_of(s);
}
template <Dual T>
[[nodiscard]] inline T operator+(const T& a, Pack s) {
  T y = a;
  y.v += s;
  return y;
}
template <Dual T>
[[nodiscard]] inline T operator+(Pack s, const T& a) {
  return a + s;
}
template <Dual T>
[[nodiscard]] inline T operator-(const T& a, Pack s) {
  return a + (-s);
}
template <Dual T>
[[nodiscard]] inline T operator-(Pack s, const T& a) {
  return -a + s;
}
template <Dual T>
[[nodiscard]] inline T operator+(const T& a, double s) {
  return a + pack_of(s);
}
template <Dual T>
[[nodiscard]] inline T operator-(double s, const T& a) {
  return pack_of(s) - a;
}
template <Dual T>
[[nodiscard]] inline T inverse(const T& a) {
  const Pack i = 1 / a.v;
  return dual::chain(a, i, -i * i, 2 * i * i * i);
}
template <Dual T>
[[nodiscard]] inline T operator/(const T& a, const T& b) {
  return a * inverse(b);
}
/// The lesser of the two, row by row.
template <Dual T>
[[nodiscard]] inline T min(const T& a, const T& b) {
  return dual::chosen(a.v <= b.v, a, b);
}
/// A number of each row that no parameter moves.
template <Dual T>
[[nodiscard]] inline T constant(Pack x) {
  T y{};
  y.v = x;
  return y;
}
template <Dual T>
[[nodiscard]] inline T exp(const T& a) {
  const Pack e = exp(a.v);
  return dual::chain(a, e, e, e);
}
template <Dual T>
[[nodiscard]] inline T log(const T& a) {
  const Pack i = 1 / a.v;
  return dual::chain(a, log(a.v), i, -i * i);
}
/// ln(1 + e^x), also where e^x overflows.
template <Dual T>
[[nodiscard]] inline T softplus(const T& a) {
  const Pack e = exp(-abs(a.v));  // in (0, 1]
  const Pack s = select(a.v > 0, 1 / (1 + e), e / (1 + e));
  return dual::chain(a, select(a.v > 0, a.v, pack_of(0)) + log(1 + e), s, s * (1 - s));
}

}  // namespace isoflop::laws
