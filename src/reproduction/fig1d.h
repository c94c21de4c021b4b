// Figure 1D: single samples under control, with a proportional and integral controller and with an integral one.
//     Meulemans et al., NeurIPS 2021 (arXiv 2106.07887)
#pragma once

#include <vector>

#include "apical/published_figure.h"

namespace apical {

// One sample of a network with one output.
struct ControlledSample {
  double target = 0;            // r_L*
  std::vector<double> output;   // r_L(t) [T], from the feedforward state on
  std::vector<double> control;  // u(t) [T]
};

// `controller`: "PI control", "integral control".
std::vector<FigureClaim> claims_of(const std::vector<ControlledSample>& samples,
                                   const std::string& controller);

FigureOutcome make_fig1d(const FigureTask& task);

}  // namespace apical
