// The activation functions φ, one struct each, as scalar templates that auto-vectorise inside plain loops.
//   value(v) = φ(v);   slope(v, rate) = φ'(v);   difference(v, rate, slope, d) = φ(v + d) − φ(v) without
//   cancellation,
// where rate = φ(v) and slope = φ'(v). Included once per instruction-set namespace, inside it: no guard, no
// includes of its own but the elementary functions; the including file provides <cmath>, <cstdint>,
// "apical/activation.h" and "kernels/loops.h". NaN in gives NaN out. Differences hold a relative error of
// 1e-6 (float) and 1e-14 (double) wherever the result is normal; beyond |v| = 30 (double: 300) for tanh,
// twice that for sigmoid, an absolute error of 1e-25 (1e-259) and the rounding of v come to it.
#include "kernels/elementary-inl.h"

// tanh(v + d) − tanh(v) by the addition formula, slope · tanh d / (1 + rate · tanh d), with tanh d = h / (h +
// 1), h = (e^{2|d|} − 1) / 2, and, where the step leads against v, 1 − |rate| = slope / (1 + |rate|): every
// term is then positive, so that nothing cancels even where tanh(v) is ±1 or the step crosses zero. One
// exponential, one division. one_plus_rate = 1 + |tanh v|.
template <class T, class W>
APICAL_INLINE W tanh_difference(W v, W one_plus_rate, W slope, W d) {
  // Far out the slope would underflow: there the step starts from where tanh is flat already.
  const bool flat = magnitude(v) > W(TanhRange<T>::kFlat);
  const W start = with_sign(W(TanhRange<T>::kFlat), v);
  const W step = flat ? (v - start) + d : d;
  const W steepness = flat ? W(TanhRange<T>::kFlatSlope) : slope;
  const W h = tanh_half_expm1(step);
  const W z = steepness * h;
  const bool against = v * step < W(0);
  const W above = against ? z * one_plus_rate : z;
  const W below = against ? one_plus_rate + z : W(1) + h * one_plus_rate;
  return with_sign(above / below, step);
}

struct Linear {
  template <class T>
  static APICAL_INLINE T value(T v) {
    return v;
  }
  template <class T>
  static APICAL_INLINE T slope(T, T) {
    return T(1);
  }
  template <class T>
  static APICAL_INLINE T difference(T, T, T, T d) {
    return d;
  }
};

struct Relu {
  template <class T>
  static APICAL_INLINE T value(T v) {
    return v < T(0) ? T(0) : v;
  }
  // 1 at zero, by convention.
  template <class T>
  static APICAL_INLINE T slope(T v, T) {
    const T active = v >= T(0) ? T(1) : v;
    return v < T(0) ? T(0) : active;
  }
  template <class T>
  static APICAL_INLINE T difference(T v, T, T, T d) {
    const T end = v + d;
    const T from_above = d < -v ? -v : d;
    const T from_below = end < T(0) ? T(0) : end;
    return v >= T(0) ? from_above : from_below;
  }
};

struct LeakyRelu {
  static constexpr double kLeak = 0.2;
  template <class T>
  static APICAL_INLINE T value(T v) {
    return v < T(0) ? T(kLeak) * v : v;
  }
  template <class T>
  static APICAL_INLINE T slope(T v, T) {
    const T active = v >= T(0) ? T(1) : v;
    return v < T(0) ? T(kLeak) : active;
  }
  template <class T>
  static APICAL_INLINE T difference(T v, T, T, T d) {
    const T end = v + d;
    const T from_above = d < -v ? T(kLeak) * end - v : d;
    const T from_below = end < T(0) ? T(kLeak) * d : end - T(kLeak) * v;
    return v >= T(0) ? from_above : from_below;
  }
};

struct Tanh {
  template <class T>
  static APICAL_INLINE T value(T v) {
    return static_cast<T>(tanh_of(Work<T>(v)));
  }
  template <class T>
  static APICAL_INLINE T slope(T v, T) {
    return both(v).slope;
  }
  template <class T>
  static APICAL_INLINE ValueAndSlope<T> both(T v) {
    const ValueAndSlope<Work<T>> found = tanh_with_slope(Work<T>(v));
    return {static_cast<T>(found.value), static_cast<T>(found.slope)};
  }
  template <class T>
  static APICAL_INLINE T difference(T v, T rate, T slope, T d) {
    using W = Work<T>;
    return static_cast<T>(tanh_difference<T>(W(v), W(1) + magnitude(W(rate)), W(slope), W(d)));
  }
};

struct Sigmoid {
  template <class T>
  static APICAL_INLINE T value(T v) {
    using W = Work<T>;
    const W e = decay_of(magnitude(W(v))), q = W(1) / (W(1) + e), a = v < T(0) ? e : W(1);
    return static_cast<T>(
        fused(-e, a * q, a));  // e − e² q or 1 − e q: what rounded in q weighs less than one
  }
  template <class T>
  static APICAL_INLINE T slope(T v, T) {
    using W = Work<T>;
    const W e = decay_of(magnitude(W(v))), q = W(1) + e;
    return static_cast<T>(e / (q * q));
  }
  // σ(v) = ½ + ½ tanh(v/2).
  template <class T>
  static APICAL_INLINE T difference(T v, T rate, T slope, T d) {
    using W = Work<T>;
    const W other = W(1) - W(rate), larger = W(rate) < other ? other : W(rate);
    return static_cast<T>(W(0.5) *
                          tanh_difference<T>(W(0.5) * W(v), W(2) * larger, W(4) * W(slope), W(0.5) * W(d)));
  }
};

struct Softplus {
  template <class T>
  static APICAL_INLINE T value(T v) {
    using W = Work<T>;
    const W e = decay_of(magnitude(W(v)));
    return static_cast<T>((v < T(0) ? W(0) : W(v)) + log1p_of(e));
  }
  template <class T>
  static APICAL_INLINE T slope(T v, T) {
    return Sigmoid::value(v);
  }
  // With x the lower and y = x + D the upper end: log((1 + e^y) / (1 + e^x)) = h + log1p(z), where h takes
  // the large part (D, y or 0) so that z stays within (−½, 3) and no exponential overflows.
  template <class T>
  static APICAL_INLINE T difference(T v, T, T, T d) {
    using W = Work<T>;
    const W start = W(v), step = W(d), end = start + step;
    const W back = end - start;
    const W lost = (start - (end - back)) + (step - back);
    const bool down = step < W(0);
    const W size = magnitude(step);
    const W x = down ? end : start, y = down ? start : end;
    const bool above = (x > W(0)) & (size > W(1)), rising = (x <= W(0)) & (y > W(1));
    const bool far = above | rising;
    const W lower = decay_of(magnitude(x));
    const W near_exponent = x > W(0) ? size : y;
    const bool upper_is_exact = (x > W(0)) | down;
    const W correction = upper_is_exact ? W(1) : W(1) + lost;
    const W upper = exp_of(far ? -y : near_exponent);
    const W z_near = one_minus_decay_of(size) * (upper * correction);
    const W z = (far ? upper - lower : z_near) / (W(1) + lower);
    const W large = rising ? y : W(0);
    const W result = (above ? size : large) + log1p_of(z);
    return static_cast<T>(down ? -result : result);
  }
};

#ifndef APICAL_REFERENCE
// The fast ones are fast where a layer is activated; in double, and wherever a rule asks for φ of something else, they are the others.
struct TanhFast {
  static APICAL_INLINE float value(float v) { return both(v).value; }
  static APICAL_INLINE float slope(float v, float) { return both(v).slope; }
  static APICAL_INLINE ValueAndSlope<float> both(float v) { return fast_tanh(v); }
};

struct SigmoidFast {
  static APICAL_INLINE float value(float v) { return both(v).value; }
  static APICAL_INLINE float slope(float v, float) { return both(v).slope; }
  static APICAL_INLINE ValueAndSlope<float> both(float v) { return fast_sigmoid(v); }
};
#endif

// φ and φ' together: at less than the sum of their costs where the function says how.
template <class Phi, class T>
APICAL_INLINE ValueAndSlope<T> value_and_slope(T v) {
  if constexpr (requires { Phi::both(v); }) {
    return Phi::both(v);
  } else {
    const T value = Phi::value(v);
    return {value, Phi::slope(v, value)};
  }
}

// Calls f with the activation's struct, so that the loop inside f is compiled once per activation.
template <class F>
APICAL_INLINE void with_activation(Activation activation, F&& f) {
  switch (activation) {
    case Activation::linear:
      return f(Linear{});
    case Activation::relu:
      return f(Relu{});
    case Activation::leaky_relu:
      return f(LeakyRelu{});
    case Activation::tanh:
    case Activation::tanh_fast:
      return f(Tanh{});
    case Activation::sigmoid:
    case Activation::sigmoid_fast:
      return f(Sigmoid{});
    case Activation::softplus:
      return f(Softplus{});
  }
}
