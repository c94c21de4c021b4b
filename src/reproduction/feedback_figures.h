// Figures S2 to S4: where feedback weights that learn from noise point, for three settings of theory and controller.
//     Meulemans et al., NeurIPS 2021 (arXiv 2106.07887), supplement, appendix C
#pragma once

#include <string>
#include <vector>

#include "apical/published_figure.h"
#include "reproduction/toy_runs.h"

namespace apical {

// One student whose feedback weights alone learn, for 25 epochs.
struct FeedbackRun {
  std::string activation;                  // of the hidden layer: "linear", "tanh"
  double setting = 0;                      // what the figure varies: γ (S2), α_fb (S3), k_p_fb (S4)
  ProbeSeries condition_2;                 // ‖P_J Q‖ / ‖Q‖
  ProbeSeries transpose, damped, inverse;  // angle of Q to Jᵀ, to Jᵀ(JJᵀ+γI)⁻¹ and to J⁺, degrees
};

Recipe feedback_recipe(const std::string& name, const std::string& activation, double alpha_fb, double k_p_fb,
                       double damping, bool quick);

std::vector<FigureClaim> claims_of_s2(const std::vector<FeedbackRun>& runs);
// S3 and S4: `setting` is what the figure calls what it varies.
std::vector<FigureClaim> claims_of_controller(const std::vector<FeedbackRun>& runs,
                                              const std::string& setting);

FigureOutcome make_figs2(const FigureTask& task);
FigureOutcome make_figs3(const FigureTask& task);
FigureOutcome make_figs4(const FigureTask& task);

}  // namespace apical
