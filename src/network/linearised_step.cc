#include "network/linearised_step.h"

#include <algorithm>
#include <array>

#include "network/tile_view.h"

namespace apical {

// One step of the law from the sum of both drives, where it has to stay, and one from 0.
template <class T>
bool rests_at_sum(LawFunction<T> law) {
  constexpr std::size_t n = kPanel<T>;
  std::array<T, n> zero{}, basal, apical, v, rate;
  basal.fill(T(0.25));
  apical.fill(T(0.5));
  for (const T from : {T(0.75), T(0)}) {
    v.fill(from);
    law({1,
         n,
         0,
         n,
         Activation::linear,
         basal.data(),
         apical.data(),
         nullptr,
         nullptr,
         v.data(),
         rate.data(),
         nullptr,
         nullptr,
         {zero.data(), zero.data(), zero.data()},
         T(1),
         T(0.5),
         T(0)});
    if (v[0] != from + (T(0.75) - from) / 2) return false;
  }
  return true;
}

template <class T>
LinearisedStep<T>::LinearisedStep(const Network<T>& network, TileState<T>& tile, LawFunction<T> law,
                                  const PiController& controller, const Settling& settling,
                                  const OutputSpan<T>* span)
    : span_(span),
      network_(span != nullptr ? span->network() : network),
      tile_(tile),
      law_(law),
      controller_(controller),
      settling_(settling),
      top_down_(network, tile, settling),
      depth_(network.depth()) {
  Arena<T>& arena = *tile.arena;
  const bool slow_apical = settling.tau_a > settling.dt * (1 + 1e-12);
  layer_ = arena.template take_as<Layer>(depth_ + 1);
  for (std::size_t i = 1; i <= depth_; ++i) {
    const std::size_t units = spans(i) ? span->units() : network.units(i), stride = row_stride<T>(units),
                      count = tile.rows * stride;
    Layer& layer = layer_[i];
    layer.stride = stride;
    layer.width = padded<T>(units);
    layer.apical = nullptr;
    for (T** array : {&layer.slope, &layer.d, &layer.rate, &layer.basal, &layer.feedback})
      *array = arena.take_zeroed(count);
    if (slow_apical) layer.apical = arena.take_zeroed(count);
    if (spans(i)) {
      std::fill_n(layer.slope, count, T(1));
      continue;
    }
    const std::array<const T*, 2> voltage = {base_point(tile, i, units).v, tile.layer[i].v};
    kernels<T>().sum(voltage.data(), voltage.size(), layer.d, count);
    kernels<T>().activate(network.spec().activation_of(i), layer.d, nullptr, layer.slope, count);
    std::fill_n(layer.d, count, T(0));
  }
  for (T** array : {&u_, &u_before_, &u_integral_})
    *array = arena.take_zeroed(tile.rows * layer_[depth_].stride);
}

template <class T>
void LinearisedStep<T>::follow() {
  for (std::size_t i = 1; i <= depth_; ++i) {
    const Layer& layer = layer_[i];
    const std::size_t count = tile_.rows * layer.stride;
    std::copy_n(layer.d, count, layer.rate);
    kernels<T>().multiply(layer.slope, layer.rate, count);
  }
}

template <class T>
void LinearisedStep<T>::take(const T* target) {
  const std::size_t count = tile_.rows * layer_[depth_].stride;
  const T dt = static_cast<T>(settling_.dt);
  const T* rate = layer_[depth_].rate;
  std::copy_n(u_, count, u_before_);
  for (std::size_t k = 0; k < count; ++k) {
    const T e = (target != nullptr ? target[k] : T(0)) - rate[k];
    controller_.step(e, dt, u_integral_[k], u_[k]);
  }
  const T* u = settling_.proactive ? u_ : u_before_;
  if (settling_.instantaneous_transmission) {
    for (std::size_t i = 1; i <= depth_; ++i) move(i, u);
  } else {
    for (std::size_t i = depth_; i >= 1; --i) move(i, u);
  }
}

template <class T>
void LinearisedStep<T>::move(std::size_t i, const T* u) {
  const Layer& layer = layer_[i];
  if (i > 1) {
    const auto& w = network_.weights(i);
    const Layer& below = layer_[i - 1];
    kernels<T>().product({below.rate, below.stride, w.panels(), w.n_in(), w.n_out(), nullptr, layer.basal,
                          layer.stride, tile_.rows, Start::zero});
  }
  drive(i, u);
  law_({.rows = tile_.rows,
        .stride = layer.stride,
        .first = 0,
        .width = layer.width,
        .activation = Activation::linear,
        .v_ff = i > 1 ? layer.basal : nullptr,
        .feedback = layer.feedback,
        .noise = nullptr,
        .v_fb = layer.apical,
        .v = layer.d,
        .rate_deviation = layer.rate,
        .rate_deviation_ff = nullptr,
        .rate = nullptr,
        .minus = spans(i) ? BasePoint<T>{layer.slope, layer.slope, layer.slope}
                          : base_point(tile_, i, network_.units(i)),
        .k_a = static_cast<T>(settling_.dt / std::max(settling_.tau_a, settling_.dt)),
        .k_v = static_cast<T>(settling_.dt / std::max(settling_.tau_v, settling_.dt)),
        .k_noise = T(0)});
  kernels<T>().multiply(layer.slope, layer.rate, tile_.rows * layer.stride);
}

template <class T>
void LinearisedStep<T>::drive(std::size_t i, const T* u) {
  const Layer& layer = layer_[i];
  if (span_ == nullptr) {
    StepProduct<T> product = tile_.euler[i].feedback;
    product.w_pairs = nullptr;
    product.c = layer.feedback;
    product.first_panel = 0;
    product.panels = static_cast<std::size_t>(-1);
    top_down_.take_in(product, u);
    return top_down_.drive(i, product, 0, layer.width);
  }
  if (i == depth_) {
    std::copy_n(u, tile_.rows * layer.stride, layer.feedback);
    return kernels<T>().scale(span_->own_feedback(), layer.feedback, tile_.rows * layer.stride);
  }
  const auto& q = network_.weights(settling_.through, i);
  kernels<T>().product({u, layer_[depth_].stride, q.panels(), q.n_in(), q.n_out(), nullptr, layer.feedback,
                        layer.stride, tile_.rows, Start::zero});
  span_->add_rest(i, u, layer.feedback);
}

template bool rests_at_sum(LawFunction<float>);
template bool rests_at_sum(LawFunction<double>);
template class LinearisedStep<float>;
template class LinearisedStep<double>;

}  // namespace apical
