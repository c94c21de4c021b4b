#include "network/settling_ending.h"

namespace apical {

std::vector<Parameter> ending_parameters(Learn learn, Push push) {
  std::vector<std::string> choices = {"steps", "until-settled"};
  std::string meaning =
                  "all T states, as published; until every sample of a tile has settled, T states at most",
              tolerance = "residual below which a sample has settled (0: 1e-6)";
  if (learn != Learn::each_step) {
    choices.emplace_back("solved");
    meaning += "; solved for the equilibrium, where that is certified to be stable";
    tolerance += "; relative error of a control that is solved for (0: 1e-9, in float32 1e-6)";
  }
  if (push == Push::small) {
    choices.emplace_back("linear-response");
    meaning += "; or all T states to first order in the nudge, where that is small enough";
    tolerance += "; relative error of a linear response (0: 1e-3)";
  }
  return {choice("settling", "steps", choices, meaning), real("settling_tolerance", 0, "", 0, 1, tolerance)};
}

Settle settle_named(const std::string& name) {
  if (name == "solved") return Settle::solve;
  if (name == "linear-response") return Settle::linear_response;
  return name == "steps" ? Settle::steps : Settle::until_settled;
}

}  // namespace apical
