#include "network/clamped_target.h"

#include <algorithm>
#include <cmath>

#include "network/tile_state.h"
#include "network/tile_view.h"

namespace apical {

template <class T>
void aim_at_clamped_output(const TileState<T>& tile, std::size_t outputs) {
  const std::size_t stride = tile.output_stride();
  const T* minus = tile.batch->rate.back().data() + tile.first_row * stride;
  const T* deviation = tile.layer.back().rate_deviation;
  for (std::size_t row = 0; row < tile.rows; ++row) {
    const std::size_t first = row * stride;
    const auto rate = [&](std::size_t j) {
      return static_cast<double>(minus[first + j]) + static_cast<double>(deviation[first + j]);
    };
    double top = rate(0), total = 0;
    for (std::size_t j = 1; j < outputs; ++j) top = std::max(top, rate(j));
    for (std::size_t j = 0; j < outputs; ++j) total += std::exp(rate(j) - top);
    for (std::size_t j = 0; j < outputs; ++j) {
      const double said = tile.clamped_softmax ? std::exp(rate(j) - top) / total : rate(j);
      const double e = tile.clamped_gain * (static_cast<double>(tile.clamped_output[first + j]) - said);
      tile.target_deviation[first + j] = static_cast<T>(static_cast<double>(deviation[first + j]) + e);
    }
  }
}

// y: the regression target, or `true_class` for the label's class and the rest shared by the others.
template <class T>
void BasicTrial<T>::clamp_target(double true_class, double gain) {
  const std::size_t n = network_.units(depth());
  const BatchState<T>& batch = *tile_.batch;
  const Activity<T> y = scratch(tile_, n), target = scratch(tile_, n);
  const Activity<T> output = rate(depth());
  std::fill(y.data, y.data + y.count(), T(0));
  std::fill(target.data, target.data + target.count(), T(0));
  const double others = n > 1 ? (1 - true_class) / static_cast<double>(n - 1) : 0;
  for (std::size_t row = 0; row < y.rows; ++row) {
    const std::size_t sample = tile_.first_row + row, first = row * y.stride;
    const std::int32_t label = batch.label[sample];
    for (std::size_t j = 0; j < n; ++j) {
      y.data[first + j] = label < 0
                              ? batch.target[sample * y.stride + j]
                              : static_cast<T>(static_cast<std::size_t>(label) == j ? true_class : others);
      target.data[first + j] = y.data[first + j] - output.data[first + j];
    }
  }
  tile_.target_deviation = target.data;
  tile_.clamped_softmax = batch.loss_kind == Loss::cross_entropy;
  tile_.clamped_gain = gain;
  // y itself is a target that stays where it is
  tile_.clamped_output = tile_.clamped_softmax || gain != 1 ? y.data : nullptr;
}

#define APICAL_INSTANTIATE(T)                                            \
  template void aim_at_clamped_output(const TileState<T>&, std::size_t); \
  template void BasicTrial<T>::clamp_target(double, double);
APICAL_INSTANTIATE(float)
APICAL_INSTANTIATE(double)
#undef APICAL_INSTANTIATE

}  // namespace apical
