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
// φ(v⁻ + d) − φ(v⁻), stable.
template <class T>
struct RateDeviation {
  BasePoint<T> minus;
  const T* d;
  template <class Phi>
  T value(std::size_t i) const {
    return Phi::difference(minus.v[i], minus.rate[i], minus.slope[i], d[i]);
  }
};
// 0: a deviation of the layer that sees a constant input.
template <class T>
struct Zero {
  template <class>
  T value(std::size_t) const {
    return T(0);
  }
};

template <class T>
inline constexpr bool is_formula = requires(const T& t) { t.template value<void>(0); };
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
inline constexpr bool is_formula<RateDeviation<T>> = true;
template <class T>
inline constexpr bool is_formula<Zero<T>> = true;

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
  requires std::is_floating_point_v<T>
Scaled<T, A> operator*(T scale, const A& a) {
  return {scale, a};
}

// v − v_ff: the base point drops out.
template <class T>
auto operator-(const SomaVoltage<T>& v, const Voltage<T>& other) {
  return Difference<Deviation<T>, Deviation<T>>{{v.deviation}, {other.deviation}};
}
// v − v⁻
template <class T>
auto operator-(const SomaVoltage<T>& v, const MinusVoltage<T>&) {
  return Deviation<T>{v.deviation};
}
// φ(v) − φ(v_ff): both as deviations from φ(v⁻); the soma's is known.
template <class T>
auto operator-(const Phi<SomaVoltage<T>>& v, const Phi<Voltage<T>>& other) {
  return Difference<Deviation<T>, RateDeviation<T>>{{v.voltage.rate_deviation}, {other.voltage.minus, other.voltage.deviation}};
}
// φ(v) − φ(v⁻)
template <class T>
auto operator-(const Phi<SomaVoltage<T>>& v, const Phi<MinusVoltage<T>>&) {
  return Deviation<T>{v.voltage.rate_deviation};
}
// φ'(v⁻) ⊙ …
template <class T, Formula A>
auto operator*(const PhiPrime<MinusVoltage<T>>& slope, const A& a) {
  return Times<Deviation<T>, A>{{slope.voltage.minus.slope}, a};
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

template <class Law, class T, bool kApical, bool kBasal>
void law_loop(const LawStep<T>& s) {
  with_activation(s.activation, [&](auto phi) {
    using Function = decltype(phi);
    const std::size_t count = s.count;
    const T k_a = s.k_a, k_v = s.k_v, k_noise = s.noise != nullptr ? s.k_noise : T(0);
    const T* __restrict v_ff = s.v_ff;
    const T* __restrict feedback = s.feedback;
    const T* __restrict noise = s.noise != nullptr ? s.noise : s.feedback;
    const T* __restrict v_minus = s.minus.v;
    const T* __restrict rate_minus = s.minus.rate;
    const T* __restrict slope = s.minus.slope;
    T* __restrict v_fb = s.v_fb;
    T* __restrict v = s.v;
    T* __restrict rate_deviation = s.rate_deviation;
    T* __restrict rate = s.rate != nullptr ? s.rate : s.rate_deviation;
    const T keep_rate = s.rate != nullptr ? T(1) : T(0);
    APICAL_IVDEP
    for (std::size_t i = 0; i < count; ++i) {
      T apical = feedback[i];
      if constexpr (kApical) {
        apical = Law::apical(v_fb[i], apical, k_a) + k_noise * noise[i];
        v_fb[i] = apical;
      }
      const T basal = kBasal ? v_ff[i] : T(0);
      const T soma = Law::soma(v[i], basal, apical, k_v);
      v[i] = soma;
      const T rho = Function::difference(v_minus[i], rate_minus[i], slope[i], soma);
      rate[i] = keep_rate * rate_minus[i] + rho;
      rate_deviation[i] = rho;
    }
  });
}

template <class Law, class T>
void law_step(const LawStep<T>& s) {
  if (s.v_fb != nullptr) {
    s.v_ff != nullptr ? law_loop<Law, T, true, true>(s) : law_loop<Law, T, true, false>(s);
  } else {
    s.v_ff != nullptr ? law_loop<Law, T, false, true>(s) : law_loop<Law, T, false, false>(s);
  }
}

template <class T, class Law>
LawFunction<T> law_function(Law) {
  return &law_step<Law, T>;
}

// ---- What the rules of the Deep Feedback Control family share

// The three forward plasticities of the paper and its code: which difference at the soma teaches the basal synapses.
template <class T>
void mismatch_plasticity(const DeepFeedback& dfc, const BasicSynapses<T>& s, BasicDelta<T>& d) {
  const T factor = static_cast<T>(dfc.factor());
  switch (dfc.mismatch()) {
    case Mismatch::rates: d += outer(factor * (s.phi(s.v) - s.phi(s.v_ff)), s.r_prev); break;
    case Mismatch::voltages: d += outer(factor * (s.v - s.v_ff), s.r_prev); break;
    case Mismatch::linearised: d += outer(factor * (s.phi_prime(s.v_minus) * (s.v - s.v_ff)), s.r_prev); break;
  }
}
