// The least-control principle: a network is led to a state of small loss by as little control as possible, and learns to need less of it.
// Meulemans, Zucchet, Kobayashi, von Oswald and Sacramento, NeurIPS 2022 (arXiv 2207.01332), and the authors' code.
#pragma once

#include <cstddef>

#include "apical/card.h"
#include "apical/parameter.h"
#include "apical/settling.h"

namespace apical {

// How the control reaches the neurons: three rules invert the network's dynamics, one hands the control out through weights of its own.
enum class ControlPath {
  inversion,      // Drive::inversion through the transposed forward weights
  learned_chain,  // the same through weights that learn beside them
  broadcast,      // Drive::control through learned weights to the hidden layers
  energy,         // Drive::energy: the whole network descends ½ ‖ψ‖² + ℒ/α
};

// The settings as numbers. Throws Error where settings do not fit together.
class LeastControl {
 public:
  LeastControl(const Parameters& settings, ControlPath path);

  // What the output error is multiplied by: 1/B in the authors' code (gradient of the mean loss), 1 in the paper.
  double gain(std::size_t batch_size) const { return batch_mean_ ? 1 / static_cast<double>(batch_size) : 1; }
  const PiController& controller() const { return controller_; }
  const Settling& wake() const { return wake_; }
  // Broadcast alone: the pass in which the feedback weights learn from noise, and the factor 1/σ² of their plasticity.
  const Settling& sleep() const { return sleep_; }
  double feedback_factor() const { return feedback_factor_; }

 private:
  bool batch_mean_;
  PiController controller_;
  Settling wake_, sleep_;
  double feedback_factor_ = 1;
};

// Fills a card's parameters, feedback weights, passes, presets, marks and recommended optimizers.
void complete_least_control_card(Card& card, ControlPath path);

}  // namespace apical
