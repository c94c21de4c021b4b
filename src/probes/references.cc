#include "probes/references.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/kernels.h"

namespace apical {
namespace {

using Index = Eigen::Index;
// Pivots below this share of the largest count as none.
constexpr double kRank = 1e-12;

// The first `units` columns of rows a stride apart, as double [rows, units].
template <class T>
RowMajor rows_of(const Buffer<T>& array, std::size_t rows, std::size_t units) {
  RowMajor out(rows, units);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t unit = 0; unit < units; ++unit) {
      out(static_cast<Index>(row), static_cast<Index>(unit)) =
          static_cast<double>(array[row * row_stride<T>(units) + unit]);
    }
  }
  return out;
}

// The proposed weights of a layer, and what they propose for its biases (zero without).
template <class T>
RowMajor proposed_weights(const WeightMatrix<T>& w, const GroupDelta<T>& delta) {
  RowMajor values(w.n_out(), w.n_in());
  const Buffer<T>& panels = delta.weights[w.layer() - 1];
  for (std::size_t out = 0; out < w.n_out(); ++out) {
    for (std::size_t in = 0; in < w.n_in(); ++in) {
      values(static_cast<Index>(out), static_cast<Index>(in)) =
          static_cast<double>(panels[panel_index<T>(w.n_out(), w.n_in(), out, in)]);
    }
  }
  return values;
}
template <class T>
Eigen::VectorXd proposed_bias(const WeightMatrix<T>& w, const GroupDelta<T>& delta) {
  Eigen::VectorXd values = Eigen::VectorXd::Zero(static_cast<Index>(w.n_out()));
  for (std::size_t out = 0; w.has_bias() && out < w.n_out(); ++out)
    values[static_cast<Index>(out)] = static_cast<double>(delta.bias[w.layer() - 1][out]);
  return values;
}

// The Jacobians of all weights of several samples, one below the other, as far as their products need them.
template <class T>
struct StackedJacobian {
  StackedJacobian(const Network<T>& network, const BatchState<T>& state, std::size_t samples)
      : rows(static_cast<Index>(samples)), outputs(static_cast<Index>(network.units(network.depth()))) {
    const SampleJacobian<T> jacobian(network);
    RowMajor all(rows * outputs, jacobian.units());
    for (std::size_t row = 0; row < samples; ++row)
      all.middleRows(static_cast<Index>(row) * outputs, outputs) = jacobian.at(state, row);
    gram = Eigen::MatrixXd::Zero(all.rows(), all.rows());
    for (std::size_t i = 1; i <= network.depth(); ++i) {
      by_layer.push_back(all.middleCols(jacobian.first_unit(i), jacobian.units(i)));
      rates.push_back(rows_of(state.rate[i - 1], samples, network.units(i - 1)));
      const Eigen::MatrixXd between = by_layer.back() * by_layer.back().transpose();
      Eigen::MatrixXd seen = rates.back() * rates.back().transpose();
      if (network.weights(i).has_bias()) seen.array() += 1;
      for (Index a = 0; a < rows; ++a) {
        for (Index b = 0; b < rows; ++b) {
          gram.block(a * outputs, b * outputs, outputs, outputs) +=
              seen(a, b) * between.block(a * outputs, b * outputs, outputs, outputs);
        }
      }
    }
  }

  // J_iᵀ z of each sample [B, n_i]: the changes of a layer's weights in J_Wᵀ z are signalsᵀ rates.
  RowMajor signals(const RowMajor& layer, const Eigen::VectorXd& z) const {
    RowMajor x(rows, layer.cols());
    for (Index row = 0; row < rows; ++row) {
      const auto own = layer.middleRows(row * outputs, outputs);
      x.row(row) = (own.transpose() * z.segment(row * outputs, outputs)).transpose();
    }
    return x;
  }

  Index rows, outputs;
  std::vector<RowMajor> by_layer;  // J_i [B n_L, n_i]
  std::vector<RowMajor> rates;     // r_{i−1} [B, n_{i−1}]
  Eigen::MatrixXd gram;            // J_W J_Wᵀ [B n_L, B n_L]
};

Eigen::VectorXd solve(Eigen::MatrixXd gram, double damping, const Eigen::VectorXd& e) {
  gram.diagonal().array() += damping;
  Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> decomposition;
  decomposition.setThreshold(kRank);
  return decomposition.compute(gram).solve(e);
}

// x [B, N] of the whole minibatch at once, such that ΔW = −Σ x rᵀ.
template <class T>
RowMajor joint_signals(const Network<T>& network, const BatchState<T>& state, double damping) {
  const StackedJacobian<T> stacked(network, state, state.size);
  const RowMajor e = rows_of(state.loss_gradient, state.size, network.units(network.depth()));
  const Eigen::VectorXd z =
      solve(stacked.gram, damping, Eigen::Map<const Eigen::VectorXd>(e.data(), e.size()));
  Index units = 0;
  for (const RowMajor& layer : stacked.by_layer) units += layer.cols();
  RowMajor x(stacked.rows, units);
  Index first = 0;
  for (const RowMajor& layer : stacked.by_layer) {
    x.middleCols(first, layer.cols()) = stacked.signals(layer, z);
    first += layer.cols();
  }
  return x;
}

template <class T>
RowMajor sample_signals(const Network<T>& network, const BatchState<T>& state, ReferenceKind kind,
                        double damping) {
  const LeastNormSteps<T> steps(network);
  const SampleJacobian<T>& jacobian = steps.jacobian();
  const RowMajor e = rows_of(state.loss_gradient, state.size, network.units(network.depth()));
  RowMajor signals(state.size, jacobian.units());
  for (std::size_t row = 0; row < state.size; ++row) {
    const Index at = static_cast<Index>(row);
    const Eigen::VectorXd c = kind == ReferenceKind::gauss_newton ? jacobian.presynaptic_lengths(state, row)
                                                                  : Eigen::VectorXd::Ones(jacobian.units());
    Eigen::VectorXd x = steps.of(state, row, c, damping, e.row(at).transpose());
    if (kind == ReferenceKind::minimum_norm_official)
      x = through_activations(network, state, row, std::move(x));
    signals.row(at) = x.transpose();
  }
  return signals;
}

}  // namespace

template <class T>
Eigen::VectorXd through_activations(const Network<T>& network, const BatchState<T>& state, std::size_t row,
                                    Eigen::VectorXd x) {
  Index first = 0;
  for (std::size_t i = 1; i <= network.depth(); ++i) {
    const std::size_t n = network.units(i), from = row * row_stride<T>(n);
    Eigen::VectorXd v(static_cast<Index>(n)), rate(v.size()), slope(v.size()), difference(v.size());
    for (std::size_t unit = 0; unit < n; ++unit)
      v[static_cast<Index>(unit)] = static_cast<double>(state.v[i][from + unit]);
    const Activation phi = network.spec().activation_of(i);
    kernels<double>().activate(phi, v.data(), rate.data(), slope.data(), n);
    kernels<double>().activation_difference(phi, v.data(), rate.data(), slope.data(), x.data() + first,
                                            difference.data(), n);
    x.segment(first, v.size()) = difference;
    first += v.size();
  }
  return x;
}

template <class T>
ReferenceUpdate reference_update(const Network<T>& network, const BatchState<T>& state, ReferenceKind kind,
                                 double damping) {
  const bool joint = kind == ReferenceKind::gauss_newton_joint;
  const RowMajor x =
      joint ? joint_signals(network, state, damping) : sample_signals(network, state, kind, damping);
  const double mean = joint ? -1 : -1.0 / static_cast<double>(state.size);
  ReferenceUpdate update;
  Index first = 0;
  for (std::size_t i = 1; i <= network.depth(); ++i) {
    const auto own = x.middleCols(first, static_cast<Index>(network.units(i)));
    first += own.cols();
    update.weights.push_back(mean * own.transpose() *
                             rows_of(state.rate[i - 1], state.size, network.units(i - 1)));
    update.bias.emplace_back();
    if (network.weights(i).has_bias()) update.bias.back() = mean * own.colwise().sum().transpose();
  }
  return update;
}

template <class T>
UpdateComparison compare_with_reference(const Network<T>& network, const GroupDelta<T>& proposed,
                                        const ReferenceUpdate& reference) {
  UpdateComparison result;
  for (const auto& w : network.group("forward")) {
    const std::size_t layer = w.layer() - 1;
    const RowMajor ours = proposed_weights(w, proposed);
    Comparison weights, bias;
    for (Index k = 0; k < ours.size(); ++k) weights.add(ours.data()[k], reference.weights[layer].data()[k]);
    const Eigen::VectorXd ours_bias = proposed_bias(w, proposed);
    for (Index k = 0; k < reference.bias[layer].size(); ++k) bias.add(ours_bias[k], reference.bias[layer][k]);
    result.layers.push_back(weights);
    result.network.add(weights);
    result.network.add(bias);
  }
  return result;
}

template <class T>
double null_space_share(const Network<T>& network, const BatchState<T>& state, std::size_t samples,
                        const GroupDelta<T>& proposed) {
  const StackedJacobian<T> stacked(network, state, samples);
  Eigen::VectorXd moved = Eigen::VectorXd::Zero(stacked.gram.rows());  // J_W Δ
  double length = 0;                                                   // ‖Δ‖²
  for (const auto& w : network.group("forward")) {
    const std::size_t layer = w.layer() - 1;
    const RowMajor weights = proposed_weights(w, proposed);
    const Eigen::VectorXd bias = proposed_bias(w, proposed);
    length += weights.squaredNorm() + bias.squaredNorm();
    for (Index row = 0; row < stacked.rows; ++row) {
      moved.segment(row * stacked.outputs, stacked.outputs) +=
          stacked.by_layer[layer].middleRows(row * stacked.outputs, stacked.outputs) *
          (weights * stacked.rates[layer].row(row).transpose() + bias);
    }
  }
  if (!(length > 0) || !moved.allFinite()) return std::numeric_limits<double>::quiet_NaN();
  // what is left is formed, since 1 − a share near 1 would hold no more than half of the digits
  const Eigen::VectorXd z = solve(stacked.gram, 0, moved);
  double left = 0;
  for (const auto& w : network.group("forward")) {
    const std::size_t layer = w.layer() - 1;
    const RowMajor x = stacked.signals(stacked.by_layer[layer], z);
    Eigen::VectorXd bias = proposed_bias(w, proposed);
    if (w.has_bias()) bias -= x.colwise().sum().transpose();
    const RowMajor weights = proposed_weights(w, proposed) - x.transpose() * stacked.rates[layer];
    left += weights.squaredNorm() + bias.squaredNorm();
  }
  return std::sqrt(left / length);
}

#define APICAL_INSTANTIATE(T)                                                                                \
  template Eigen::VectorXd through_activations(const Network<T>&, const BatchState<T>&, std::size_t,         \
                                               Eigen::VectorXd);                                             \
  template ReferenceUpdate reference_update(const Network<T>&, const BatchState<T>&, ReferenceKind, double); \
  template UpdateComparison compare_with_reference(const Network<T>&, const GroupDelta<T>&,                  \
                                                   const ReferenceUpdate&);                                  \
  template double null_space_share(const Network<T>&, const BatchState<T>&, std::size_t,                     \
                                   const GroupDelta<T>&);
APICAL_INSTANTIATE(float)
APICAL_INSTANTIATE(double)
#undef APICAL_INSTANTIATE

}  // namespace apical
