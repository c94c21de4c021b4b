// What an epoch's records are made of, added up minibatch by minibatch.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "network/minibatch.h"

namespace apical {

// Sums over the part of a segment that is done.
struct SegmentSums {
  static constexpr std::size_t kKept = 10;

  double loss = 0;  // Σ over samples
  double correct = 0, samples = 0;
  double settling_samples = 0, settled = 0, settling_time = 0, residual = 0;
  double not_finite = 0;
  double solved = 0, fell_back = 0;  // samples whose equilibrium was solved for, and those simulated instead
  double diverged = 0;               // for a warning alone: not kept in checkpoints

  double mean_loss() const { return loss / samples; }
  double error() const { return 1 - correct / samples; }

  // Adds a minibatch that has been run through the rule.
  template <class T>
  void add(const Minibatch<T>& minibatch);

  // As a checkpoint keeps them, and back.
  std::array<double, kKept> kept() const;
  static SegmentSums of(std::span<const double, kKept> kept);
};

extern template void SegmentSums::add(const Minibatch<float>&);
extern template void SegmentSums::add(const Minibatch<double>&);

}  // namespace apical
