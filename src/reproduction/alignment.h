// Figures S5 to S12: where the updates of the runs of Table 1 point, layer by layer, and how far their feedback has learned.
//     Meulemans et al., NeurIPS 2021 (arXiv 2106.07887), supplement, appendix E.5
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apical/published_figure.h"
#include "reproduction/toy_runs.h"

namespace apical {

// What was measured of one method; empty where a quantity means nothing for it. Angles in degrees.
struct AlignmentRun {
  std::string row;                                            // "dfc-ss"
  std::vector<ProbeSeries> backprop, minimum_norm, analytic;  // of the update to these, one per layer
  ProbeSeries condition_2, transpose, damped;  // ‖P_J Q‖ / ‖Q‖; angle of Q to Jᵀ and to Jᵀ(JJᵀ + γI)⁻¹

  AlignmentRun until(double epoch) const;  // that epoch included
};

// The rows of a column's figure: "mnist" has those with learned feedback, "mnist-fixed" those with fixed feedback, both DFA.
std::vector<std::string> alignment_rows(const std::string& figure);
// The authors' configuration of that row, which is Table 1's with finer dynamics and the probes of the figure.
Recipe alignment_recipe(const std::string& figure, const std::string& row,
                        const std::filesystem::path& recipes, bool quick);

std::vector<FigureClaim> claims_of(const std::vector<AlignmentRun>& runs);
// One figure for each column of Table 1 with learned feedback, and one with fixed.
std::vector<PublishedFigure> alignment_figures();

}  // namespace apical
