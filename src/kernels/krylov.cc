#include "kernels/krylov.h"

#include <cmath>

#include "kernels/loops.h"
#include "kernels/panels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/krylov.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace apical {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Running sums of a dot product: more than the latency of a multiply-add needs on any processor.
template <class T>
constexpr std::size_t kSums = 2 * kPanel<T>;

template <class T>
HWY_INLINE T dot(const T* HWY_RESTRICT x, const T* HWY_RESTRICT y, std::size_t count) {
  T sums[kSums<T>] = {};
  std::size_t i = 0;
  const hn::CappedTag<T, kPanel<T> / 2> d;
  for (; i + kSums<T> <= count; i += kSums<T>) {
    APICAL_UNROLL
    for (std::size_t s = 0; s < kSums<T>; s += hn::Lanes(d))
      hn::StoreU(hn::MulAdd(hn::LoadU(d, x + i + s), hn::LoadU(d, y + i + s), hn::LoadU(d, sums + s)), d,
                 sums + s);
  }
  for (std::size_t s = 0; i < count; i += hn::Lanes(d), s += hn::Lanes(d))
    hn::StoreU(hn::MulAdd(hn::LoadU(d, x + i), hn::LoadU(d, y + i), hn::LoadU(d, sums + s)), d, sums + s);
  for (std::size_t half = kSums<T> / 2; half > 0; half /= 2) {
    for (std::size_t s = 0; s < half; ++s) sums[s] += sums[s + half];
  }
  return sums[0];
}

template <class T>
HWY_INLINE void add_scaled(T a, const T* HWY_RESTRICT x, T* HWY_RESTRICT y, std::size_t count) {
  const hn::CappedTag<T, kPanel<T> / 2> d;
  const auto factor = hn::Set(d, a);
  for (std::size_t i = 0; i < count; i += hn::Lanes(d))
    hn::StoreU(hn::MulAdd(factor, hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, y + i);
}

template <class T>
Norms orthogonalise_with(const T* basis, std::size_t pitch, std::size_t directions, std::size_t count,
                         T* HWY_RESTRICT w, T* HWY_RESTRICT coefficients) {
  const T before = dot(w, w, count);
  for (std::size_t j = 0; j < directions; ++j) {
    const T* v = basis + j * pitch;
    coefficients[j] = dot(v, w, count);
    add_scaled(-coefficients[j], v, w, count);
  }
  const T left = directions > 0 ? dot(w, w, count) : before;
  return {std::sqrt(static_cast<double>(before)), std::sqrt(static_cast<double>(left))};
}

// As many samples as a vector has lanes, from `first` on.
template <class T>
HWY_INLINE void small_steps_from(std::size_t first, const SmallSteps<T>& s) {
  const hn::CappedTag<T, kSmallSystems> d;
  const std::size_t m = s.size, row = s.columns * kSmallSystems;
  const T* HWY_RESTRICT h = s.h + first;
  T* HWY_RESTRICT last = s.last + first;
  T* HWY_RESTRICT sum = s.sum + first;
  T* HWY_RESTRICT next = s.scratch + first;
  const auto beta = hn::LoadU(d, s.beta + first);
  auto reach = hn::Zero(d);
  for (std::size_t j = 0; j < m; ++j) {
    hn::StoreU(hn::Zero(d), d, last + j * kSmallSystems);
    hn::StoreU(hn::Zero(d), d, sum + j * kSmallSystems);
  }
  for (std::int64_t t = 0; t < s.steps; ++t) {
    for (std::size_t j = 0; j < m; ++j) {
      const T* HWY_RESTRICT entries = h + j * row;
      const auto term = [&](std::size_t k, auto so_far) HWY_ATTR {
        return hn::MulAdd(hn::LoadU(d, entries + k * kSmallSystems), hn::LoadU(d, last + k * kSmallSystems),
                          so_far);
      };
      auto a = hn::LoadU(d, last + j * kSmallSystems), b = j == 0 ? beta : hn::Zero(d), c = hn::Zero(d),
           e = hn::Zero(d);
      std::size_t k = j == 0 ? 0 : j - 1;
      for (; k + 4 <= m; k += 4) {
        a = term(k, a);
        b = term(k + 1, b);
        c = term(k + 2, c);
        e = term(k + 3, e);
      }
      for (; k < m; ++k) a = term(k, a);
      hn::StoreU(hn::Add(hn::Add(a, b), hn::Add(c, e)), d, next + j * kSmallSystems);
    }
    for (std::size_t j = 0; j < m; ++j) {
      const auto y = hn::LoadU(d, next + j * kSmallSystems);
      hn::StoreU(y, d, last + j * kSmallSystems);
      hn::StoreU(hn::Add(hn::LoadU(d, sum + j * kSmallSystems), y), d, sum + j * kSmallSystems);
      if (j + 1 == m) reach = hn::Add(reach, hn::Abs(y));
    }
  }
  hn::StoreU(reach, d, s.reach + first);
}

template <class T>
void small_steps_all(const SmallSteps<T>& steps) {
  const hn::CappedTag<T, kSmallSystems> d;
  for (std::size_t first = 0; first < kSmallSystems; first += hn::Lanes(d)) small_steps_from(first, steps);
}

Norms orthogonalise_single(const float* basis, std::size_t pitch, std::size_t directions, std::size_t count,
                           float* w, float* coefficients) {
  return orthogonalise_with(basis, pitch, directions, count, w, coefficients);
}
Norms orthogonalise_double(const double* basis, std::size_t pitch, std::size_t directions, std::size_t count,
                           double* w, double* coefficients) {
  return orthogonalise_with(basis, pitch, directions, count, w, coefficients);
}
void small_steps_single(const SmallSteps<float>& steps) { small_steps_all(steps); }
void small_steps_double(const SmallSteps<double>& steps) { small_steps_all(steps); }

}  // namespace HWY_NAMESPACE
}  // namespace apical
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace apical {

HWY_EXPORT(orthogonalise_single);
HWY_EXPORT(orthogonalise_double);
HWY_EXPORT(small_steps_single);
HWY_EXPORT(small_steps_double);

template <>
Norms orthogonalise<float>(const float* basis, std::size_t pitch, std::size_t directions, std::size_t count,
                           float* w, float* coefficients) {
  return HWY_DYNAMIC_DISPATCH(orthogonalise_single)(basis, pitch, directions, count, w, coefficients);
}

template <>
Norms orthogonalise<double>(const double* basis, std::size_t pitch, std::size_t directions, std::size_t count,
                            double* w, double* coefficients) {
  return HWY_DYNAMIC_DISPATCH(orthogonalise_double)(basis, pitch, directions, count, w, coefficients);
}

template <>
void take_small_steps<float>(const SmallSteps<float>& steps) {
  HWY_DYNAMIC_DISPATCH(small_steps_single)(steps);
}

template <>
void take_small_steps<double>(const SmallSteps<double>& steps) {
  HWY_DYNAMIC_DISPATCH(small_steps_double)(steps);
}

}  // namespace apical
#endif
