// What the tests of kernels share: every instruction set in turn, aligned arrays, and the one table of
// tolerances.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace apical {

// How far a kernel may be from exact arithmetic.
struct Tolerance {
  double unit;        // half the distance from 1 to the next number
  double value_ulps;  // tanh, sigmoid, softplus
  double slope_ulps;  // their slopes
  double fast_ulps;   // values and slopes of the fast ones, down to the least that their exponential gives
  double difference;  // relative error of φ(v + d) − φ(v)
  double flat;  // where tanh is flat: beyond |v| = flat (sigmoid: twice that) a difference may also be off by
  double flat_error;  // flat_error and by the rounding of v
  double normal;      // absolute error of a standard normal number
};

template <class T>
constexpr Tolerance tolerance() {
  if constexpr (sizeof(T) == 4) return {0x1p-24, 2.0, 4.0, 12.0, 1e-6, 30, 1e-25, 2e-6};
  return {0x1p-53, 2.25, 4.0, 4.0, 1e-14, 300, 1e-259, 4e-15};
}

// Bound on a sum of `terms` products, whatever their order: (terms + 2) units times the sum of magnitudes.
template <class T>
double sum_bound(std::size_t terms, double magnitudes) {
  return static_cast<double>(terms + 2) * tolerance<T>().unit * magnitudes;
}

// Zeroed and aligned to 64 bytes.
template <class T>
class Array {
 public:
  explicit Array(std::size_t count, T fill = T(0))
      : data_(static_cast<T*>(std::aligned_alloc(64, (count * sizeof(T) / 64 + 1) * 64)), &std::free),
        count_(count) {
    for (std::size_t i = 0; i < count; ++i) data_[i] = fill;
  }
  operator T*() const { return data_.get(); }
  std::size_t size() const { return count_; }
  void randomise(std::mt19937& generator) {
    std::normal_distribution<double> normal;
    for (std::size_t i = 0; i < count_; ++i) data_[i] = static_cast<T>(normal(generator));
  }

 private:
  std::unique_ptr<T[], void (*)(void*)> data_;
  std::size_t count_;
};

// Rows [rows, n] with stride row_stride(n), padding zero.
template <class T>
Array<T> random_rows(std::size_t rows, std::size_t n, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  Array<T> array(rows * row_stride<T>(n));
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t i = 0; i < n; ++i) array[row * row_stride<T>(n) + i] = static_cast<T>(normal(generator));
  return array;
}

// Panels of a random matrix [n_out, n_in], padding zero.
template <class T>
Array<T> random_panels(std::size_t n_out, std::size_t n_in, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  Array<T> array(panel_size<T>(n_out, n_in));
  for (std::size_t out = 0; out < n_out; ++out)
    for (std::size_t in = 0; in < n_in; ++in)
      array[panel_index<T>(n_out, n_in, out, in)] = static_cast<T>(normal(generator));
  return array;
}

// One run per table of kernels that this processor has; afterwards the best is in use again.
class EveryKernel : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { use_kernels(GetParam()); }
  void TearDown() override { use_kernels("auto"); }
};

#define APICAL_ON_EVERY_KERNEL(fixture)                                                        \
  INSTANTIATE_TEST_SUITE_P(Kernels, fixture, testing::ValuesIn(::apical::available_kernels()), \
                           [](const auto& param_info) { return param_info.param; })

}  // namespace apical
