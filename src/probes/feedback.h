// Feedback weights against what the theory asks of them, for one sample.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "network/least_norm.h"
#include "probes/alignment.h"

namespace apical {

// ‖P_J Q‖_F / ‖Q‖_F, P_J the projection onto the row space of J: 1 where Condition 2 holds, colspace(Q) =
// rowspace(J).      Meulemans et al. 2021, Condition 2
double row_space_share(const RowMajor& jacobian, const RowMajor& feedback);

// Q [N, n_L] against another matrix of its shape: rows first_unit[i−1] … first_unit[i] are layer i.
UpdateComparison compare_by_layer(const RowMajor& feedback, const RowMajor& other,
                                  const std::vector<Eigen::Index>& first_unit);

// Jᵀ (J Jᵀ + γ I)⁻¹ [N, n_L]; γ = 0: J⁺.
RowMajor damped_pseudo_inverse(const RowMajor& jacobian, double damping);

}  // namespace apical
