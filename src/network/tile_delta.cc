#include "network/tile_delta.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <type_traits>

#include "apical/error.h"
#include "core/profile.h"

namespace apical {

template <class T>
void StepSums<T>::prepare(const Network<T>& network, std::string_view group, const LearningLayers& learning) {
  used = true;
  const auto& matrices = network.group(group);
  ring.resize(network.depth() + 1);
  weights.resize(matrices.size());
  bias.resize(matrices.size());
  for (const auto& matrix : matrices) {
    const std::size_t i = matrix.layer();
    const bool input_side = group == "forward" && i == 1;
    if (input_side || !weights[i - 1].empty() || !learning(group, i)) continue;
    weights[i - 1] = Buffer<T>(matrix.panels_size());
    bias[i - 1] = Buffer<T>(matrix.bias_size());
  }
}

template <class T>
void TileDelta<T>::begin_layer(std::string_view group, std::size_t layer, Activation activation) {
  group_ = group;
  layer_ = layer;
  term_ = 0;
  activation_ = activation;
  now_ = nullptr;
  for (Stepping& stepping : std::span(stepping_.data(), stepping_count_)) {
    if (stepping.group == group && !stepping.ended) now_ = &stepping;
  }
}

template <class T>
void TileDelta<T>::begin_steps(std::string_view group) {
  if (stepping_count_ == kMostStepping)
    throw InternalError(fmt::format("at most {} groups may learn at each step", kMostStepping));
  Stepping& stepping = stepping_[stepping_count_++];
  stepping.group = group;
  stepping.sums = &sums_.find(group)->second;
  stepping.sums->prepare(network_, group, tile_.learning);
  for (auto& pair : stepping.sums->ring) pair = RingPair<T>{};
  for (const auto& matrix : network_.group(group)) {
    stepping.sums->ring[matrix.layer()].post =
        tile_.arena->take(tile_.rows * row_stride<T>(matrix.n_out()) * tile_.ring);
  }
  if (tile_.rounds() && post_pairs_ == nullptr) {
    std::size_t widest = 0;
    for (const std::size_t units : network_.spec().units) widest = std::max(widest, row_stride<T>(units));
    const std::size_t most = pairs(tile_.ring * tile_.rows) * widest;
    post_pairs_ = tile_.arena->template take_as<Bfloat16Pair>(most);
    pre_pairs_ = tile_.arena->template take_as<Bfloat16Pair>(most);
  }
  restart_steps();
}

// The sums of the layers that learn.
template <class T>
template <class F>
void TileDelta<T>::for_each_array(const Stepping& stepping, F&& on_array) {
  for (auto* list : {&stepping.sums->weights, &stepping.sums->bias}) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (tile_.learning(stepping.group, i + 1)) on_array((*list)[i]);
    }
  }
}

template <class T>
void TileDelta<T>::restart_steps() {
  for (Stepping& stepping : std::span(stepping_.data(), stepping_count_)) {
    for_each_array(stepping, [](Buffer<T>& array) { array.zero(); });
    if (stepping.group != "forward") continue;
    const std::size_t count = tile_.rows * row_stride<T>(network_.units(1));
    std::memset(input_side_post(), 0, count * sizeof(T));
  }
}

template <class T>
bool TileDelta<T>::learned_in_steps(std::string_view group) const {
  return std::any_of(stepping_.begin(), stepping_.begin() + stepping_count_,
                     [&](const Stepping& stepping) { return stepping.group == group; });
}

// The first layer's postsynaptic sums over time, for the rows of this tile.
template <class T>
T* TileDelta<T>::input_side_post() {
  return deferred("forward", 1, 0).post.data() + tile_.first_row * row_stride<T>(network_.units(1));
}

// The term of a layer whose postsynaptic rows this tile writes.
template <class T>
DeferredTerm<T>& TileDelta<T>::deferred(std::string_view group, std::size_t layer, std::size_t term) {
  auto& list = *tile_.batch->deferred.find(group)->second[layer - 1];
  if (term >= DeferredTerms<T>::kMost) {
    throw InternalError(
        fmt::format("a rule may propose at most {} outer products per layer", DeferredTerms<T>::kMost));
  }
  DeferredTerm<T>& found = list.terms[term];
  if (!found.ready.load(std::memory_order_acquire)) {
    const std::scoped_lock lock(list.mutex);
    if (!found.ready.load(std::memory_order_relaxed)) {
      found.post = Buffer<T>(tile_.batch->capacity * row_stride<T>(network_.weights(group, layer).n_out()));
      found.ready.store(true, std::memory_order_release);
    }
  }
  found.used.store(true, std::memory_order_relaxed);
  return found;
}

// The presynaptic side of a deferred term: rates that the minibatch keeps, or a copy of the tile's own.
template <class T>
void TileDelta<T>::keep_presynaptic(std::size_t layer, std::size_t term, const Presynaptic<T>& pre) {
  auto& list = *tile_.batch->deferred.find(group_)->second[layer - 1];
  DeferredTerm<T>& kept = list.terms[term];
  {
    const std::scoped_lock lock(list.mutex);
    kept.pre_stride = pre.stride;
    // null again after a rule that learned from the minibatch's own rates
    kept.resident = pre.resident ? pre.data - tile_.first_row * pre.stride : nullptr;
    if (!pre.resident && kept.pre.empty()) kept.pre = Buffer<T>(tile_.batch->capacity * pre.stride);
  }
  if (!pre.resident) {
    std::memcpy(kept.pre.data() + tile_.first_row * pre.stride, pre.data,
                tile_.rows * pre.stride * sizeof(T));
  }
}

template <class T>
typename BasicDelta<T>::Term TileDelta<T>::begin_term() {
  const std::size_t stride = row_stride<T>(network_.weights(group_, layer_).n_out());
  const std::size_t count = tile_.rows * stride;
  const bool stepping = now_ != nullptr;
  if (stepping && !constant_presynaptic()) {
    out_ = now_->sums->ring[layer_].post + tile_.slot * count;
    return {out_, count, false, activation_};
  }
  out_ = deferred(group_, layer_, term_).post.data() + tile_.first_row * stride;
  if (stepping && tile_.left_out != nullptr) {
    // the sum over the steps so far stays; only this step leaves samples out
    if (one_step_ == nullptr) one_step_ = tile_.arena->take(count);
    return {one_step_, count, false, activation_};
  }
  return {out_, count, stepping, activation_};
}

template <class T>
void TileDelta<T>::end_term(const Presynaptic<T>& pre) {
  const bool stepping = now_ != nullptr;
  if (tile_.left_out != nullptr) {
    const std::size_t stride = row_stride<T>(network_.units(layer_));
    if (stepping && constant_presynaptic()) {
      add_taking_part(one_step_, out_, stride);
    } else {
      leave_out(out_, stride);
    }
  }
  const std::size_t term = term_++;
  if (stepping && term > 0) throw InternalError("a rule may propose one outer product per layer and step");
  if (stepping && !constant_presynaptic()) {
    RingPair<T>& pair = now_->sums->ring[layer_];
    pair.pre = pre.data - tile_.slot * tile_.rows * pre.stride;
    pair.stride = pre.stride;
  } else {
    keep_presynaptic(layer_, term, pre);
  }
}

template <class T>
void TileDelta<T>::leave_out(T* rows, std::size_t stride) const {
  for (std::size_t row = 0; row < tile_.rows; ++row) {
    if (tile_.left_out[row]) std::memset(rows + row * stride, 0, stride * sizeof(T));
  }
}

template <class T>
void TileDelta<T>::add_taking_part(const T* rows, T* sums, std::size_t stride) const {
  for (std::size_t row = 0; row < tile_.rows; ++row) {
    if (!tile_.left_out[row]) kernels<T>().add_scaled(T(1), rows + row * stride, sums + row * stride, stride);
  }
}

template <class T>
void TileDelta<T>::flush(std::size_t slots) {
  for (const Stepping& stepping : std::span(stepping_.data(), stepping_count_)) flush(stepping, slots);
}

template <class T>
void TileDelta<T>::flush(const Stepping& stepping, std::size_t slots) {
  if (slots == 0) return;
  const profile::PhaseScope scope(profile::Phase::plasticity);
  for (std::size_t layer = 1; layer < stepping.sums->ring.size(); ++layer) {
    const RingPair<T>& pair = stepping.sums->ring[layer];
    if (pair.pre == nullptr) continue;
    const auto& matrix = network_.weights(stepping.group, layer);
    const std::size_t stride = row_stride<T>(matrix.n_out()), rows = slots * tile_.rows;
    add_outer_product({pair.post, stride, pair.pre, pair.stride, rows,
                       stepping.sums->weights[layer - 1].data(), matrix.n_out(), matrix.n_in(), 0,
                       panel_count<T>(matrix.n_out()), 0, matrix.n_in()});
    if (matrix.has_bias())
      kernels<T>().column_sums(pair.post, stride, rows, matrix.n_out(),
                               stepping.sums->bias[layer - 1].data());
  }
}

template <class T>
void TileDelta<T>::add_outer_product(const OuterProduct<T>& o) const {
  if constexpr (std::is_same_v<T, float>) {
    if (tile_.rounds()) {
      const PairKernels& k = pair_kernels();
      k.round_across({o.e, o.lde, o.rows, padded<T>(o.n_out), post_pairs_, o.lde});
      k.round_across({o.x, o.ldx, o.rows, padded<T>(o.n_in), pre_pairs_, o.ldx});
      return k.outer_product({post_pairs_, o.lde, pre_pairs_, o.ldx, pairs(o.rows), o.g, o.n_out, o.n_in,
                              o.first_panel, o.panels, o.first_k, o.k_count, o.start});
    }
  }
  kernels<T>().outer_product(o);
}

template <class T>
void TileDelta<T>::end_steps(std::string_view group, T scale) {
  for (Stepping& stepping : std::span(stepping_.data(), stepping_count_)) {
    if (stepping.group != group) continue;
    stepping.ended = true;
    multiply(stepping, scale);
  }
}

template <class T>
void TileDelta<T>::scale_steps(T factor) {
  for (const Stepping& stepping : std::span(stepping_.data(), stepping_count_)) multiply(stepping, factor);
}

template <class T>
void TileDelta<T>::multiply(const Stepping& stepping, T factor) {
  for_each_array(stepping, [factor](Buffer<T>& array) {
    for (std::size_t i = 0; i < array.size(); ++i) array[i] *= factor;
  });
  if (stepping.group != "forward") return;
  T* post = input_side_post();
  const std::size_t count = tile_.rows * row_stride<T>(network_.units(1));
  for (std::size_t i = 0; i < count; ++i) post[i] *= factor;
}

template struct StepSums<float>;
template struct StepSums<double>;
template class TileDelta<float>;
template class TileDelta<double>;

}  // namespace apical
