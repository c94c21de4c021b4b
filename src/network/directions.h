// Orthogonal directions for every sample of a tile, each found from the one before (Arnoldi; Saad 2003, chapter 6).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "kernels/kernels.h"
#include "kernels/krylov.h"
#include "network/tile_state.h"

namespace apical {

template <class T>
class Directions {
 public:
  // length: numbers of a direction, a multiple of half a panel.
  Directions(Arena<T>& arena, std::size_t rows, std::size_t length, std::size_t most)
      : length_(length),
        pitch_((most + 1) * length),
        basis_(arena.take(rows * (most + 1) * length)),
        column_(arena.take(most)) {}

  // v_k of a row; to be written before begin() or extend().
  T* of(std::size_t row, std::size_t k) const { return basis_ + row * pitch_ + k * length_; }
  std::size_t length() const { return length_; }

  // v_0 becomes a unit vector, or stays 0; its length before.
  double begin(std::size_t row) { return normalise(of(row, 0), norm(row)); }

  // v_{k+1} is made orthogonal to v_0 … v_k, coefficients() of which are taken out, and a unit vector; its length in between, 0 where nothing but
  // rounding was left: the directions hold all that there is, and it is 0 itself.
  double extend(std::size_t row, std::size_t k) {
    T* next = of(row, k + 1);
    const Norms norms = orthogonalise(of(row, 0), length_, k + 1, length_, next, column_);
    const bool rounding = norms.left <= kRounding * std::numeric_limits<T>::epsilon() * norms.before;
    if (rounding) std::fill_n(next, length_, T(0));
    return normalise(next, rounding ? 0 : norms.left);
  }
  const T* coefficients() const { return column_; }

 private:
  // What taking out directions leaves of the last place.
  static constexpr double kRounding = 10;

  double norm(std::size_t row) {
    return orthogonalise(basis_, length_, 0, length_, of(row, 0), column_).left;
  }
  double normalise(T* v, double norm) {
    if (norm > 0) kernels<T>().scale(static_cast<T>(1 / norm), v, length_);
    return norm;
  }

  std::size_t length_, pitch_;
  T* basis_;   // [rows, most + 1, length]
  T* column_;  // [most]
};

}  // namespace apical
