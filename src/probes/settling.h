// How the samples of a minibatch settled.
#pragma once

#include <cstddef>

#include "network/batch_state.h"

namespace apical {

// Quantiles over samples are of the nearest rank. All NaN where nothing settled in time: a rule without
// dynamics.
struct SettlingSummary {
  std::size_t samples = 0;
  double converged, diverged;  // shares of the samples, [0, 1]
  double time_median, time_late,
      time_latest;  // steps until the residual stayed small; late: the 95 % quantile
  double residual_median, residual_late, residual_largest;  // ‖r_L − (r* − α u)‖ / ‖r_L⁻‖ at the last state
  double overshoot_median, overshoot_late, overshoot_largest;  // see Settled::overshoot
};

template <class T>
SettlingSummary summarise_settling(const BatchState<T>& state);

}  // namespace apical
