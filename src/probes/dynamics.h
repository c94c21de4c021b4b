// The controlled dynamics of a rule, as its settings describe them.
#pragma once

#include <string>

#include "apical/card.h"
#include "apical/parameter.h"
#include "apical/settling.h"

namespace apical {

// What the stability of a controlled network depends on. Read from the settings of a rule by the names that
// the cards of controlled rules share (alpha, k_p, dt, tau_v, tau_a, steps, transmission, proactive, reading);
// what a rule does not have is 0, or the engine's default. `suffix`: "_fb" for the settings of sleep, whose
// control is never proactive.
struct ControlledDynamics {
  PiController controller;
  Settling settling;
};
ControlledDynamics dynamics_of(const Parameters& settings, const std::string& suffix = {});

// Feedback weights from the output to every layer, which a controller can act through: Q.
bool has_direct_feedback(const Card& card);
// And a controller with a leak.
bool is_controlled(const Card& card);
// Its dynamics run in time.
bool settles(const Card& card);
// Controlled, and its dynamics run in time.
bool simulates(const Card& card);

}  // namespace apical
