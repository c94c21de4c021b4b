#include "apical/scope.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "apical/atomic_file.h"
#include "apical/error.h"
#include "apical/terminal.h"
#include "command.h"
#include "scope_figure.h"

namespace apical::cli {
namespace {

struct Options {
  std::string run, part = "test", neurons;
  std::int64_t sample = 0;
  std::optional<double> k_p, alpha, dt, tau_v;
  std::optional<std::int64_t> steps;
  std::optional<std::filesystem::path> figure, save;
  std::filesystem::path runs = "runs";
  std::optional<std::filesystem::path> data_folder;
  bool json = false;
};

// "1:0,3:7": layer and unit.
std::vector<std::pair<std::size_t, std::size_t>> neurons_of(const std::string& words) {
  std::vector<std::pair<std::size_t, std::size_t>> neurons;
  for (const std::string& word : CLI::detail::split(words, ',')) {
    std::size_t layer = 0, unit = 0;
    int read = 0;
    if (std::sscanf(word.c_str(), "%zu:%zu%n", &layer, &unit, &read) != 2 ||
        static_cast<std::size_t>(read) != word.size() || word.find('-') != std::string::npos) {
      throw Error("--neurons",
                  fmt::format("layer:unit pairs such as 1:0,2:5 are required, got '{}'.", words));
    }
    neurons.emplace_back(layer, unit);
  }
  return neurons;
}

ScopeSettings settings_of(const Options& options) {
  ScopeSettings settings;
  settings.part = options.part;
  if (options.sample < 0)
    throw Error("--sample", fmt::format("a whole number ≥ 0 is required, got {}.", options.sample));
  settings.sample = static_cast<std::size_t>(options.sample);
  const auto add = [&](const char* name, const std::optional<double>& value, const char* where) {
    if (value) settings.overrides.push_back({name, *value, where});
  };
  add("k_p", options.k_p, "--k-p");
  add("alpha", options.alpha, "--alpha");
  add("dt", options.dt, "--dt");
  add("tau_v", options.tau_v, "--tau-v");
  if (options.steps) add("steps", static_cast<double>(*options.steps), "--steps");
  if (!options.neurons.empty()) settings.neurons = neurons_of(options.neurons);
  return settings;
}

// Near rest, whatever error the control leaves there.
bool came_to_rest(const ScopeRecording& r) { return r.settled.time < r.settling.steps; }

std::string seen(const ScopeRecording& r) {
  if (came_to_rest(r))
    return fmt::format("settled (residual below 1e-5 of the output) after {} of {} states", r.settled.time,
                       r.settling.steps);
  if (r.settled.diverged || !r.seen_stable) return "runs away";
  return fmt::format("still moving after {} states", r.settling.steps);
}

// What could be changed where theory or sight say that the sample does not settle.
std::string advice(const ScopeRecording& r) {
  if (!r.predicted_stable() && !r.drive_is_direct())
    return "The Euler step is unstable at this point: try a smaller --dt or a larger --alpha.";
  if (!r.predicted_stable() && r.a_pi < 0)
    return "The dynamics are stable, the Euler step is too long for them: try a smaller --dt or a larger "
           "--tau-v.";
  if (!r.predicted_stable()) {
    return "The dynamics themselves are unstable at this point: try a larger --alpha, or feedback weights "
           "that have learned "
           "longer; a smaller --dt does not help.";
  }
  if (!r.seen_stable)
    return "The network leaves the point where it was predicted to be stable: try a larger --alpha, or in "
           "training a smaller target_step.";
  if (!came_to_rest(r)) return "Try more --steps, or a larger --dt while the Euler step stays below 1.";
  return {};
}

Table table_of(const ScopeRecording& r, const std::string& name) {
  Table table(fmt::format("{}: sample {} of {}{}", name, r.sample, r.part,
                          r.label >= 0 ? fmt::format(", class {}", r.label) : ""));
  constexpr auto kRight = Table::Align::right;
  table.column("").column("Feedforward point", kRight).column("Last state", kRight);
  const auto row = [&](const std::string& what, double first, double last) {
    const auto number = [](double x) {
      return std::isfinite(x) ? fmt::format("{:.4g}", x) : std::string("not finite");
    };
    table.row({what, number(first), number(last)});
  };
  if (r.drive_is_direct()) row("Largest real part of A_PI [1/tau_u]", r.a_pi, r.a_pi_end);
  row("Spectral radius of the Euler step", r.euler, r.euler_end);
  row("Error ‖r* − r_L‖", r.error.front(), r.error.back());
  // what has run away is at no distance from anywhere
  const bool there = std::isfinite(r.settled.residual) && !r.settled.diverged;
  std::string distance;
  // a target that moves is not a way to go
  if (there && !r.target_moves) distance += fmt::format(", overshoot {:.1f} %", 100 * r.settled.overshoot);
  if (there) distance += fmt::format(", residual {:.1e}", r.settled.residual);
  table.note(fmt::format("Theory: {}. Seen: {}{}.", r.predicted_stable() ? "stable" : "unstable", seen(r),
                         distance));
  table.note(fmt::format("k_p = {:g}, alpha = {:g}, dt = {:g}, tau_v = {:g}, steps = {}; a minibatch of {}.",
                         r.controller.k_p, r.controller.alpha, r.settling.dt, r.settling.tau_v,
                         r.settling.steps, r.batch_size));
  for (const std::string& note : r.notes) table.note(note);
  if (const std::string words = advice(r); !words.empty()) table.note(words);
  return table;
}

std::string json_of(const ScopeRecording& r) {
  nlohmann::ordered_json json = {{"rule", r.rule},
                                 {"part", r.part},
                                 {"sample", r.sample},
                                 {"k_p", r.controller.k_p},
                                 {"alpha", r.controller.alpha},
                                 {"dt", r.settling.dt},
                                 {"tau_v", r.settling.tau_v},
                                 {"steps", r.settling.steps},
                                 {"a_pi", {r.a_pi, r.a_pi_end}},
                                 {"euler_radius", {r.euler, r.euler_end}},
                                 {"predicted_stable", r.predicted_stable()},
                                 {"seen_stable", r.seen_stable},
                                 {"converged", r.settled.converged},
                                 {"diverged", r.settled.diverged},
                                 {"settling_time", r.settled.time},
                                 {"overshoot", r.settled.overshoot},
                                 {"residual", r.settled.residual},
                                 {"notes", r.notes}};
  return json.dump() + "\n";
}

int run(const Options& options) {
  TrainingOptions training;
  training.data = data_paths(options.data_folder);
  const auto directory = find_run(options.runs, options.run);
  const ScopeRecording recording = scope_run(directory, settings_of(options), training);
  if (options.save) save_scope(recording, *options.save);
  if (options.figure) write_atomically(*options.figure, scope_svg(recording));
  if (options.json) {
    print(json_of(recording));
    return kOk;
  }
  Table table = table_of(recording, directory.filename().string());
  if (options.figure) table.note(fmt::format("Figure: {}", options.figure->string()));
  if (options.save) table.note(fmt::format("Arrays: {}", options.save->string()));
  print(table, false);
  print(scope_plots(recording, terminal_style(STDOUT_FILENO)));
  return kOk;
}

}  // namespace

void add_scope(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = line.verb(
      line.app, "scope", "Watch one sample's controlled dynamics, and what theory says of them",
      "apical scope 3f9a2c --sample 7 --dt 0.05 --figure scope.svg", [options] { return run(*options); });
  verb->add_option("RUN", options->run, "the beginning of its id, or its directory")
      ->required()
      ->option_text(" ");
  verb->add_option("--sample", options->sample, "which sample of the data, from 0")->option_text("K [0]");
  line.choices[verb->add_option("--part", options->part, "test or train")
                   ->option_text("PART [test]")
                   ->check(CLI::IsMember({"test", "train"}))] = {"test", "train"};
  verb->add_option(
          "--neurons", options->neurons,
          "layer:unit, separated by commas; of each layer the one that feedback moves most if not said")
      ->option_text("L:U,…");
  verb->add_option("--k-p", options->k_p, "another proportional gain on the same state")->option_text("X");
  verb->add_option("--alpha", options->alpha, "another leak of the controller")->option_text("X");
  verb->add_option("--dt", options->dt, "another Euler step")->option_text("X");
  verb->add_option("--tau-v", options->tau_v, "another somatic time constant")->option_text("X");
  verb->add_option("--steps", options->steps, "another number of states")->option_text("N");
  verb->add_option("--figure", options->figure, "draw control, output, error and voltages")
      ->option_text("FILE.svg");
  verb->add_option("--save", options->save, "NPZ file for the same as arrays")->option_text("FILE.npz");
  add_runs_option(*verb, options->runs);
  add_data_option(*verb, options->data_folder);
  add_json_option(*verb, options->json);
}

}  // namespace apical::cli
