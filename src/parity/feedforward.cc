// The feedforward pass, the loss, its gradient and the output target; backpropagation; the Jacobian of the
// output.
#include "parity/checks.h"
#include "parity/recording.h"
#include "probes/jacobian.h"

namespace apical::parity {

void check_feedforward(const Bench& bench) {
  const Case& example = bench.example;
  const Field root = bench.root();
  const std::size_t batch = example.batch, outputs = example.outputs();
  Engine engine(example, bench.where(), "dfc", example.Q);
  Recording recording(example, 0);
  engine.set_observer(&recording);
  engine.run("dfc-ss", {{"include_non_converged", true}, {"steps", std::int64_t{2}}});
  const BatchState<double>& state = engine.minibatch().state();

  const Field ff = root.at("ff");
  Matrices v, r;
  for (std::size_t i = 1; i <= example.depth(); ++i) {
    v.push_back(engine.rows(state.v[i], example.units[i]));
    r.push_back(engine.rows(state.rate[i], example.units[i]));
  }
  bench.compare_layers(ff.at("v"), v);
  bench.compare_layers(ff.at("r"), r);
  bench.compare(ff.at("loss"), {engine.minibatch().mean_loss()}, {});

  // theirs is the gradient of the mean loss, ours of each sample's
  std::vector<double> gradient = engine.rows(state.loss_gradient, outputs);
  for (double& value : gradient) value /= static_cast<double>(batch);
  bench.compare(root.at("dloss_dout"), gradient, {batch, outputs});
  bench.compare(root.at("output_target"), recording.target(), {batch, outputs});

  engine.set_observer(nullptr);
  engine.run("backprop");
  bench.compare_parameters(root.at("bp_gradient"), engine.gradient());

  const OutputJacobian jacobian = output_jacobian(engine.network(), state);
  bench.compare(root.at("J_full"), jacobian.values, {batch, outputs, jacobian.units});
}

}  // namespace apical::parity
