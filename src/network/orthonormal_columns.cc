#include "network/orthonormal_columns.h"

#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <algorithm>

#include "core/buffer.h"
#include "kernels/kernels.h"

namespace apical {
namespace {

// Least share of the largest pivot up to which lengths of U stay true to 1e-8 by way of the products of columns: what is lost is its square.
constexpr double kLeastPivot = 1e-4;

// A and products with it by the engine's own kernels.
class Rows {
 public:
  explicit Rows(const RowMajor& a)
      : m_(static_cast<std::size_t>(a.rows())),
        n_(static_cast<std::size_t>(a.cols())),
        stride_(row_stride<double>(n_)),
        rows_(m_ * stride_) {
    for (std::size_t row = 0; row < m_; ++row)
      std::copy_n(a.data() + row * n_, n_, rows_.data() + row * stride_);
  }

  Eigen::MatrixXd squares() const {  // AᵀA
    Buffer<double> panels(panel_size<double>(n_, n_));
    kernels<double>().outer_product({.e = rows_.data(),
                                     .lde = stride_,
                                     .x = rows_.data(),
                                     .ldx = stride_,
                                     .rows = m_,
                                     .g = panels.data(),
                                     .n_out = n_,
                                     .n_in = n_,
                                     .first_panel = 0,
                                     .panels = panel_count<double>(n_),
                                     .first_k = 0,
                                     .k_count = n_});
    Eigen::MatrixXd squares(static_cast<Eigen::Index>(n_), static_cast<Eigen::Index>(n_));
    for (std::size_t k = 0; k < n_; ++k) {
      for (std::size_t j = 0; j < n_; ++j)
        squares.data()[k * n_ + j] = panels[panel_index<double>(n_, n_, j, k)];
    }
    return squares;
  }

  RowMajor times(const Eigen::MatrixXd& b) const {  // A B
    Buffer<double> panels(panel_size<double>(n_, n_)), products(m_ * stride_);
    for (std::size_t k = 0; k < n_; ++k) {
      for (std::size_t j = 0; j < n_; ++j) panels[panel_index<double>(n_, n_, j, k)] = b.data()[j * n_ + k];
    }
    kernels<double>().product(
        {rows_.data(), stride_, panels.data(), n_, n_, nullptr, products.data(), stride_, m_, Start::zero});
    RowMajor result(static_cast<Eigen::Index>(m_), static_cast<Eigen::Index>(n_));
    for (std::size_t row = 0; row < m_; ++row)
      std::copy_n(products.data() + row * stride_, n_, result.data() + row * n_);
    return result;
  }

 private:
  std::size_t m_, n_, stride_;
  Buffer<double> rows_;
};

}  // namespace

// By way of AᵀA = RᵀR, which is products of matrices, and several times as fast as reflections; these where columns nearly depend on each other.
OrthonormalColumns orthonormal_columns(const RowMajor& a) {
  const Eigen::Index n = a.cols();
  const Rows rows(a);
  const Eigen::LLT<Eigen::MatrixXd> factors(rows.squares());
  const Eigen::VectorXd pivots = factors.matrixLLT().diagonal();
  if (factors.info() == Eigen::Success && pivots.minCoeff() > kLeastPivot * pivots.maxCoeff())
    return {rows.times(factors.matrixU().solve(Eigen::MatrixXd::Identity(n, n))), factors.matrixU()};
  const Eigen::HouseholderQR<RowMajor> reflections(a);
  return {reflections.householderQ() * RowMajor::Identity(a.rows(), n),
          reflections.matrixQR().topRows(n).triangularView<Eigen::Upper>()};
}

}  // namespace apical
