// One Euler step of the controlled dynamics, linearised at a point: what a small displacement of all its variables becomes.
#pragma once

#include <cstddef>

#include "network/output_span.h"
#include "network/tile_state.h"
#include "network/top_down.h"

namespace apical {

// Whether the soma rests at basal + apical voltage, and a step leads straight there: what the solvers build on.
template <class T>
bool rests_at_sum(LawFunction<T> law);

template <class T>
class LinearisedStep {
 public:
  // The tile is at the point, and its Euler steps are planned. Only for Drive::control without filters; noise stays away. span: the coordinates of
  // output and control, null for their own.
  LinearisedStep(const Network<T>& network, TileState<T>& tile, LawFunction<T> law,
                 const PiController& controller, const Settling& settling,
                 const OutputSpan<T>* span = nullptr);

  // The displacement; that of the output, here and below, in the coordinates of the span. Padding stays 0.
  struct Layer {
    T *slope, *d, *rate;           // φ', of the soma, of its rate: φ' d               [rows, stride]
    T *basal, *feedback, *apical;  // W ρ, Q u, of the apical voltage; the last null where that is Q u itself
    std::size_t stride, width;     // of a row, and what of it the units take with their padding
  };
  std::size_t depth() const { return depth_; }
  const Layer& layer(std::size_t i) const { return layer_[i]; }
  T* u() const { return u_; }  // [rows, stride of L]
  T* u_integral() const { return u_integral_; }

  // ρ = φ' d, after d was changed from outside.
  void follow();
  // One step; the output is pushed by `target` [rows, stride of L], or by nothing (null).
  void take(const T* target);

 private:
  void move(std::size_t i, const T* u);
  void drive(std::size_t i, const T* u);
  // Of the output in its coordinates.
  bool spans(std::size_t i) const { return span_ != nullptr && i == depth_; }

  const OutputSpan<T>* span_;
  const Network<T>& network_;  // in those coordinates
  TileState<T>& tile_;
  LawFunction<T> law_;
  const PiController& controller_;
  const Settling& settling_;
  TopDown<T> top_down_;
  std::size_t depth_;
  Layer* layer_;                    // 0 … L
  T *u_, *u_before_, *u_integral_;  // [rows, stride of L]
};

extern template bool rests_at_sum(LawFunction<float>);
extern template bool rests_at_sum(LawFunction<double>);
extern template class LinearisedStep<float>;
extern template class LinearisedStep<double>;

}  // namespace apical
