#include "network/settling_record.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "network/tile_state.h"

namespace apical {
namespace {

// The thresholds of the authors' code: residual for "converged" and "diverged", and ε of the error's decrease.
constexpr double kConverged = 1e-5, kDiverged = 1.0, kEpsilon = 0.5;

}  // namespace

bool has_converged(double residual, double error, double first_error) {
  return residual < kConverged && error < kEpsilon * kEpsilon * first_error;
}

void SettlingRecord::reserve(std::size_t rows) {
  samples_.reserve(rows);
  first_error_.reserve(rows);
  output_norm_.reserve(rows);
  last_unsettled_.reserve(rows);
  last_restless_.reserve(rows);
  left_out_.reserve(rows);
}

template <class T>
void SettlingRecord::start(const TileState<T>& tile, const T* target, std::size_t outputs,
                           const Manner& manner) {
  const std::size_t stride = tile.output_stride(), depth = tile.layer.size() - 1;
  const T* output = tile.batch->rate[depth].data() + tile.first_row * stride;
  samples_.assign(tile.rows, Settled{});
  first_error_.resize(tile.rows);
  output_norm_.resize(tile.rows);
  last_unsettled_.assign(tile.rows, 0);
  last_restless_.assign(tile.rows, 0);
  manner_ = manner;
  for (std::size_t row = 0; row < tile.rows; ++row) {
    double error = 0, norm = 0;
    // padding has rates too: φ(0)
    for (std::size_t j = row * stride; j < row * stride + outputs; ++j) {
      error += static_cast<double>(target[j]) * static_cast<double>(target[j]);
      norm += static_cast<double>(output[j]) * static_cast<double>(output[j]);
    }
    samples_[row].error = first_error_[row] = std::sqrt(error);
    output_norm_[row] = std::sqrt(norm);
  }
}

template <class T>
void SettlingRecord::state(const TileState<T>& tile, const T* target, const PiController& controller,
                           std::int64_t step) {
  const std::size_t stride = tile.output_stride();
  const T* rate_deviation = tile.layer.back().rate_deviation;
  const T* u = tile.control();
  const T leak = static_cast<T>(controller.steady_leak());
  for (std::size_t row = 0; row < tile.rows; ++row) {
    T residual = 0, error = 0, advance = 0;
    for (std::size_t j = row * stride; j < (row + 1) * stride; ++j) {
      const T e = target[j] - rate_deviation[j], r = e - leak * u[j];
      error += e * e;
      residual += r * r;
      advance += target[j] * rate_deviation[j];
    }
    Settled& sample = samples_[row];
    sample.error = std::sqrt(static_cast<double>(error));
    sample.residual = std::sqrt(static_cast<double>(residual)) / output_norm_[row];
    sample.converged = manner_.error_remains
                           ? sample.residual < kConverged
                           : has_converged(sample.residual, sample.error, first_error_[row]);
    sample.diverged = !(sample.residual <= kDiverged);
    const double way = first_error_[row] * first_error_[row];
    if (manner_.target_moves) {
      sample.overshoot = std::numeric_limits<double>::quiet_NaN();
    } else if (way > 0) {
      sample.overshoot = std::max(sample.overshoot, static_cast<double>(advance) / way - 1);
    }
    if (!(sample.residual < kConverged)) last_unsettled_[row] = step;
    if (!(sample.residual < manner_.tolerance)) last_restless_[row] = step;
  }
}

void SettlingRecord::finish(std::int64_t steps) {
  for (std::size_t row = 0; row < samples_.size(); ++row)
    samples_[row].time = std::min(last_unsettled_[row] + 1, steps);
}

void SettlingRecord::found(std::size_t row, Found found) {
  samples_[row].found = found;
  if (found == Found::solved) last_unsettled_[row] = 0;
}

bool SettlingRecord::still(std::int64_t step, std::int64_t states) const {
  return std::all_of(last_restless_.begin(), last_restless_.end(),
                     [&](std::int64_t restless) { return step - restless >= states; });
}

bool SettlingRecord::leave_out_unsettled() {
  left_out_.resize(samples_.size());
  for (std::size_t row = 0; row < samples_.size(); ++row) left_out_[row] = !samples_[row].converged;
  return std::any_of(left_out_.begin(), left_out_.end(), [](std::uint8_t out) { return out != 0; });
}

bool SettlingRecord::all_left_out() const {
  return std::all_of(left_out_.begin(), left_out_.end(), [](std::uint8_t out) { return out != 0; });
}

const std::uint8_t* SettlingRecord::leave_out_diverged() {
  left_out_.resize(samples_.size());
  for (std::size_t row = 0; row < samples_.size(); ++row) left_out_[row] = samples_[row].diverged;
  return left_out_.data();
}

template <class T>
void SettlingRecord::write(TileState<T>& tile) const {
  std::copy(samples_.begin(), samples_.end(),
            tile.batch->settled.begin() + static_cast<std::ptrdiff_t>(tile.first_row));
}

#define APICAL_INSTANTIATE(T)                                                                            \
  template void SettlingRecord::start(const TileState<T>&, const T*, std::size_t, const Manner&);        \
  template void SettlingRecord::state(const TileState<T>&, const T*, const PiController&, std::int64_t); \
  template void SettlingRecord::write(TileState<T>&) const;
APICAL_INSTANTIATE(float)
APICAL_INSTANTIATE(double)
#undef APICAL_INSTANTIATE

}  // namespace apical
