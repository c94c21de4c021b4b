// What the rules of the Deep Feedback Control family share: their settings, and how these become settling phases.
// Meulemans, Tristany Farinha, García Ordóñez, Aceituno, Sacramento, Grewe, NeurIPS 2021 (arXiv 2106.07887), and the authors' code.
#pragma once

#include <cstddef>
#include <vector>

#include "apical/card.h"
#include "apical/parameter.h"
#include "apical/settling.h"

namespace apical {

// Which difference at the soma teaches the basal synapses.
enum class Mismatch {
  rates,        // φ(v) − φ(v_ff)
  voltages,     // v − v_ff
  linearised,   // φ'(v⁻) (v − v_ff)
};

// Settings by name; see deep_feedback_parameters() for units, ranges and meanings.
struct DeepFeedback {
  explicit DeepFeedback(const Parameters& settings);

  double target_step;         // λ
  bool batch_mean_target;     // code: λ times the gradient of the minibatch's mean loss; paper: of each sample's own
  Mismatch mismatch;
  double factor;              // code: 2; paper: 1
  bool fixed_feedback;
  PiController controller, sleep_controller;
  Settling wake, sleep;
  double sigma_scale, sigma_scale_output;   // 1/max(σ, 0.01)² (code) or 1 (paper), for hidden layers and the output's feedback plasticity

  // Step of the output target along one sample's loss gradient.
  double nudge(std::size_t batch_size) const {
    return batch_mean_target ? target_step / static_cast<double>(batch_size) : target_step;
  }
};

// Parameters of every rule of the family: target, controller's leak, plasticity, feedback learning.
std::vector<Parameter> deep_feedback_parameters();
// Parameters of those that simulate the controlled dynamics.
std::vector<Parameter> controlled_dynamics_parameters();
// The card's passes, groups, presets and recommended optimizers, the same for the whole family.
void complete_deep_feedback_card(Card& card);

}  // namespace apical
