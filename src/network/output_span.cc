#include "network/output_span.h"

#include <cmath>

#include "kernels/kernels.h"

namespace apical {
namespace {

template <class T>
double length_of(const T* x, std::size_t count) {
  double sum = 0;
  for (std::size_t k = 0; k < count; ++k) sum += static_cast<double>(x[k]) * static_cast<double>(x[k]);
  return std::sqrt(sum);
}

}  // namespace

template <class T>
OutputSpan<T>::OutputSpan(const Network<T>& network, const TileState<T>& tile, const T* target)
    : narrow_(tile.batch->narrow),
      rows_(tile.rows),
      outputs_(network.units(network.depth())),
      units_(narrow_.width() + 1),
      stride_(row_stride<T>(units_)),
      own_(static_cast<T>(narrow_.own_feedback())) {
  Arena<T>& arena = *tile.arena;
  const std::size_t wide = row_stride<T>(outputs_), width = narrow_.width();
  target_ = arena.take_zeroed(rows_ * stride_);
  rest_ = arena.take(rows_ * wide);
  kernels<T>().product({target, wide, narrow_.transposed_panels(), outputs_, width, nullptr, target_, stride_,
                        rows_, Start::zero});
  kernels<T>().product(
      {target_, stride_, narrow_.panels(), width, outputs_, nullptr, rest_, wide, rows_, Start::zero});
  for (std::size_t row = 0; row < rows_; ++row) {
    const T* whole = target + row * wide;
    T* rest = rest_ + row * wide;
    for (std::size_t k = 0; k < outputs_; ++k) rest[k] = whole[k] - rest[k];
    const double length = length_of(rest, outputs_);
    target_[row * stride_ + width] = static_cast<T>(length);
    if (length > 0) kernels<T>().scale(static_cast<T>(1 / length), rest, padded<T>(outputs_));
  }
  driven_ = arena.template take_as<T*>(network.depth());
  for (std::size_t i = 1; i < network.depth(); ++i) {
    const WeightMatrix<T>& q = network.weights(network.groups().front().name, i);
    const std::size_t stride = row_stride<T>(q.n_out());
    driven_[i] = arena.take(rows_ * stride);
    kernels<T>().product(
        {rest_, wide, q.panels(), outputs_, q.n_out(), nullptr, driven_[i], stride, rows_, Start::zero});
  }
}

template <class T>
void OutputSpan<T>::add_rest(std::size_t i, const T* u, T* feedback) const {
  const std::size_t units = narrow_.network().units(i), stride = row_stride<T>(units);
  for (std::size_t row = 0; row < rows_; ++row) {
    kernels<T>().add_scaled(u[row * stride_ + units_ - 1], driven_[i] + row * stride, feedback + row * stride,
                            padded<T>(units));
  }
}

template <class T>
void OutputSpan<T>::widen(const T* narrow, T* wide) const {
  const std::size_t stride = row_stride<T>(outputs_);
  kernels<T>().product(
      {narrow, stride_, narrow_.panels(), units_ - 1, outputs_, nullptr, wide, stride, rows_, Start::zero});
  for (std::size_t row = 0; row < rows_; ++row)
    kernels<T>().add_scaled(narrow[row * stride_ + units_ - 1], rest_ + row * stride, wide + row * stride,
                            padded<T>(outputs_));
}

template class OutputSpan<float>;
template class OutputSpan<double>;

}  // namespace apical
