// The controlled dynamics in time, and the analytic steady state.
#include <algorithm>

#include "parity/checks.h"
#include "parity/recording.h"

namespace apical::parity {
namespace {

std::vector<double> as_numbers(const std::vector<bool>& flags) { return {flags.begin(), flags.end()}; }

void compare_flags(const Bench& bench, const Field& field, const std::vector<bool>& ours) {
  Comparison comparison = Comparison::of_counts(field.path());
  comparison.add(as_numbers(ours), as_numbers(field.flags(bench.example.batch)));
  bench.report(comparison);
}

// A trajectory [time][B][n_L] from the first states.
template <class Pick>
std::vector<double> in_time(const Recording& recording, std::size_t states, Pick&& pick) {
  std::vector<double> values;
  for (std::size_t t = 0; t < states; ++t) {
    const std::vector<double>& now = pick(recording.first()[t]);
    values.insert(values.end(), now.begin(), now.end());
  }
  return values;
}

// States 0 … 3 of all compartments, [layer][time][B][n_i].
void compare_first_steps(const Bench& bench, const Field& field, const Recording& recording) {
  const Case& example = bench.example;
  const auto times = field.at("t").wholes(field.at("t").size());
  for (const auto& [name, part] : {std::pair{"v_soma", &Snapshot::v_soma},
                                   {"v_basal", &Snapshot::v_basal},
                                   {"v_apical", &Snapshot::v_apical}}) {
    const Field compartment = field.at(name);
    Comparison comparison = Comparison::of_numbers(compartment.path(), bench.tolerance);
    const auto layers = compartment.items(example.depth());
    for (std::size_t i = 0; i < layers.size(); ++i) {
      std::vector<double> ours;
      for (const std::int64_t t : times) {
        const std::vector<double>& now = (recording.first()[static_cast<std::size_t>(t)].*part)[i];
        ours.insert(ours.end(), now.begin(), now.end());
      }
      comparison.add(ours, layers[i].numbers({times.size(), example.batch, example.units[i + 1]}),
                     "layer " + std::to_string(i + 1));
    }
    bench.report(comparison);
  }
}

void check_mode(const Bench& bench, Engine& engine, const Field& mode) {
  const Case& example = bench.example;
  const std::size_t batch = example.batch, outputs = example.outputs();
  const auto kept = static_cast<std::size_t>(mode.at("steps_kept").whole(1));
  std::size_t first_states = kept;
  const auto first_steps = mode.find("first_steps_all_layers");
  if (first_steps) {
    const Field t = first_steps->at("t");
    for (const std::int64_t time : t.wholes(t.size()))
      first_states = std::max(first_states, static_cast<std::size_t>(time) + 1);
  }
  if (first_states > static_cast<std::size_t>(example.hyper.T)) {
    mode.reject("no more states than hyper.T", std::to_string(first_states));
  }

  Recording recording(example, first_states);
  engine.set_observer(&recording);
  engine.run("dfc-ss", {{"k_p", mode.at("k_p").number()},
                        {"transmission", mode.at("inst_transmission").flag() ? "instantaneous" : "delayed"},
                        {"proactive", mode.at("proactive").flag()},
                        {"include_non_converged", true}});
  engine.set_observer(nullptr);

  bench.compare(mode.at("u"),
                in_time(
                    recording, kept, [](const Snapshot& s) -> const auto& { return s.u; }),
                {kept, batch, outputs});
  bench.compare(mode.at("r_L"),
                in_time(
                    recording, kept, [](const Snapshot& s) -> const auto& { return s.r.back(); }),
                {kept, batch, outputs});

  const Field final = mode.at("final");
  const Snapshot& last = recording.last();
  bench.compare(final.at("u"), last.u, {batch, outputs});
  bench.compare_layers(final.at("r"), last.r);
  bench.compare_layers(final.at("v_soma"), last.v_soma);
  bench.compare_layers(final.at("v_basal"), last.v_basal);
  bench.compare_layers(final.at("v_apical"), last.v_apical);

  std::vector<double> error;
  std::vector<bool> converged, diverged;
  for (std::size_t row = 0; row < batch; ++row) {
    const Settled& settled = engine.minibatch().state().settled[row];
    error.push_back(settled.error);
    converged.push_back(settled.converged);
    diverged.push_back(settled.diverged);
  }
  if (const auto field = final.find("error_norm")) bench.compare(*field, error, {batch});
  compare_flags(bench, mode.at("converged"), converged);
  compare_flags(bench, mode.at("diverged"), diverged);
  if (first_steps) compare_first_steps(bench, *first_steps, recording);
}

}  // namespace

void check_controller(const Bench& bench) {
  const Case& example = bench.example;
  Engine engine(example, bench.where(), "dfc", example.Q);
  const Field controller = bench.root().at("controller");
  for (const std::string& mode : controller.keys()) check_mode(bench, engine, controller.at(mode));

  const Field solved = bench.root().at("ssa_steady_state");
  Recording recording(example, 0);
  engine.set_observer(&recording);
  engine.run("dfc-ssa");
  bench.compare(solved.at("u"), recording.last().u, {example.batch, example.outputs()});
  bench.compare_layers(solved.at("v"), recording.last().v_soma);
  bench.compare_layers(solved.at("r"), recording.last().r);
  bench.compare_layers(solved.at("delta_v"), recording.last().v_apical);
}

}  // namespace apical::parity
