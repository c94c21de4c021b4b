// Bookkeeping of a settling tile: which samples reach their target, when, and which never do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "apical/settling.h"

namespace apical {

template <class T>
struct TileState;

// Whether a sample counts as converged: its residual is small, and its error has fallen to a quarter of the first.
bool has_converged(double residual, double error, double first_error);

class SettlingRecord {
 public:
  // Room for tiles of that many samples.
  void reserve(std::size_t rows);
  // What is looked at: the residual below which a sample rests, whether rest leaves an error (Settling), whether the target moves with the
  // output, which then cannot go beyond it.
  struct Manner {
    double tolerance = 0;
    bool error_remains = false, target_moves = false;
  };
  // At the feedforward state; target is r* − r_L⁻ [rows, stride] of `outputs` units.
  template <class T>
  void start(const TileState<T>& tile, const T* target, std::size_t outputs, const Manner& manner);
  // After state `step`: residual ‖r_L − (r* − α u)‖ / ‖r_L⁻‖ and error ‖r* − r_L‖ of each sample, and what they say of it so far.
  template <class T>
  void state(const TileState<T>& tile, const T* target, const PiController& controller, std::int64_t step);
  void finish(std::int64_t steps);
  // How the sample's last state was found; one that was solved for took no time.
  void found(std::size_t row, Found found);
  // Whether the residuals of all samples have been below the tolerance of start() for the last `states` states up to `step`.
  bool still(std::int64_t step, std::int64_t states) const;

  // Marks the samples that did not converge; false if there are none.
  bool leave_out_unsettled();
  bool all_left_out() const;
  // Marks the samples that are diverged at the current state.
  const std::uint8_t* leave_out_diverged();
  const std::uint8_t* left_out() const { return left_out_.data(); }
  // Each sample as it stands at the last state.
  const std::vector<Settled>& samples() const { return samples_; }

  // Copies the outcome to the minibatch's record.
  template <class T>
  void write(TileState<T>& tile) const;

 private:
  std::vector<Settled> samples_;
  std::vector<double> first_error_, output_norm_;
  std::vector<std::int64_t> last_unsettled_;  // the last state whose residual was too large
  Manner manner_;
  std::vector<std::int64_t> last_restless_;  // the last state whose residual was above the tolerance
  std::vector<std::uint8_t> left_out_;
};

}  // namespace apical
