// The smallest step of voltages or weights that brings the output to its target, to first order.      Meulemans et al. 2021, section 3
//
//   Δv = Jᵀ (J C Jᵀ + γ I)⁻¹ (r* − r_L⁻),   J = ∂r_L⁻/∂v,   C = 1 or what each unit's weights see, ‖r_{i−1}‖² and 1 for a bias
#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <vector>

#include "apical/error.h"
#include "apical/rule.h"
#include "kernels/kernels.h"
#include "network/least_norm.h"
#include "network/tile_view.h"

namespace apical {
namespace {

template <class T>
Eigen::VectorXd distance_to_target(const TileState<T>& tile, std::size_t row, Eigen::Index outputs) {
  Eigen::VectorXd e(outputs);
  const T* from = tile.target_deviation + row * row_stride<T>(static_cast<std::size_t>(outputs));
  for (Eigen::Index j = 0; j < outputs; ++j) e[j] = static_cast<double>(from[j]);
  return e;
}

// What the weights of layer i see of two samples together: r_{i−1} · r'_{i−1}, and 1 where the layer has biases.
template <class T>
double overlap(const BatchState<T>& batch, const Network<T>& network, std::size_t layer, std::size_t a,
               std::size_t b) {
  const std::size_t n = network.units(layer - 1), stride = row_stride<T>(n);
  const T *ra = batch.rate[layer - 1].data() + a * stride, *rb = batch.rate[layer - 1].data() + b * stride;
  double sum = network.weights(layer).has_bias() ? 1 : 0;
  for (std::size_t k = 0; k < n; ++k) sum += static_cast<double>(ra[k]) * static_cast<double>(rb[k]);
  return sum;
}

// z of all samples as one system, (J_W J_Wᵀ + γ I)⁻¹ e with a row of J_W for each sample and output; the pseudo-inverse without damping.
template <class T>
Eigen::VectorXd solve_together(const BatchState<T>& batch, const Network<T>& network,
                               const SampleJacobian<T>& jacobian, const std::vector<RowMajor>& j,
                               const Eigen::VectorXd& e, double damping) {
  const Eigen::Index n = jacobian.outputs();
  Eigen::MatrixXd gram(e.size(), e.size());
  for (std::size_t a = 0; a < j.size(); ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      Eigen::MatrixXd block = Eigen::MatrixXd::Zero(n, n);
      for (std::size_t i = 1; i <= network.depth(); ++i) {
        const auto first = jacobian.first_unit(i), count = jacobian.units(i);
        block += overlap(batch, network, i, a, b) * j[a].middleCols(first, count) *
                 j[b].middleCols(first, count).transpose();
      }
      const auto row = static_cast<Eigen::Index>(a) * n, column = static_cast<Eigen::Index>(b) * n;
      gram.block(row, column, n, n) = block;
      gram.block(column, row, n, n) = block.transpose();
    }
  }
  if (damping > 0) {
    gram.diagonal().array() += damping;
    return gram.ldlt().solve(e);
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(gram);
  const double least = 1e-13 * static_cast<double>(e.size()) * eigen.eigenvalues().cwiseAbs().maxCoeff();
  Eigen::VectorXd z = eigen.eigenvectors().transpose() * e;
  for (Eigen::Index k = 0; k < z.size(); ++k) {
    const double value = eigen.eigenvalues()[k];
    z[k] = value > least ? z[k] / value : 0;
  }
  return eigen.eigenvectors() * z;
}

// Δv of each row of the tile, over the units of layers 1 … L.
template <class T>
std::vector<Eigen::VectorXd> steps_of(const TileState<T>& tile, const Network<T>& network,
                                      const LeastNormSteps<T>& least, Smallest smallest, double damping) {
  const BatchState<T>& batch = *tile.batch;
  const SampleJacobian<T>& jacobian = least.jacobian();
  std::vector<Eigen::VectorXd> steps;
  if (smallest == Smallest::weights_of_all) {
    if (tile.rows != batch.size) throw InternalError("a joint step needs the whole minibatch as one trial");
    const Eigen::Index n = jacobian.outputs();
    std::vector<RowMajor> j;
    Eigen::VectorXd e(static_cast<Eigen::Index>(tile.rows) * n);
    for (std::size_t row = 0; row < tile.rows; ++row) {
      j.push_back(jacobian.at(batch, row));
      e.segment(static_cast<Eigen::Index>(row) * n, n) = distance_to_target(tile, row, n);
    }
    // the engine takes the mean over the minibatch, and one joint step is a sum
    const Eigen::VectorXd z =
        static_cast<double>(tile.rows) * solve_together(batch, network, jacobian, j, e, damping);
    for (std::size_t row = 0; row < tile.rows; ++row)
      steps.emplace_back(j[row].transpose() * z.segment(static_cast<Eigen::Index>(row) * n, n));
    return steps;
  }
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(jacobian.units());
  for (std::size_t row = 0; row < tile.rows; ++row) {
    const std::size_t sample = tile.first_row + row;
    steps.push_back(least.of(
        batch, sample, smallest == Smallest::voltages ? ones : jacobian.presynaptic_lengths(batch, sample),
        damping, distance_to_target(tile, row, jacobian.outputs())));
  }
  return steps;
}

}  // namespace

template <class T>
void BasicTrial<T>::step_to_target(Smallest smallest, double damping) {
  for (const Mark used : {Mark::weight_transport, Mark::signed_error, Mark::backward_locked,
                          Mark::frozen_activity, Mark::analytic_jacobian}) {
    mark(used);
  }
  if (smallest == Smallest::weights_of_all) mark(Mark::batch_statistics);
  if (tile_.target_deviation == nullptr)
    throw InternalError("step_to_target() needs a target: call nudge_target() first");
  const LeastNormSteps<T> least(network_);
  const SampleJacobian<T>& jacobian = least.jacobian();
  const auto steps = steps_of(tile_, network_, least, smallest, damping);

  // the displaced somata, with everything below them at the feedforward point
  Arena<T>& arena = *tile_.arena;
  tile_.ring = tile_.control_ring = 1;
  tile_.slot = tile_.control_slot = 0;
  tile_.layer.assign(depth() + 1, SettlingLayer<T>{});
  tile_.controlled = true;
  tile_.u = arena.take_zeroed(tile_.rows * row_stride<T>(network_.units(depth())));
  for (std::size_t i = 1; i <= depth(); ++i) {
    SettlingLayer<T>& layer = tile_.layer[i];
    layer.stride = row_stride<T>(network_.units(i));
    const std::size_t count = tile_.rows * layer.stride;
    layer.v = arena.take_zeroed(count);
    layer.v_ff = layer.rate_deviation_ff = layer.feedback = arena.take_zeroed(count);
    layer.rate_deviation = arena.take(count);
    for (std::size_t row = 0; row < tile_.rows; ++row) {
      for (Eigen::Index unit = 0; unit < jacobian.units(i); ++unit)
        layer.v[row * layer.stride + static_cast<std::size_t>(unit)] =
            static_cast<T>(steps[row][jacobian.first_unit(i) + unit]);
    }
    const BasePoint<T> minus = base_point(tile_, i, network_.units(i));
    kernels<T>().activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                       layer.v, layer.rate_deviation, count);
  }
}

template void BasicTrial<float>::step_to_target(Smallest, double);
template void BasicTrial<double>::step_to_target(Smallest, double);

}  // namespace apical
