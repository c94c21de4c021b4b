#include "network/control_response.h"

#include <algorithm>
#include <cmath>

#include "core/profile.h"
#include "network/system_solver.h"
#include "network/tile_view.h"

namespace apical {
namespace {

// Memory for the rows of M at one time: many drives are worked on a few samples at a time.
constexpr std::size_t kMostRows = 1024;
// Fewer rows than this would leave a product's kernel half empty.
constexpr std::size_t kFewestSamples = 8;

}  // namespace

template <class T>
ControlResponse<T>::ControlResponse(const Network<T>& network, TileState<T>& tile, std::size_t last,
                                    std::size_t drives)
    : network_(network),
      tile_(tile),
      last_(last),
      drives_(drives),
      stride_(row_stride<T>(network.units(last))),
      at_once_(std::min(std::max(kMostRows / drives, kFewestSamples), tile.rows)) {
  Arena<T>& arena = *tile.arena;
  std::size_t widest = 0;
  for (std::size_t i = 1; i <= last; ++i) widest = std::max(widest, row_stride<T>(network.units(i)));
  for (T*& layer : layers_) layer = arena.take(drives * at_once_ * widest);
  if (drives > kMostTogether) return;
  system_ = arena.template take_as<double>(drives * drives * kSystems);
  unknowns_ = arena.template take_as<double>(drives * kSystems);
}

template <class T>
void ControlResponse<T>::form(std::size_t first, const Drive& drive) {
  first_ = first;
  samples_ = std::min(at_once_, tile_.rows - first);
  for (std::size_t i = 1; i <= last_; ++i) {
    const auto& w = network_.weights(i);
    const std::size_t stride = row_stride<T>(w.n_out()), below = row_stride<T>(w.n_in());
    // nothing below the first layer answers
    const std::size_t inputs = i > 1 ? w.n_in() : 0;
    const T* slope = base_point(tile_, i, w.n_out()).slope + first * stride;
    T* m = layers_[i % 2];
    for (std::size_t j = 0; j < drives_; ++j) {
      T* rows = m + j * samples_ * stride;
      kernels<T>().product({layers_[(i + 1) % 2] + j * samples_ * below, below, w.panels(), inputs, w.n_out(),
                            drive(i, j), rows, stride, samples_, Start::bias});
      kernels<T>().multiply(slope, rows, samples_ * stride);
    }
    m_ = m;
  }
}

template <class T>
void ControlResponse<T>::solve(double diagonal, const T* right, T* x) const {
  const double cube = std::pow(static_cast<double>(drives_), 3);
  const profile::WorkScope scope(profile::Work::solve,
                                 {.multiply_adds = static_cast<double>(samples_) * cube / 3});
  drives_ <= kMostTogether ? solve_together(diagonal, right, x) : solve_one_by_one(diagonal, right, x);
}

template <class T>
void ControlResponse<T>::solve_together(double diagonal, const T* right, T* x) const {
  for (std::size_t begin = 0; begin < samples_; begin += kSystems) {
    for (std::size_t s = 0; s < kSystems; ++s) {
      // lanes without a sample of their own repeat the last one
      const std::size_t sample = std::min(begin + s, samples_ - 1);
      const T* given = right + (first_ + sample) * stride_;
      for (std::size_t k = 0; k < drives_; ++k) {
        for (std::size_t j = 0; j < drives_; ++j) {
          system_[(k * drives_ + j) * kSystems + s] =
              static_cast<double>(at(sample, k, j)) + (k == j ? diagonal : 0);
        }
        unknowns_[k * kSystems + s] = static_cast<double>(given[k]);
      }
    }
    kernels<T>().solve(drives_, system_, unknowns_);
    for (std::size_t s = 0; begin + s < samples_ && s < kSystems; ++s) {
      T* row = x + (first_ + begin + s) * stride_;
      for (std::size_t j = 0; j < drives_; ++j) row[j] = static_cast<T>(unknowns_[j * kSystems + s]);
    }
  }
}

template <class T>
void ControlResponse<T>::solve_one_by_one(double diagonal, const T* right, T* x) const {
  SystemSolver& solver = *tile_.solver;
  solver.reserve(drives_);
  for (std::size_t sample = 0; sample < samples_; ++sample) {
    const std::size_t row = (first_ + sample) * stride_;
    double* system = solver.system();
    for (std::size_t j = 0; j < drives_; ++j, system += drives_) {
      for (std::size_t k = 0; k < drives_; ++k) system[k] = static_cast<double>(at(sample, k, j));
      system[j] += diagonal;
    }
    std::copy_n(right + row, drives_, solver.right());
    const double* solved = solver.solve();
    for (std::size_t j = 0; j < drives_; ++j) x[row + j] = static_cast<T>(solved[j]);
  }
}

template class ControlResponse<float>;
template class ControlResponse<double>;

}  // namespace apical
