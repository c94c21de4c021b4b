// What the solver takes from slopes: the matrices that its steps begin from, and whether the rest points that it found are stable.
#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/kernels.h"
#include "network/equilibrium.h"
#include "network/loop_stability.h"
#include "network/tile_view.h"

namespace apical {
namespace {

// By how much a slope may differ from that of the matrix in use.
constexpr double kSameSlope = 2e-3;

}  // namespace

template <class T>
void EquilibriumSolver<T>::precondition_by_mean() {
  for (std::size_t i = 1; i <= depth_; ++i) {
    const std::size_t stride = tile_.layer[i].stride;
    T* mean = slope_[i];
    const T* slope = base_point(tile_, i, network_.units(i)).slope;
    std::fill_n(mean, stride, T(0));
    for (std::size_t row = 0; row < rows_; ++row)
      kernels<T>().add_scaled(T(1) / static_cast<T>(rows_), slope + row * stride, mean, stride);
  }
  paths_->form(slope_, 1);
  const std::size_t entries = outputs_ * outputs_;
  for (std::size_t entry = 0; entry < entries; ++entry) {
    const std::size_t output = entry / outputs_, control = entry % outputs_;
    double sum = output == control ? leak_ : 0;
    for (std::size_t k = 1; k <= depth_; ++k) {
      double c = 0;
      paths_->copy(k, output, control, 0, 1, &c);
      sum += c;
    }
    for (std::size_t first = 0; first < rows_; first += kLanes)
      std::fill_n(matrix_ + (first * entries + entry * kLanes), kLanes, sum);
  }
}

// Where the feedback of the output layer is the identity, and the hidden layers add little.
template <class T>
void EquilibriumSolver<T>::precondition_by_diagonal() {
  const T* slope = base_point(tile_, depth_, outputs_).slope;
  const auto& q = network_.weights("feedback", depth_);
  for (std::size_t j = 0; j < outputs_; ++j) {
    const double own = q.get(j, j);
    for (std::size_t row = 0; row < rows_; ++row) {
      const double diagonal = static_cast<double>(slope[row * stride_ + j]) * own + leak_;
      diagonal_[row * outputs_ + j] = diagonal > 1e-3 ? 1 / diagonal : 1;
    }
  }
}

template <class T>
void EquilibriumSolver<T>::precondition_by_samples() {
  for (std::size_t first = 0; first < rows_; first += ControlPaths<T>::kMost)
    linearise(first, std::min(ControlPaths<T>::kMost, rows_ - first));
}

template <class T>
void EquilibriumSolver<T>::slopes_at(std::size_t i, std::size_t first, std::size_t samples, T* out) const {
  const std::size_t stride = tile_.layer[i].stride;
  const std::array<const T*, 2> parts = {base_point(tile_, i, network_.units(i)).v + first * stride,
                                         tile_.layer[i].v + first * stride};
  kernels<T>().sum(parts.data(), parts.size(), passing_, samples * stride);
  kernels<T>().activate(network_.spec().activation_of(i), passing_, nullptr, out, samples * stride);
}

template <class T>
void EquilibriumSolver<T>::linearise(std::size_t first, std::size_t samples) {
  const T** slope = tile_.arena->template take_as<const T*>(depth_ + 1);
  for (std::size_t i = 1; i <= depth_; ++i) {
    T* here = slope_[i] + first * tile_.layer[i].stride;
    slopes_at(i, first, samples, here);
    slope[i] = here;
  }
  paths_->form(slope, samples);
  const std::size_t entries = outputs_ * outputs_;
  for (std::size_t group = 0; group < samples; group += kLanes) {
    const std::size_t count = std::min(kLanes, samples - group);
    double* c = c_ + (first + group) * depth_ * entries;
    double* matrix = matrix_ + (first + group) * entries;
    for (std::size_t entry = 0; entry < entries; ++entry) {
      const std::size_t output = entry / outputs_, control = entry % outputs_;
      double* sum = matrix + entry * kLanes;
      std::fill_n(sum, kLanes, output == control ? leak_ : 0);
      for (std::size_t k = 0; k < depth_; ++k) {
        double* path = c + (k * entries + entry) * kLanes;
        paths_->copy(k + 1, output, control, group, count, path);
        // lanes without a sample of their own repeat the last one
        std::fill(path + count, path + kLanes, path[count - 1]);
        for (std::size_t s = 0; s < kLanes; ++s) sum[s] += path[s];
      }
    }
  }
}

template <class T>
bool EquilibriumSolver<T>::moved(std::size_t first, std::size_t samples) const {
  for (std::size_t i = 1; i <= depth_; ++i) {
    const std::size_t stride = tile_.layer[i].stride;
    T* now = passing_ + ControlPaths<T>::kMost * stride;
    slopes_at(i, first, samples, now);
    const T* then = slope_[i] + first * stride;
    bool same = true;
    for (std::size_t k = 0; k < samples * stride; ++k)
      same = same & (std::abs(now[k] - then[k]) <= static_cast<T>(kSameSlope));
    if (!same) return true;
  }
  return false;
}

template <class T>
void EquilibriumSolver<T>::judge_loops() {
  for (std::size_t first = 0; first < rows_; first += ControlPaths<T>::kMost) {
    const std::size_t samples = std::min(ControlPaths<T>::kMost, rows_ - first);
    if (moved(first, samples)) linearise(first, samples);
  }
  const LoopStability loops(controller_, settling_, depth_, outputs_);
  double* scratch = tile_.arena->template take_as<double>(LoopStability::scratch(depth_, outputs_));
  for (std::size_t first = 0; first < rows_; first += kLanes) {
    const auto stable = loops.stable(c_ + first * depth_ * outputs_ * outputs_, scratch);
    for (std::size_t row = first; row < std::min(rows_, first + kLanes); ++row) {
      if (!stable[row - first]) state_[row] = Row::lost;
    }
  }
}

#define APICAL_INSTANTIATE(T)                                                                     \
  template void EquilibriumSolver<T>::precondition_by_mean();                                     \
  template void EquilibriumSolver<T>::precondition_by_diagonal();                                 \
  template void EquilibriumSolver<T>::precondition_by_samples();                                  \
  template void EquilibriumSolver<T>::slopes_at(std::size_t, std::size_t, std::size_t, T*) const; \
  template void EquilibriumSolver<T>::linearise(std::size_t, std::size_t);                        \
  template bool EquilibriumSolver<T>::moved(std::size_t, std::size_t) const;                      \
  template void EquilibriumSolver<T>::judge_loops();
APICAL_INSTANTIATE(float)
APICAL_INSTANTIATE(double)
#undef APICAL_INSTANTIATE

}  // namespace apical
