// The analytic steady state of a controlled network.      Meulemans et al. 2021, Lemma 1 and DFC-SSA
//
//   u = (J Q + leak I)⁻¹ (r* − r_L⁻),   then one nonlinear sweep   v_i = W_i r_{i−1} + b_i + Q_i u,   r_i = φ(v_i)
//
// J Q = dr_L⁻/du is built forwards, M_i = φ'(v_i⁻) ⊙ (W_i M_{i−1} + Q_i), so that no forward weight is transposed; n_L rows per sample.
#include <Eigen/LU>
#include <algorithm>
#include <cmath>

#include "apical/error.h"
#include "apical/rule.h"
#include "core/profile.h"
#include "kernels/kernels.h"
#include "network/tile_view.h"

namespace apical {
namespace {

// Memory for the rows of M at one time: a wide output is solved a few samples at a time.
constexpr std::size_t kMostRows = 512;

// Row j of Qᵀ, for all samples of a group of rows: out[row·n_L + j][unit] = Q[unit][j].
template <class T>
void fill_with_feedback(const WeightMatrix<T>& q, std::size_t samples, T* out, std::size_t stride) {
  const std::size_t n_out = q.n_out(), n_in = q.n_in();
  for (std::size_t j = 0; j < n_in; ++j) {
    T* row = out + j * stride;
    std::fill(row, row + stride, T(0));
    for (std::size_t unit = 0; unit < n_out; unit += kPanel<T>) {
      const std::size_t width = std::min(kPanel<T>, n_out - unit);
      const T* panel = q.panels() + panel_index<T>(n_out, n_in, unit, j);
      std::copy(panel, panel + width, row + unit);
    }
  }
  for (std::size_t sample = 1; sample < samples; ++sample)
    std::copy(out, out + n_in * stride, out + sample * n_in * stride);
}

template <class T>
void multiply_by_slope(const BasePoint<T>& minus, std::size_t first, std::size_t samples, std::size_t n_out,
                       std::size_t stride, T* m) {
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const T* slope = minus.slope + (first + sample) * stride;
    for (std::size_t j = 0; j < n_out; ++j) {
      T* row = m + (sample * n_out + j) * stride;
      for (std::size_t unit = 0; unit < stride; ++unit) row[unit] *= slope[unit];
    }
  }
}

}  // namespace

template <class T>
void BasicTrial<T>::solve_control(double leak) {
  mark(Mark::analytic_jacobian);
  if (tile_.target_deviation == nullptr)
    throw InternalError("solve_control() needs a target: call nudge_target() first");
  const std::size_t n_out = network_.units(depth()), output_stride = row_stride<T>(n_out);
  Arena<T>& arena = *tile_.arena;

  // M_i for a few samples at a time
  const std::size_t at_once = std::clamp<std::size_t>(kMostRows / n_out, 1, tile_.rows);
  std::vector<T*> m(depth() + 1, nullptr);
  for (std::size_t i = 1; i <= depth(); ++i)
    m[i] = arena.take(at_once * n_out * row_stride<T>(network_.units(i)));
  tile_.u = arena.take_zeroed(tile_.rows * output_stride);
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic>;
  Matrix system(n_out, n_out);
  Eigen::VectorXd delta(n_out);
  for (std::size_t first = 0; first < tile_.rows; first += at_once) {
    const std::size_t samples = std::min(at_once, tile_.rows - first);
    for (std::size_t i = 1; i <= depth(); ++i) {
      const std::size_t stride = row_stride<T>(network_.units(i));
      fill_with_feedback(network_.weights("feedback", i), samples, m[i], stride);
      if (i > 1) {
        const auto& w = network_.weights(i);
        kernels<T>().product({m[i - 1], row_stride<T>(w.n_in()), w.panels(), w.n_in(), w.n_out(), nullptr,
                              m[i], stride, samples * n_out, Start::keep});
      }
      multiply_by_slope(base_point(tile_, i, network_.units(i)), first, samples, n_out, stride, m[i]);
    }
    const double cube = std::pow(static_cast<double>(n_out), 3);
    const profile::WorkScope scope(profile::Work::solve,
                                   {.multiply_adds = static_cast<double>(samples) * cube / 3});
    for (std::size_t sample = 0; sample < samples; ++sample) {
      for (std::size_t j = 0; j < n_out; ++j) {
        const T* column = m[depth()] + (sample * n_out + j) * output_stride;
        for (std::size_t k = 0; k < n_out; ++k) {
          system(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(j)) = static_cast<double>(column[k]);
        }
        delta[static_cast<Eigen::Index>(j)] =
            static_cast<double>(tile_.target_deviation[(first + sample) * output_stride + j]);
      }
      system.diagonal().array() += leak;
      const Eigen::VectorXd u = system.partialPivLu().solve(delta);
      T* row = tile_.u + (first + sample) * output_stride;
      for (std::size_t j = 0; j < n_out; ++j) row[j] = static_cast<T>(u[static_cast<Eigen::Index>(j)]);
    }
  }

  // one nonlinear sweep with that control
  tile_.ring = tile_.control_ring = 1;
  tile_.slot = tile_.control_slot = 0;
  tile_.layer.assign(depth() + 1, SettlingLayer<T>{});
  tile_.controlled = true;
  for (std::size_t i = 1; i <= depth(); ++i) {
    SettlingLayer<T>& layer = tile_.layer[i];
    layer.stride = row_stride<T>(network_.units(i));
    const std::size_t count = tile_.rows * layer.stride;
    layer.v_ff = arena.take_zeroed(count);
    layer.v = arena.take(count);
    layer.feedback = arena.take(count);
    layer.rate_deviation = arena.take(count);
    layer.rate = arena.take(count);
    if (i > 1) {
      const auto& w = network_.weights(i);
      kernels<T>().product({tile_.layer[i - 1].rate_deviation, tile_.layer[i - 1].stride, w.panels(),
                            w.n_in(), w.n_out(), nullptr, layer.v_ff, layer.stride, tile_.rows, Start::zero});
    }
    const auto& q = network_.weights("feedback", i);
    kernels<T>().product({tile_.u, output_stride, q.panels(), q.n_in(), q.n_out(), nullptr, layer.feedback,
                          layer.stride, tile_.rows, Start::zero});
    const BasePoint<T> minus = base_point(tile_, i, network_.units(i));
    for (std::size_t k = 0; k < count; ++k) layer.v[k] = layer.v_ff[k] + layer.feedback[k];
    kernels<T>().activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                       layer.v, layer.rate_deviation, count);
    layer.rate_deviation_ff = layer.v_ff;
    if (i > 1) {
      layer.rate_deviation_ff = arena.take(count);
      kernels<T>().activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                         layer.v_ff, layer.rate_deviation_ff, count);
    }
    for (std::size_t k = 0; k < count; ++k) layer.rate[k] = minus.rate[k] + layer.rate_deviation[k];
  }
  if (tile_.observer != nullptr) tile_.observer->state(1, tile_);
}

template void BasicTrial<float>::solve_control(double);
template void BasicTrial<double>::solve_control(double);

}  // namespace apical
