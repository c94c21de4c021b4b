#include "network/settling_ending.h"

namespace apical {

std::vector<Parameter> ending_parameters(Learn learn) {
  if (learn == Learn::each_step) {
    return {
        choice("settling", "steps", {"steps", "until-settled"},
               "all T states, as published, or until every sample of a tile has settled, T states at most; "
               "a rule that learns on the way cannot leave the way out"),
        real("settling_tolerance", 0, "", 0, 1, "residual below which a sample has settled (0: 1e-6)"),
    };
  }
  return {
      choice("settling", "steps", {"steps", "until-settled", "solved"},
             "all T states, as published; until every sample of a tile has settled, T states at most; "
             "or solved for the equilibrium, where that is certified to be stable"),
      real("settling_tolerance", 0, "", 0, 1,
           "residual below which a sample has settled (0: 1e-6), or relative error of a control "
           "that is solved for (0: 1e-9, in float32 1e-6)"),
  };
}

Settle settle_named(const std::string& name) {
  if (name == "solved") return Settle::solve;
  return name == "steps" ? Settle::steps : Settle::until_settled;
}

}  // namespace apical
