// Elementwise kernels as plain loops. Included once per instruction-set namespace, inside it, after
// activations-inl.h. Outputs may be the inputs themselves, element for element, but may not overlap them
// otherwise.

template <class Phi, class T>
void activate_with(const T* v, T* rate, T* slope, std::size_t count) {
  if (rate && slope) {
    APICAL_IVDEP
    for (std::size_t i = 0; i < count; ++i) {
      const ValueAndSlope<T> both = value_and_slope<Phi>(v[i]);
      rate[i] = both.value;
      slope[i] = both.slope;
    }
  } else if (rate) {
    APICAL_IVDEP
    for (std::size_t i = 0; i < count; ++i) rate[i] = Phi::value(v[i]);
  } else if (slope) {
    APICAL_IVDEP
    for (std::size_t i = 0; i < count; ++i) slope[i] = Phi::slope(v[i], Phi::value(v[i]));
  }
}

template <class T>
void activate(Activation activation, const T* v, T* rate, T* slope, std::size_t count) {
  if constexpr (sizeof(T) == 4) {
    if (activation == Activation::tanh_fast) return activate_with<TanhFast>(v, rate, slope, count);
    if (activation == Activation::sigmoid_fast) return activate_with<SigmoidFast>(v, rate, slope, count);
  }
  with_activation(activation,
                  [=](auto phi) HWY_ATTR { activate_with<decltype(phi)>(v, rate, slope, count); });
}

template <class Phi, class T>
void difference_with(const T* v, const T* rate, const T* slope, const T* d, T* difference,
                     std::size_t count) {
  APICAL_IVDEP
  for (std::size_t i = 0; i < count; ++i) difference[i] = Phi::difference(v[i], rate[i], slope[i], d[i]);
}

template <class T>
void activation_difference(Activation activation, const T* v, const T* rate, const T* slope, const T* d,
                           T* difference, std::size_t count) {
  with_activation(activation, [=](auto phi) HWY_ATTR {
    difference_with<decltype(phi)>(v, rate, slope, d, difference, count);
  });
}

template <class T>
void sum(const T* const* parts, std::size_t parts_count, T* out, std::size_t count) {
  constexpr std::size_t kChunk = 512;  // the running sum stays in the first cache level
  T total[kChunk];
  for (std::size_t first = 0; first < count; first += kChunk) {
    const std::size_t n = count - first < kChunk ? count - first : kChunk;
    for (std::size_t i = 0; i < n; ++i) total[i] = T(0);
    for (std::size_t q = 0; q < parts_count; ++q) {
      const T* __restrict part = parts[q] + first;
      APICAL_IVDEP
      for (std::size_t i = 0; i < n; ++i) total[i] += part[i];
    }
    for (std::size_t i = 0; i < n; ++i) out[first + i] = total[i];
  }
}

template <class T>
void add_scaled(T a, const T* x, T* y, std::size_t count) {
  APICAL_IVDEP
  for (std::size_t i = 0; i < count; ++i) y[i] += a * x[i];
}

template <class T>
void scale(T a, T* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] *= a;
}

template <class T>
void multiply(const T* x, T* y, std::size_t count) {
  APICAL_IVDEP
  for (std::size_t i = 0; i < count; ++i) y[i] *= x[i];
}

template <class T>
void column_sums(const T* e, std::size_t lde, std::size_t rows, std::size_t n, T* out) {
  const std::size_t width = padded<T>(n);
  for (std::size_t row = 0; row < rows; ++row) {
    const T* __restrict line = e + row * lde;
    APICAL_IVDEP
    for (std::size_t i = 0; i < width; ++i) out[i] += line[i];
  }
}
