// Feedback weights of an output are mostly the identity or nothing but a diagonal.
#pragma once

#include <cstddef>

#include "apical/network.h"
#include "kernels/panels.h"

namespace apical {

// Whether a square matrix has nothing beside its diagonal.
template <class T>
bool is_diagonal(const WeightMatrix<T>& w) {
  if (w.n_out() != w.n_in()) return false;
  const T* values = w.panels();
  for (std::size_t first = 0; first < padded<T>(w.n_out()); first += kPanel<T>) {
    const std::size_t left = padded<T>(w.n_out()) - first, width = left < kPanel<T> ? left : kPanel<T>;
    for (std::size_t in = 0; in < w.n_in(); ++in, values += width) {
      std::size_t others = 0;
      for (std::size_t k = 0; k < width; ++k) others += values[k] != 0;
      const bool crosses = in >= first && in < first + width;
      if (others > (crosses && values[in - first] != 0 ? 1 : 0)) return false;
    }
  }
  return true;
}

// Whether it is c I with c other than 0.
template <class T>
bool is_scaled_identity(const WeightMatrix<T>& w) {
  if (!is_diagonal(w) || w.get(0, 0) == 0) return false;
  for (std::size_t k = 1; k < w.n_out(); ++k) {
    if (w.get(k, k) != w.get(0, 0)) return false;
  }
  return true;
}

template <class T>
bool is_identity(const WeightMatrix<T>& w) {
  return is_scaled_identity(w) && w.get(0, 0) == 1;
}

}  // namespace apical
