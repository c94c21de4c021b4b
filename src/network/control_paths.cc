#include "network/control_paths.h"

#include <algorithm>

#include "kernels/kernels.h"
#include "kernels/panels.h"
#include "network/feedback_column.h"

namespace apical {

template <class T>
ControlPaths<T>::ControlPaths(const Network<T>& network, Arena<T>& arena)
    : network_(network),
      depth_(network.depth()),
      outputs_(network.units(depth_)),
      output_stride_(row_stride<T>(outputs_)) {
  std::size_t widest = 0;
  for (std::size_t i = 1; i <= depth_; ++i) widest = std::max(widest, row_stride<T>(network.units(i)));
  for (T*& layer : layers_) layer = arena.take(depth_ * outputs_ * kLanes * widest);
  feedback_row_ = arena.take(widest);
}

template <class T>
void ControlPaths<T>::form(const T* const* slope, std::size_t samples) {
  samples_ = samples;
  for (std::size_t i = 1; i <= depth_; ++i) {
    const auto& w = network_.weights(i);
    const auto& q = network_.weights("feedback", i);
    const std::size_t stride = row_stride<T>(w.n_out()), width = padded<T>(w.n_out());
    const std::size_t rows_below = (i - 1) * outputs_ * samples;
    T* m = layers_[i % 2];
    if (i > 1) {
      kernels<T>().product({layers_[(i + 1) % 2], row_stride<T>(w.n_in()), w.panels(), w.n_in(), w.n_out(),
                            nullptr, m, stride, rows_below, Start::zero});
    }
    for (std::size_t j = 0; j < outputs_; ++j) {
      column_of(q, j, feedback_row_);
      for (std::size_t s = 0; s < samples; ++s)
        std::copy_n(feedback_row_, width, m + (rows_below + j * samples + s) * stride);
    }
    for (std::size_t block = 0; block < i * outputs_; ++block) {
      for (std::size_t s = 0; s < samples; ++s) {
        T* row = m + (block * samples + s) * stride;
        for (std::size_t unit = 0; unit < width; ++unit) row[unit] *= slope[i][s * stride + unit];
      }
    }
    m_ = m;
  }
}

template class ControlPaths<float>;
template class ControlPaths<double>;

}  // namespace apical
