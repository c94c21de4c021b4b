// What an observer sees of a settling phase, sample by sample in double precision.
#pragma once

#include <utility>
#include <vector>

#include "network/naive.h"

namespace apical {

// states[t] of one sample in absolute numbers: v, v_ff, v_fb, r per layer, and u.
using Trajectory = std::vector<Naive<double>::State>;

class Watching final : public Observer<double> {
 public:
  explicit Watching(const Toy& toy) : toy_(toy), samples_(toy.batch), settled_(toy.batch) {}

  // A phase that runs again is recorded again.
  void state(std::int64_t step, const TileState<double>& tile) override {
    const std::size_t L = toy_.spec.depth();
    for (std::size_t row = 0; row < tile.rows; ++row) {
      const std::size_t sample = tile.first_row + row;
      Trajectory& states = samples_[sample];
      if (step == 0 || solved_) states.clear(), settled_[sample].clear();
      Naive<double>::State state;
      for (auto* list : {&state.v, &state.v_ff, &state.v_fb, &state.r}) list->resize(L + 1);
      const double* input = tile.batch->rate[0].data() + sample * row_stride<double>(toy_.spec.units[0]);
      state.r[0].assign(input, input + toy_.spec.units[0]);
      for (std::size_t i = 1; i <= L; ++i) {
        const SettlingLayer<double>& layer = tile.layer[i];
        const double* apical = layer.v_fb != nullptr ? layer.v_fb : layer.feedback;
        for (std::size_t j = 0; j < toy_.spec.units[i]; ++j) {
          const std::size_t at = row * layer.stride + j, base = sample * layer.stride + j;
          state.v[i].push_back(tile.batch->v[i][base] + layer.v[at]);
          state.v_ff[i].push_back(tile.batch->v[i][base] + layer.v_ff[at]);
          state.v_fb[i].push_back(apical[at]);
          state.r[i].push_back(tile.batch->rate[i][base] + layer.rate_deviation[at]);
        }
      }
      const double* u = tile.control() + row * tile.output_stride();
      state.u.assign(u, u + toy_.outputs());
      states.push_back(std::move(state));
      if (!solved_ && step > 0) settled_[sample].push_back(tile.record.samples()[row]);
    }
  }

  // For rules that solve for the steady state: there is one state only.
  void expect_solved() { solved_ = true; }

  const Trajectory& of(std::size_t sample) const { return samples_[sample]; }
  // The record at states 1, 2, …
  const std::vector<Settled>& settled(std::size_t sample) const { return settled_[sample]; }

 private:
  const Toy& toy_;
  std::vector<Trajectory> samples_;
  std::vector<std::vector<Settled>> settled_;
  bool solved_ = false;
};

// Standard normal numbers that do not come from the engine's generator: the same for every tile and thread.
class DrawnNoise final : public NoisePort<double> {
 public:
  static double number(std::int64_t step, std::size_t layer, std::size_t row, std::size_t unit) {
    std::mt19937_64 generator(((static_cast<std::uint64_t>(step) * 16 + layer) * 1024 + row) * 1024 + unit);
    return std::normal_distribution<double>()(generator);
  }
  explicit DrawnNoise(const Toy& toy) : toy_(toy) {}
  void fill(std::int64_t step, std::size_t layer, std::size_t first_row, std::size_t rows, std::size_t stride,
            double* out) override {
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t j = 0; j < stride; ++j) {
        out[row * stride + j] = j < toy_.spec.units[layer] ? number(step, layer, first_row + row, j) : 0;
      }
    }
  }

 private:
  const Toy& toy_;
};

}  // namespace apical
