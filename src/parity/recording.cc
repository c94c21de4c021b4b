#include "parity/recording.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace apical::parity {

Snapshot Recording::blank() const {
  Snapshot snapshot;
  for (Matrices* list : {&snapshot.v_soma, &snapshot.v_basal, &snapshot.v_apical, &snapshot.r}) {
    for (std::size_t i = 1; i <= case_.depth(); ++i) list->emplace_back(case_.batch * case_.units[i]);
  }
  snapshot.u.resize(case_.batch * case_.outputs());
  return snapshot;
}

void Recording::record(const TileState<double>& tile, Snapshot& snapshot) const {
  for (std::size_t i = 1; i <= case_.depth(); ++i) {
    const SettlingLayer<double>& layer = tile.layer[i];
    const std::size_t n = case_.units[i];
    const BatchState<double>& minus = *tile.batch;
    const double* apical = layer.v_fb != nullptr ? layer.v_fb : layer.feedback;
    for (std::size_t row = 0; row < tile.rows; ++row) {
      const std::size_t sample = tile.first_row + row;
      for (std::size_t unit = 0; unit < n; ++unit) {
        const std::size_t from = row * layer.stride + unit, base = sample * layer.stride + unit,
                          to = sample * n + unit;
        snapshot.v_soma[i - 1][to] = minus.v[i][base] + layer.v[from];
        snapshot.v_basal[i - 1][to] = minus.v[i][base] + layer.v_ff[from];
        snapshot.v_apical[i - 1][to] = apical[from];
        snapshot.r[i - 1][to] = minus.rate[i][base] + layer.rate_deviation[from];
      }
    }
  }
  const std::size_t n = case_.outputs();
  for (std::size_t row = 0; row < tile.rows; ++row) {
    std::copy_n(tile.control() + row * tile.output_stride(), n,
                snapshot.u.data() + (tile.first_row + row) * n);
  }
}

void Recording::state(std::int64_t step, const TileState<double>& tile) {
  if (static_cast<std::size_t>(step) < first_.size()) record(tile, first_[static_cast<std::size_t>(step)]);
  record(tile, last_);
  steps_ = step + 1;
  if (tile.target_deviation == nullptr) return;
  const std::size_t n = case_.outputs(), stride = tile.output_stride();
  target_.resize(case_.batch * n);
  clamped_.resize(case_.batch * n);
  for (std::size_t row = 0; row < tile.rows; ++row) {
    for (std::size_t unit = 0; unit < n; ++unit) {
      const std::size_t at = (tile.first_row + row) * n + unit, from = row * stride + unit;
      target_[at] =
          tile.batch->rate.back()[(tile.first_row + row) * stride + unit] + tile.target_deviation[from];
      // where the loss is linear in the output, the clamped target is the target
      clamped_[at] = tile.clamped_output != nullptr ? tile.clamped_output[from] : target_[at];
    }
  }
}

double StreamingCounts::first_error(const TileState<double>& tile, std::size_t row) const {
  const std::size_t stride = tile.output_stride(), sample = tile.first_row + row;
  const double* outputs = tile.batch->rate.back().data();
  const double* compared = outputs + (case_.hyper.inst ? 0 : sample * stride);
  double sum = 0;
  for (std::size_t unit = 0; unit < case_.outputs(); ++unit) {
    const double target = outputs[sample * stride + unit] + tile.target_deviation[row * stride + unit];
    sum += (target - compared[unit]) * (target - compared[unit]);
  }
  return std::sqrt(sum);
}

void StreamingCounts::state(std::int64_t step, const TileState<double>& tile) {
  const auto& samples = tile.record.samples();
  for (std::size_t row = 0; row < tile.rows; ++row) {
    const std::size_t sample = tile.first_row + row;
    if (step == 0) {
      first_error_[sample] = first_error(tile, row);
      continue;
    }
    converged_[sample] = has_converged(samples[row].residual, samples[row].error, first_error_[sample]);
    diverged_[sample] = samples[row].diverged;
    all_converged_ += converged_[sample];
    all_diverged_ += diverged_[sample];
    states_ += 1;
  }
}

std::vector<double> StreamingCounts::last_state() const {
  const auto converged = static_cast<double>(std::count(converged_.begin(), converged_.end(), true));
  const auto diverged = static_cast<double>(std::count(diverged_.begin(), diverged_.end(), true));
  return {converged, diverged, static_cast<double>(case_.batch) - converged - diverged};
}

std::vector<double> StreamingCounts::all_states() const {
  const std::vector<double> last = last_state();
  return {all_converged_ + last[0], all_diverged_ + last[1],
          states_ - all_converged_ - all_diverged_ + last[2]};
}

std::vector<Matrices> read_noise(const Case& example, const Field& field, std::int64_t states) {
  std::vector<Matrices> noise;
  for (const Field& step : field.items(static_cast<std::size_t>(states - 1))) {
    Matrices& layers = noise.emplace_back();
    for (const Field& layer : step.items(example.depth()))
      layers.push_back(layer.numbers({example.batch, example.units[layers.size() + 1]}));
  }
  return noise;
}

void RecordedNoise::fill(std::int64_t step, std::size_t layer, std::size_t first_row, std::size_t rows,
                         std::size_t stride, double* out) {
  const std::size_t n = case_.units[layer];
  const double* noise = noise_[static_cast<std::size_t>(step)][layer - 1].data();
  std::memset(out, 0, rows * stride * sizeof(double));
  for (std::size_t row = 0; row < rows; ++row)
    std::copy_n(noise + (first_row + row) * n, n, out + row * stride);
}

}  // namespace apical::parity
