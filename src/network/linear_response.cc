#include "network/linear_response.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "apical/error.h"
#include "core/profile.h"
#include "network/tile_view.h"

namespace apical {
namespace {

// Directions at most, when to look first whether there are enough of them, and how many to add at least before the next look.
constexpr std::size_t kMost = 96, kFirstLook = 16, kStep = 4;
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
      span_(span_of(network, tile, target)),
      step_(network, tile, law, controller, settling, span_ ? &*span_ : nullptr),
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
  basis_.emplace(arena, rows_, length_, kMost);
  change_ = arena.take(length_);
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
std::optional<OutputSpan<T>> LinearResponse<T>::span_of(const Network<T>& network, const TileState<T>& tile,
                                                        const T* target) {
  if (!NarrowNetwork<T>::serves(network) || !tile.batch->narrow.prepare(network, nullptr)) return {};
  return OutputSpan<T>(network, tile, target);
}

template <class T>
void LinearResponse<T>::place(const T* array, T* out) const {
  if (span_) return span_->widen(array, out);
  std::copy_n(array, rows_ * tile_.output_stride(), out);
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
    const T* from = basis_->of(row, k);
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
  step_.take(span_ ? span_->target() : target);
  for (std::size_t row = 0; row < rows_; ++row) {
    read_change(row, change_, basis_->of(row, 0));
    const double norm = basis_->begin(row);
    if (!std::isfinite(norm)) return false;
    beta_[row] = static_cast<T>(norm);
  }
  double before = 0, excess = 0;
  for (std::size_t added = kFirstLook; directions_ < kMost; added = next_look(added, before, excess)) {
    for (std::size_t k = 0; k < added; ++k) add_direction(directions_++);
    before = std::exchange(excess, take_steps());
    if (excess <= 1) return true;
    if (!std::isfinite(excess)) return false;
  }
  return false;
}

// As many as it takes if the error falls half as fast again as it did over the last directions, for it does so faster and faster; in whole steps,
// and not more than there are already.
template <class T>
std::size_t LinearResponse<T>::next_look(std::size_t added, double before, double excess) const {
  const std::size_t room = kMost - directions_;
  if (before <= excess) return std::min(2 * kStep, room);  // nothing is known yet, or it has risen for once
  const double per_direction = std::log(before / excess) / static_cast<double>(added);
  const double needed = std::log(excess) / (1.5 * per_direction);
  const double steps = std::min(needed, static_cast<double>(directions_)) / kStep;
  return std::min(std::max<std::size_t>(static_cast<std::size_t>(steps), 1) * kStep, room);
}

// M v_k − v_k is taken apart into the directions that are there and a new one.
template <class T>
void LinearResponse<T>::add_direction(std::size_t k) {
  load(k);
  step_.take(nullptr);
  const profile::WorkScope scope(profile::Work::solve,
                                 {.multiply_adds = 2.0 * static_cast<double>(rows_ * (k + 1) * length_)});
  for (std::size_t row = 0; row < rows_; ++row) {
    read_change(row, basis_->of(row, k), basis_->of(row, k + 1));
    const double norm = basis_->extend(row, k);
    for (std::size_t j = 0; j <= k; ++j) entry(row, j, k) = basis_->coefficients()[j];
    if (k + 1 < kMost) entry(row, k + 1, k) = static_cast<T>(norm);
    left_[row] = static_cast<T>(norm);
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
      kernels<T>().add_scaled(scale * y[j * kSmallSystems], basis_->of(row, j), change_, length_);
    for (const Part* part = parts_; part < parts_ + parts_count_; ++part)
      std::copy_n(change_ + part->first, part->width, part->array + row * part->stride);
  }
  step_.follow();
  for (std::size_t i = 1; i <= depth; ++i) {
    const SettlingLayer<T>& layer = tile_.layer[i];
    const std::size_t count = rows_ * layer.stride;
    const auto put_there = [&](const T* array, T* out) {
      i == depth ? place(array, out) : static_cast<void>(std::copy_n(array, count, out));
    };
    put_there(step_.layer(i).d, layer.v);
    if (layer.v_fb != nullptr && step_.layer(i).apical != nullptr)
      put_there(step_.layer(i).apical, layer.v_fb);
    const BasePoint<T> minus = base_point(tile_, i, network_.units(i));
    kernels<T>().activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                       layer.v, layer.rate_deviation, count);
  }
  place(step_.u(), tile_.control());
  place(step_.u_integral(), tile_.u_integral);
  for (std::size_t row = 0; row < rows_; ++row) small = small && is_small(row);
  return small;
}

template <class T>
bool LinearResponse<T>::is_small(std::size_t row) const {
  double beyond = 0, whole = 0;
  for (std::size_t i = 1; i <= step_.depth(); ++i) {
    const auto& layer = step_.layer(i);
    const T* rate = tile_.layer[i].rate_deviation;
    for (std::size_t k = row * layer.stride; k < row * layer.stride + layer.width; ++k) {
      const auto linear = static_cast<double>(layer.rate[k]);
      whole += linear * linear;
      if (i == step_.depth() && span_) continue;  // linear itself, in other coordinates of the same length
      const double more = static_cast<double>(rate[k]) - linear;
      beyond += more * more;
    }
  }
  return beyond <= tolerance_ * tolerance_ * whole;
}

template class LinearResponse<float>;
template class LinearResponse<double>;

}  // namespace apical
