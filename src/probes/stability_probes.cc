// Eigenvalues of the controlled network, and whether samples behave as these say.
#include <cmath>
#include <limits>
#include <optional>

#include "probes/dynamics.h"
#include "probes/sample_loops.h"
#include "probes/table.h"

namespace apical {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A NaN is the worst.
double worse(double a, double b) { return std::isnan(a) || std::isnan(b) ? kNaN : std::max(a, b); }

// What the minibatch's settling did; for a rule that solves for its state what its settings say. Empty where there is no loop.
template <class T>
std::optional<ControlledDynamics> dynamics_of(const ProbeContext<T>& context) {
  const auto& seen = context.minibatch.state().dynamics;
  if (seen || !is_controlled(context.card)) return seen;
  return dynamics_of(context.settings);
}

// Samples whose eigenvalues are found; each is a job of its own, so that the bits do not depend on the threads.
template <class T>
std::size_t samples_measured(const ProbeContext<T>& context, const ControlledDynamics& dynamics) {
  const Network<T>& network = context.network;
  const auto outputs = static_cast<double>(network.units(network.depth()));
  const bool in_time = settles(context.card);
  const double states = dynamics.settling.drive == Drive::control
                            ? outputs * static_cast<double>(in_time ? network.depth() + 3 : 1)
                            : 3 * static_cast<double>(first_units(network).back()) + 2 * outputs;
  const double most = static_cast<double>(kDenseEigenvalues);
  const double eigenvalues = states <= most ? 25 * states * states * states : 1e4 * most * states;
  return samples_within(in_time ? kEigenvalueBudget : kJacobianBudget, context.minibatch.state().size,
                        jacobian_work(network) + 2 * eigenvalues);
}

// Measures each sample's loop. Where no controlled state was kept, or asked for, at the feedforward point.
template <At at, class T, class F>
std::vector<std::vector<double>> over_samples(const ProbeContext<T>& context,
                                              const ControlledDynamics& dynamics, F&& measure) {
  const SampleLoops<T> loops(context.network, context.minibatch.state(), dynamics);
  std::vector<std::vector<double>> found(samples_measured(context, dynamics));
  context.pool.run(static_cast<std::uint32_t>(found.size()),
                   [&](std::uint32_t row, unsigned) { found[row] = measure(loops.of(row, at)); });
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

template <At at, class T>
Values stability(const ProbeContext<T>& context, const ControlledDynamics& d) {
  const bool in_time = settles(context.card), direct = d.settling.drive == Drive::control;
  const auto found = over_samples<at>(context, d, [&](const Loop& loop) {
    std::vector<double> values;
    if (in_time && direct) values.push_back(largest_real_part_pi(loop, d));
    // ln ρ / dt is the rate of growth that the Euler step gives, beside the eigenvalue that it stands for
    if (in_time) values.push_back(std::log(euler_radius(loop, d)) / d.settling.dt);
    if (direct) values.push_back(std::get<ControlLoop>(loop).a_inst(d));
    return values;
  });
  std::vector<const char*> names;
  if (in_time && direct) names.push_back("A_PI");
  if (in_time) names.push_back("Euler step");
  if (direct) names.push_back("A_inst");
  return worst_of(names, found);
}

template <At at, class T>
Values integral(const ProbeContext<T>& context, const ControlledDynamics& d) {
  return worst_of({"A~_I", "A_I"}, over_samples<at>(context, d, [&](const Loop& loop) {
                    const auto& direct = std::get<ControlLoop>(loop);
                    return std::vector<double>{direct.a_tilde_i(d), direct.a_i(d)};
                  }));
}

template <class T>
Values condition_3(const ProbeContext<T>& context, const ControlledDynamics& d) {
  const auto found = over_samples<At::controlled>(context, d, [&](const Loop& loop) {
    return std::vector<double>{std::get<ControlLoop>(loop).a_inst(d)};
  });
  double holds = 0, least = std::numeric_limits<double>::infinity();
  for (const auto& sample : found) {
    holds += sample[0] < 0;
    least = std::isnan(sample[0]) ? kNaN : std::min(least, -sample[0]);
  }
  return {{"network", least}, {"share", holds / static_cast<double>(found.size())}};
}

template <class T>
Values divergence(const ProbeContext<T>& context, const ControlledDynamics& d) {
  const auto found = over_samples<At::feedforward>(
      context, d, [&](const Loop& loop) { return std::vector<double>{euler_radius(loop, d)}; });
  const BatchState<T>& state = context.minibatch.state();
  double predicted = 0, diverged = 0, unsettled = 0, agree = 0;
  for (std::size_t row = 0; row < found.size(); ++row) {
    const bool unstable = !(found[row][0] < 1), never = state.settled[row].time >= d.settling.steps;
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

// A probe of loops; it has nothing to say where there is none.
template <auto measure, class T>
Values of_loops(const ProbeContext<T>& context) {
  const auto dynamics = dynamics_of(context);
  return dynamics ? measure(context, *dynamics) : Values{};
}

}  // namespace

std::vector<Probe> stability_probes() {
  constexpr const char* kCost =
      "a Jacobian and the eigenvalues of n_L (L + 3) states per sample (3 Σ n_i + 2 n_L where the control "
      "comes down layer by layer), for as many samples as 4·10⁸ multiplications serve";
  return {
      {{"condition-3",
        "smallest real part of the eigenvalues of J Q + α I at the controlled state, and the share of "
        "samples where it is above 0",
        "1/tau_u", kCost, 0, &is_controlled, true},
       &of_loops<&condition_3<float>, float>,
       &of_loops<&condition_3<double>, double>},
      {{"stability",
        "largest real part of the eigenvalues of A_PI, of the Euler step (ln ρ / dt) and of A_inst, at the "
        "feedforward point of the worst sample",
        "1/tau_u", kCost, 0, &is_driven},
       &of_loops<&stability<At::feedforward, float>, float>,
       &of_loops<&stability<At::feedforward, double>, double>},
      {{"stability-controlled", "the same at the controlled state in which samples end", "1/tau_u", kCost,
        100, &is_driven, true},
       &of_loops<&stability<At::controlled, float>, float>,
       &of_loops<&stability<At::controlled, double>, double>},
      {{"stability-integral",
        "largest real part of the eigenvalues of A~_I and A_I at the feedforward point of the worst sample",
        "1/tau_u", kCost, 0, &simulates},
       &of_loops<&integral<At::feedforward, float>, float>,
       &of_loops<&integral<At::feedforward, double>, double>},
      {{"stability-integral-controlled", "the same at the controlled state in which samples end", "1/tau_u",
        kCost, 0, &simulates, true},
       &of_loops<&integral<At::controlled, float>, float>,
       &of_loops<&integral<At::controlled, double>, double>},
      {{"divergence",
        "share of samples whose Euler step is predicted to be unstable, that diverged, that did not settle, "
        "and where prediction and settling agree",
        "", kCost, 0, &settles},
       &of_loops<&divergence<float>, float>,
       &of_loops<&divergence<double>, double>},
  };
}

}  // namespace apical
