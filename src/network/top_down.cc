#include "network/top_down.h"

#include <algorithm>

#include "network/diagonal.h"
#include "network/tile_view.h"

namespace apical {
namespace {

// Outputs from which on it pays to look: their own feedback is then most of an Euler step.
constexpr std::size_t kWide = 48;

}  // namespace

template <class T>
void TopDown<T>::take_arrays() {
  if (!chained_) return;
  std::size_t widest = 0;
  for (std::size_t i = 1; i <= network_.depth(); ++i) {
    SettlingLayer<T>& layer = tile_.layer[i];
    const std::size_t count = tile_.rows * layer.stride;
    widest = std::max(widest, count);
    layer.slope = tile_.arena->take(count);
    if (settling_.drive == Drive::energy) layer.mismatch = tile_.arena->take(count);
  }
  voltage_ = tile_.arena->take(widest);
  rate_ = tile_.arena->take(widest);
}

template <class T>
StepProduct<T> TopDown<T>::product(std::size_t i) const {
  const std::size_t n_out = network_.units(i);
  if (chained_ && i < network_.depth()) {
    const SettlingLayer<T>& above = tile_.layer[i + 1];
    const T* panels = transports(settling_) ? network_.weights(i + 1).transposed()
                                            : network_.weights(settling_.through, i).panels();
    const T* arriving = settling_.drive == Drive::energy ? above.mismatch : above.v_fb;
    return tile_.product_into(i, arriving, above.stride, panels, network_.units(i + 1), n_out);
  }
  // the control itself, which has its place in the ring only when a state is moved; without a matrix, or with a wide identity, the output
  // takes it over
  const bool taken_over =
      chained_ || network_.group(settling_.through).size() < i ||
      (i == network_.depth() && n_out >= kWide && is_identity(network_.weights(settling_.through, i)));
  const T* panels = taken_over ? nullptr : network_.weights(settling_.through, i).panels();
  return tile_.product_into(i, nullptr, tile_.output_stride(), panels, network_.units(network_.depth()),
                            n_out);
}

template <class T>
void TopDown<T>::look() {
  if (!chained_) return;
  for (std::size_t i = 1; i <= network_.depth(); ++i) {
    const SettlingLayer<T>& layer = tile_.layer[i];
    const BasePoint<T> minus = base_point(tile_, i, network_.units(i));
    const std::size_t count = tile_.rows * layer.stride;
    for (std::size_t k = 0; k < count; ++k) voltage_[k] = minus.v[k] + layer.v[k];
    kernels_.activate(network_.spec().activation_of(i), voltage_, rate_, layer.slope, count);
    if (layer.mismatch == nullptr) continue;
    for (std::size_t k = 0; k < count; ++k) layer.mismatch[k] = layer.v[k] - layer.v_ff[k];
  }
}

// The output neurons get the control itself.
template <class T>
void TopDown<T>::take_over(const Product<T>& product, std::size_t first, std::size_t width) const {
  for (std::size_t row = 0; row < product.rows; ++row)
    std::copy_n(product.a + row * product.lda + first, width, product.c + row * product.ldc);
}

// A neuron lets through what it would have passed on itself: φ'(v) of its own.
template <class T>
void TopDown<T>::gate(const SettlingLayer<T>& layer, const Product<T>& product, std::size_t first,
                      std::size_t width) const {
  for (std::size_t row = 0; row < product.rows; ++row) {
    const T* slope = layer.slope + row * layer.stride + first;
    T* out = product.c + row * product.ldc;
    for (std::size_t k = 0; k < width; ++k) out[k] *= slope[k];
  }
}

template class TopDown<float>;
template class TopDown<double>;

}  // namespace apical
