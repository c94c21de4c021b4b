// The controlled dynamics of a rule, as its settings describe them.
#pragma once

#include <string>

#include "apical/card.h"
#include "apical/parameter.h"
#include "apical/settling.h"

namespace apical {

// Read from the settings of a rule by the names that the cards of controlled rules share (alpha, k_p, dt, tau_v, tau_a, steps,
// transmission, proactive, reading); what a rule does not have is 0, or the engine's default. For rules that do not settle, and before
// others have: what a settling phase did is in BatchState::dynamics.
ControlledDynamics dynamics_of(const Parameters& settings);

// Feedback weights from the output to every layer, which a controller acts through: Q. An output that takes the control as it is has the
// identity for its own.
bool has_direct_feedback(const Card& card);
// Feedback weights that hand the control down from layer to layer while the network settles.
bool has_feedback_chain(const Card& card);
// Direct feedback, and a controller with a leak.
bool is_controlled(const Card& card);
// Its dynamics run in time.
bool settles(const Card& card);
// They do in some pass, if only in sleep.
bool takes_steps(const Card& card);
// Its samples end in another state than the feedforward point: found at once, or by settling.
bool is_driven(const Card& card);
// Controlled, and its dynamics run in time.
bool simulates(const Card& card);

}  // namespace apical
