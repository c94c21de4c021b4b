#include "network/settling_filters.h"

#include <cmath>

#include "network/tile_state.h"

namespace apical {

template <class T>
void low_pass_noise(const TileState<T>& tile, std::size_t layer, double dt, double tau) {
  const SettlingLayer<T>& l = tile.layer[layer];
  const T keep = static_cast<T>(1 - dt / tau), take = static_cast<T>(dt / tau / std::sqrt(dt));
  for (std::size_t i = 0; i < tile.rows * l.stride; ++i)
    l.slow_noise[i] = take * l.noise[i] + keep * l.slow_noise[i];
}

template <class T>
void high_pass_control(const TileState<T>& tile, T a, bool first) {
  const T* u = tile.control();
  T* fast = tile.seen_control();
  for (std::size_t i = 0; i < tile.rows * tile.output_stride(); ++i) {
    T& slow = tile.slow_control[i];
    slow = first ? u[i] : slow + a * (u[i] - slow);
    fast[i] = u[i] - slow;
  }
}

template <class T>
void low_pass_rates(const TileState<T>& tile, T a) {
  for (std::size_t i = 1; i < tile.layer.size(); ++i) {
    const SettlingLayer<T>& l = tile.layer[i];
    for (std::size_t k = 0; k < tile.rows * l.stride; ++k)
      l.slow_rate_deviation[k] += a * (l.rate_deviation[k] - l.slow_rate_deviation[k]);
  }
}

#define APICAL_INSTANTIATE(T)                                                     \
  template void low_pass_noise(const TileState<T>&, std::size_t, double, double); \
  template void high_pass_control(const TileState<T>&, T, bool);                  \
  template void low_pass_rates(const TileState<T>&, T);
APICAL_INSTANTIATE(float)
APICAL_INSTANTIATE(double)
#undef APICAL_INSTANTIATE

}  // namespace apical
