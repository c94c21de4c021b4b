#include "probes/stability.h"

#include <algorithm>

namespace apical {

ControlLoop::ControlLoop(const RowMajor& jacobian, const RowMajor& feedback,
                         const std::vector<Eigen::Index>& first_unit) {
  for (std::size_t i = first_unit.size() - 1; i >= 1; --i) {
    const Eigen::Index first = first_unit[i - 1], units = first_unit[i] - first;
    path_.emplace_back(jacobian.middleCols(first, units) * feedback.middleRows(first, units));
  }
}

Eigen::VectorXd ControlLoop::output(const Eigen::VectorXd& states) const {
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(outputs());
  for (std::size_t k = 0; k < path_.size(); ++k)
    sum += path_[k] * states.segment(static_cast<Eigen::Index>(k) * outputs(), outputs());
  return sum;
}

double ControlLoop::a_inst(const ControlledDynamics& d) const {
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(outputs(), outputs());
  for (const Eigen::MatrixXd& path : path_) sum += path;
  return largest_real_part({outputs(), [&](const Eigen::VectorXd& u) {
                              return Eigen::VectorXd(-d.controller.k_i * (sum * u) - d.controller.alpha * u);
                            }});
}

//   τ_v dh_1/dt = u − h_1,   τ_v dh_k/dt = h_{k−1} − h_k,   du/dt = e − α u,   e = −Σ M_k h_k
LinearMap ControlLoop::integral(const ControlledDynamics& d) const {
  ControlledDynamics without = d;
  without.controller.k_p = 0;
  return proportional_integral(without);
}

//   u = u_int + k_p e, hence du/dt = k_i e − α u + k_p de/dt; with the leak on u_int alone, (k_i + α k_p) e − α u + k_p de/dt
LinearMap ControlLoop::proportional_integral(const ControlledDynamics& d) const {
  const Eigen::Index n = outputs(), depth = static_cast<Eigen::Index>(path_.size());
  const PiController c = d.controller;
  const double tau_v = std::max(d.settling.tau_v, d.settling.dt);
  const double gain = c.leak_on_control ? c.k_i : c.k_i + c.alpha * c.k_p;
  return {n * (depth + 1), [=, this](const Eigen::VectorXd& x) {
            Eigen::VectorXd change(x.size());
            const auto u = x.tail(n);
            change.head(n) = (u - x.head(n)) / tau_v;
            const Eigen::Index above = n * (depth - 1);
            change.segment(n, above) = (x.head(above) - x.segment(n, above)) / tau_v;
            change.tail(n) = -gain * output(x) - c.alpha * u - c.k_p * output(change);
            return change;
          }};
}

LinearMap ControlLoop::euler_step(const ControlledDynamics& d) const {
  const Eigen::Index n = outputs(), depth = static_cast<Eigen::Index>(path_.size());
  const PiController controller = d.controller;
  const Settling s = d.settling;
  const double k_v = s.dt / std::max(s.tau_v, s.dt), k_a = s.dt / std::max(s.tau_a, s.dt);
  return {n * (depth + 3), [=, this](const Eigen::VectorXd& x) {
            Eigen::VectorXd next = x;
            const Eigen::VectorXd e = -output(x);
            const Eigen::Index apical = n * depth, integral = apical + n, control = integral + n;
            for (Eigen::Index k = 0; k < n; ++k)
              controller.step(e[k], s.dt, next[integral + k], next[control + k]);
            const auto u = (s.proactive ? next : x).segment(control, n);
            next.segment(apical, n) += k_a * (u - x.segment(apical, n));
            for (Eigen::Index layer = 0; layer < depth; ++layer) {
              const Eigen::Index first = layer * n;
              const Eigen::VectorXd& below = layer == 0 || s.instantaneous_transmission ? next : x;
              const Eigen::VectorXd drive = below.segment(layer == 0 ? apical : first - n, n);
              next.segment(first, n) += k_v * (drive - x.segment(first, n));
            }
            return next;
          }};
}

template <class T>
RowMajor stacked_feedback(const Network<T>& network) {
  const std::vector<Eigen::Index> first = first_units(network);
  const auto outputs = static_cast<Eigen::Index>(network.units(network.depth()));
  RowMajor stacked(first.back(), outputs);
  stacked.bottomRows(outputs).setIdentity();
  for (const WeightMatrix<T>& q : network.group("feedback"))
    stacked.middleRows(first[q.layer() - 1], first[q.layer()] - first[q.layer() - 1]) = as_matrix(q);
  return stacked;
}

template <class T>
std::vector<Eigen::Index> first_units(const Network<T>& network) {
  std::vector<Eigen::Index> first = {0};
  for (std::size_t i = 1; i <= network.depth(); ++i)
    first.push_back(first.back() + static_cast<Eigen::Index>(network.units(i)));
  return first;
}

template RowMajor stacked_feedback(const Network<float>&);
template RowMajor stacked_feedback(const Network<double>&);
template std::vector<Eigen::Index> first_units(const Network<float>&);
template std::vector<Eigen::Index> first_units(const Network<double>&);

}  // namespace apical
