#include "probes/feedback.h"

#include <fmt/format.h>

#include <Eigen/QR>
#include <cmath>
#include <limits>

#include "probes/dynamics.h"
#include "probes/stability.h"
#include "probes/table.h"

namespace apical {

double row_space_share(const RowMajor& jacobian, const RowMajor& feedback) {
  const double length = feedback.norm();
  if (!(length > 0) || !jacobian.allFinite()) return std::numeric_limits<double>::quiet_NaN();
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(jacobian.transpose());
  const Eigen::MatrixXd rotated = qr.householderQ().adjoint() * Eigen::MatrixXd(feedback);
  return rotated.topRows(qr.rank()).norm() / length;
}

UpdateComparison compare_by_layer(const RowMajor& feedback, const RowMajor& other,
                                  const std::vector<Eigen::Index>& first_unit) {
  UpdateComparison result;
  const Eigen::Index outputs = feedback.cols();
  for (std::size_t i = 1; i < first_unit.size(); ++i) {
    Comparison layer;
    for (Eigen::Index k = first_unit[i - 1] * outputs; k < first_unit[i] * outputs; ++k)
      layer.add(feedback.data()[k], other.data()[k]);
    result.layers.push_back(layer);
    result.network.add(layer);
  }
  return result;
}

RowMajor damped_pseudo_inverse(const RowMajor& jacobian, double damping) {
  return least_norm(jacobian, Eigen::VectorXd::Ones(jacobian.cols()), damping,
                    Eigen::MatrixXd::Identity(jacobian.rows(), jacobian.rows()));
}

namespace {

bool is_feedback(const WeightGroup& group) { return group.wiring != Wiring::forward; }
bool has_feedback(const Card& card) {
  return std::any_of(card.groups.begin(), card.groups.end(), &is_feedback);
}

template <class T>
Values weight_alignment(const ProbeContext<T>& context) {
  Values values;
  const auto groups = std::count_if(context.card.groups.begin(), context.card.groups.end(), &is_feedback);
  Comparison network;
  for (const WeightGroup& group : context.card.groups) {
    if (!is_feedback(group)) continue;
    const auto layers = compare_feedback(context.network, group);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      values.emplace_back(fmt::format("{}layer {}", groups > 1 ? group.name + ", " : "", i + 1),
                          layers[i].angle());
      network.add(layers[i]);
    }
  }
  values.insert(values.begin(), {"network", network.angle()});
  return values;
}

// Weights through which the control reaches the voltages of every layer.
bool hands_out_control(const Card& card) { return has_direct_feedback(card) || has_feedback_chain(card); }

// How the voltages move with the control, dv/du [N, n_L] with each layer driven alone: Q, or, handed down from layer to layer, what a chain
// makes of it at the feedforward point, Q_L = diag φ'(v_L), Q_i = diag φ'(v_i) B_i Q_{i+1}.
template <class T>
class ControlToVoltages {
 public:
  ControlToVoltages(const Network<T>& network, const Card& card) : first_unit_(first_units(network)) {
    if (has_feedback_chain(card)) {
      for (const WeightMatrix<T>& b : network.group("feedback")) chain_.push_back(as_matrix(b));
    } else {
      direct_ = stacked_feedback(network);
    }
  }

  RowMajor at(const Eigen::VectorXd& slopes) const {
    if (chain_.empty()) return direct_;
    const Eigen::Index outputs = chain_.back().cols();
    RowMajor all(first_unit_.back(), outputs);
    RowMajor above = slopes.tail(outputs).asDiagonal();
    all.bottomRows(outputs) = above;
    for (std::size_t i = chain_.size(); i >= 1; --i) {
      const Eigen::Index first = first_unit_[i - 1], size = first_unit_[i] - first;
      above = slopes.segment(first, size).asDiagonal() * (chain_[i - 1] * above).eval();
      all.middleRows(first, size) = above;
    }
    return all;
  }

 private:
  std::vector<Eigen::Index> first_unit_;
  RowMajor direct_;
  std::vector<RowMajor> chain_;  // B_1 … B_{L−1}
};

enum class Target { transpose, pseudo_inverse, damped };

// The mean over samples of the angles, of all of Q and layer by layer.
template <Target target, class T>
Values feedback_angle(const ProbeContext<T>& context) {
  const SampleJacobian<T> jacobian(context.network);
  const ControlToVoltages<T> control(context.network, context.card);
  const auto first = first_units(context.network);
  const double n = static_cast<double>(jacobian.outputs()), svd = target == Target::transpose ? 0 : 8;
  const std::size_t samples =
      samples_within(kJacobianBudget, context.minibatch.state().size,
                     jacobian_work(context.network) + svd * n * n * static_cast<double>(jacobian.units()));
  double network = 0;
  std::vector<double> layers(first.size() - 1);
  for (std::size_t row = 0; row < samples; ++row) {
    const Eigen::VectorXd slopes = jacobian.slopes(context.minibatch.state(), row);
    RowMajor other = jacobian.at(slopes);
    if constexpr (target == Target::transpose) {
      other = other.transpose().eval();
    } else {
      other = damped_pseudo_inverse(other, target == Target::damped ? context.damping : 0);
    }
    const UpdateComparison comparison = compare_by_layer(control.at(slopes), other, first);
    network += comparison.network.angle();
    for (std::size_t i = 0; i < layers.size(); ++i) layers[i] += comparison.layers[i].angle();
  }
  const auto count = static_cast<double>(samples);
  Values values = {{"network", network / count}};
  for (std::size_t i = 0; i < layers.size(); ++i)
    values.emplace_back(fmt::format("layer {}", i + 1), layers[i] / count);
  return values;
}

template <class T>
Values condition_2(const ProbeContext<T>& context) {
  const SampleJacobian<T> jacobian(context.network);
  const ControlToVoltages<T> control(context.network, context.card);
  const double n = static_cast<double>(jacobian.outputs()), units = static_cast<double>(jacobian.units());
  const std::size_t samples = samples_within(kJacobianBudget, context.minibatch.state().size,
                                             jacobian_work(context.network) + 4 * n * n * units);
  double sum = 0, least = 1;
  for (std::size_t row = 0; row < samples; ++row) {
    const Eigen::VectorXd slopes = jacobian.slopes(context.minibatch.state(), row);
    const double share = row_space_share(jacobian.at(slopes), control.at(slopes));
    sum += share;
    least = std::isnan(share) ? share : std::min(least, share);
  }
  return {{"network", sum / static_cast<double>(samples)}, {"smallest", least}};
}

}  // namespace

std::vector<Probe> feedback_probes() {
  constexpr const char* kJacobian = "a Jacobian [n_L, Σ n_i] per sample";
  constexpr const char* kInverse = "a Jacobian and its pseudo-inverse per sample";
  return {
      {{"weight-alignment", "angle between feedback weights and the transposed forward path", "deg",
        "products of the forward weights", 50, &has_feedback},
       &weight_alignment<float>,
       &weight_alignment<double>},
      {{"condition-2", "share of Q in the row space of J, ‖P_J Q‖ / ‖Q‖: mean over samples, and the smallest",
        "", "a Jacobian [n_L, Σ n_i] and its QR decomposition per sample", 100, &hands_out_control, false,
        true},
       &condition_2<float>,
       &condition_2<double>},
      {{"feedback-angle-transpose", "angle between Q and Jᵀ, mean over samples", "deg", kJacobian, 100,
        &hands_out_control, false, true},
       &feedback_angle<Target::transpose, float>,
       &feedback_angle<Target::transpose, double>},
      {{"feedback-angle-inverse", "angle between Q and the pseudo-inverse J⁺, mean over samples", "deg",
        kInverse, 0, &hands_out_control, false, true},
       &feedback_angle<Target::pseudo_inverse, float>,
       &feedback_angle<Target::pseudo_inverse, double>},
      {{"feedback-angle-damped", "angle between Q and Jᵀ (J Jᵀ + γ I)⁻¹, mean over samples", "deg", kInverse,
        0, &hands_out_control, false, true},
       &feedback_angle<Target::damped, float>,
       &feedback_angle<Target::damped, double>},
  };
}

}  // namespace apical
