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

using Matrices = std::vector<std::vector<double>>;  // row-major, per layer−1

struct Case {
  // Throws Error where shapes and settings do not fit together.
  explicit Case(const Field& root);

  std::size_t depth() const { return units.size() - 1; }  // L
  std::size_t outputs() const { return units.back(); }    // n_L

  std::size_t batch;               // B
  std::vector<std::size_t> units;  // of the input and layers 1 … L
  NetworkSpec spec;
  Loss loss;
  Hyper hyper;
  Matrices W, Q;                     // [n_i, n_{i−1}], [n_i, n_L]
  Matrices b;                        // [n_i]; empty without biases
  std::vector<double> x;             // [B, n_0]
  std::vector<double> y;             // [B, n_L]; empty for classes
  std::vector<std::int32_t> labels;  // [B]; empty for regression

 private:
  void read_units(const Field& root, const Field& settings);
  void read_activations(const Field& settings);
  void read_hyper(const Field& settings);
  void read_targets(const Field& root, const Field& settings);
};

}  // namespace apical::parity
