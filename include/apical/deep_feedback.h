// What the rules of the Deep Feedback Control family share: their settings, and how these become settling phases.
// Meulemans, Tristany Farinha, García Ordóñez, Aceituno, Sacramento, Grewe, NeurIPS 2021 (arXiv 2106.07887), and the authors' code.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apical/card.h"
#include "apical/parameter.h"
#include "apical/settling.h"

namespace apical {

// Which difference at the soma teaches the basal synapses.
enum class Mismatch {
  rates,       // φ(v) − φ(v_ff)
  voltages,    // v − v_ff
  linearised,  // φ'(v⁻) (v − v_ff)
};

// "rates", "voltages" or "linearised", as the choice `plasticity` of the cards has it.
Mismatch mismatch_named(const std::string& name);

// The settings as numbers. Names, units, ranges and meanings: deep_feedback_parameters(). Throws Error where settings do not fit together.
class DeepFeedback {
 public:
  explicit DeepFeedback(const Parameters& settings);

  Mismatch mismatch() const { return mismatch_; }
  double factor() const {
    return factor_;
  }  // of the forward plasticity: 2 in the authors' code, 1 in the paper
  // Step of the output target along one sample's loss gradient: λ/B in the authors' code (gradient of the mean loss), λ in the paper.
  double nudge(std::size_t batch_size) const {
    return batch_mean_target_ ? target_step_ / static_cast<double>(batch_size) : target_step_;
  }

  // Wake: controlled towards the nudged target. The dynamics are known only to rules that simulate them.
  const PiController& controller() const { return controller_; }
  Settling wake(Learn learn) const;

  // Sleep: controlled towards its own output under noise, while the feedback weights learn.
  const PiController& sleep_controller() const { return sleep_controller_; }
  const Settling& sleep() const { return sleep_; }
  // Factor of the feedback plasticity: 1/max(σ, 0.01)² in the authors' code, 1 in the paper.
  double feedback_factor() const { return feedback_factor_; }
  // Sleep without a controller: Q learns from one noisy sweep, ΔQ_i = (σ ξ_i) (r_L − r_L⁻)ᵀ / σ², whose mean is J_iᵀ for weak noise. 0 for a
  // layer without noise.
  bool correlated_sleep() const { return correlated_sleep_; }
  double correlation_factor(std::size_t layer, std::size_t depth) const;

 private:
  double target_step_;
  bool batch_mean_target_, correlated_sleep_;
  Mismatch mismatch_;
  double factor_, feedback_factor_;
  PiController controller_, sleep_controller_;
  Settling wake_, sleep_;
};

// Whether a rule of the family simulates the controlled dynamics or solves for their steady state.
enum class Control { simulated, solved };

// Fills a card's parameters, feedback weights, passes, presets and recommended optimizers: the same for the whole family. Only a rule that
// learns from its last state can be solved for.
void complete_deep_feedback_card(Card& card, Control control, Learn learn = Learn::last);

}  // namespace apical
