// The network, data and settings of a reference file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "apical/activation.h"
#include "apical/loss.h"
#include "apical/network.h"
#include "parity/reference.h"

namespace apical::parity {

// hyper of the file, in the file's words; the sleep phase's have the suffix _fb.
struct Hyper {
  double lam;                         // step of the output target
  double alpha, k_p, dt, tcr, tau_a;  // tcr: tau_v
  std::int64_t T;                     // states
  bool inst, proactive;
  double alpha_fb, k_p_fb, dt_fb, tcr_fb, tau_a_fb;
  std::int64_t T_fb;
  bool inst_fb;
  double sigma, sigma_out;  // apical noise in sleep
};

// hyper of a file of strong feedback: what goes beyond Hyper, whose sleep phase is that of two phases.
struct StrongHyper {
  double true_class;        // tcv: target of the label's class
  double sigma, sigma_out;  // apical noise of the single phase
  double tau_noise, tau_f;  // time constants of its noise and of its filters
  std::int64_t T_sp;        // its states
  bool scaled;              // feedback plasticity grows with the distance from the output
};

// Deep Feedback Control proper, or strong feedback.
enum class FileKind { weak, strong };

using Matrices = std::vector<std::vector<double>>;  // row-major, per layer−1

struct Case {
  // Throws Error where shapes and settings do not fit together.
  explicit Case(const Field& root, FileKind kind = FileKind::weak);

  std::size_t depth() const { return units.size() - 1; }  // L
  std::size_t outputs() const { return units.back(); }    // n_L

  std::size_t batch;               // B
  std::vector<std::size_t> units;  // of the input and layers 1 … L
  NetworkSpec spec;
  Loss loss;
  Hyper hyper;
  StrongHyper strong{};              // only of files of strong feedback
  Matrices W, Q;                     // [n_i, n_{i−1}], [n_i, n_L]
  Matrices b;                        // [n_i]; empty without biases
  std::vector<double> x;             // [B, n_0]
  std::vector<double> y;             // [B, n_L]; empty for classes
  std::vector<std::int32_t> labels;  // [B]; empty for regression

 private:
  void read_units(const Field& root, const Field& settings);
  void read_activations(const Field& settings, bool optional);
  void read_hidden_activations(const Field& act);
  void read_hyper(const Field& settings);
  void read_strong_hyper(const Field& settings);
  void read_targets(const Field& root, const Field& settings);
  void read_strong_targets(const Field& root, const Field& settings);
  void read_labels(const Field& target);
};

}  // namespace apical::parity
