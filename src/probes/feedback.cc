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

enum class Target { transpose, pseudo_inverse, damped };

// The mean over samples of the angles, of all of Q and layer by layer.
template <Target target, class T>
Values feedback_angle(const ProbeContext<T>& context) {
  const SampleJacobian<T> jacobian(context.network);
  const RowMajor feedback = stacked_feedback(context.network);
  const auto first = first_units(context.network);
  const double n = static_cast<double>(feedback.cols()), svd = target == Target::transpose ? 0 : 8;
  const std::size_t samples =
      samples_within(kJacobianBudget, context.minibatch.state().size,
                     jacobian_work(context.network) + svd * n * n * static_cast<double>(feedback.rows()));
  double network = 0;
  std::vector<double> layers(first.size() - 1);
  for (std::size_t row = 0; row < samples; ++row) {
    RowMajor other = jacobian.at(context.minibatch.state(), row);
    if constexpr (target == Target::transpose) {
      other = other.transpose().eval();
    } else {
      other = damped_pseudo_inverse(other, target == Target::damped ? context.damping : 0);
    }
    const UpdateComparison comparison = compare_by_layer(feedback, other, first);
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
  const RowMajor feedback = stacked_feedback(context.network);
  const double n = static_cast<double>(feedback.cols()), units = static_cast<double>(feedback.rows());
  const std::size_t samples = samples_within(kJacobianBudget, context.minibatch.state().size,
                                             jacobian_work(context.network) + 4 * n * n * units);
  double sum = 0, least = 1;
  for (std::size_t row = 0; row < samples; ++row) {
    const double share = row_space_share(jacobian.at(context.minibatch.state(), row), feedback);
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
        "", "a Jacobian [n_L, Σ n_i] and its QR decomposition per sample", 100, &has_direct_feedback, false,
        true},
       &condition_2<float>,
       &condition_2<double>},
      {{"feedback-angle-transpose", "angle between Q and Jᵀ, mean over samples", "deg", kJacobian, 100,
        &has_direct_feedback, false, true},
       &feedback_angle<Target::transpose, float>,
       &feedback_angle<Target::transpose, double>},
      {{"feedback-angle-inverse", "angle between Q and the pseudo-inverse J⁺, mean over samples", "deg",
        kInverse, 0, &has_direct_feedback, false, true},
       &feedback_angle<Target::pseudo_inverse, float>,
       &feedback_angle<Target::pseudo_inverse, double>},
      {{"feedback-angle-damped", "angle between Q and Jᵀ (J Jᵀ + γ I)⁻¹, mean over samples", "deg", kInverse,
        0, &has_direct_feedback, false, true},
       &feedback_angle<Target::damped, float>,
       &feedback_angle<Target::damped, double>},
  };
}

}  // namespace apical
