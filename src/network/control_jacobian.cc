#include "network/control_jacobian.h"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>

#include "core/profile.h"
#include "network/feedback_column.h"
#include "network/tile_view.h"

namespace apical {
namespace {

// Memory for the rows of M at one time: a wide output is solved a few samples at a time.
constexpr std::size_t kMostRows = 1024;
// Fewer rows than this would leave a product's kernel half empty.
constexpr std::size_t kFewestSamples = 8;
// Outputs up to which systems are solved side by side; blocks that fit the cache are faster beyond.
constexpr std::size_t kMostTogether = 48;

}  // namespace

template <class T>
ControlJacobian<T>::ControlJacobian(const Network<T>& network, TileState<T>& tile)
    : network_(network),
      tile_(tile),
      outputs_(network.units(network.depth())),
      output_stride_(row_stride<T>(outputs_)),
      at_once_(std::min(std::max(kMostRows / outputs_, kFewestSamples), tile.rows)) {
  Arena<T>& arena = *tile.arena;
  std::size_t widest = 0;
  for (std::size_t i = 1; i <= network.depth(); ++i)
    widest = std::max(widest, row_stride<T>(network.units(i)));
  for (T*& layer : layers_) layer = arena.take(outputs_ * at_once_ * widest);
  feedback_row_ = arena.take(widest);
  const std::size_t numbers =
      outputs_ <= kMostTogether ? outputs_ * kSystems * sizeof(double) / sizeof(T) : 0;
  system_ = reinterpret_cast<double*>(arena.take(outputs_ * numbers));
  unknowns_ = reinterpret_cast<double*>(arena.take(numbers));
}

template <class T>
void ControlJacobian<T>::form(std::size_t first) {
  first_ = first;
  samples_ = std::min(at_once_, tile_.rows - first);
  for (std::size_t i = 1; i <= network_.depth(); ++i) {
    const auto& w = network_.weights(i);
    const auto& q = network_.weights("feedback", i);
    const std::size_t stride = row_stride<T>(w.n_out()), below = row_stride<T>(w.n_in());
    // nothing below the first layer answers to the control
    const std::size_t inputs = i > 1 ? w.n_in() : 0;
    const T* slope = base_point(tile_, i, w.n_out()).slope + first * stride;
    T* m = layers_[i % 2];
    for (std::size_t j = 0; j < outputs_; ++j) {
      column_of(q, j, feedback_row_);
      T* rows = m + j * samples_ * stride;
      kernels<T>().product({layers_[(i + 1) % 2] + j * samples_ * below, below, w.panels(), inputs, w.n_out(),
                            feedback_row_, rows, stride, samples_, Start::bias});
      kernels<T>().multiply(slope, rows, samples_ * stride);
    }
    m_ = m;
  }
}

template <class T>
void ControlJacobian<T>::solve(double leak, const T* delta, T* u) const {
  const double cube = std::pow(static_cast<double>(outputs_), 3);
  const profile::WorkScope scope(profile::Work::solve,
                                 {.multiply_adds = static_cast<double>(samples_) * cube / 3});
  outputs_ <= kMostTogether ? solve_together(leak, delta, u) : solve_one_by_one(leak, delta, u);
}

template <class T>
void ControlJacobian<T>::solve_together(double leak, const T* delta, T* u) const {
  for (std::size_t begin = 0; begin < samples_; begin += kSystems) {
    for (std::size_t s = 0; s < kSystems; ++s) {
      // lanes without a sample of their own repeat the last one
      const std::size_t sample = std::min(begin + s, samples_ - 1);
      const T* right = delta + (first_ + sample) * output_stride_;
      for (std::size_t k = 0; k < outputs_; ++k) {
        for (std::size_t j = 0; j < outputs_; ++j) {
          system_[(k * outputs_ + j) * kSystems + s] =
              static_cast<double>(at(sample, k, j)) + (k == j ? leak : 0);
        }
        unknowns_[k * kSystems + s] = static_cast<double>(right[k]);
      }
    }
    kernels<T>().solve(outputs_, system_, unknowns_);
    for (std::size_t s = 0; begin + s < samples_ && s < kSystems; ++s) {
      T* row = u + (first_ + begin + s) * output_stride_;
      for (std::size_t j = 0; j < outputs_; ++j) row[j] = static_cast<T>(unknowns_[j * kSystems + s]);
    }
  }
}

template <class T>
void ControlJacobian<T>::solve_one_by_one(double leak, const T* delta, T* u) const {
  const auto n = static_cast<Eigen::Index>(outputs_);
  Eigen::MatrixXd system(n, n);
  for (std::size_t sample = 0; sample < samples_; ++sample) {
    const std::size_t row = (first_ + sample) * output_stride_;
    for (Eigen::Index j = 0; j < n; ++j) {
      for (Eigen::Index k = 0; k < n; ++k) {
        system(k, j) =
            static_cast<double>(at(sample, static_cast<std::size_t>(k), static_cast<std::size_t>(j)));
      }
      system(j, j) += leak;
    }
    const Eigen::Map<const Eigen::VectorX<T>> right(delta + row, n);
    Eigen::Map<Eigen::VectorX<T>>(u + row, n) =
        system.partialPivLu().solve(right.template cast<double>()).template cast<T>();
  }
}

template class ControlJacobian<float>;
template class ControlJacobian<double>;

}  // namespace apical
