#include "network/linearised_steps.h"

#include <algorithm>
#include <cmath>

#include "core/philox.h"

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
LinearisedSteps<T>::LinearisedSteps(const Network<T>& network, TileState<T>& tile, LawFunction<T> law,
                                    const PiController& controller, const Settling& settling)
    : network_(network),
      step_(network, tile, law, controller, settling),
      rows_(tile.rows),
      stride_(tile.output_stride()) {
  size_ = tile.arena->template take_as<double>(rows_);
  largest_ = tile.arena->template take_as<double>(rows_);
  std::fill_n(largest_, rows_, 0.0);
  push();
  look();
  for (std::int64_t step = 1; step < kPhases * settling.steps; ++step) {
    step_.take(nullptr);
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
  const RandomStream random(1, "push");
  std::uint64_t number = 0;
  for (std::size_t i = 1; i <= step_.depth(); ++i) {
    const auto& layer = step_.layer(i);
    for (std::size_t unit = 0; unit < network_.units(i); ++unit) {
      const T d = static_cast<T>(random.normal(number++));
      for (std::size_t row = 0; row < rows_; ++row) layer.d[row * layer.stride + unit] = d;
    }
  }
  step_.follow();
  for (std::size_t j = 0; j < network_.units(step_.depth()); ++j) {
    const T u = static_cast<T>(random.normal(number++));
    for (std::size_t row = 0; row < rows_; ++row)
      step_.u()[row * stride_ + j] = step_.u_integral()[row * stride_ + j] = u;
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
    for (std::size_t i = 1; i <= step_.depth(); ++i) add(step_.layer(i).d, step_.layer(i).stride);
    add(step_.u_integral(), stride_);
    size_[row] = std::sqrt(square);
    largest_[row] = std::max(largest_[row], size_[row]);
    all = all && (faded(row) || !(size_[row] < kGrown));
  }
  return all;
}

template class LinearisedSteps<float>;
template class LinearisedSteps<double>;

}  // namespace apical
