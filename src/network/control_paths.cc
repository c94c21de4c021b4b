#include "network/control_paths.h"

#include <algorithm>

#include "kernels/kernels.h"
#include "kernels/lane_slopes.h"

namespace apical {
namespace {

// Presynaptic units whose sums stay in the first cache level while the panels of their weights pass.
constexpr std::size_t kUnits = 128;

}  // namespace

template <class T>
ControlPaths<T>::ControlPaths(const Network<T>& network, Arena<T>& arena)
    : network_(network), depth_(network.depth()), outputs_(network.units(depth_)) {
  std::size_t widest = 0;
  for (std::size_t i = 1; i <= depth_; ++i) widest = std::max(widest, network.units(i));
  const std::size_t most = padded<T>(outputs_ * kMost);
  for (T*& layer : d_) layer = arena.take(most * widest);
  c_ = arena.take(depth_ * most * outputs_);
  spread_ = arena.take(spread_width<T>(kMost) * widest);
}

template <class T>
void ControlPaths<T>::form(const T* const* slope, std::size_t samples) {
  samples_ = samples;
  const std::size_t width = padded<T>(lanes());
  T* d = d_[depth_ % 2];
  std::fill_n(d, width * outputs_, T(0));
  const std::size_t stride = row_stride<T>(outputs_);
  for (std::size_t j = 0; j < outputs_; ++j) {
    for (std::size_t s = 0; s < samples; ++s)
      d[panel_index<T>(lanes(), outputs_, j * samples + s, j)] = slope[depth_][s * stride + j];
  }
  for (std::size_t i = depth_;; --i) {
    carry_down(network_.weights("feedback", i), d, c_ + (depth_ - i) * width * outputs_);
    if (i == 1) return;
    T* below = d_[(i - 1) % 2];
    carry_down(network_.weights(i), d, below);
    scale(slope[i - 1], network_.units(i - 1), below);
    d = below;
  }
}

template <class T>
void ControlPaths<T>::copy(std::size_t k, std::size_t output, std::size_t control, std::size_t first,
                           std::size_t count, double* to) const {
  const T* c = c_ + (k - 1) * padded<T>(lanes()) * outputs_;
  for (std::size_t s = 0; s < count;) {
    const std::size_t lane = output * samples_ + first + s,
                      run = std::min(count - s, kPanel<T> - lane % kPanel<T>);
    const T* from = c + panel_index<T>(lanes(), outputs_, lane, control);
    for (std::size_t i = 0; i < run; ++i) to[s + i] = static_cast<double>(from[i]);
    s += run;
  }
}

template <class T>
void ControlPaths<T>::carry_down(const WeightMatrix<T>& w, const T* d, T* out) const {
  constexpr std::size_t P = kPanel<T>;
  const std::size_t n_out = w.n_out(), n_in = w.n_in();
  for (std::size_t lane = 0; lane < lanes(); lane += P) {
    const std::size_t width = std::min(P, padded<T>(lanes()) - lane);
    for (std::size_t unit = 0; unit < n_in; unit += kUnits) {
      for (std::size_t above = 0; above < n_out; above += P) {
        kernels<T>().product({.a = w.panels() + panel_index<T>(n_out, n_in, above, unit),
                              .lda = std::min(P, padded<T>(n_out) - above),
                              .w = d + lane * n_out + above * width,
                              .n_in = std::min(P, n_out - above),
                              .n_out = std::min(width, lanes() - lane),
                              .bias = nullptr,
                              .c = out + lane * n_in + unit * width,
                              .ldc = width,
                              .rows = std::min(kUnits, n_in - unit),
                              .start = above == 0 ? Start::zero : Start::keep});
      }
    }
  }
}

template <class T>
void ControlPaths<T>::scale(const T* slope, std::size_t units, T* d) {
  spread_slopes(slope, row_stride<T>(units), samples_, units, spread_);
  for (std::size_t lane = 0; lane < lanes(); lane += kPanel<T>) {
    scale_by_spread(spread_, samples_, lane % samples_, units, std::min(kPanel<T>, padded<T>(lanes()) - lane),
                    d + lane * units);
  }
}

template class ControlPaths<float>;
template class ControlPaths<double>;

}  // namespace apical
