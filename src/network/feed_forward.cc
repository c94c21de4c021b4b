// The way of a minibatch's samples through the network, forward, and what they lose.
#include <algorithm>

#include "core/profile.h"
#include "kernels/kernels.h"
#include "network/minibatch.h"

namespace apical {
namespace {

using profile::Phase;
using profile::PhaseScope;

// Rows of the feedforward pass at once, at most.
constexpr std::size_t kMostRows = 128;

}  // namespace

// The feedforward pass needs no tiles: the more rows pass by a weight while it is in cache, the better.
template <class T>
void Minibatch<T>::take_in(const SampleSource<T>& source, bool training) {
  const std::size_t share = (batch_.size + pool_.threads() - 1) / pool_.threads();
  const std::size_t rows = std::min(kMostRows, (share + kTileRows - 1) / kTileRows * kTileRows);
  pool_.run(static_cast<std::uint32_t>((batch_.size + rows - 1) / rows), [&](std::uint32_t job, unsigned) {
    const std::size_t first = job * rows, count = std::min(rows, batch_.size - first);
    fill(source, first, count);
    feed_forward(first, count, training);
  });
}

template <class T>
void Minibatch<T>::fill(const SampleSource<T>& source, std::size_t first, std::size_t rows) {
  const PhaseScope scope(Phase::data);
  source.fill(first, rows, batch_);
}

template <class T>
void Minibatch<T>::feed_forward(std::size_t first, std::size_t rows, bool training) {
  const PhaseScope scope(training ? Phase::feedforward : Phase::evaluation);
  const auto& k = kernels<T>();
  for (std::size_t i = 1; i <= network_.depth(); ++i) {
    const auto& w = network_.weights(i);
    const std::size_t stride = row_stride<T>(w.n_out()), below = row_stride<T>(w.n_in()),
                      offset = first * stride;
    T* v = batch_.v[i].data() + offset;
    k.product({batch_.rate[i - 1].data() + first * below, below, w.panels(), w.n_in(), w.n_out(), w.bias(), v,
               stride, rows, w.has_bias() ? Start::bias : Start::zero});
    k.activate(network_.spec().activation_of(i), v, batch_.rate[i].data() + offset,
               training ? batch_.slope[i].data() + offset : nullptr, rows * stride);
  }
  const std::size_t n_out = network_.units(network_.depth()), stride = row_stride<T>(n_out);
  for (std::size_t row = first; row < first + rows; ++row) {
    const auto value =
        loss_of(loss_, batch_.rate[network_.depth()].data() + row * stride, n_out, batch_.label[row],
                batch_.target.data() + row * stride, batch_.loss_gradient.data() + row * stride);
    batch_.loss[row] = value.loss;
    batch_.correct[row] = value.correct;
  }
}

template <class T>
void Minibatch<T>::predict(std::size_t size, const SampleSource<T>& source) {
  batch_.size = size;
  take_in(source, false);
}

#define APICAL_INSTANTIATE(T)                                                         \
  template void Minibatch<T>::take_in(const SampleSource<T>&, bool);                  \
  template void Minibatch<T>::fill(const SampleSource<T>&, std::size_t, std::size_t); \
  template void Minibatch<T>::feed_forward(std::size_t, std::size_t, bool);           \
  template void Minibatch<T>::predict(std::size_t, const SampleSource<T>&);
APICAL_INSTANTIATE(float)
APICAL_INSTANTIATE(double)
#undef APICAL_INSTANTIATE

}  // namespace apical
