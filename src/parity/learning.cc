// Optimizer steps on the forward weights, and feedback learning in sleep.
#include "parity/checks.h"
#include "parity/clipping.h"
#include "parity/recording.h"

namespace apical::parity {
namespace {

OptimizerSettings adam(const Field& field) {
  OptimizerSettings settings;
  settings.algorithm = OptimizerAlgorithm::adam;
  settings.learning_rate = field.at("lr").number();
  settings.beta1 = field.at("beta1").number();
  settings.beta2 = field.at("beta2").number();
  settings.epsilon = field.at("eps").number();
  if (const auto decay = field.find("weight_decay")) settings.weight_decay = decay->number();
  return settings;
}

}  // namespace

void check_adam(const Bench& bench) {
  const Case& example = bench.example;
  const Field field = bench.root().at("adam_forward");
  OptimizerSettings settings = adam(field);
  settings.clip = Clipping::per_tensor;
  settings.clip_norm = field.at("clip_max_norm_per_tensor").number();

  Engine engine(example, bench.where(), "dfc", example.Q);
  const Overrides all_samples = {{"include_non_converged", true}};
  Optimizer<double> optimizer = optimizer_for(engine, "forward", settings);
  engine.run("dfc-ss", all_samples);
  bench.compare_parameters(field.at("clipped_grad"),
                           clipped(engine.gradient(), settings.clip, settings.clip_norm));
  optimizer.step(1);
  bench.compare_parameters(field.at("params_after_step1"), engine.weights());
  engine.run("dfc-ss", all_samples);
  optimizer.step(1);
  bench.compare_parameters(field.at("params_after_step2"), engine.weights());
}

void check_feedback_learning(const Bench& bench) {
  const Case& example = bench.example;
  const std::size_t batch = example.batch, outputs = example.outputs(),
                    steps = static_cast<std::size_t>(example.hyper.T_fb);
  const Field field = bench.root().at("feedback_learning");
  Engine engine(example, bench.where(), "dfc", example.Q);
  RecordedNoise noise(example, read_noise(example, field.at("noise"), example.hyper.T_fb));
  Recording recording(example, steps);
  engine.set_noise_port(&noise);
  engine.set_observer(&recording);
  engine.run("dfc", {}, {.pass = "sleep", .group = "feedback"});

  std::vector<double> u, r_L;
  for (const Snapshot& state : recording.first()) {
    u.insert(u.end(), state.u.begin(), state.u.end());
    r_L.insert(r_L.end(), state.r.back().begin(), state.r.back().end());
  }
  bench.compare(field.at("u"), u, {steps, batch, outputs});
  bench.compare(field.at("r_L"), r_L, {steps, batch, outputs});
  bench.compare_layers(field.at("v_apical_final"), recording.last().v_apical);
  bench.compare_layers(field.at("v_soma_final"), recording.last().v_soma);
  const Gradient gradient = engine.gradient("feedback");
  bench.compare_matrices(field.at("grad_Q"), gradient.W, true);

  OptimizerSettings settings = adam(field.at("adam_fb"));
  settings.clip = Clipping::joint;
  settings.clip_norm = field.at("clip_fb").number();
  bench.compare_matrices(field.at("grad_Q_clipped_joint"),
                         clipped(gradient, settings.clip, settings.clip_norm).W, true);
  optimizer_for(engine, "feedback", settings).step(1);
  bench.compare_matrices(field.at("Q_after_adam_step"), engine.weights("feedback").W, true);
}

}  // namespace apical::parity
