#include "network/linear_response.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "apical/error.h"
#include "core/profile.h"
#include "kernels/krylov.h"
#include "network/tile_view.h"

namespace apical {
namespace {

// Directions at most; when to look first whether there are enough of them; and how many to add before the next look where the error estimate is far above
// the tolerance, by that factor, or near it.
constexpr std::size_t kMost = 96, kFirstLook = 32, kFarLook = 8, kNearLook = 4;
constexpr double kFar = 30;
// Rounding that taking out the directions leaves, in units of the last place.
constexpr double kRounding = 10;
// Columns of H in memory: rows that are a power of two apart would fall into the same cache sets.
constexpr std::size_t kColumns = kMost + 1;
// Relative error that the first order may make in rates; what the directions leave out of the state may be as much less again, for it is cheap to
// have more of them, and networks that learn from nearly the same updates stay together longer.
constexpr double kTolerance = 1e-3, kLeftOut = 1e-2;

}  // namespace

template <class T>
LinearResponse<T>::LinearResponse(const Network<T>& network, TileState<T>& tile, LawFunction<T> law,
                                  const PiController& controller, const Settling& settling, const T* target)
    : network_(network),
      tile_(tile),
      settling_(settling),
      step_(network, tile, law, controller, settling),
      tolerance_(settling.tolerance > 0 ? settling.tolerance : kTolerance),
      rows_(tile.rows),
      groups_((tile.rows + kSmallSystems - 1) / kSmallSystems) {
  const bool noisy = settling.sigma > 0 || settling.sigma_output > 0;
  const bool moving_target = tile.clamped_output != nullptr && !settling.to_own_output;
  const bool feedback_learns = *settling.also != 0 || (settling.learn == Learn::each_step &&
                                                       std::string_view(settling.group) != "forward");
  if (noisy || moving_target || feedback_learns || settling.filter > 0 || !rests_at_sum(law)) {
    throw Error("settling = linear-response",
                "only a settling phase without noise, filters, a target that moves and feedback weights that "
                "learn, whose soma rests at the sum of its basal and apical voltage, can be taken to first "
                "order");
  }
  list_parts();
  Arena<T>& arena = *tile.arena;
  pitch_ = (kMost + 1) * length_;
  basis_ = arena.take(rows_ * pitch_);
  change_ = arena.take(length_);
  column_ = arena.take(kMost);
  // lanes without a sample stay at 0
  const std::size_t entries = groups_ * kMost * kColumns * kSmallSystems;
  h_ = rows_ % kSmallSystems == 0 ? arena.take(entries) : arena.take_zeroed(entries);
  const std::size_t coordinates = kMost * kSmallSystems;
  for (T** array : {&last_, &sum_}) *array = arena.take(groups_ * coordinates);
  for (T** array : {&beta_, &left_, &reach_}) *array = arena.take_zeroed(groups_ * kSmallSystems);
  scratch_ = arena.take(coordinates);
  known_ = find_directions(target);
}

template <class T>
void LinearResponse<T>::list_parts() {
  const std::size_t depth = step_.depth();
  parts_ = tile_.arena->template take_as<Part>(2 * depth + 2);
  const auto add = [&](T* array, const typename LinearisedStep<T>::Layer& layer) {
    parts_[parts_count_++] = {array, layer.stride, layer.width, length_};
    length_ += layer.width;
  };
  for (std::size_t i = 1; i <= depth; ++i) {
    add(step_.layer(i).d, step_.layer(i));
    if (step_.layer(i).apical != nullptr) add(step_.layer(i).apical, step_.layer(i));
  }
  add(step_.u_integral(), step_.layer(depth));
  add(step_.u(), step_.layer(depth));
}

template <class T>
T& LinearResponse<T>::entry(std::size_t row, std::size_t j, std::size_t k) {
  return h_[((row / kSmallSystems * kMost + j) * kColumns + k) * kSmallSystems + row % kSmallSystems];
}

template <class T>
void LinearResponse<T>::load(std::size_t k) {
  for (std::size_t row = 0; row < rows_; ++row) {
    const T* from = direction(row, k);
    for (const Part* part = parts_; part < parts_ + parts_count_; ++part)
      std::copy_n(from + part->first, part->width, part->array + row * part->stride);
  }
  step_.follow();
}

template <class T>
void LinearResponse<T>::read_change(std::size_t row, const T* from, T* change) const {
  for (const Part* part = parts_; part < parts_ + parts_count_; ++part) {
    const T* now = part->array + row * part->stride;
    const T* before = from + part->first;
    T* out = change + part->first;
    for (std::size_t k = 0; k < part->width; ++k) out[k] = now[k] - before[k];
  }
}

template <class T>
bool LinearResponse<T>::find_directions(const T* target) {
  // the first is b, what a step makes of the feedforward point
  std::fill_n(change_, length_, T(0));
  for (std::size_t row = 0; row < rows_; ++row) std::fill_n(direction(row, 0), length_, T(0));
  step_.take(target);
  for (std::size_t row = 0; row < rows_; ++row) {
    T* b = direction(row, 0);
    read_change(row, change_, b);
    const double norm = orthogonalise(basis_, length_, 0, length_, b, column_).left;
    if (!std::isfinite(norm)) return false;
    beta_[row] = static_cast<T>(norm);
    if (norm > 0) kernels<T>().scale(static_cast<T>(1 / norm), b, length_);
  }
  for (std::size_t look = kFirstLook; look <= kMost;) {
    while (directions_ < look) add_direction(directions_++);
    const double excess = take_steps();
    if (excess <= 1) return true;
    if (!std::isfinite(excess)) return false;
    look += excess > kFar ? kFarLook : kNearLook;
  }
  return false;
}

// M v_k − v_k is taken apart into the directions that are there and a new one.
template <class T>
void LinearResponse<T>::add_direction(std::size_t k) {
  load(k);
  step_.take(nullptr);
  const profile::WorkScope scope(profile::Work::solve,
                                 {.multiply_adds = 2.0 * static_cast<double>(rows_ * (k + 1) * length_)});
  for (std::size_t row = 0; row < rows_; ++row) {
    T* next = direction(row, k + 1);
    read_change(row, direction(row, k), next);
    const Norms norms = orthogonalise(direction(row, 0), length_, k + 1, length_, next, column_);
    double norm = norms.left;
    if (norm <= kRounding * std::numeric_limits<T>::epsilon() * norms.before) {
      // nothing but rounding is left: the directions hold all that there is
      norm = 0;
      std::fill_n(next, length_, T(0));
    }
    for (std::size_t j = 0; j <= k; ++j) entry(row, j, k) = column_[j];
    if (k + 1 < kMost) entry(row, k + 1, k) = static_cast<T>(norm);
    left_[row] = static_cast<T>(norm);
    if (norm > 0) kernels<T>().scale(static_cast<T>(1 / norm), next, length_);
  }
}

// What the directions leave out at each step is as long as the last coordinate there, times what was left of the last direction. Its sum over time
// bounds the error where no later step makes it longer, and is several times the error where steps make it fade; a loop that amplifies a push for a
// while can exceed it.
template <class T>
double LinearResponse<T>::take_steps() {
  double excess = 0;
  const auto entries = static_cast<double>(directions_ * (directions_ + 3) / 2 * rows_);
  const profile::WorkScope scope(profile::Work::solve,
                                 {.multiply_adds = static_cast<double>(settling_.steps - 2) * entries});
  const std::size_t coordinates = kMost * kSmallSystems;
  for (std::size_t group = 0; group < groups_; ++group) {
    T* last = last_ + group * coordinates;
    take_small_steps<T>({.size = directions_,
                         .columns = kColumns,
                         .h = h_ + group * kColumns * coordinates,
                         .beta = beta_ + group * kSmallSystems,
                         .steps = settling_.steps - 2,
                         .last = last,
                         .sum = sum_ + group * coordinates,
                         .reach = reach_ + group * kSmallSystems,
                         .scratch = scratch_});
    for (std::size_t row = group * kSmallSystems; row < std::min(rows_, (group + 1) * kSmallSystems); ++row) {
      double square = 0;
      for (std::size_t j = 0; j < directions_; ++j) {
        const auto y = static_cast<double>(last[j * kSmallSystems + row % kSmallSystems]);
        square += y * y;
      }
      const double left = static_cast<double>(left_[row]) * static_cast<double>(reach_[row]);
      if (left == 0) continue;
      const double times = left / (kLeftOut * tolerance_ * std::sqrt(square));
      if (!std::isfinite(times)) return times;
      excess = std::max(excess, times);
    }
  }
  return excess;
}

template <class T>
bool LinearResponse<T>::put(Response which) {
  if (!known_) return false;
  const T* coordinates = which == Response::last ? last_ : sum_;
  const T scale = which == Response::last ? T(1) : T(1) / static_cast<T>(settling_.steps - 1);
  const std::size_t depth = step_.depth();
  bool small = true;
  for (std::size_t row = 0; row < rows_; ++row) {
    const T* y = coordinates + row / kSmallSystems * kMost * kSmallSystems + row % kSmallSystems;
    std::fill_n(change_, length_, T(0));
    for (std::size_t j = 0; j < directions_; ++j)
      kernels<T>().add_scaled(scale * y[j * kSmallSystems], direction(row, j), change_, length_);
    for (const Part* part = parts_; part < parts_ + parts_count_; ++part)
      std::copy_n(change_ + part->first, part->width, part->array + row * part->stride);
  }
  step_.follow();
  for (std::size_t i = 1; i <= depth; ++i) {
    const SettlingLayer<T>& layer = tile_.layer[i];
    const std::size_t count = rows_ * layer.stride;
    std::copy_n(step_.layer(i).d, count, layer.v);
    if (layer.v_fb != nullptr && step_.layer(i).apical != nullptr)
      std::copy_n(step_.layer(i).apical, count, layer.v_fb);
    const BasePoint<T> minus = base_point(tile_, i, network_.units(i));
    kernels<T>().activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                       layer.v, layer.rate_deviation, count);
  }
  std::copy_n(step_.u(), rows_ * tile_.output_stride(), tile_.control());
  std::copy_n(step_.u_integral(), rows_ * tile_.output_stride(), tile_.u_integral);
  for (std::size_t row = 0; row < rows_; ++row) small = small && is_small(row);
  return small;
}

template <class T>
bool LinearResponse<T>::is_small(std::size_t row) const {
  double beyond = 0, whole = 0;
  for (std::size_t i = 1; i <= step_.depth(); ++i) {
    const SettlingLayer<T>& layer = tile_.layer[i];
    const T* first_order = step_.layer(i).rate;
    for (std::size_t k = row * layer.stride; k < row * layer.stride + step_.layer(i).width; ++k) {
      const auto linear = static_cast<double>(first_order[k]);
      const double more = static_cast<double>(layer.rate_deviation[k]) - linear;
      beyond += more * more;
      whole += linear * linear;
    }
  }
  return beyond <= tolerance_ * tolerance_ * whole;
}

template class LinearResponse<float>;
template class LinearResponse<double>;

}  // namespace apical
