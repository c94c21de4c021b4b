// A matrix from the layout of activities to that of weights.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/panels.h"

namespace apical {

// Rows [n_in, stride of n_out], a weight matrix transposed, as its panels [n_out, n_in].
template <class T>
void rows_to_panels(const T* rows, std::size_t n_out, std::size_t n_in, T* panels) {
  const std::size_t stride = row_stride<T>(n_out);
  for (std::size_t first = 0; first < padded<T>(n_out); first += kPanel<T>) {
    const std::size_t width = std::min(kPanel<T>, padded<T>(n_out) - first);
    for (std::size_t in = 0; in < n_in; ++in, panels += width)
      std::copy_n(rows + in * stride + first, width, panels);
  }
}

}  // namespace apical
