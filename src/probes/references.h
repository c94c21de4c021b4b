// The updates that the theory of controlled networks compares with, in double precision.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "network/least_norm.h"
#include "network/minibatch.h"
#include "probes/alignment.h"

namespace apical {

// Changes of all weights and biases, per layer−1, in the descent direction: W [n_i, n_{i−1}], b [n_i] (empty
// without biases).
struct ReferenceUpdate {
  std::vector<RowMajor> weights;
  std::vector<Eigen::VectorXd> bias;
};

enum class ReferenceKind {
  gauss_newton,  // per sample ΔW_i = −x_i r_{i−1}ᵀ with x = J_iᵀ z of least_norm, c = ‖r_{i−1}‖² + [b]
  gauss_newton_joint,  // of the whole minibatch at once: ΔW = −J_W⁺ e with the samples' J_W and e stacked
  minimum_norm,        // per sample, x = J⁺ e
  minimum_norm_official  // the authors' "nonlinear" one: φ(v⁻ + x) − φ(v⁻) in place of x, which is on the other
                         // side of v⁻ than the change −x, and not scaled by the target step
};

// φ(v⁻ + x) − φ(v⁻) of one sample, x [N] over the units of layers 1 … L.
template <class T>
Eigen::VectorXd through_activations(const Network<T>& network, const BatchState<T>& state, std::size_t row,
                                    Eigen::VectorXd x);

// Averaged over the minibatch's samples, but for the joint one. Damping γ ≥ 0.     Meulemans et al. 2021, section 3 and supplement
template <class T>
ReferenceUpdate reference_update(const Network<T>& network, const BatchState<T>& state, ReferenceKind kind,
                                 double damping);

// The proposed change of the forward weights against a reference.
template <class T>
UpdateComparison compare_with_reference(const Network<T>& network, const GroupDelta<T>& proposed,
                                        const ReferenceUpdate& reference);

// The share of the proposed change's length that moves no output of the minibatch: ‖Δ − J_W⁺ J_W Δ‖ / ‖Δ‖, with
// the Jacobians of the first `samples` samples stacked. 1: nothing that was learned shows at the output.
template <class T>
double null_space_share(const Network<T>& network, const BatchState<T>& state, std::size_t samples,
                        const GroupDelta<T>& proposed);

}  // namespace apical
