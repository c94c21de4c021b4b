// How the rates of a layer answer to drives of the voltages, at the feedforward point, for each sample:
//
//   M_i = φ'(v_i⁻) ⊙ (W_i M_{i−1} + D_i)   [n_i, drives],   D_i: what each drive adds to the voltages of layer i
//
// With D_i = Q_i the output's answer is J Q = dr_L⁻/du [n_L, n_L]. Built forwards, so that no forward weight is transposed.
#pragma once

#include <array>
#include <cstddef>
#include <functional>

#include "network/tile_state.h"

namespace apical {

// Unknowns up to which systems are solved side by side; blocks that fit the cache are faster beyond.
inline constexpr std::size_t kMostTogether = 48;

template <class T>
class ControlResponse {
 public:
  // D_i of drive j, [padded(n_i)], as a function of i and j; read before the next call.
  using Drive = std::function<const T*(std::size_t, std::size_t)>;

  // Of the rates of layer `last`. Takes its memory from the tile's arena.
  ControlResponse(const Network<T>& network, TileState<T>& tile, std::size_t last, std::size_t drives);

  // Samples of the tile that are worked on together: all of them, fewer where there are many drives.
  std::size_t at_once() const { return at_once_; }
  // For the samples of the tile from `first` on: at_once() of them, or those that are left.
  void form(std::size_t first, const Drive& drive);
  // (M + diagonal I) x = right for those samples, where there are as many drives as units; right and x are the tile's arrays
  // [rows, stride of `last`].
  void solve(double diagonal, const T* right, T* x) const;

 private:
  T at(std::size_t sample, std::size_t unit, std::size_t drive) const {
    return m_[(drive * samples_ + sample) * stride_ + unit];
  }
  void solve_together(double diagonal, const T* right, T* x) const;
  void solve_one_by_one(double diagonal, const T* right, T* x) const;

  const Network<T>& network_;
  TileState<T>& tile_;
  std::size_t last_, drives_, stride_, at_once_;
  std::size_t first_ = 0, samples_ = 0;
  std::array<T*, 2> layers_;  // M of a layer and of the one below   [drives, samples, stride]
  const T* m_ = nullptr;      // M of `last`
  double *system_ = nullptr,
         *unknowns_ = nullptr;  // [n, n, kSystems], [n, kSystems], where few drives are solved together
};

extern template class ControlResponse<float>;
extern template class ControlResponse<double>;

}  // namespace apical
