// Figure 2: which feedback weights control a network, and how few of them are pseudo-inverses.
//     Meulemans et al., NeurIPS 2021 (arXiv 2106.07887)
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "apical/published_figure.h"

namespace apical {

// Feedback weights Q [N, n_L] of one network at one input, each of unit Frobenius norm and flattened row by row. N = Σ n_i.
struct FeedbackSets {
  Eigen::MatrixXd jacobian;  // J [n_L, N]
  Eigen::MatrixXd
      random;  // [n, N n_L]  Q = Jᵀ R, R Gaussian, where no eigenvalue of J Q has a negative real part
  std::vector<double> dampings;  // γ of each row of `damped`
  Eigen::MatrixXd damped;        // [m, N n_L]  Jᵀ (J Jᵀ + γ I)⁻¹
  Eigen::RowVectorXd inverse;    // J⁺
  Eigen::RowVectorXd transpose;  // Jᵀ
};

// A tanh network 5-2-2 with a linear output, Xavier-normal, at a Gaussian input.
FeedbackSets feedback_sets(std::size_t count, std::uint64_t seed);
std::vector<FigureClaim> claims_of(const FeedbackSets& sets);

FigureOutcome make_fig2(const FigureTask& task);

}  // namespace apical
