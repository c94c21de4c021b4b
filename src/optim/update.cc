#include "optim/update.h"

#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optim/update.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace apical {
namespace HWY_NAMESPACE {

template <bool plain, class T>
HWY_INLINE T gradient(T w, T sum, const StepNumbers<T>& n) {
  const T delta = n.clip * (n.mean * sum);
  if constexpr (plain) return -delta;
  const T sign = static_cast<T>((w > T(0)) - (w < T(0)));
  return n.decay * w + n.l1 * sign - delta;
}

template <class T>
HWY_INLINE T root_of(T x) {
  if constexpr (sizeof(T) == 4)
    return __builtin_sqrtf(x);
  else
    return __builtin_sqrt(x);
}

// 0 / 0 is no step: padding and silent synapses stay where they are even with ε = 0.
template <class T>
HWY_INLINE T ratio(T numerator, T denominator) {
  return denominator == T(0) ? T(0) : numerator / denominator;
}

// Arrays never overlap; without the promise the compiler would test every pair of them.
template <bool plain, class T>
void sgd(T* HWY_RESTRICT w, const T* HWY_RESTRICT delta, T*, T*, std::size_t count,
         const StepNumbers<T>& numbers) {
  const StepNumbers<T> n = numbers;
  for (std::size_t i = 0; i < count; ++i) w[i] -= n.rate * gradient<plain>(w[i], delta[i], n);
}

template <bool plain, class T>
void momentum(T* HWY_RESTRICT w, const T* HWY_RESTRICT delta, T* HWY_RESTRICT m, T*, std::size_t count,
              const StepNumbers<T>& numbers) {
  const StepNumbers<T> n = numbers;
  for (std::size_t i = 0; i < count; ++i) {
    m[i] = n.first * m[i] + gradient<plain>(w[i], delta[i], n);
    w[i] -= n.rate * m[i];
  }
}

template <bool plain, class T>
void nesterov(T* HWY_RESTRICT w, const T* HWY_RESTRICT delta, T* HWY_RESTRICT m, T*, std::size_t count,
              const StepNumbers<T>& numbers) {
  const StepNumbers<T> n = numbers;
  for (std::size_t i = 0; i < count; ++i) {
    const T g = gradient<plain>(w[i], delta[i], n);
    m[i] = n.first * m[i] + g;
    w[i] -= n.rate * (g + n.first * m[i]);
  }
}

template <bool plain, class T>
void adam(T* HWY_RESTRICT w, const T* HWY_RESTRICT delta, T* HWY_RESTRICT m, T* HWY_RESTRICT v,
          std::size_t count, const StepNumbers<T>& numbers) {
  const StepNumbers<T> n = numbers;
  for (std::size_t i = 0; i < count; ++i) {
    const T g = gradient<plain>(w[i], delta[i], n);
    m[i] = n.first * m[i] + n.first_new * g;
    v[i] = n.second * v[i] + n.second_new * g * g;
    w[i] = n.keep * w[i] - n.rate * ratio(m[i], root_of(v[i]) * n.root_scale + n.epsilon);
  }
}

template <bool plain, class T>
void rmsprop(T* HWY_RESTRICT w, const T* HWY_RESTRICT delta, T*, T* HWY_RESTRICT v, std::size_t count,
             const StepNumbers<T>& numbers) {
  const StepNumbers<T> n = numbers;
  for (std::size_t i = 0; i < count; ++i) {
    const T g = gradient<plain>(w[i], delta[i], n);
    v[i] = n.second * v[i] + n.second_new * g * g;
    w[i] -= n.rate * ratio(g, root_of(v[i]) + n.epsilon);
  }
}

template <class T>
double squares(const T* delta, std::size_t count) {
  constexpr std::size_t kSums = 16;
  double sums[kSums] = {};
  const std::size_t whole = count / kSums * kSums;
  for (std::size_t i = 0; i < whole; i += kSums)
    for (std::size_t s = 0; s < kSums; ++s)
      sums[s] += static_cast<double>(delta[i + s]) * static_cast<double>(delta[i + s]);
  for (std::size_t i = whole; i < count; ++i)
    sums[i - whole] += static_cast<double>(delta[i]) * static_cast<double>(delta[i]);
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

template <class T>
Update<T> choose(OptimizerAlgorithm algorithm, bool plain) {
  switch (algorithm) {
    case OptimizerAlgorithm::sgd:
      return plain ? &sgd<true, T> : &sgd<false, T>;
    case OptimizerAlgorithm::momentum:
      return plain ? &momentum<true, T> : &momentum<false, T>;
    case OptimizerAlgorithm::nesterov:
      return plain ? &nesterov<true, T> : &nesterov<false, T>;
    case OptimizerAlgorithm::adam:
    case OptimizerAlgorithm::adamw:
      return plain ? &adam<true, T> : &adam<false, T>;
    case OptimizerAlgorithm::rmsprop:
      return plain ? &rmsprop<true, T> : &rmsprop<false, T>;
  }
  return nullptr;
}

Update<float> choose_single(OptimizerAlgorithm algorithm, bool plain) {
  return choose<float>(algorithm, plain);
}
Update<double> choose_double(OptimizerAlgorithm algorithm, bool plain) {
  return choose<double>(algorithm, plain);
}
double squares_single(const float* delta, std::size_t count) { return squares(delta, count); }
double squares_double(const double* delta, std::size_t count) { return squares(delta, count); }

}  // namespace HWY_NAMESPACE
}  // namespace apical
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace apical {

HWY_EXPORT(choose_single);
HWY_EXPORT(choose_double);
HWY_EXPORT(squares_single);
HWY_EXPORT(squares_double);

template <>
Update<float> update_for<float>(OptimizerAlgorithm algorithm, bool plain) {
  return HWY_DYNAMIC_DISPATCH(choose_single)(algorithm, plain);
}

template <>
Update<double> update_for<double>(OptimizerAlgorithm algorithm, bool plain) {
  return HWY_DYNAMIC_DISPATCH(choose_double)(algorithm, plain);
}

template <>
double sum_of_squares<float>(const float* delta, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(squares_single)(delta, count);
}

template <>
double sum_of_squares<double>(const double* delta, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(squares_double)(delta, count);
}

}  // namespace apical
#endif
