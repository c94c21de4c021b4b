// What a synapse of one layer can physically see, and what it may propose: the two arguments of a rule's plasticity.
#pragma once

#include <cstddef>
#include <string_view>

#include "apical/activation.h"

namespace apical {

// Values of a layer's units for the samples of a tile: [rows, stride], the first `units` of each row count, the rest is zero.
template <class T>
struct Activity {
  T* data = nullptr;
  std::size_t rows = 0, units = 0, stride = 0;

  std::size_t count() const { return rows * stride; }
  T at(std::size_t row, std::size_t unit) const { return data[row * stride + unit]; }
  template <class Phi>
  T value(std::size_t i) const {
    return data[i];
  }
};

// Rates that arrive at a layer. `constant` while a trial settles (the input layer), `resident` if they outlive the tile.
template <class T>
struct Presynaptic {
  const T* data = nullptr;
  std::size_t units = 0, stride = 0;
  bool constant = false, resident = false;
};

// A layer at the feedforward point of the trial: v⁻, r⁻ = φ(v⁻), φ'(v⁻).   each [rows, stride]
template <class T>
struct BasePoint {
  const T* v = nullptr;
  const T* rate = nullptr;
  const T* slope = nullptr;
};

// A voltage, carried as its deviation d from the feedforward point: v = v⁻ + d, with the deviation of its rate, φ(v⁻ + d) − φ(v⁻). Differences
// of voltages and of their φ are formed from the deviations, without cancellation.
template <class T>
struct Voltage {
  BasePoint<T> minus;
  const T* deviation = nullptr;  // null: the trial has no controlled state
  const T* rate_deviation = nullptr;
};

template <class T>
struct MinusVoltage {
  BasePoint<T> minus;
};

// φ of a voltage, and φ', as terms of a plasticity's formula.
template <class V>
struct Phi {
  V voltage;
};
template <class V>
struct PhiPrime {
  V voltage;
};

template <class T>
struct BasicSynapses {
  std::size_t layer = 0;  // 1 … L
  std::size_t depth = 0;  // L
  std::size_t rows = 0;
  std::string_view pass;  // the pass that is running: "wake", "sleep", …
  Activation activation = Activation::linear;
  Presynaptic<T> r_prev;  // r_{i−1}: rates of the layer below, now                           [rows, n_{i−1}]
  Activity<T> r;          // r_i: the layer's own rates, a factor of outer products           [rows, n_i]
  Voltage<T> v;           // somatic voltage v_i                                              [rows, n_i]
  Voltage<T> v_ff;        // basal voltage v_i^ff = W_i r_{i−1} + b_i                         [rows, n_i]
  MinusVoltage<T> v_minus;  // the feedforward point v_i⁻                                       [rows, n_i]
  Activity<T> v_fb;         // apical voltage v_i^fb                                            [rows, n_i]
  Presynaptic<T>
      v_fb_above;     // v_{i+1}^fb, as it arrives at top-down synapses; not at the output  [rows, n_{i+1}]
  Activity<T> delta;  // teaching signal that deliver() sent to this layer                [rows, n_i]
  Presynaptic<T>
      u;  // control signal that arrives at the apical synapses (next step's, for feedback plasticity)  [rows, n_L]

  template <class V>
  Phi<V> phi(const V& voltage) const {
    return {voltage};
  }
  template <class V>
  PhiPrime<V> phi_prime(const V& voltage) const {
    return {voltage};
  }
};

// The weight changes that a tile proposes for one group and layer: the descent direction, summed over samples (the engine divides by the
// minibatch, and by the number of states where a rule learns at each step). `d += outer(post, pre)` also moves the bias, a synapse from a
// unit that is always 1.
template <class T>
class BasicDelta {
 public:
  virtual ~BasicDelta() = default;

  struct Term {
    T* out;             // where the postsynaptic factor goes    [rows, stride]
    std::size_t count;  // rows × stride
    bool add;           // add to what is there
    Activation activation;
  };
  // Room for the postsynaptic factor of one outer product; end_term takes it with its presynaptic partner.
  virtual Term begin_term() = 0;
  virtual void end_term(const Presynaptic<T>& pre) = 0;
};

}  // namespace apical
