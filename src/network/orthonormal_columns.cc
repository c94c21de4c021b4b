#include "network/orthonormal_columns.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/kernels.h"
#include "network/matrix.h"
#include "network/rows_to_panels.h"

namespace apical {
namespace {

// Least share of the largest pivot up to which lengths of U stay true to 1e-8 by way of the products of columns: what is lost is its square.
constexpr double kLeastPivot = 1e-4;

}  // namespace

OrthonormalColumns::OrthonormalColumns(std::size_t m, std::size_t n)
    : m_(m),
      n_(n),
      stride_(row_stride<double>(n)),
      a_(m * stride_),
      u_(m * stride_),
      r_(n * stride_),
      inverse_(n * stride_),
      panels_(panel_size<double>(n, n)) {}

// By way of the products of columns, which is a product of matrices, and several times as fast as reflections; these where it loses digits.
void OrthonormalColumns::find() {
  if (!factor()) return reflect();
  invert();
  rows_to_panels(inverse_.data(), n_, n_, panels_.data());
  kernels<double>().product(
      {a_.data(), stride_, panels_.data(), n_, n_, nullptr, u_.data(), stride_, m_, Start::zero});
}

// Cholesky's factors, row by row from the top: what is below has each row that is done taken out of it. By the engine's own kernels, because
// libraries ask for memory here, in the midst of a training step.
bool OrthonormalColumns::factor() {
  kernels<double>().outer_product({.e = a_.data(),
                                   .lde = stride_,
                                   .x = a_.data(),
                                   .ldx = stride_,
                                   .rows = m_,
                                   .g = panels_.data(),
                                   .n_out = n_,
                                   .n_in = n_,
                                   .first_panel = 0,
                                   .panels = panel_count<double>(n_),
                                   .first_k = 0,
                                   .k_count = n_,
                                   .start = Start::zero});
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (std::size_t row = 0; row < n_; ++row)
    for (std::size_t k = 0; k < n_; ++k)
      r_[row * stride_ + k] = k < row ? 0 : panels_[panel_index<double>(n_, n_, k, row)];
  for (std::size_t row = 0; row < n_; ++row) {
    double* done = r_.data() + row * stride_;
    const double pivot = std::sqrt(done[row]);
    least = std::min(least, pivot), most = std::max(most, pivot);
    if (!(least > kLeastPivot * most)) return false;
    kernels<double>().scale(1 / pivot, done + row, n_ - row);
    for (std::size_t below = row + 1; below < n_; ++below)
      kernels<double>().add_scaled(-done[below], done + below, r_.data() + below * stride_ + below,
                                   n_ - below);
  }
  return true;
}

void OrthonormalColumns::invert() {
  inverse_.zero();
  for (std::size_t row = n_; row-- > 0;) {
    double* mine = inverse_.data() + row * stride_;
    mine[row] = 1;
    for (std::size_t below = row + 1; below < n_; ++below)
      kernels<double>().add_scaled(-r(row, below), inverse_.data() + below * stride_ + below, mine + below,
                                   n_ - below);
    kernels<double>().scale(1 / r(row, row), mine + row, n_ - row);
  }
}

void OrthonormalColumns::reflect() {
  using Rows = Eigen::Map<RowMajor, 0, Eigen::OuterStride<>>;
  const auto m = static_cast<Eigen::Index>(m_), n = static_cast<Eigen::Index>(n_);
  const Eigen::OuterStride<> stride(static_cast<Eigen::Index>(stride_));
  const Eigen::HouseholderQR<RowMajor> reflections(Rows(a_.data(), m, n, stride));
  Rows(u_.data(), m, n, stride) = reflections.householderQ() * RowMajor::Identity(m, n);
  Rows(r_.data(), n, n, stride) = reflections.matrixQR().topRows(n).triangularView<Eigen::Upper>();
}

std::size_t OrthonormalColumns::bytes() const {
  return a_.bytes() + u_.bytes() + r_.bytes() + inverse_.bytes() + panels_.bytes();
}

}  // namespace apical
