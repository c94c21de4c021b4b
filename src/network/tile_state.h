// Everything that moves while one tile of samples passes through the network.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "apical/card.h"
#include "apical/settling.h"
#include "apical/synapses.h"
#include "apical/trial.h"
#include "core/arena.h"
#include "kernels/kernels.h"
#include "network/batch_state.h"
#include "network/settling_record.h"
#include "network/step_product.h"

namespace apical {

// Where recorded noise comes from instead of the generator: for comparison with published trajectories.
template <class T>
class NoisePort {
 public:
  virtual ~NoisePort() = default;
  // Standard normal numbers that enter state step+1 of a layer: out [rows, stride], padding 0.
  virtual void fill(std::int64_t step, std::size_t layer, std::size_t first_row, std::size_t rows,
                    std::size_t stride, T* out) = 0;
};

// Which layers of a group something is proposed for: all of them, but for those of one group that stay as they are.
struct LearningLayers {
  std::string_view group;
  std::span<const std::uint8_t> learns;  // of that group, by layer−1; empty: all do

  bool operator()(std::string_view of, std::size_t layer) const {
    return learns.empty() || of != group || learns[layer - 1] != 0;
  }
};

class SystemSolver;

// One layer of a settling network, as deviations from the feedforward point. Rings hold `ring` states, the newest at `slot`.
template <class T>
struct SettlingLayer {
  T* v = nullptr;                  // soma                     [rows, stride]
  T* v_ff = nullptr;               // basal                    [rows, stride]
  T* v_fb = nullptr;               // apical                   [rows, stride]
  T* feedback = nullptr;           // Q u                      [rows, stride]
  T* noise = nullptr;              // standard normal          [rows, stride] or null
  T* rate_deviation = nullptr;     // ρ                        [rows, stride]
  T* rate_deviation_ff = nullptr;  // φ(v_ff) − φ(v⁻)     [rows, stride] or null: no plasticity reads it
  T* slow_noise = nullptr;         // ξ̄                        [rows, stride] or null
  T* slow_rate_deviation = nullptr;  // ρ̄                     [rows, stride] or null
  T* rate = nullptr;                 // r = r⁻ + ρ               [ring, rows, stride] or null
  T* slope = nullptr;     // φ'(v) of the state before, or null: nothing gates the drive   [rows, stride]
  T* mismatch = nullptr;  // v − v_ff of the state before, or null                         [rows, stride]
  // what plasticity sees where it is not the state: soma, basal and ρ with the basal voltage formed anew, or null
  T* renewed_v = nullptr;
  T* renewed_v_ff = nullptr;
  T* renewed_rate_deviation = nullptr;
  std::size_t stride = 0;
};

// One layer's Euler step, made ready when the settling begins: the products into v_ff and Q u, and the law that moves the neurons.
template <class T>
struct LayerStep {
  StepProduct<T> basal, feedback;
  LawStep<T> law;
};

template <class T>
struct TileState {
  // --- the tile
  BatchState<T>* batch = nullptr;
  std::size_t first_row = 0, rows = 0;
  std::string_view pass = "wake";
  NoiseKey noise_key{};
  NoisePort<T>* noise_port = nullptr;
  Observer<T>* observer = nullptr;
  Arena<T>* arena = nullptr;
  SystemSolver* solver = nullptr;
  LearningLayers learning;
  Marks marks;

  // --- teaching signals
  std::vector<Activity<T>> delta;  // per layer; data null until delivered

  // --- controlled settling
  T* target_deviation = nullptr;        // δ = r* − r_L⁻          [rows, stride of L]
  const T* clamped_output = nullptr;    // y, where the target moves with the output; null: it does not
  double clamped_gain = 1;              // e = gain · (y − softmax(r_L)) or gain · (y − r_L) there
  bool clamped_softmax = true;          // the former
  std::vector<SettlingLayer<T>> layer;  // 0 … L; empty until the tile settles
  std::vector<LayerStep<T>> euler;      // 0 … L, the same
  T* u = nullptr;                       // control                [control ring, rows, stride of L]
  T* slow_control = nullptr;            // ū, or null           [rows, stride of L]
  T* fast_control = nullptr;            // u − ū, or null       [control ring, rows, stride of L]
  T* u_integral = nullptr;              // u_int                  [rows, stride of L]
  T* error = nullptr;                   // e                      [rows, stride of L]
  std::size_t collected_states = 1;     // whose outer products are multiplied at once
  std::size_t ring = 1, slot = 0;       // of rates and, in TileDelta, postsynaptic factors
  std::size_t control_ring = 1, control_slot = 0;  // of the control
  std::int64_t step = 0;
  bool controlled = false;                 // layer[] holds a controlled state
  SettlingRecord record;                   // what became of each sample
  const std::uint8_t* left_out = nullptr;  // [rows] samples whose updates are zeroed; null: none

  std::size_t output_stride() const { return layer.back().stride; }
  // The product that brings `from` [rows, n_in] into layer i, panel by panel; whoever moves a panel says where it goes.
  StepProduct<T> product_into(std::size_t i, const T* from, std::size_t stride, const T* panels,
                              std::size_t n_in, std::size_t n_out) const {
    StepProduct<T> product{{.a = from,
                            .lda = stride,
                            .w = panels,
                            .n_in = n_in,
                            .n_out = n_out,
                            .bias = nullptr,
                            .c = nullptr,
                            .ldc = layer[i].stride,
                            .rows = rows,
                            .start = Start::zero,
                            .panels = 1}};
    if constexpr (std::is_same_v<T, float>) {
      if (rounds() && panels != nullptr) {
        product.w_pairs = batch->rounded.of(panels, n_out, n_in);
        product.pair_stride = row_stride<Bfloat16Pair>(pairs(n_in));
        product.a_pairs = arena->template take_as<Bfloat16Pair>(rows * product.pair_stride);
      }
    }
    return product;
  }
  // Whether settling steps multiply factors rounded to bfloat16.
  bool rounds() const { return batch->factors == Factors::bfloat16; }
  T* ring_rate(std::size_t i) const { return layer[i].rate + slot * rows * layer[i].stride; }
  T* control() const { return u + control_slot * rows * layer.back().stride; }
  // The control as feedback plasticity sees it.
  T* seen_control() const {
    return fast_control == nullptr ? control() : fast_control + control_slot * rows * layer.back().stride;
  }
};

}  // namespace apical
