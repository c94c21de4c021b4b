#include "probes/chained_loop.h"

#include <algorithm>
#include <utility>

#include "apical/settling.h"

namespace apical {

ChainedLoop::ChainedLoop(std::shared_ptr<const ChainedWeights> weights, std::vector<Eigen::Index> first_unit,
                         Eigen::VectorXd slope, Eigen::VectorXd gate, RowMajor error, RowMajor spread)
    : weights_(std::move(weights)),
      first_unit_(std::move(first_unit)),
      slope_(std::move(slope)),
      gate_(std::move(gate)),
      error_(std::move(error)),
      spread_(std::move(spread)) {}

double ChainedLoop::euler(const ControlledDynamics& d) const { return spectral_radius(euler_step(d)); }

// In the engine's order: gates and mismatches of the state before; the control; then the layers, from the first where rates below are those of
// the same step and from the last where they are not, each reading from its neighbours what is there by then.
LinearMap ChainedLoop::euler_step(const ControlledDynamics& d) const {
  const PiController controller = d.controller;
  const Settling s = d.settling;
  const double k_v = s.dt / std::max(s.tau_v, s.dt), k_a = s.dt / std::max(s.tau_a, s.dt);
  const Eigen::Index units = slope_.size(), n = error_.rows();
  return {
      3 * units + 2 * n, [=, this](const Eigen::VectorXd& x) {
        Eigen::VectorXd next = x;
        const Eigen::Index apical = units, basal = 2 * units, integral = 3 * units, control = integral + n;
        const auto size = [&](std::size_t i) { return first_unit_[i] - first_unit_[i - 1]; };
        const auto part = [&](auto& state, Eigen::Index of, std::size_t i) {
          return state.segment(of + first_unit_[i - 1], size(i));
        };
        const std::size_t depth = first_unit_.size() - 1;
        const Eigen::VectorXd e = -(error_ * part(slope_, 0, depth).cwiseProduct(part(x, 0, depth)).matrix());
        for (Eigen::Index k = 0; k < n; ++k)
          controller.step(e[k], s.dt, next[integral + k], next[control + k]);
        part(next, basal, 1).setZero();  // the input does not move
        const Eigen::VectorXd u = spread_ * (s.proactive ? next : x).segment(control, n);
        for (std::size_t step = 1; step <= depth; ++step) {
          const std::size_t i = s.instantaneous_transmission ? step : depth + 1 - step;
          Eigen::VectorXd arriving = u;
          if (i < depth) {
            const Eigen::VectorXd above = s.drive == Drive::energy
                                              ? part(x, 0, i + 1) - part(x, basal, i + 1)
                                              : Eigen::VectorXd(part(next, apical, i + 1));
            arriving = weights_->down[i - 1] * above;
          }
          if (i > 1)
            part(next, basal, i) =
                weights_->forward[i - 1] * part(slope_, 0, i - 1).cwiseProduct(part(next, 0, i - 1)).matrix();
          const Eigen::VectorXd drive =
              part(slope_, 0, i).cwiseProduct(arriving) + part(gate_, 0, i).cwiseProduct(part(x, 0, i));
          part(next, apical, i) += k_a * (drive - part(x, apical, i));
          part(next, 0, i) += k_v * (part(next, basal, i) + part(next, apical, i) - part(x, 0, i));
        }
        return next;
      }};
}

}  // namespace apical
