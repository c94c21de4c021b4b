// The setting that says how far a settling phase goes, for the cards of rules that call relax().
#pragma once

#include <string>
#include <vector>

#include "apical/parameter.h"
#include "apical/settling.h"

namespace apical {

// How far the output is pushed: by a step along its gradient, for which the first order may do, or all the way to its label.
enum class Push { small, far };

// "settling" and "settling_tolerance". A phase that learns on the way cannot be solved for: it has no choice "solved"; one that is pushed far has no
// choice "linear-response".
std::vector<Parameter> ending_parameters(Learn learn, Push push);
// The choice of these names.
Settle settle_named(const std::string& name);

}  // namespace apical
