// The parts of a reference file, each compared by the rules, verbs and probes that compute it.
#pragma once

#include <string>
#include <vector>

#include "apical/parity.h"
#include "parity/case.h"
#include "parity/comparison.h"
#include "parity/engine.h"
#include "parity/reference.h"

namespace apical::parity {

// What every check needs.
struct Bench {
  const Reference& reference;
  const Case& example;
  double tolerance;  // relative
  std::vector<ParityResult>& results;

  Field root() const { return reference.root(); }
  std::string where() const { return reference.file().string() + ": field hyper"; }
  void report(const Comparison& comparison) const { results.push_back(comparison.result()); }

  // One array of numbers.
  void compare(const Field& field, const std::vector<double>& ours,
               std::initializer_list<std::size_t> shape) const;
  // A list with one array [B, n_i] per layer.
  void compare_layers(const Field& field, const Matrices& ours) const;
  // A list with one matrix per layer, [n_i, n_{i−1}] or, for feedback weights, [n_i, n_L].
  void compare_matrices(const Field& field, const Matrices& ours, bool feedback = false) const;
  // An object of W and b, compared as one quantity; b is null or missing where there are no biases.
  void compare_parameters(const std::string& name, const Field& field, const Gradient& ours) const;
  void compare_parameters(const Field& field, const Gradient& ours) const {
    compare_parameters(field.path(), field, ours);
  }
};

class ReferenceUpdates;

void check_feedforward(const Bench& bench);  // ff, dloss_dout, output_target, bp_gradient, J_full
void check_controller(const Bench& bench);   // controller, ssa_steady_state
void check_reference_updates(const Bench& bench, ReferenceUpdates& updates);  // gn_update, mn_update_damping…
void check_forward_updates(const Bench& bench, ReferenceUpdates& updates);    // forward_updates
void check_adam(const Bench& bench);                                          // adam_forward
void check_feedback_learning(const Bench& bench);                             // feedback_learning
void check_dfa(const Bench& bench);                                           // dfa
void check_theory(const Bench& bench);                                        // theory

// Files of strong feedback have fields of their own.
bool is_strong(const Field& root);
void check_strong(const Bench& bench);

}  // namespace apical::parity
