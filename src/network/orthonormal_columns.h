// Columns of a matrix as sums of orthonormal ones.
#pragma once

#include <cstddef>

#include "core/buffer.h"
#include "kernels/panels.h"

namespace apical {

// A = U R with R upper triangular and UᵀU = I. A [m, n], m ≥ n ≥ 1. Its memory is taken once, for as many matrices as there will be.
class OrthonormalColumns {
 public:
  OrthonormalColumns(std::size_t m, std::size_t n);

  // A, to be filled, and U; rows [m, stride()].
  double* a() { return a_.data(); }
  const double* u() const { return u_.data(); }
  std::size_t stride() const { return stride_; }
  double r(std::size_t row, std::size_t column) const { return r_[row * stride_ + column]; }

  void find();

  std::size_t bytes() const;

 private:
  // R of AᵀA = RᵀR; false where columns depend on each other too nearly for its digits.
  bool factor();
  // R⁻¹
  void invert();
  // By reflections, which need memory of their own.
  void reflect();

  std::size_t m_, n_, stride_;
  Buffer<double> a_, u_, r_, inverse_, panels_;
};

}  // namespace apical
