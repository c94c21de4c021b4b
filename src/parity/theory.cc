// The conditions of the theory and the eigenvalues of the stability matrices, through the probes' mathematics.
#include "parity/checks.h"
#include "probes/feedback.h"
#include "probes/stability.h"

namespace apical::parity {
namespace {

// Eigenvalues of matrices that are not normal are known less precisely than the numbers in them.
constexpr double kEigenvalues = 1e-8;

using PerSample = std::vector<double>;

void compare_angles(const Bench& bench, const Field& field, const PerSample& ours) {
  Comparison comparison = Comparison::of_angles(field.path());
  comparison.add(ours, field.numbers({bench.example.batch}));
  bench.report(comparison);
}

// One matrix by its name in the file; another name is skipped as unknown.
void compare_eigenvalues(const Bench& bench, const Field& field, const std::vector<ControlLoop>& loops,
                         const ControlledDynamics& dynamics) {
  const auto compare = [&](const char* name,
                           double (ControlLoop::*largest)(const ControlledDynamics&) const) {
    const auto theirs = field.find(name);
    if (!theirs) return;
    PerSample ours;
    for (const ControlLoop& loop : loops) ours.push_back((loop.*largest)(dynamics));
    Comparison comparison = Comparison::of_numbers(theirs->path(), kEigenvalues);
    comparison.add(ours, theirs->numbers({bench.example.batch}));
    bench.report(comparison);
  };
  compare("A_tildeI", &ControlLoop::a_tilde_i);
  compare("A_I", &ControlLoop::a_i);
  compare("A_instI", &ControlLoop::a_inst);
  compare("A_PI", &ControlLoop::a_pi);
}

}  // namespace

void check_theory(const Bench& bench) {
  const Case& example = bench.example;
  const auto theory = bench.root().find("theory");
  if (!theory) return;
  Engine engine(example, bench.where(), "dfc", example.Q);
  engine.run("backprop");
  const BatchState<double>& state = engine.minibatch().state();
  const SampleJacobian<double> jacobian(engine.network());
  const RowMajor feedback = stacked_feedback(engine.network());
  const auto first = first_units(engine.network());

  double condition_2 = 0;
  PerSample to_transpose, to_inverse;
  std::vector<ControlLoop> loops;
  for (std::size_t row = 0; row < example.batch; ++row) {
    const RowMajor j = jacobian.at(state, row);
    condition_2 += row_space_share(j, feedback) / static_cast<double>(example.batch);
    to_transpose.push_back(compare_by_layer(feedback, j.transpose(), first).network.angle());
    to_inverse.push_back(compare_by_layer(feedback, damped_pseudo_inverse(j, 0), first).network.angle());
    loops.emplace_back(j, feedback, first);
  }
  if (const auto field = theory->find("condition2_mean")) bench.compare(*field, {condition_2}, {});
  if (const auto field = theory->find("jacobian_transpose_angle_deg_per_sample"))
    compare_angles(bench, *field, to_transpose);
  if (const auto field = theory->find("jacobian_pinv_angle_deg_per_sample"))
    compare_angles(bench, *field, to_inverse);

  ControlledDynamics dynamics;
  dynamics.controller = {.k_p = example.hyper.k_p, .alpha = example.hyper.alpha};
  dynamics.settling.dt = example.hyper.dt;
  dynamics.settling.tau_v = example.hyper.tcr;
  if (const auto ratio = theory->find("time_constant_ratio_used_for_eigs"))
    dynamics.settling.tau_v = ratio->number();
  if (const auto field = theory->find("max_real_eig_at_feedforward_point"))
    compare_eigenvalues(bench, *field, loops, dynamics);
}

}  // namespace apical::parity
