#include "kernels/reference/reference.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/loops.h"
#include "kernels/panels.h"

namespace apical::reference {
namespace {

#define APICAL_REFERENCE
#include "kernels/activations-inl.h"
#include "kernels/noise-inl.h"
#undef APICAL_REFERENCE

template <class T>
double term(T x, T w) {
  return double{x} * double{w};
}
double term(Bfloat16Pair x, Bfloat16Pair w) {
  return term(earlier(x), earlier(w)) + term(later(x), later(w));
}

template <class T>
void product(const Product<T>& p) {
  const std::size_t first = p.first_panel * kPanel<T>,
                    panels = std::min(p.panels, panel_count<T>(p.n_out) - p.first_panel),
                    end = std::min(first + panels * kPanel<T>, padded<T>(p.n_out));
  for (std::size_t row = 0; row < p.rows; ++row) {
    for (std::size_t unit = first; unit < end; ++unit) {
      Summed<T>& c = p.c[row * p.ldc + unit - first];
      double sum = p.start == Start::keep ? c : p.start == Start::bias ? p.bias[unit] : Summed<T>(0);
      for (std::size_t k = 0; k < p.n_in; ++k)
        sum += term(p.a[row * p.lda + k], p.w[panel_index<T>(p.n_out, p.n_in, unit, k)]);
      c = static_cast<Summed<T>>(sum);
    }
  }
}

template <class T>
void outer_product(const OuterProduct<T>& o) {
  const std::size_t width = padded<T>(o.n_out);
  for (std::size_t unit = o.first_panel * kPanel<T>;
       unit < (o.first_panel + o.panels) * kPanel<T> && unit < width; ++unit) {
    for (std::size_t k = o.first_k; k < o.first_k + o.k_count; ++k) {
      Summed<T>& g = o.g[panel_index<T>(o.n_out, o.n_in, unit, k)];
      double sum = o.start == Start::zero ? Summed<T>(0) : g;
      for (std::size_t row = 0; row < o.rows; ++row)
        sum += term(o.e[row * o.lde + unit], o.x[row * o.ldx + k]);
      g = static_cast<Summed<T>>(sum);
    }
  }
}

template <class T>
void activate(Activation activation, const T* v, T* rate, T* slope, std::size_t count) {
  with_activation(activation, [=](auto phi) {
    using Phi = decltype(phi);
    for (std::size_t i = 0; i < count; ++i) {
      const T x = v[i], r = Phi::value(x);
      if (rate) rate[i] = r;
      if (slope) slope[i] = Phi::slope(x, r);
    }
  });
}

template <class T>
void activation_difference(Activation activation, const T* v, const T* rate, const T* slope, const T* d,
                           T* difference, std::size_t count) {
  with_activation(activation, [=](auto phi) {
    for (std::size_t i = 0; i < count; ++i)
      difference[i] = decltype(phi)::difference(v[i], rate[i], slope[i], d[i]);
  });
}

template <class T>
void sum(const T* const* parts, std::size_t parts_count, T* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    double total = 0;
    for (std::size_t q = 0; q < parts_count; ++q) total += double{parts[q][i]};
    out[i] = static_cast<T>(total);
  }
}

template <class T>
void add_scaled(T a, const T* x, T* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] = static_cast<T>(double{y[i]} + double{a} * double{x[i]});
}

template <class T>
void scale(T a, T* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] *= a;
}

template <class T>
void multiply(const T* x, T* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] *= x[i];
}

template <class T>
void column_sums(const T* e, std::size_t lde, std::size_t rows, std::size_t n, T* out) {
  for (std::size_t unit = 0; unit < padded<T>(n); ++unit) {
    double total = out[unit];
    for (std::size_t row = 0; row < rows; ++row) total += double{e[row * lde + unit]};
    out[unit] = static_cast<T>(total);
  }
}

template <class T>
void transpose_panels(const Transpose<T>& p) {
  const std::size_t first_out = p.first_panel * kPanel<T>;
  const bool last_panels = p.panels >= panel_count<T>(p.n_out) - p.first_panel,
             last_inputs = p.k_count >= p.n_in - p.first_k;
  const std::size_t end_out = last_panels ? p.n_out : first_out + p.panels * kPanel<T>,
                    end_in = last_inputs ? padded<T>(p.n_in) : p.first_k + p.k_count;
  for (std::size_t in = p.first_k; in < end_in; ++in)
    for (std::size_t out = first_out; out < end_out; ++out)
      p.w_transposed[panel_index<T>(p.n_in, p.n_out, in, out)] =
          in < p.n_in ? p.w[panel_index<T>(p.n_out, p.n_in, out, in)] : T(0);
}

// One system after the other, by elimination on the augmented matrix.
void solve(std::size_t n, double* a, double* b) {
  for (std::size_t s = 0; s < kSystems; ++s) {
    const auto at = [=](std::size_t row, std::size_t column) -> double& {
      return column < n ? a[(row * n + column) * kSystems + s] : b[row * kSystems + s];
    };
    for (std::size_t k = 0; k < n; ++k) {
      std::size_t pivot = k;
      for (std::size_t row = k + 1; row < n; ++row)
        if (std::fabs(at(row, k)) > std::fabs(at(pivot, k))) pivot = row;
      for (std::size_t column = k; column <= n; ++column) std::swap(at(k, column), at(pivot, column));
      for (std::size_t row = k + 1; row < n; ++row) {
        const double factor = at(row, k) / at(k, k);
        for (std::size_t column = k; column <= n; ++column) at(row, column) -= factor * at(k, column);
      }
    }
    for (std::size_t k = n; k-- > 0;) {
      for (std::size_t column = k + 1; column < n; ++column) at(k, n) -= at(k, column) * at(column, n);
      at(k, n) /= at(k, k);
    }
  }
}

void round_along(const Rounding& r) {
  for (std::size_t row = 0; row < r.rows; ++row)
    for (std::size_t k = 0; k < r.n; k += 2)
      r.to[row * r.to_stride + k / 2] = bfloat16_pair(
          r.from[row * r.stride + k], k + 1 < r.n ? r.from[row * r.stride + k + 1] : 0.0f);
}

void round_across(const Rounding& r) {
  for (std::size_t row = 0; row < r.rows; row += 2)
    for (std::size_t k = 0; k < r.n; ++k)
      r.to[row / 2 * r.to_stride + k] = bfloat16_pair(
          r.from[row * r.stride + k], row + 1 < r.rows ? r.from[(row + 1) * r.stride + k] : 0.0f);
}

// One chain: the reference has no claim to speed.
template <class T>
double peak(long iterations) {
  T chain = static_cast<T>(iterations) * T(1e-30);
  const T factor = T(1) - chain;
  for (long n = 0; n < iterations; ++n) chain = chain * factor + factor;
  return 2.0 * static_cast<double>(iterations) + (chain < T(0) ? 1.0 : 0.0);
}

}  // namespace

template <class T>
const Kernels<T>& table() {
  static constexpr Kernels<T> filled{.name = "reference",
                                     .lanes = 1,
                                     .product = &product<T>,
                                     .outer_product = &outer_product<T>,
                                     .activate = &activate<T>,
                                     .activation_difference = &activation_difference<T>,
                                     .normal = &normal<T>,
                                     .sum = &sum<T>,
                                     .add_scaled = &add_scaled<T>,
                                     .scale = &scale<T>,
                                     .multiply = &multiply<T>,
                                     .column_sums = &column_sums<T>,
                                     .transpose_panels = &transpose_panels<T>,
                                     .solve = &solve,
                                     .peak = &peak<T>};
  return filled;
}

const PairKernels& pair_table() {
  static constexpr PairKernels filled{.unit = "reference",
                                      .product = &product<Bfloat16Pair>,
                                      .outer_product = &outer_product<Bfloat16Pair>,
                                      .round_along = &round_along,
                                      .round_across = &round_across,
                                      .peak = &peak<float>};
  return filled;
}

template const Kernels<float>& table<float>();
template const Kernels<double>& table<double>();

}  // namespace apical::reference
