// One output's feedback weights as a row of activities.
#pragma once

#include <algorithm>
#include <cstddef>

#include "apical/network.h"
#include "kernels/panels.h"

namespace apical {

// Column j of Q, [padded(n_i)], padding 0.
template <class T>
void column_of(const WeightMatrix<T>& q, std::size_t j, T* row) {
  const std::size_t n_out = q.n_out(), n_in = q.n_in(), width = padded<T>(n_out);
  for (std::size_t unit = 0; unit < width; unit += kPanel<T>) {
    const T* panel = q.panels() + panel_index<T>(n_out, n_in, unit, j);
    std::copy(panel, panel + std::min(kPanel<T>, width - unit), row + unit);
  }
}

}  // namespace apical
