#include "experiment/segment_sums.h"

namespace apical {

template <class T>
void SegmentSums::add(const Minibatch<T>& minibatch) {
  const BatchState<T>& state = minibatch.state();
  const auto size = static_cast<double>(state.size);
  samples += size;
  loss += minibatch.mean_loss() * size;
  correct += static_cast<double>(minibatch.correct());
  not_finite += static_cast<double>(minibatch.not_finite());
  if (!state.has_settled) return;
  for (std::size_t row = 0; row < state.size; ++row) {
    const Settled& one = state.settled[row];
    settling_samples += 1;
    settled += one.converged;
    diverged += one.diverged;
    settling_time += static_cast<double>(one.time);
    residual += one.residual;
    solved += one.found == Found::solved;
    fell_back += one.found == Found::fell_back;
  }
}

std::array<double, SegmentSums::kKept> SegmentSums::kept() const {
  return {loss,          correct,  samples,    settling_samples, settled,
          settling_time, residual, not_finite, solved,           fell_back};
}

SegmentSums SegmentSums::of(std::span<const double, kKept> kept) {
  return {.loss = kept[0],
          .correct = kept[1],
          .samples = kept[2],
          .settling_samples = kept[3],
          .settled = kept[4],
          .settling_time = kept[5],
          .residual = kept[6],
          .not_finite = kept[7],
          .solved = kept[8],
          .fell_back = kept[9]};
}

template void SegmentSums::add(const Minibatch<float>&);
template void SegmentSums::add(const Minibatch<double>&);

}  // namespace apical
