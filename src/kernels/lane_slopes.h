// Slopes laid out for derivatives that are carried through the network for several samples at once, compiled for every instruction set.
#pragma once

#include <cstddef>

#include "kernels/panels.h"

namespace apical {

// Numbers in a row of spread slopes of `samples` samples: enough for a whole panel of lanes, whichever sample the panel begins with.
template <class T>
constexpr std::size_t spread_width(std::size_t samples) {
  return samples + kPanel<T>;
}

// out[unit][l] = slope[l mod samples][unit].   slope: [samples, stride]; out: [units, spread_width]
template <class T>
void spread_slopes(const T* slope, std::size_t stride, std::size_t samples, std::size_t units, T* out);

// d[unit][lane] *= the slope of the lane's sample, for lanes that begin with sample `phase`.   d: [units, width]
template <class T>
void scale_by_spread(const T* spread, std::size_t samples, std::size_t phase, std::size_t units,
                     std::size_t width, T* d);

}  // namespace apical
