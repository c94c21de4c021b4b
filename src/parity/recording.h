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
  std::int64_t steps() const { return steps_; }                    // states that were seen
  const std::vector<double>& target() const { return target_; }    // r* of a nudged phase [B, n_L]
  const std::vector<double>& clamped() const { return clamped_; }  // y of a clamped phase [B, n_L]

 private:
  Snapshot blank() const;
  void record(const TileState<double>& tile, Snapshot& snapshot) const;

  const Case& case_;
  std::vector<Snapshot> first_;
  Snapshot last_;
  std::vector<double> target_, clamped_;
  std::int64_t steps_ = 0;
};

// Counts samples as the authors' streaming controller does: at every state after the first, and once more
// when it is done. Where transmission is instantaneous, it compares each sample's error with the distance of
// its target from the first sample's output.
class StreamingCounts final : public Observer<double> {
 public:
  explicit StreamingCounts(const Case& reference)
      : case_(reference),
        first_error_(reference.batch),
        converged_(reference.batch),
        diverged_(reference.batch) {}

  void state(std::int64_t step, const TileState<double>& tile) override;

  // Converged, diverged, neither.
  std::vector<double> all_states() const;
  std::vector<double> last_state() const;
  const std::vector<bool>& converged() const { return converged_; }  // at the last state [B]

 private:
  double first_error(const TileState<double>& tile, std::size_t row) const;

  const Case& case_;
  std::vector<double> first_error_;
  std::vector<bool> converged_, diverged_;
  double all_converged_ = 0, all_diverged_ = 0, states_ = 0;  // over samples and states
};

// Standard normal numbers [T−1][layer][B][n_i] of a file.
std::vector<Matrices> read_noise(const Case& example, const Field& field, std::int64_t states);

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
