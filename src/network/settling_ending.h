// The setting that says how far a settling phase goes, for the cards of rules that call relax().
#pragma once

#include <string>
#include <vector>

#include "apical/parameter.h"
#include "apical/settling.h"

namespace apical {

// "settling" and "settling_tolerance". A phase that learns on the way cannot be solved for: it has no choice "solved".
std::vector<Parameter> ending_parameters(Learn learn);
// The choice of these names.
Settle settle_named(const std::string& name);

}  // namespace apical
