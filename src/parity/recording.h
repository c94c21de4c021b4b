// What the engine's observer port sees while the network settles, and recorded noise for its noise port.
#pragma once

#include <cstdint>
#include <vector>

#include "network/minibatch.h"
#include "parity/case.h"

namespace apical::parity {

// All compartments at one time, for the whole minibatch.
struct Snapshot {
  Matrices v_soma, v_basal, v_apical, r;  // per layer−1 [B, n_i]
  std::vector<double> u;                  // [B, n_L]
};

// Keeps the first states of a settling phase, and the last. A phase that runs again, without the samples that
// did not settle, is recorded again.
class Recording final : public Observer<double> {
 public:
  Recording(const Case& reference, std::size_t keep)
      : case_(reference), first_(keep, blank()), last_(blank()) {}

  void state(std::int64_t step, const TileState<double>& tile) override;

  const std::vector<Snapshot>& first() const { return first_; }
  const Snapshot& last() const { return last_; }
  std::int64_t steps() const { return steps_; }                  // states that were seen
  const std::vector<double>& target() const { return target_; }  // r* of a nudged phase [B, n_L]

 private:
  Snapshot blank() const;
  void record(const TileState<double>& tile, Snapshot& snapshot) const;

  const Case& case_;
  std::vector<Snapshot> first_;
  Snapshot last_;
  std::vector<double> target_;
  std::int64_t steps_ = 0;
};

// How often samples counted as converged, diverged and neither, at every state after the first.
class StepCounts final : public Observer<double> {
 public:
  void state(std::int64_t step, const TileState<double>& tile) override;
  std::int64_t converged = 0, diverged = 0, neither = 0;
};

// Standard normal numbers [T−1][layer][B][n].
class RecordedNoise final : public NoisePort<double> {
 public:
  RecordedNoise(const Case& reference, std::vector<Matrices> noise)
      : case_(reference), noise_(std::move(noise)) {}

  void fill(std::int64_t step, std::size_t layer, std::size_t first_row, std::size_t rows, std::size_t stride,
            double* out) override;

 private:
  const Case& case_;
  std::vector<Matrices> noise_;
};

}  // namespace apical::parity
