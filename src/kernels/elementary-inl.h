// Elementary functions as branch-free arithmetic, so that plain loops over them become vector code on every
// instruction set. Included once per instruction-set namespace (hence no guard and no includes: the including
// file provides <cstdint>, <cmath>, "kernels/loops.h"). With APICAL_REFERENCE defined they are the standard
// library's, in double whatever the type. Polynomials: our own minimax fits (Remez, 60 digits). NaN in gives
// NaN out. The activations built on them are within 2 units in the last place (double: 2.25, as glibc's tanh is), their slopes within
// 4, and those that are called fast within 12 (float); tests/kernels/activations_test.cc holds them to it.

// Where tanh is flat to the last digit and beyond, its slope there, and where (e^{2|x|} − 1) / 2 stops
// growing.
template <class T>
struct TanhRange;

template <>
struct TanhRange<float> {
  static constexpr float kFlat = 30.0f, kFlatSlope = 3.5026043e-26f, kMost = 80.0f;
};

template <>
struct TanhRange<double> {
  static constexpr double kFlat = 300.0, kFlatSlope = 1.0601586212017216e-260, kMost = 700.0;
};

// φ and φ' of one voltage.
template <class T>
struct ValueAndSlope {
  T value, slope;
};

#ifdef APICAL_REFERENCE

template <class T>
using Work = double;

inline double exp_of(double x) { return std::exp(x); }
inline double decay_of(double y) { return std::exp(-y); }
inline double one_minus_decay_of(double y) { return -std::expm1(-y); }
inline double tanh_half_expm1(double x) {
  const double y = 2 * std::fabs(x);
  return std::expm1(y > TanhRange<double>::kMost ? TanhRange<double>::kMost : y) / 2;
}
inline double log1p_of(double x) { return std::log1p(x); }
inline double log_of(double x) { return std::log(x); }
inline double tanh_of(double x) { return std::tanh(x); }
inline ValueAndSlope<double> tanh_with_slope(double x) {
  const double e = std::exp(-2 * std::fabs(x)), q = 1 + e;
  return {std::tanh(x), 4 * e / (q * q)};
}
inline double sqrt_of(double x) { return std::sqrt(x); }
inline double fused(double a, double b, double c) { return std::fma(a, b, c); }
inline double magnitude(double x) { return std::fabs(x); }
inline double with_sign(double x, double s) { return std::copysign(x, s); }

#else

// The type in which a function on T computes.
template <class T>
using Work = T;

template <class T>
struct Format;

template <>
struct Format<float> {
  using Bits = std::uint32_t;  // unsigned: what a NaN's bits come to may wrap
  static constexpr Bits kMantissa = 23, kBias = 127;
  static constexpr float kRound =
      12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer kept in the low bits
  static constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  static constexpr float kExpMax = 89.5f, kExpMin = -104.5f;  // exp is ∞ above and 0 below
  static constexpr float kWhole = 25.0f;                      // e^−kWhole is nothing beside 1
  static constexpr std::uint32_t kSqrtHalf = 0x3f3504f3;
};

template <>
struct Format<double> {
  using Bits = std::uint64_t;
  static constexpr Bits kMantissa = 52, kBias = 1023;
  static constexpr double kRound = 6755399441055744.0;
  static constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  static constexpr double kExpMax = 710.5, kExpMin = -746.5;
  static constexpr double kWhole = 50.0;
  static constexpr std::uint64_t kSqrtHalf = 0x3fe6a09e667f3bcd;
};

// a · b + c, rounded once where the processor can.
template <class T>
APICAL_INLINE T fused(T a, T b, T c) {
#if HWY_NATIVE_FMA
  if constexpr (sizeof(T) == 4)
    return __builtin_fmaf(a, b, c);
  else
    return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// c0 + c1 x + c2 x² + …
template <class T, class... C>
APICAL_INLINE T polynomial(T x, double c0, C... c) {
  if constexpr (sizeof...(C) == 0)
    return static_cast<T>(c0);
  else
    return fused(polynomial(x, c...), x, static_cast<T>(c0));
}

template <class T>
APICAL_INLINE T sqrt_of(T x) {
  if constexpr (sizeof(T) == 4)
    return __builtin_sqrtf(x);
  else
    return __builtin_sqrt(x);
}

// e^x = 2^n · (1 + p): p = e^r − 1 with |r| ≤ ½ ln 2, and n kept in the low bits of `rounded`.
template <class T>
struct ExpParts {
  T n, p, rounded;
};

template <class T>
APICAL_INLINE ExpParts<T> exp_parts(T x) {
  using F = Format<T>;
  const T rounded = fused(x, static_cast<T>(1.4426950408889634), F::kRound);
  const T n = rounded - F::kRound;
  const T r = fused(n, -F::kLn2Low, fused(n, -F::kLn2High, x));
  T q;
  if constexpr (sizeof(T) == 4)
    q = polynomial(r, 0.50000000135, 0.16666666756, 0.041666464897, 0.0083332860389, 0.0013933652416,
                   0.00019907567829);
  else
    q = polynomial(r, 0.5, 0.1666666666666667099, 0.04166666666666668376, 0.008333333333326134452,
                   0.001388888888887440334, 0.00019841269874822348, 0.00002480158734681337685,
                   2.755725539844268075e-6, 2.755725291026731295e-7, 2.510521763742304539e-8,
                   2.092159154606209852e-9);
  return {n, fused(r * r, q, r), rounded};
}

template <class T>
APICAL_INLINE T from_bits(typename Format<T>::Bits bits) {
  return __builtin_bit_cast(T, bits);
}

template <class T>
APICAL_INLINE typename Format<T>::Bits to_bits(T x) {
  return __builtin_bit_cast(typename Format<T>::Bits, x);
}

// 2^n for an integer n within the exponent range, in two's complement.
template <class T>
APICAL_INLINE T power_of_two(typename Format<T>::Bits n) {
  using F = Format<T>;
  return from_bits<T>((n + F::kBias) << F::kMantissa);
}

// 2^n (1 + p) in two factors, so that results down to the smallest denormal come out right.
template <class T>
APICAL_INLINE T assembled(const ExpParts<T>& e) {
  using F = Format<T>;
  const T half = fused(e.n, T(0.5), F::kRound);
  const T a = power_of_two<T>(to_bits(half) - to_bits(F::kRound));
  const T b = power_of_two<T>(to_bits(e.rounded) - to_bits(half));
  return ((T(1) + e.p) * a) * b;
}

template <class T>
APICAL_INLINE T exp_of(T x) {
  using F = Format<T>;
  x = x > F::kExpMax ? F::kExpMax : x;
  return assembled(exp_parts(x < F::kExpMin ? F::kExpMin : x));
}

// e^−y for y ≥ 0: one bound to watch instead of two, which tells in a loop.
template <class T>
APICAL_INLINE T decay_of(T y) {
  return assembled(exp_parts(y > -Format<T>::kExpMin ? Format<T>::kExpMin : -y));
}

// 1 − e^−y for y ≥ 0.
template <class T>
APICAL_INLINE T one_minus_decay_of(T y) {
  using F = Format<T>;
  const ExpParts<T> e = exp_parts(y > F::kWhole ? -F::kWhole : -y);
  const T t = power_of_two<T>(to_bits(e.rounded) - to_bits(F::kRound));
  return fused(-t, e.p, T(1) - t);
}

// |x| with the sign of s.
template <class T>
APICAL_INLINE T with_sign(T x, T s) {
  if constexpr (sizeof(T) == 4)
    return __builtin_copysignf(x, s);
  else
    return __builtin_copysign(x, s);
}

template <class T>
APICAL_INLINE T magnitude(T x) {
  if constexpr (sizeof(T) == 4)
    return __builtin_fabsf(x);
  else
    return __builtin_fabs(x);
}

// (e^{2|x|} − 1) / 2, held where tanh cannot tell any more.
template <class T>
APICAL_INLINE T tanh_half_expm1(T x) {
  const T y = T(2) * magnitude(x);
  const ExpParts<T> e = exp_parts(y > TanhRange<T>::kMost ? TanhRange<T>::kMost : y);
  const T t = power_of_two<T>(to_bits(e.rounded) - to_bits(Format<T>::kRound) - 1);
  return fused(t, e.p, t - T(0.5));
}

// h / (h + 1) from h and q = 1 / (h + 1): h − h² q below h = 1 and 1 − q from there on, so that what rounded in q weighs less than one.
template <class T>
APICAL_INLINE T tanh_from(T h, T q) {
  const T a = h < T(1) ? h : T(1);
  return fused(-a, a * q, a);
}

// h / (h + 1) with h = (e^{2|x|} − 1) / 2: never beyond ±1, odd, relatively accurate at small x.
template <class T>
APICAL_INLINE T tanh_of(T x) {
  const T h = tanh_half_expm1(x);
  return with_sign(tanh_from(h, T(1) / (h + T(1))), x);
}

// tanh, bit for bit tanh_of's, and its slope q (1 + |tanh|) with q = 1 / (h + 1) = 1 − |tanh|, exact where tanh has already rounded to ±1: one
// exponential and one division for both. Beyond 2^kFar h stays, and the slope takes the powers of two that it lacks.
template <class T>
APICAL_INLINE ValueAndSlope<T> tanh_with_slope(T x) {
  using F = Format<T>;
  using Bits = typename F::Bits;
  constexpr Bits kFar = 60;
  const T y = T(2) * magnitude(x);
  const ExpParts<T> e = exp_parts(y > -F::kExpMin ? -F::kExpMin : y);
  const Bits n = to_bits(e.rounded) - to_bits(F::kRound), near = n < kFar ? n : kFar;
  const T t = power_of_two<T>(near - 1);
  const T h = fused(t, e.p, t - T(0.5)), q = T(1) / (h + T(1)), value = tanh_from(h, q);
  return {with_sign(value, x), q * (T(1) + value) * power_of_two<T>(near - n)};
}

// e^y − 1 = 2^n (1 + p) − 1 for y ≥ 0 that stays in range, with two terms of p less than exp_parts has: within 6e-7 of e^y − 1.
APICAL_INLINE ExpParts<float> fast_exp_parts(float y) {
  using F = Format<float>;
  const float rounded = fused(y, 1.44269504f, F::kRound), n = rounded - F::kRound;
  const float r = fused(n, -F::kLn2Low, fused(n, -F::kLn2High, y));
  const float q = polynomial(r, 0.499993581391, 0.166669365726, 0.0418778624584, 0.0083300584515);
  return {n, fused(r * r, q, r), rounded};
}

// tanh and its slope, no more exact than fast_exp_parts. Beyond |x| = 40 the slope stays where it is there, 7e-35.
APICAL_INLINE ValueAndSlope<float> fast_tanh(float x) {
  const float y = 2 * magnitude(x);
  const ExpParts<float> e = fast_exp_parts(y > TanhRange<float>::kMost ? TanhRange<float>::kMost : y);
  const float t = power_of_two<float>(to_bits(e.rounded) - to_bits(Format<float>::kRound) - 1);
  const float h = fused(t, e.p, t - 0.5f), q = 1 / (h + 1), value = h * q;
  return {with_sign(value, x), q * (1 + value)};
}

// σ(x) and its slope, as exact: q = 1 / (e^|x| + 1) below zero and 1 − q = e^|x| q above; the slope is their product.
APICAL_INLINE ValueAndSlope<float> fast_sigmoid(float x) {
  const float y = magnitude(x);
  const ExpParts<float> e = fast_exp_parts(y > TanhRange<float>::kMost ? TanhRange<float>::kMost : y);
  const float t = power_of_two<float>(to_bits(e.rounded) - to_bits(Format<float>::kRound));
  const float power = fused(t, e.p, t), q = 1 / (power + 1), other = power * q;
  return {x < 0 ? q : other, q * other};
}

// log(base + x) for base 0 (log) or 1 (log1p), without forming base + x where that would lose digits.
// base + x must be a positive normal number below 2^126.
template <class T>
APICAL_INLINE T log_of_sum(T base, T x) {
  using F = Format<T>;
  // base + x = 2^k (1 + f) with 1 + f in [√½, √2).
  const typename F::Bits biased =
      (to_bits(base + x) - F::kSqrtHalf + (F::kBias << F::kMantissa)) >> F::kMantissa;
  const T k = from_bits<T>(to_bits(F::kRound) + biased) - (F::kRound + T(F::kBias));
  const T scale = power_of_two<T>(F::kBias - biased);
  const T f = fused(x, scale, base * scale - T(1));
  // log(1 + f) = 2 artanh(s) with s = f / (2 + f), arranged so that f itself enters unrounded.
  const T s = f / (T(2) + f), z = s * s;
  T q;
  if constexpr (sizeof(T) == 4)
    q = polynomial(z, 0.66666685272, 0.39988716561, 0.29582151486);
  else
    q = polynomial(z, 0.6666666666666669729, 0.3999999999989844558, 0.2857142862640039541,
                   0.2222221107256718722, 0.1818289324048532934, 0.1533159623459724735,
                   0.1461788138386303615);
  const T half_square = T(0.5) * f * f;
  const T small = fused(s, fused(z, q, half_square), k * F::kLn2Low);
  return fused(k, F::kLn2High, f - (half_square - small));
}

template <class T>
APICAL_INLINE T log1p_of(T x) {
  return log_of_sum(T(1), x);
}

template <class T>
APICAL_INLINE T log_of(T x) {
  return log_of_sum(T(0), x);
}

#endif  // APICAL_REFERENCE
