// How strong feedback is beside the feedforward drive, where controlled samples end.
#include <fmt/format.h>

#include <Eigen/Core>
#include <cmath>

#include "network/matrix.h"
#include "probes/dynamics.h"
#include "probes/references.h"
#include "probes/table.h"

namespace apical {
namespace {

// A row of a per-sample array as doubles [units].
template <class T>
Eigen::VectorXd row_of(const Buffer<T>& array, std::size_t row, std::size_t units) {
  const T* from = array.data() + row * row_stride<T>(units);
  return Eigen::Map<const Eigen::VectorX<T>>(from, static_cast<Eigen::Index>(units)).template cast<double>();
}

// Per layer the mean over samples of ‖v_i − W_i r_{i−1} − b_i‖ / ‖W_i r_{i−1}‖, and of all layers' lengths together. The authors'
// function has r_{i−1}ᵀ W_i for i ≥ 2, which only square layers have: those alone are given.
template <bool official, class T>
Values feedback_ratio(const ProbeContext<T>& context) {
  const Network<T>& network = context.network;
  const BatchState<T>& state = context.minibatch.state();
  const std::size_t depth = network.depth();
  const bool kept = !state.controlled_v.empty();
  std::vector<RowMajor> w;
  Eigen::Index units = 0;
  for (std::size_t i = 1; i <= depth; ++i) {
    w.push_back(as_matrix(network.weights(i)));
    units += w.back().rows();
  }
  std::vector<double> layers(depth, 0);
  double all = 0, samples = 0;
  for (std::size_t row = 0; kept && row < state.size; ++row) {
    if (state.controlled[row] == 0) continue;
    Eigen::VectorXd v(units);  // v − v⁻ of all layers
    for (std::size_t i = 1, first = 0; i <= depth; first += network.units(i), ++i)
      v.segment(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(network.units(i))) =
          row_of(state.controlled_v[i], row, network.units(i));
    const Eigen::VectorXd r = through_activations(network, state, row, v);  // r − r⁻
    Eigen::VectorXd rate = row_of(state.rate[0], row, network.units(0));    // r_{i−1}
    Eigen::VectorXd moved = Eigen::VectorXd::Zero(rate.size());             // r_{i−1} − r_{i−1}⁻
    double feedback = 0, drive = 0;
    Eigen::Index first = 0;
    for (std::size_t i = 1; i <= depth; ++i) {
      const auto n = static_cast<Eigen::Index>(network.units(i));
      const auto d = v.segment(first, n);
      const Eigen::VectorXd from_above = d - w[i - 1] * moved;  // v_ff has moved by W (r − r⁻)
      const bool turned = official && i > 1 && rate.size() == d.size();
      const Eigen::VectorXd from_below =
          turned ? Eigen::VectorXd(w[i - 1].transpose() * rate) : Eigen::VectorXd(w[i - 1] * rate);
      layers[i - 1] += from_above.norm() / from_below.norm();
      feedback += from_above.squaredNorm(), drive += from_below.squaredNorm();
      moved = r.segment(first, n);
      rate = row_of(state.rate[i], row, network.units(i)) + moved;
      first += n;
    }
    all += std::sqrt(feedback / drive);
    samples += 1;
  }
  Values values;
  if (!official) values.emplace_back("network", all / samples);
  for (std::size_t i = 1; i <= depth; ++i) {
    if (!official || i == 1 || network.units(i) == network.units(i - 1))
      values.emplace_back(fmt::format("layer {}", i), layers[i - 1] / samples);
  }
  return values;
}

}  // namespace

std::vector<Probe> drive_probes() {
  return {
      {{"feedback-ratio",
        "what feedback adds to the soma, ‖v − W r − b‖ (Q u where the soma has settled), beside the "
        "feedforward drive ‖W r‖ at the controlled state: mean over samples, per layer and for all of them",
        "", "a feedforward pass", 0, &is_driven, true},
       &feedback_ratio<false, float>,
       &feedback_ratio<false, double>},
      {{"feedback-ratio-official",
        "the authors' measure of the same, with r W in place of W r above the first layer: only where "
        "layers are square",
        "", "a feedforward pass", 0, &is_driven, true},
       &feedback_ratio<true, float>,
       &feedback_ratio<true, double>},
  };
}

}  // namespace apical
