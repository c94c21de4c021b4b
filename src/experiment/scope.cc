// Runs one sample through a trained network and records everything that moves.
#include "apical/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apical/error.h"
#include "apical/npz_writer.h"
#include "apical/run.h"
#include "core/pool.h"
#include "experiment/dataset_source.h"
#include "experiment/network_checkpoint.h"
#include "experiment/plan.h"
#include "kernels/kernels.h"
#include "network/minibatch.h"
#include "probes/dynamics.h"
#include "probes/sample_loops.h"

namespace apical {
namespace {

// States that are kept; longer dynamics are thinned.
constexpr std::int64_t kMostTimes = 20000;

// Keeps the first row of the minibatch at every so-many-th state, and its last.
template <class T>
class ScopeObserver final : public Observer<T> {
 public:
  ScopeObserver(const Network<T>& network, ScopeRecording& recording) : network_(network), out_(recording) {}

  void state(std::int64_t step, const TileState<T>& tile) override {
    const bool last = step + 1 == out_.settling.steps;
    if (tile.first_row != 0 || (step % out_.every != 0 && !last)) return;
    const std::size_t depth = network_.depth();
    const T* minus = tile.batch->rate[depth].data();
    double error = 0;
    for (std::size_t k = 0; k < out_.outputs; ++k) {
      const auto rate = static_cast<double>(tile.layer[depth].rate_deviation[k]);
      const auto wanted = static_cast<double>(tile.target_deviation[k]);
      out_.u.push_back(static_cast<double>(tile.control()[k]));
      out_.r.push_back(static_cast<double>(minus[k]) + rate);
      if (step == 0 || out_.target_moves) out_.target.push_back(static_cast<double>(minus[k]) + wanted);
      error += (wanted - rate) * (wanted - rate);
    }
    out_.time.push_back(static_cast<double>(step) * out_.settling.dt);
    out_.error.push_back(std::sqrt(error));
    for (ScopeRecording::Neuron& neuron : out_.neurons) {
      const SettlingLayer<T>& layer = tile.layer[neuron.layer];
      const auto base = static_cast<double>(tile.batch->v[neuron.layer][neuron.unit]);
      const T* apical = layer.v_fb != nullptr ? layer.v_fb : layer.feedback;
      neuron.basal.push_back(base + static_cast<double>(layer.v_ff[neuron.unit]));
      neuron.apical.push_back(step == 0 ? 0 : static_cast<double>(apical[neuron.unit]));
      neuron.soma.push_back(base + static_cast<double>(layer.v[neuron.unit]));
    }
  }

 private:
  const Network<T>& network_;
  ScopeRecording& out_;
};

void require_neurons(const Plan& plan, const ScopeSettings& settings) {
  const auto& units = plan.network.units;
  for (const auto& [layer, unit] : settings.neurons) {
    if (layer < 1 || layer >= units.size())
      throw Error("--neurons", fmt::format("layer {} is required to be in 1 … {}.", layer, units.size() - 1));
    if (unit >= units[layer]) {
      throw Error("--neurons",
                  fmt::format("layer {} has the units 0 … {}, got {}.", layer, units[layer] - 1, unit));
    }
  }
}

// The unit of each layer that feedback moves most.
template <class T>
std::vector<ScopeRecording::Neuron> most_moved(const Network<T>& network, const BatchState<T>& state) {
  std::vector<ScopeRecording::Neuron> neurons;
  for (std::size_t layer = 1; layer <= network.depth(); ++layer) {
    const auto size = [](T d) { return std::isfinite(d) ? std::abs(d) : T(0); };
    const T* first = state.controlled_v[layer].data();
    const T* most =
        std::max_element(first, first + network.units(layer), [&](T a, T b) { return size(a) < size(b); });
    neurons.push_back({layer, static_cast<std::size_t>(most - first), {}, {}, {}});
  }
  return neurons;
}

// Whether the error still grows, or swings, at the end: its largest value in the last quarter against the quarter before.
bool calms_down(const std::vector<double>& error, const Settled& settled) {
  if (settled.diverged || !std::isfinite(error.back())) return false;
  if (settled.converged || error.size() < 8) return true;
  const auto quarter = static_cast<std::ptrdiff_t>(error.size() / 4);
  const double late = *std::max_element(error.end() - quarter, error.end());
  const double before = *std::max_element(error.end() - 2 * quarter, error.end() - quarter);
  return late <= before * (1 + 1e-6);
}

// What the minibatch's settling did, into the recording too.
template <class T>
ControlledDynamics dynamics_seen(const BatchState<T>& state, ScopeRecording& out) {
  ControlledDynamics dynamics = *state.dynamics;
  if (dynamics.settling.tau_v < dynamics.settling.dt) {
    out.notes.push_back(
        fmt::format("tau_v is raised from {:g} to dt = {:g}: the soma cannot be faster than the Euler step.",
                    dynamics.settling.tau_v, dynamics.settling.dt));
    dynamics.settling.tau_v = dynamics.settling.dt;
  }
  out.controller = dynamics.controller;
  out.settling = dynamics.settling;
  out.target_moves = dynamics.softmax || dynamics.gain != 1;
  out.every = (out.settling.steps + kMostTimes - 1) / kMostTimes;
  return dynamics;
}

template <class T>
void record(const Plan& plan, const Parameters& settings, const Checkpoint& checkpoint, const Dataset& data,
            const ScopeSettings& wanted, ScopeRecording& out) {
  Pool pool(1);
  Network<T> network(plan.network, plan.card.groups, 0);
  load_network(network, checkpoint);
  network.refresh_transposes();
  const std::unique_ptr<BasicRule<T>> rule = rule_named(plan.card.id, "rule").template make<T>(settings);
  Minibatch<T> minibatch(network, plan.loss, pool, out.batch_size, plan.card.whole_minibatch);
  DatasetSource<T> source(data, plan.standardisation, plan.task);
  const std::vector<std::uint32_t> samples(out.batch_size, static_cast<std::uint32_t>(out.sample));
  source.choose(samples);
  const auto run = [&] {
    minibatch.assign(*rule, {.factors = factors_of(plan.recipe.training.precision)}, out.batch_size, source);
  };

  minibatch.keep_controlled(true);
  run();
  const BatchState<T>& state = minibatch.state();
  const ControlledDynamics dynamics = dynamics_seen(state, out);
  for (const auto& [layer, unit] : wanted.neurons) out.neurons.push_back({layer, unit, {}, {}, {}});
  if (out.neurons.empty()) out.neurons = most_moved(network, state);
  ScopeObserver<T> observer(network, out);
  minibatch.set_observer(&observer);
  run();

  out.settled = state.settled[0];
  out.seen_stable = calms_down(out.error, out.settled);
  const SampleLoops<T> loops(network, state, dynamics);
  const Loop start = loops.of(0, At::feedforward), end = loops.of(0, At::controlled);
  out.a_pi = largest_real_part_pi(start, dynamics);
  out.a_pi_end = largest_real_part_pi(end, dynamics);
  out.euler = euler_radius(start, dynamics);
  out.euler_end = euler_radius(end, dynamics);
}

// The rule's settings with the user's on top; samples that do not settle are watched all the same.
Parameters changed_settings(const Plan& plan, const ScopeSettings& wanted, ScopeRecording& out) {
  Parameters settings = plan.settings;
  for (const auto& [name, value, where] : wanted.overrides) {
    const Value before = settings.value(name);
    const bool whole = std::holds_alternative<std::int64_t>(before);
    settings.set(name, whole ? Value(static_cast<std::int64_t>(value)) : Value(value), where);
    out.notes.push_back(
        fmt::format("{} = {} instead of {}.", name, to_toml(settings.value(name)), to_toml(before)));
  }
  for (const Parameter& parameter : settings.described()) {
    if (parameter.name == "include_non_converged") settings.set(parameter.name, true);
  }
  return settings;
}

}  // namespace

ScopeRecording scope_run(const std::filesystem::path& run_directory, const ScopeSettings& wanted,
                         const TrainingOptions& options) {
  const RunManifest manifest = read_manifest(run_directory);
  const Recipe recipe = parse_recipe(manifest.recipe, (run_directory / "manifest.json").string());
  const Card card = rule_named(recipe.rule, run_directory.string()).card();
  if (!settles(card)) {
    std::string choices;
    for (const RuleEntry& rule : all_rules()) {
      if (settles(rule.card())) choices += (choices.empty() ? "" : ", ") + rule.card().id;
    }
    throw Error(run_directory.string(),
                fmt::format("a rule whose dynamics run in time is required, found {}.", card.id),
                fmt::format("Use a run of one of: {}.", choices));
  }
  const auto checkpoints = checkpoints_of(run_directory);
  if (checkpoints.empty())
    throw Error(run_directory.string(), "the run has no checkpoint yet; there is no network to use.");
  use_kernels(recipe.training.kernels, factors_of(recipe.training.precision));
  const Plan plan = make_plan(recipe, options.data);
  const Dataset& data = wanted.part == "train" ? plan.train : plan.test;
  if (wanted.sample >= data.size()) {
    throw Error("--sample", fmt::format("the {} part has the samples 0 … {}, got {}.", wanted.part,
                                        data.size() - 1, wanted.sample));
  }
  require_neurons(plan, wanted);

  ScopeRecording out;
  out.rule = plan.card.id;
  out.part = wanted.part;
  out.sample = wanted.sample;
  out.outputs = plan.network.units.back();
  if (plan.task == Task::classification) out.label = data.label(static_cast<std::uint32_t>(wanted.sample));
  out.batch_size = static_cast<std::size_t>(plan.recipe.problem.batch_size);
  const Parameters settings = changed_settings(plan, wanted, out);
  const Checkpoint checkpoint = load_checkpoint(checkpoints.back());
  recipe.training.precision == "float64" ? record<double>(plan, settings, checkpoint, data, wanted, out)
                                         : record<float>(plan, settings, checkpoint, data, wanted, out);
  return out;
}

void save_scope(const ScopeRecording& recording, const std::filesystem::path& path) {
  NpzWriter npz;
  const std::size_t times = recording.time.size(), outputs = recording.outputs;
  const auto add = [&](const std::string& name, const std::vector<std::size_t>& shape,
                       const std::vector<double>& values) {
    npz.add(name, shape, std::span<const double>(values));
  };
  add("time", {times}, recording.time);
  add("u", {times, outputs}, recording.u);
  add("r", {times, outputs}, recording.r);
  add("target", recording.target_moves ? std::vector{times, outputs} : std::vector{outputs},
      recording.target);
  add("error", {times}, recording.error);
  for (const auto& neuron : recording.neurons) {
    const std::string name = fmt::format("layer {} unit {} ", neuron.layer, neuron.unit);
    add(name + "basal", {times}, neuron.basal);
    add(name + "apical", {times}, neuron.apical);
    add(name + "soma", {times}, neuron.soma);
  }
  npz.write(path);
}

}  // namespace apical
