// Figure 3: the conditions of the theory, the direction of the updates and stability while a student learns.
//     Meulemans et al., NeurIPS 2021 (arXiv 2106.07887)
#pragma once

#include <map>
#include <string>
#include <vector>

#include "apical/published_figure.h"
#include "reproduction/toy_runs.h"

namespace apical {

// The methods by name, "DFC (fixed)", and what each panel shows of them. A panel leaves out methods without feedback or dynamics.
struct Figure3 {
  using ByMethod = std::map<std::string, ProbeSeries>;
  ByMethod condition_2;   // A  ‖P_J Q‖ / ‖Q‖
  ByMethod minimum_norm;  // B  angle to the damped minimum-norm update, degrees
  ByMethod condition_1;   // C  deviation of the layers' lengths from their mean
  ByMethod gauss_newton;  // D  angle to the damped Gauss-Newton update, degrees
  ByMethod
      stability;  // E  largest real part of an eigenvalue of A_PI at the controlled state of the worst sample, 1/τ_u
  ByMethod analytic;  // F  angle to the analytic steady state's update, degrees
};

// The recipe of a method of the figure; `quick`: few epochs on little data.
std::vector<std::string> figure_3_methods();
Recipe figure_3_recipe(const std::string& method, bool quick);

std::vector<FigureClaim> claims_of(const Figure3& figure);
FigureOutcome make_fig3(const FigureTask& task);

}  // namespace apical
