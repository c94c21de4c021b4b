// Strong feedback: the output is clamped to its label while the network learns, and the control is kept small by learning instead of by a
// small nudge.      Meulemans, Tristany Farinha, Cervera, Sacramento and Grewe, ICML 2022 (arXiv 2204.07249), and the authors' code.
#pragma once

#include <cstddef>
#include <string_view>

#include "apical/card.h"
#include "apical/deep_feedback.h"
#include "apical/parameter.h"
#include "apical/settling.h"

namespace apical {

// The settings as numbers. Throws Error where settings do not fit together.
class StrongFeedback {
 public:
  explicit StrongFeedback(const Parameters& settings);

  double true_class() const {
    return true_class_;
  }  // output of the label's class to which a classifier is clamped
  Mismatch mismatch() const { return mismatch_; }
  // Of the forward plasticity: 2 in the authors' code, 1 in the paper. Negative where the code learns from the last state's voltages: it
  // climbs the gradient there.
  double factor() const { return factor_; }

  const PiController& controller() const { return controller_; }
  const Settling& wake() const { return wake_; }
  // The passes in which only the feedback weights learn.
  const PiController& sleep_controller() const { return sleep_controller_; }
  const Settling& sleep() const { return sleep_; }

  // Factor of the feedback plasticity of layer i of L in a pass: s_i = k_i / max(σ_i, 0.01)² in the authors' code, k_i in the paper, with
  // k_i = (1 + τ_v/τ_noise)^{L−i}, or 1 where scaling is off.
  double feedback_factor(std::string_view pass, std::size_t layer, std::size_t depth) const;

 private:
  double true_class_, factor_, tau_noise_;
  bool code_, scaled_;
  Mismatch mismatch_;
  PiController controller_, sleep_controller_;
  Settling wake_, sleep_;
};

// Fills a card's parameters, feedback weights, passes, presets and recommended optimizers.
void complete_strong_feedback_card(Card& card);

}  // namespace apical
