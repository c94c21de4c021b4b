// Eigenvalues of the controlled network, and whether samples behave as these say.
#include <cmath>
#include <limits>

#include "probes/stability.h"
#include "probes/table.h"

namespace apical {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
enum class State { feedforward, controlled };

// A NaN is the worst.
double worse(double a, double b) { return std::isnan(a) || std::isnan(b) ? kNaN : std::max(a, b); }

// Samples whose eigenvalues are found; each is a job of its own, so that the bits do not depend on the threads.
template <class T>
std::size_t samples_measured(const ProbeContext<T>& context) {
  const auto outputs = static_cast<double>(context.network.units(context.network.depth()));
  const bool in_time = simulates(context.card);
  const double states = outputs * static_cast<double>(in_time ? context.network.depth() + 3 : 1);
  const double most = static_cast<double>(kDenseEigenvalues);
  const double eigenvalues = states <= most ? 25 * states * states * states : 1e4 * most * states;
  return samples_within(in_time ? kEigenvalueBudget : kJacobianBudget, context.minibatch.state().size,
                        jacobian_work(context.network) + 2 * eigenvalues);
}

// Measures each sample's loop. Where no controlled state was kept, or asked for, at the feedforward point.
template <State at, class T, class F>
std::vector<std::vector<double>> over_samples(const ProbeContext<T>& context, F&& measure) {
  const BatchState<T>& state = context.minibatch.state();
  const SampleJacobian<T> jacobian(context.network);
  const RowMajor feedback = stacked_feedback(context.network);
  const auto first = first_units(context.network);
  std::vector<std::vector<double>> found(samples_measured(context));
  context.pool.run(static_cast<std::uint32_t>(found.size()), [&](std::uint32_t row, unsigned) {
    const bool kept = at == State::controlled && !state.controlled_v.empty() && state.controlled[row] != 0;
    const Eigen::VectorXd slopes =
        kept ? controlled_slopes(context.network, state, row) : jacobian.slopes(state, row);
    found[row] = measure(ControlLoop(jacobian.at(slopes), feedback, first));
  });
  return found;
}

Values worst_of(const std::vector<const char*>& names, const std::vector<std::vector<double>>& found) {
  Values values;
  for (std::size_t k = 0; k < names.size(); ++k) {
    double worst = -std::numeric_limits<double>::infinity();
    for (const auto& sample : found) worst = worse(worst, sample[k]);
    values.emplace_back(names[k], worst);
  }
  return values;
}

template <State at, class T>
Values stability(const ProbeContext<T>& context) {
  const ControlledDynamics d = dynamics_of(context.settings);
  const bool in_time = simulates(context.card);
  const auto found = over_samples<at>(context, [&](const ControlLoop& loop) -> std::vector<double> {
    // ln ρ / dt is the rate of growth that the Euler step gives, beside the eigenvalue that it stands for
    if (!in_time) return {loop.a_inst(d)};
    return {loop.a_pi(d), std::log(loop.euler(d)) / d.settling.dt, loop.a_inst(d)};
  });
  return in_time ? worst_of({"A_PI", "Euler step", "A_inst"}, found) : worst_of({"A_inst"}, found);
}

template <class T>
Values integral(const ProbeContext<T>& context) {
  const ControlledDynamics d = dynamics_of(context.settings);
  return worst_of({"A~_I", "A_I"}, over_samples<State::feedforward>(context, [&](const ControlLoop& loop) {
                    return std::vector<double>{loop.a_tilde_i(d), loop.a_i(d)};
                  }));
}

template <class T>
Values condition_3(const ProbeContext<T>& context) {
  const ControlledDynamics d = dynamics_of(context.settings);
  const auto found = over_samples<State::controlled>(
      context, [&](const ControlLoop& loop) { return std::vector<double>{loop.a_inst(d)}; });
  double holds = 0, least = std::numeric_limits<double>::infinity();
  for (const auto& sample : found) {
    holds += sample[0] < 0;
    least = std::isnan(sample[0]) ? kNaN : std::min(least, -sample[0]);
  }
  return {{"network", least}, {"share", holds / static_cast<double>(found.size())}};
}

template <class T>
Values divergence(const ProbeContext<T>& context) {
  const ControlledDynamics d = dynamics_of(context.settings);
  const auto found = over_samples<State::feedforward>(
      context, [&](const ControlLoop& loop) { return std::vector<double>{loop.euler(d)}; });
  const BatchState<T>& state = context.minibatch.state();
  double predicted = 0, diverged = 0, unsettled = 0, agree = 0;
  for (std::size_t row = 0; row < found.size(); ++row) {
    const bool unstable = !(found[row][0] < 1), never = !state.settled[row].converged;
    predicted += unstable;
    diverged += state.settled[row].diverged;
    unsettled += never;
    agree += unstable == never;
  }
  const auto samples = static_cast<double>(found.size());
  return {{"predicted", predicted / samples},
          {"diverged", diverged / samples},
          {"not settled", unsettled / samples},
          {"agreement", agree / samples}};
}

}  // namespace

std::vector<Probe> stability_probes() {
  constexpr const char* kCost =
      "a Jacobian and the eigenvalues of n_L (L + 3) states per sample, for as many samples as 4·10⁸ "
      "multiplications serve";
  return {
      {{"condition-3",
        "smallest real part of the eigenvalues of J Q + α I at the controlled state, and the share of "
        "samples where it is above 0",
        "1/tau_u", kCost, 0, &is_controlled, true},
       &condition_3<float>,
       &condition_3<double>},
      {{"stability",
        "largest real part of the eigenvalues of A_PI, of the Euler step (ln ρ / dt) and of A_inst, at the "
        "feedforward point of the worst sample",
        "1/tau_u", kCost, 0, &is_controlled},
       &stability<State::feedforward, float>,
       &stability<State::feedforward, double>},
      {{"stability-controlled", "the same at the controlled state in which samples end", "1/tau_u", kCost,
        100, &is_controlled, true},
       &stability<State::controlled, float>,
       &stability<State::controlled, double>},
      {{"stability-integral",
        "largest real part of the eigenvalues of A~_I and A_I at the feedforward point of the worst sample",
        "1/tau_u", kCost, 0, &simulates},
       &integral<float>,
       &integral<double>},
      {{"divergence",
        "share of samples whose Euler step is predicted to be unstable, that diverged, that did not settle, "
        "and where prediction and settling agree",
        "", kCost, 0, &simulates},
       &divergence<float>,
       &divergence<double>},
  };
}

}  // namespace apical
