#include "network/equilibrium.h"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>

#include "apical/error.h"
#include "core/profile.h"
#include "kernels/kernels.h"
#include "network/linearised_steps.h"
#include "network/tile_view.h"

namespace apical {
namespace {

// Outputs up to which every sample gets a matrix of its own.
constexpr std::size_t kNarrow = 32;
// Steps of Broyden's method. With a matrix to begin with it needs about ten where it works, with a diagonal alone up to twice as many as the
// hidden layers have units.
constexpr std::size_t kMostSteps = 30, kMostWideSteps = 100;
// How far an output may be from where it has to be for the slopes to be taken as those of the root: the way to there is about as long.
constexpr double kClose = 1e-3;

using Vector = Eigen::Map<Eigen::VectorXd>;

}  // namespace

template <class T>
EquilibriumSolver<T>::EquilibriumSolver(const Network<T>& network, TileState<T>& tile, LawFunction<T> law,
                                        const PiController& controller, const Settling& settling,
                                        const T* target)
    : network_(network),
      tile_(tile),
      law_(law),
      controller_(controller),
      settling_(settling),
      target_(target),
      depth_(network.depth()),
      rows_(tile.rows),
      outputs_(network.units(depth_)),
      stride_(tile.output_stride()),
      narrow_(outputs_ <= kNarrow),
      most_steps_(narrow_ ? kMostSteps : kMostWideSteps),
      leak_(controller.steady_leak()),
      tolerance_(settling.tolerance > 0       ? settling.tolerance
                 : sizeof(T) == sizeof(float) ? 1e-6
                                              : 1e-9) {
  const bool noisy = settling.sigma > 0 || settling.sigma_output > 0;
  const bool moving_target = tile.clamped_output != nullptr && !settling.to_own_output;
  if (noisy || moving_target || settling.filter > 0 || settling.learn == Learn::each_step ||
      *settling.also != 0 || !rests_at_sum(law)) {
    throw Error(
        "settling = solved",
        "only a settling phase without noise, filters and a target that moves, that learns from its last "
        "state and whose soma rests at the sum of its basal and apical voltage, can be solved for");
  }
  Arena<T>& arena = *tile.arena;
  const std::size_t controls = rows_ * outputs_;
  u_ = arena.template take_as<double>(controls);
  steps_ = arena.template take_as<double>(most_steps_ * controls);
  squares_ = arena.template take_as<double>(most_steps_ * rows_);
  state_ = arena.template take_as<Row>(rows_);
  if (narrow_) {
    paths_.emplace(network, arena);
    const std::size_t groups = (rows_ + kLanes - 1) / kLanes, matrix = outputs_ * outputs_ * kLanes;
    c_ = arena.template take_as<double>(groups * depth_ * matrix);
    matrix_ = arena.template take_as<double>(groups * matrix);
    scratch_ = arena.template take_as<double>(matrix);
    right_ = arena.template take_as<double>(outputs_ * kLanes);
    slope_ = arena.template take_as<T*>(depth_ + 1);
    std::size_t widest = 0;
    for (std::size_t i = 1; i <= depth_; ++i) {
      slope_[i] = arena.take(rows_ * tile.layer[i].stride);
      widest = std::max(widest, tile.layer[i].stride);
    }
    passing_ = arena.take(2 * ControlPaths<T>::kMost * widest);
  } else {
    diagonal_ = arena.template take_as<double>(controls);
  }
  // the feedforward point is the state that belongs to no control
  std::fill_n(u_, controls, 0.0);
}

template <class T>
bool EquilibriumSolver<T>::solve() {
  if (narrow_) {
    if (!all_close()) {
      precondition_by_mean();
      iterate(Until::close);
    }
    precondition_by_samples();
    iterate(Until::found);
    judge_loops();
  } else {
    precondition_by_diagonal();
    iterate(Until::found);
    LinearisedSteps<T> steps(network_, tile_, law_, controller_, settling_);
    for (std::size_t row = 0; row < rows_; ++row) {
      if (!steps.faded(row)) state_[row] = Row::lost;
    }
  }
  for (std::size_t i = 1; i <= depth_; ++i) {
    const SettlingLayer<T>& layer = tile_.layer[i];
    if (layer.v_fb != nullptr) std::copy_n(layer.feedback, rows_ * layer.stride, layer.v_fb);
  }
  return std::all_of(state_, state_ + rows_, [](Row row) { return row == Row::near; });
}

// The state that belongs to u.
template <class T>
void EquilibriumSolver<T>::sweep() {
  T* u = tile_.control();
  for (std::size_t row = 0; row < rows_; ++row) {
    for (std::size_t j = 0; j < outputs_; ++j) u[row * stride_ + j] = static_cast<T>(u_[row * outputs_ + j]);
  }
  for (std::size_t i = 1; i <= depth_; ++i) {
    const SettlingLayer<T>& layer = tile_.layer[i];
    const auto& q = network_.weights("feedback", i);
    if (i > 1) {
      const auto& w = network_.weights(i);
      const SettlingLayer<T>& below = tile_.layer[i - 1];
      kernels<T>().product({below.rate_deviation, below.stride, w.panels(), w.n_in(), w.n_out(), nullptr,
                            layer.v_ff, layer.stride, rows_, Start::zero});
    }
    kernels<T>().product({u, stride_, q.panels(), q.n_in(), q.n_out(), nullptr, layer.feedback, layer.stride,
                          rows_, Start::zero});
    const std::array<const T*, 2> drives = {layer.v_ff, layer.feedback};
    kernels<T>().sum(drives.data(), drives.size(), layer.v, rows_ * layer.stride);
    const BasePoint<T> minus = base_point(tile_, i, network_.units(i));
    kernels<T>().activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                       layer.v, layer.rate_deviation, rows_ * layer.stride);
  }
}

template <class T>
void EquilibriumSolver<T>::iterate(Until until) {
  std::fill_n(state_, rows_, Row::searching);
  for (std::size_t k = 0; k < most_steps_; ++k) {
    bool moved = false;
    for (std::size_t row = 0; row < rows_; ++row) {
      if (narrow_ && row % kLanes == 0) solve_with_matrix(row);
      if (state_[row] != Row::searching) continue;
      state_[row] = step(row, k, until);
      moved = moved || state_[row] != Row::near;
    }
    if (!moved) return;
    sweep();
  }
}

template <class T>
double EquilibriumSolver<T>::residual(std::size_t row, std::size_t output) const {
  const std::size_t at = row * stride_ + output;
  const T e = target_[at] - tile_.layer[depth_].rate_deviation[at];
  return static_cast<double>(e) - leak_ * u_[row * outputs_ + output];
}

template <class T>
bool EquilibriumSolver<T>::close(std::size_t row) const {
  for (std::size_t j = 0; j < outputs_; ++j) {
    if (!(std::abs(residual(row, j)) <= kClose)) return false;
  }
  return true;
}

template <class T>
bool EquilibriumSolver<T>::all_close() const {
  for (std::size_t row = 0; row < rows_; ++row) {
    if (!close(row)) return false;
  }
  return true;
}

template <class T>
void EquilibriumSolver<T>::solve_with_matrix(std::size_t first) {
  const std::size_t rows = std::min(kLanes, rows_ - first), matrix = outputs_ * outputs_ * kLanes;
  if (std::none_of(state_ + first, state_ + first + rows, [](Row row) { return row == Row::searching; }))
    return;
  const profile::WorkScope scope(
      profile::Work::solve,
      {.multiply_adds = static_cast<double>(rows) * std::pow(static_cast<double>(outputs_), 3) / 3});
  for (std::size_t j = 0; j < outputs_; ++j) {
    // lanes without a sample of their own repeat the last one
    for (std::size_t s = 0; s < kLanes; ++s)
      right_[j * kLanes + s] = residual(first + std::min(s, rows - 1), j);
  }
  std::copy_n(matrix_ + first / kLanes * matrix, matrix, scratch_);
  kernels<T>().solve(outputs_, scratch_, right_);
}

// With B_0 the starting matrix and s_j the steps so far, B_k⁻¹ F is had by the Sherman–Morrison formula, one step after the other.
template <class T>
typename EquilibriumSolver<T>::Row EquilibriumSolver<T>::step(std::size_t row, std::size_t k, Until until) {
  if (until == Until::close && close(row)) return Row::near;
  const auto n = static_cast<Eigen::Index>(outputs_);
  const auto step_of = [&](std::size_t j) { return Vector(steps_ + (j * rows_ + row) * outputs_, n); };
  const auto square_of = [&](std::size_t j) -> double& { return squares_[j * rows_ + row]; };
  Vector u(u_ + row * outputs_, n), s = step_of(k);
  for (std::size_t j = 0; j < outputs_; ++j) {
    s[static_cast<Eigen::Index>(j)] =
        narrow_ ? right_[j * kLanes + row % kLanes] : diagonal_[row * outputs_ + j] * residual(row, j);
  }
  for (std::size_t j = 0; j + 1 < k; ++j) s += step_of(j + 1) * (step_of(j).dot(s) / square_of(j));
  if (k > 0) s /= 1 - step_of(k - 1).dot(s) / square_of(k - 1);
  square_of(k) = s.squaredNorm();
  if (!std::isfinite(square_of(k))) {
    u.setZero();
    return Row::lost;
  }
  if (until == Until::found && square_of(k) <= tolerance_ * tolerance_ * u.squaredNorm()) return Row::near;
  u += s;
  return Row::searching;
}

template class EquilibriumSolver<float>;
template class EquilibriumSolver<double>;

}  // namespace apical
