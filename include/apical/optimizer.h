// What becomes of a summed weight change: SGD, momentum, Nesterov, Adam, AdamW and RMSprop with PyTorch's
// conventions, L1 and L2, clipping by norm, schedules and rates per layer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "apical/optimizer_settings.h"

namespace apical {

// One array that an optimizer changes: the panels of W, or a bias. Padding counts too; it is zero and stays
// zero.
template <class T>
struct Tensor {
  std::string name;  // as in checkpoints: "W1", "b3"
  T* values;         // [count]
  const T*
      delta;  // [count]; the descent direction (−gradient), mean over the minibatch. The optimizer adds it.
  std::size_t count;
  int layer;  // from 0 at the input on; selects the entry of layer_rates
};

// An array of an optimizer's memory, for checkpoints: "W1.m" (first moment or velocity) and "W1.v" (second
// moment).
template <class T>
struct OptimizerState {
  std::string name;
  T* values;
  std::size_t count;
};

// The numbers of a step, as its inner loops read them.
template <class T>
struct StepNumbers;

// The share of the learning rate that a schedule leaves after `epoch` of `epochs` epochs; fractions count, so
// that the rate may change with every minibatch.
//   constant       1
//   step           step_factor^⌊epoch / step_epochs⌋
//   cosine         f + (1 − f) (1 + cos(π epoch / D)) / 2, f = final_factor, D = decay_epochs or, where that
//   is 0, epochs; f after D warmup-cosine  epoch / warmup_epochs at first, then the cosine over the rest of D
double schedule_factor(const OptimizerSettings& settings, double epoch, double epochs);

// With G = −c Δ + λ w + l1 sign(w), where c is the clipping factor min(1, clip_norm / (‖Δ‖ + 1e-6)), λ the
// weight decay (taken by adamw as w ← w (1 − η λ) instead), η the learning rate times schedule and layer
// rate, and t the number of this step:
// With decay = homeostatic λ is weight_decay · (‖w‖² − ‖w₀‖²), the squared norms of all tensors together, now and before the first step: weights
// that have grown shrink, and weights that have shrunk grow.
//   sgd       w ← w − η G
//   momentum  m ← μ m + G,   w ← w − η m                    nesterov  the same m,   w ← w − η (G + μ m)
//   adam(w)   m ← β1 m + (1 − β1) G,   v ← β2 v + (1 − β2) G²,   w ← w − η/(1 − β1^t) · m / (√v / √(1 − β2^t)
//   + ε) rmsprop   v ← α v + (1 − α) G²,   w ← w − η G / (√v + ε)
// Every instruction set gives the same bits, and so does every division of the work among threads.
template <class T>
class Optimizer {
 public:
  // Throws Error unless layer_rates is empty or has one entry per layer (the largest Tensor::layer, plus
  // one).
  Optimizer(OptimizerSettings settings, std::vector<Tensor<T>> tensors);
  Optimizer(Optimizer&&) noexcept;
  ~Optimizer();

  // Begins a step: counts it, and takes the norms for clipping. factor: what schedule_factor gave.
  void prepare(double factor);
  // Changes the elements [begin, end) of one tensor in a single pass. Ranges may run on several threads; each
  // element has to be covered once per step.
  void apply(std::size_t tensor, std::size_t begin, std::size_t end);
  // The same from mean · sums[0 … end−begin−1] in place of the tensor's delta, for a sum that is still in cache. Only where no clipping
  // has to see the whole update first.
  void apply(std::size_t tensor, std::size_t begin, std::size_t end, const T* sums, T mean);
  bool clips() const { return settings_.clip != Clipping::none; }
  // A whole step on one thread.
  void step(double factor);

  const std::vector<Tensor<T>>& tensors() const { return tensors_; }
  const OptimizerSettings& settings() const { return settings_; }

  // The memory that a resumed run needs to continue with the same bits: these arrays, in place, and the
  // number of steps.
  std::vector<OptimizerState<T>> state();
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }

 private:
  double growth();
  void take_norms();
  double layer_rate(std::size_t tensor) const;  // multiplier of the learning rate

  OptimizerSettings settings_;
  std::vector<Tensor<T>> tensors_;
  std::vector<std::vector<T>> first_, second_;  // per tensor; empty where the algorithm has no such moment
  std::int64_t steps_ = 0;
  std::vector<T> initial_squares_;       // ‖w₀‖², one number; empty where the decay does not need it
  std::vector<double> clip_;             // per tensor, of the step that was prepared
  std::vector<StepNumbers<T>> numbers_;  // the same
};

extern template class Optimizer<float>;
extern template class Optimizer<double>;

}  // namespace apical
