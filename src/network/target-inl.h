// What a rule file sees beside the public headers, compiled once per instruction set: laws as loops, and formulas of activities and voltages.
// Included by the generated rule sources inside apical::<instruction set>, after activations-inl.h; no include guard of its own.

// ---- Formulas. A node's value<Phi>(i) is one element; evaluate() runs the loop, with the activation function known at compile time.

template <class A, class B>
struct Sum {
  A a;
  B b;
  template <class Phi>
  auto value(std::size_t i) const {
    return a.template value<Phi>(i) + b.template value<Phi>(i);
  }
};
template <class A, class B>
struct Difference {
  A a;
  B b;
  template <class Phi>
  auto value(std::size_t i) const {
    return a.template value<Phi>(i) - b.template value<Phi>(i);
  }
};
template <class A, class B>
struct Times {
  A a;
  B b;
  template <class Phi>
  auto value(std::size_t i) const {
    return a.template value<Phi>(i) * b.template value<Phi>(i);
  }
};
template <class T, class A>
struct Scaled {
  T scale;
  A a;
  template <class Phi>
  T value(std::size_t i) const {
    return scale * a.template value<Phi>(i);
  }
};

// d of v = v⁻ + d.
template <class T>
struct Deviation {
  const T* d;
  template <class>
  T value(std::size_t i) const {
    return d[i];
  }
};
// φ'(v⁻ + d)
template <class T>
struct Slope {
  const T* v_minus;
  const T* d;
  template <class Phi>
  T value(std::size_t i) const {
    return Phi::slope(v_minus[i] + d[i], T(0));
  }
};
template <class T>
inline constexpr bool is_formula = requires(const T& t) {
  t.template value<void>(0);
};
template <class T>
inline constexpr bool is_formula<Activity<T>> = true;
template <class A, class B>
inline constexpr bool is_formula<Sum<A, B>> = true;
template <class A, class B>
inline constexpr bool is_formula<Difference<A, B>> = true;
template <class A, class B>
inline constexpr bool is_formula<Times<A, B>> = true;
template <class T, class A>
inline constexpr bool is_formula<Scaled<T, A>> = true;
template <class T>
inline constexpr bool is_formula<Deviation<T>> = true;
template <class T>
inline constexpr bool is_formula<Slope<T>> = true;

template <class A>
concept Formula = is_formula<A>;

template <Formula A, Formula B>
Sum<A, B> operator+(const A& a, const B& b) {
  return {a, b};
}
template <Formula A, Formula B>
Difference<A, B> operator-(const A& a, const B& b) {
  return {a, b};
}
template <Formula A, Formula B>
Times<A, B> operator*(const A& a, const B& b) {
  return {a, b};
}
template <class T, Formula A>
requires std::is_floating_point_v<T> Scaled<T, A>
operator*(T scale, const A& a) { return {scale, a}; }

// v − v_ff: the base point drops out.
template <class T>
auto operator-(const Voltage<T>& v, const Voltage<T>& other) {
  return Difference<Deviation<T>, Deviation<T>>{{v.deviation}, {other.deviation}};
}
// v − v⁻
template <class T>
auto operator-(const Voltage<T>& v, const MinusVoltage<T>&) {
  return Deviation<T>{v.deviation};
}
// φ(v) − φ(v_ff): both as deviations from φ(v⁻), which the settling formed without cancellation.
template <class T>
auto operator-(const Phi<Voltage<T>>& v, const Phi<Voltage<T>>& other) {
  return Difference<Deviation<T>, Deviation<T>>{{v.voltage.rate_deviation}, {other.voltage.rate_deviation}};
}
// φ(v) − φ(v⁻)
template <class T>
auto operator-(const Phi<Voltage<T>>& v, const Phi<MinusVoltage<T>>&) {
  return Deviation<T>{v.voltage.rate_deviation};
}
// φ'(v⁻) ⊙ …
template <class T, Formula A>
auto operator*(const PhiPrime<MinusVoltage<T>>& slope, const A& a) {
  return Times<Deviation<T>, A>{{slope.voltage.minus.slope}, a};
}
// φ'(v) ⊙ …
template <class T, Formula A>
auto operator*(const PhiPrime<Voltage<T>>& slope, const A& a) {
  return Times<Slope<T>, A>{{slope.voltage.minus.v, slope.voltage.deviation}, a};
}

// ---- Evaluation

template <class T, Formula A>
void evaluate_into(const A& formula, Activation activation, T* __restrict out, std::size_t count, bool add) {
  with_activation(activation, [&](auto phi) {
    using Function = decltype(phi);
    if (add) {
      APICAL_IVDEP
      for (std::size_t i = 0; i < count; ++i) out[i] += formula.template value<Function>(i);
    } else {
      APICAL_IVDEP
      for (std::size_t i = 0; i < count; ++i) out[i] = formula.template value<Function>(i);
    }
  });
}

template <class T, Formula A>
void evaluate(const A& formula, const Activity<T>& out) {
  evaluate_into(formula, Activation::linear, out.data, out.count(), false);
}

template <class A, class T>
struct Outer {
  A post;
  Presynaptic<T> pre;
};
// post preᵀ, summed over the samples of the tile.
template <Formula A, class T>
Outer<A, T> outer(const A& post, const Presynaptic<T>& pre) {
  return {post, pre};
}

template <class A, class T>
BasicDelta<T>& operator+=(BasicDelta<T>& d, const Outer<A, T>& o) {
  const auto term = d.begin_term();
  evaluate_into(o.post, term.activation, term.out, term.count, term.add);
  d.end_term(o.pre);
  return d;
}
template <class A, class T>
BasicDelta<T>& operator-=(BasicDelta<T>& d, const Outer<A, T>& o) {
  return d += outer(T(-1) * o.post, o.pre);
}

// ---- Laws as loops over a layer's block

// φ(v⁻ + d) − φ(v⁻) for short steps in float: the addition formula for tanh with its exponential and division as series, three times as fast.
// Good to 2e-7 of the result for d² < limit; every caller checks.
template <class Function, class T>
struct ShortStep {
  static constexpr bool exists = false;
};
#ifndef APICAL_REFERENCE
template <>
struct ShortStep<Tanh, float> {
  static constexpr bool exists = true;
  static constexpr float limit = 0.03125f * 0.03125f;
  static APICAL_INLINE float difference(float rate, float slope, float d) {
    // tanh d = d − d³/3 + 2 d⁵/15 within 2e-8 up to the limit; 1 / (1 + x) = (1 − x) (1 + x² + x⁴ + …)
    const float tanh_d = fused(d * -0.33322528f, d * d, d);
    const float x = rate * tanh_d, x2 = x * x, linear = slope * tanh_d;
    const float even = fused(x2, x2, x2), odd = fused(-linear, x, linear);
    return fused(odd, even, odd);
  }
};
#endif

// f(i, lane) for every number i of the block, half a panel after the other: the compiler knows the length, and leaves no loop over a rest.
template <class T, class F>
APICAL_INLINE void for_each_neuron(const LawStep<T>& s, F&& f) {
  constexpr std::size_t kLanes = kPanel<T> / 2;
  const std::size_t rows = s.rows, stride = s.stride, width = s.width;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = row * stride; i < row * stride + width; i += kLanes) {
      APICAL_IVDEP
      for (std::size_t lane = 0; lane < kLanes; ++lane) f(i + lane, lane);
    }
  }
}

// kBasal: the layer has a basal deviation; kRates: plasticity at this step reads the rates and the basal voltage's.
template <class Law, class T, bool kApical, bool kBasal, bool kRates>
void law_loop(const LawStep<T>& s) {
  with_activation(s.activation, [&](auto phi) {
    using Function = decltype(phi);
    using Short = ShortStep<Function, T>;
    constexpr bool kBasalRate = kBasal && kRates;
    const T k_a = s.k_a, k_v = s.k_v, k_noise = s.noise != nullptr ? s.k_noise : T(0);
    const T* __restrict v_ff = s.v_ff;
    const T* __restrict feedback = s.feedback;
    const T* __restrict noise = s.noise != nullptr ? s.noise + s.first : feedback;
    const T* __restrict v_minus = s.minus.v + s.first;
    const T* __restrict rate_minus = s.minus.rate + s.first;
    const T* __restrict slope = s.minus.slope + s.first;
    T* __restrict v_fb = kApical ? s.v_fb + s.first : nullptr;
    T* __restrict v = s.v + s.first;
    T* __restrict rate_deviation = s.rate_deviation + s.first;
    T* __restrict rate_deviation_ff = kBasalRate ? s.rate_deviation_ff + s.first : nullptr;
    T* __restrict rate = kRates ? s.rate + s.first : nullptr;
    const auto move = [&](std::size_t i) __attribute__((always_inline)) {
      T apical = feedback[i];
      if constexpr (kApical) {
        apical = Law::apical(v_fb[i], apical, k_a) + k_noise * noise[i];
        v_fb[i] = apical;
      }
      const T soma = Law::soma(v[i], kBasal ? v_ff[i] : T(0), apical, k_v);
      v[i] = soma;
      return soma;
    };
    const auto keep = [&](std::size_t i, T rho) __attribute__((always_inline)) {
      if constexpr (kRates) rate[i] = rate_minus[i] + rho;
      rate_deviation[i] = rho;
    };
    const auto difference = [&](std::size_t i, T d) __attribute__((always_inline)) {
      return Function::difference(v_minus[i], rate_minus[i], slope[i], d);
    };
    if constexpr (Short::exists) {
      T longest[kPanel<T> / 2] = {};  // d², for each lane
      const auto note = [&](std::size_t lane, T d) __attribute__((always_inline)) {
        const T d2 = d * d;
        longest[lane] = d2 > longest[lane] ? d2 : longest[lane];
      };
      for_each_neuron<T>(
          s, [&](std::size_t i, std::size_t lane) __attribute__((always_inline)) {
            const T d = move(i);
            keep(i, Short::difference(rate_minus[i], slope[i], d));
            note(lane, d);
            if constexpr (kBasalRate) {
              rate_deviation_ff[i] = Short::difference(rate_minus[i], slope[i], v_ff[i]);
              note(lane, v_ff[i]);
            }
          });
      bool short_steps = true;
      for (const T d2 : longest) short_steps &= d2 <= Short::limit;
      if (short_steps) return;
      for_each_neuron<T>(
          s, [&](std::size_t i, std::size_t)
                 __attribute__((always_inline)) { keep(i, difference(i, v[i])); });
    } else {
      for_each_neuron<T>(
          s, [&](std::size_t i, std::size_t)
                 __attribute__((always_inline)) { keep(i, difference(i, move(i))); });
    }
    if constexpr (kBasalRate) {
      for_each_neuron<T>(
          s, [&](std::size_t i, std::size_t)
                 __attribute__((always_inline)) { rate_deviation_ff[i] = difference(i, v_ff[i]); });
    }
  });
}

template <class Law, class T, bool kApical>
void law_step_with(const LawStep<T>& s) {
  if (s.rate != nullptr) {
    s.v_ff != nullptr ? law_loop<Law, T, kApical, true, true>(s) : law_loop<Law, T, kApical, false, true>(s);
  } else {
    s.v_ff != nullptr ? law_loop<Law, T, kApical, true, false>(s)
                      : law_loop<Law, T, kApical, false, false>(s);
  }
}

template <class Law, class T>
void law_step(const LawStep<T>& s) {
  s.v_fb != nullptr ? law_step_with<Law, T, true>(s) : law_step_with<Law, T, false>(s);
}

template <class T, class Law>
LawFunction<T> law_function(Law) {
  return &law_step<Law, T>;
}

// ---- What the rules of the Deep Feedback Control family share

// ΔW_i = c (…) r_{i−1}ᵀ with the difference at the soma that the settings choose, of the papers and their code three.
template <class T>
void mismatch_plasticity(Mismatch mismatch, double factor, const BasicSynapses<T>& s, BasicDelta<T>& d) {
  const T c = static_cast<T>(factor);
  switch (mismatch) {
    case Mismatch::rates:
      d += outer(c * (s.phi(s.v) - s.phi(s.v_ff)), s.r_prev);
      break;
    case Mismatch::voltages:
      d += outer(c * (s.v - s.v_ff), s.r_prev);
      break;
    case Mismatch::linearised:
      d += outer(c * (s.phi_prime(s.v_minus) * (s.v - s.v_ff)), s.r_prev);
      break;
  }
}

// ΔQ_i = −c v_i^fb uᵀ, anti-Hebbian.
template <class T>
void apical_plasticity(double factor, const BasicSynapses<T>& s, BasicDelta<T>& d) {
  d -= outer(static_cast<T>(factor) * s.v_fb, s.u);
}

// Wake: the difference at the soma. Sleep: the apical voltage against the control.
template <class T>
void deep_feedback_plasticity(const DeepFeedback& dfc, std::string_view group, const BasicSynapses<T>& s,
                              BasicDelta<T>& d) {
  if (group != "feedback") return mismatch_plasticity(dfc.mismatch(), dfc.factor(), s, d);
  if (!dfc.correlated_sleep()) return apical_plasticity(dfc.feedback_factor(), s, d);
  d += outer(static_cast<T>(dfc.correlation_factor(s.layer, s.depth)) * s.v_fb, s.u);
}

// A pass in which only the feedback weights learn.
template <class T>
void deep_feedback_sleep(const DeepFeedback& dfc, BasicTrial<T>& t) {
  if (dfc.correlated_sleep()) return t.sweep_with_noise(dfc.sleep().sigma, dfc.sleep().sigma_output);
  t.template relax<PyramidalRate>(dfc.sleep_controller(), dfc.sleep());
}
