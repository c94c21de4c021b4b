// What a probe is inside the library: its entry in the list, and its function for either number type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "probes/probe.h"

namespace apical {

using Values = std::vector<std::pair<std::string, double>>;

struct Probe {
  ProbeInfo info;
  Values (*of_float)(const ProbeContext<float>&);
  Values (*of_double)(const ProbeContext<double>&);
};

// By what they look at.
std::vector<Probe> update_probes();     // the proposed update against those of other rules
std::vector<Probe> feedback_probes();   // feedback weights against the Jacobian
std::vector<Probe> condition_probes();  // the conditions of the theory, the null space
std::vector<Probe> stability_probes();  // eigenvalues
std::vector<Probe> drive_probes();      // feedback beside the feedforward drive
std::vector<Probe> settling_probes();   // how samples settled

inline bool any_rule(const Card&) { return true; }

// How many of the minibatch's first samples a probe looks at whose work grows with the network: as many as so
// many multiplications serve, but at least one. Depends on the network alone, never on the machine.
inline constexpr double kJacobianBudget = 5e7, kEigenvalueBudget = 4e8;
inline std::size_t samples_within(double budget, std::size_t samples, double multiplications_per_sample) {
  const double fit = budget / std::max(multiplications_per_sample, 1.0);
  return fit >= static_cast<double>(samples) ? samples
                                             : std::max<std::size_t>(1, static_cast<std::size_t>(fit));
}

// Multiplications of one sample's Jacobian.
template <class T>
double jacobian_work(const Network<T>& network) {
  double sum = 0;
  for (std::size_t i = 2; i <= network.depth(); ++i)
    sum += static_cast<double>(network.units(i)) * static_cast<double>(network.units(i - 1));
  return sum * static_cast<double>(network.units(network.depth()));
}

}  // namespace apical
