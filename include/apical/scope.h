// One sample under the microscope: the controlled dynamics of a trained network in time, and what theory says of
// their stability.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apical/settling.h"
#include "apical/training.h"

namespace apical {

struct ScopeSettings {
  std::string part = "test";  // of the run's data: "train" or "test"
  std::size_t sample = 0;
  // Other settings of the rule on the same state: names of its parameters (k_p, alpha, dt, tau_v, steps), values, and
  // where they were said, for messages.
  struct Override {
    std::string name;
    double value;
    std::string where;
  };
  std::vector<Override> overrides;
  // Layer (1 … L) and unit (from 0). Empty: of each layer the unit whose apical voltage ends largest.
  std::vector<std::pair<std::size_t, std::size_t>> neurons;
};

// Arrays in time hold `times` rows, every `every`-th Euler state and the last; matrices are row-major.
struct ScopeRecording {
  std::string rule, part;
  std::size_t sample = 0, outputs = 0;
  std::int64_t label = -1;         // class; −1: none
  std::size_t batch_size = 0;      // of the training, which the target's step may depend on
  PiController controller;         // as simulated
  Settling settling;               // as simulated; tau_v is never below dt
  std::vector<std::string> notes;  // what the settings were changed to, one sentence each

  std::int64_t every = 1;
  std::vector<double> time;    // in units of τ_u
  std::vector<double> u, r;    // control, output rates [times, n_L]
  std::vector<double> target;  // r* [n_L]; [times, n_L] where it moves
  bool target_moves = false;   // e is no difference of rates: r* = r_L + e, of every state anew
  std::vector<double> error;   // ‖r* − r_L‖ [times]
  struct Neuron {
    std::size_t layer, unit;
    std::vector<double> basal, apical, soma;  // voltages [times]
  };
  std::vector<Neuron> neurons;
  Settled settled;

  // At the feedforward point and at the last state: the largest real part of the eigenvalues of A_PI, in 1/τ_u (not a number where the
  // control comes down layer by layer), and the spectral radius of the Euler step, by which deviations grow from one state to the next.
  double a_pi = 0, a_pi_end = 0;
  double euler = 0, euler_end = 0;
  bool drive_is_direct() const { return settling.drive == Drive::control; }
  bool predicted_stable() const { return euler < 1; }
  // Not diverged, and at the end nearer to its steady state than in the middle, or there.
  bool seen_stable = false;
};

// Runs the sample through the network of the run's latest checkpoint, as one of a minibatch of the training's size, in
// the run's precision. Throws Error for a run without a checkpoint, a rule without simulated dynamics, a sample or
// neuron that is not there, and settings out of range.
ScopeRecording scope_run(const std::filesystem::path& run_directory, const ScopeSettings& settings,
                         const TrainingOptions& options);

// Every array of the recording: time, u, r, target, error; per neuron "layer 2 unit 5 basal", "… apical", "… soma".
void save_scope(const ScopeRecording& recording, const std::filesystem::path& path);

}  // namespace apical
