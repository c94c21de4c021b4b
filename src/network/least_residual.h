// Linear systems of all samples of a tile at once, from products with their matrices alone: GMRES (Saad and Schultz 1986).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "network/directions.h"

namespace apical {

template <class T>
class LeastResidual {
 public:
  // n unknowns for each row; at most so many products.
  LeastResidual(Arena<T>& arena, std::size_t rows, std::size_t n, std::size_t most)
      : rows_(rows),
        stride_(row_stride<T>(n)),
        most_(most),
        directions_(arena, rows, padded<T>(n), most),
        in_(arena.take_zeroed(rows * stride_)),
        out_(arena.take_zeroed(rows * stride_)),
        systems_(arena.template take_as<System>(rows)) {
    double* numbers = arena.template take_as<double>(rows * (most * most + 3 * most + 1));
    for (std::size_t row = 0; row < rows; ++row) {
      System& s = systems_[row];
      s.upper = numbers;
      s.cosine = numbers + most * most;
      s.sine = s.cosine + most;
      s.right = s.sine + most;
      numbers = s.right + most + 1;
    }
  }

  // x with A x = b to a residual of `tolerance` times the length of b: multiply(in, out) writes A in for every row; all arrays [rows, stride of n],
  // padding 0. False, and x untouched, where the products do not suffice or a number is not finite.
  template <class F>
  bool solve(F&& multiply, const T* b, double tolerance, T* x) {
    const std::size_t length = directions_.length();
    std::size_t open = 0;
    for (std::size_t row = 0; row < rows_; ++row) {
      std::copy_n(b + row * stride_, length, directions_.of(row, 0));
      System& s = systems_[row];
      s.right[0] = s.goal = directions_.begin(row);
      s.goal *= tolerance;
      s.size = 0;
      s.open = s.right[0] != 0;
      open += s.open;
    }
    for (std::size_t k = 0; open > 0; ++k) {
      if (k == most_) return false;
      for (std::size_t row = 0; row < rows_; ++row)
        std::copy_n(directions_.of(row, k), length, in_ + row * stride_);
      multiply(in_, out_);
      for (std::size_t row = 0; row < rows_; ++row) {
        System& s = systems_[row];
        if (!s.open) {
          std::fill_n(directions_.of(row, k + 1), length, T(0));
          continue;
        }
        std::copy_n(out_ + row * stride_, length, directions_.of(row, k + 1));
        const double left = directions_.extend(row, k);
        const double residual = take_up(s, k, left);
        if (!std::isfinite(residual)) return false;
        s.open = residual > s.goal;
        open -= !s.open;
      }
    }
    for (std::size_t row = 0; row < rows_; ++row) combine(row, x + row * stride_);
    return true;
  }

 private:
  // The least squares problem of one sample: R y = right after the rotations so far.
  struct System {
    double* upper;  // R, column after column [most, most]
    double *cosine, *sine, *right;
    double goal;  // of the residual
    std::size_t size;
    bool open;  // not there yet
  };

  // Another column, rotated; the residual that is left.
  double take_up(System& s, std::size_t k, double below) const {
    double* column = s.upper + k * most_;
    for (std::size_t j = 0; j <= k; ++j) column[j] = static_cast<double>(directions_.coefficients()[j]);
    for (std::size_t j = 0; j < k; ++j) {
      const double upper = column[j];
      column[j] = s.cosine[j] * upper + s.sine[j] * column[j + 1];
      column[j + 1] = s.cosine[j] * column[j + 1] - s.sine[j] * upper;
    }
    const double length = std::hypot(column[k], below);
    s.cosine[k] = column[k] / length;
    s.sine[k] = below / length;
    column[k] = length;
    s.right[k + 1] = -s.sine[k] * s.right[k];
    s.right[k] *= s.cosine[k];
    s.size = k + 1;
    return std::abs(s.right[k + 1]);
  }

  void combine(std::size_t row, T* x) {
    System& s = systems_[row];
    const std::size_t length = directions_.length();
    std::fill_n(x, length, T(0));
    for (std::size_t j = s.size; j-- > 0;) {
      double& y = s.right[j];
      for (std::size_t k = j + 1; k < s.size; ++k) y -= s.upper[k * most_ + j] * s.right[k];
      y /= s.upper[j * most_ + j];
      kernels<T>().add_scaled(static_cast<T>(y), directions_.of(row, j), x, length);
    }
  }

  std::size_t rows_, stride_, most_;
  Directions<T> directions_;
  T *in_, *out_;
  System* systems_;
};

}  // namespace apical
