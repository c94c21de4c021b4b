#include "network/linearised_steps.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/philox.h"
#include "kernels/kernels.h"
#include "network/tile_view.h"

namespace apical {
namespace {

// A push has faded when it is this much smaller than at its largest: slow growth that hides under fast decay would show by then.
constexpr double kFaded = 0.01;
// A push that has grown so large will not fade.
constexpr double kGrown = 1e6;
// Steps to take at most, in lengths of the settling phase that is to be stood in for.
constexpr std::int64_t kPhases = 4;
// Steps between two looks.
constexpr std::int64_t kLook = 16;

}  // namespace

template <class T>
LinearisedSteps<T>::LinearisedSteps(const Network<T>& network, TileState<T>& tile,
                                    const PiController& controller, const Settling& settling)
    : network_(network),
      tile_(tile),
      settling_(settling),
      depth_(network.depth()),
      rows_(tile.rows),
      stride_(tile.output_stride()) {
  push();
  const std::size_t count = rows_ * stride_;
  const T dt = static_cast<T>(settling.dt);
  for (std::int64_t step = 1; step < kPhases * settling.steps; ++step) {
    std::copy_n(u_, count, u_before_);
    for (std::size_t i = 0; i < count; ++i)
      controller.step(-layer_[depth_].rate[i], dt, u_integral_[i], u_[i]);
    const T* u = settling.proactive ? u_ : u_before_;
    if (settling.instantaneous_transmission) {
      for (std::size_t i = 1; i <= depth_; ++i) move(i, u);
    } else {
      for (std::size_t i = depth_; i >= 1; --i) move(i, u);
    }
    if (step % kLook == 0 && look()) break;
  }
}

template <class T>
bool LinearisedSteps<T>::faded(std::size_t row) const {
  return size_[row] <= kFaded * largest_[row];
}

// Standard normal numbers in all somas and integrators, the same for every sample.
template <class T>
void LinearisedSteps<T>::push() {
  Arena<T>& arena = *tile_.arena;
  const RandomStream random(1, "push");
  std::uint64_t number = 0;
  layer_ = arena.template take_as<Layer>(depth_ + 1);
  for (std::size_t i = 1; i <= depth_; ++i) {
    const std::size_t units = network_.units(i), stride = row_stride<T>(units), count = rows_ * stride;
    Layer& layer = layer_[i];
    for (T** array : {&layer.slope, &layer.d, &layer.rate, &layer.basal, &layer.feedback, &layer.apical})
      *array = arena.take_zeroed(count);
    const std::array<const T*, 2> voltage = {base_point(tile_, i, units).v, tile_.layer[i].v};
    kernels<T>().sum(voltage.data(), voltage.size(), layer.d, count);
    kernels<T>().activate(network_.spec().activation_of(i), layer.d, nullptr, layer.slope, count);
    std::fill_n(layer.d, count, T(0));
    for (std::size_t unit = 0; unit < units; ++unit) {
      const T d = static_cast<T>(random.normal(number++));
      for (std::size_t row = 0; row < rows_; ++row) layer.d[row * stride + unit] = d;
    }
    for (std::size_t k = 0; k < count; ++k) layer.rate[k] = layer.slope[k] * layer.d[k];
  }
  for (T** array : {&u_, &u_before_, &u_integral_}) *array = arena.take_zeroed(rows_ * stride_);
  for (std::size_t j = 0; j < network_.units(depth_); ++j) {
    const T u = static_cast<T>(random.normal(number++));
    for (std::size_t row = 0; row < rows_; ++row) u_[row * stride_ + j] = u_integral_[row * stride_ + j] = u;
  }
  size_ = arena.template take_as<double>(rows_);
  largest_ = arena.template take_as<double>(rows_);
  std::fill_n(largest_, rows_, 0.0);
  look();
}

template <class T>
void LinearisedSteps<T>::move(std::size_t i, const T* u) {
  Layer& layer = layer_[i];
  const std::size_t stride = row_stride<T>(network_.units(i));
  const auto& w = network_.weights(i);
  const auto& q = network_.weights("feedback", i);
  if (i > 1) {
    kernels<T>().product({layer_[i - 1].rate, row_stride<T>(w.n_in()), w.panels(), w.n_in(), w.n_out(),
                          nullptr, layer.basal, stride, rows_, Start::zero});
  }
  kernels<T>().product(
      {u, stride_, q.panels(), q.n_in(), q.n_out(), nullptr, layer.feedback, stride, rows_, Start::zero});
  const T k_a = static_cast<T>(settling_.dt / std::max(settling_.tau_a, settling_.dt));
  const T k_v = static_cast<T>(settling_.dt / std::max(settling_.tau_v, settling_.dt));
  for (std::size_t k = 0; k < rows_ * stride; ++k) {
    layer.apical[k] += k_a * (layer.feedback[k] - layer.apical[k]);
    layer.d[k] += k_v * (layer.basal[k] + layer.apical[k] - layer.d[k]);
    layer.rate[k] = layer.slope[k] * layer.d[k];
  }
}

template <class T>
bool LinearisedSteps<T>::look() {
  bool all = true;
  for (std::size_t row = 0; row < rows_; ++row) {
    double square = 0;
    const auto add = [&](const T* values, std::size_t stride) {
      for (std::size_t k = row * stride; k < (row + 1) * stride; ++k)
        square += static_cast<double>(values[k]) * static_cast<double>(values[k]);
    };
    for (std::size_t i = 1; i <= depth_; ++i) add(layer_[i].d, row_stride<T>(network_.units(i)));
    add(u_integral_, stride_);
    size_[row] = std::sqrt(square);
    largest_[row] = std::max(largest_[row], size_[row]);
    all = all && (faded(row) || !(size_[row] < kGrown));
  }
  return all;
}

template class LinearisedSteps<float>;
template class LinearisedSteps<double>;

}  // namespace apical
