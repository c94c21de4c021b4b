#include "network/readout_control.h"

#include <array>
#include <limits>

#include "core/profile.h"
#include "kernels/kernels.h"
#include "network/control_response.h"
#include "network/least_residual.h"
#include "network/tile_view.h"

namespace apical {
namespace {

// Products with a sample's system at most: beyond, it is formed and factored.
constexpr std::size_t kMostProducts = 64;
// Residual at which a solution counts as exact, in units of the last place.
constexpr double kExact = 32;

// What the rates of layer L−1 answer to drives x of the voltages, D_i x, at the feedforward point: m_i = φ'(v_i⁻) ⊙ (W_i m_{i−1} + D_i x).
template <class T>
class HiddenAnswer {
 public:
  HiddenAnswer(const Network<T>& network, TileState<T>& tile)
      : network_(network), tile_(tile), m_(tile.arena->template take_as<T*>(network.depth())) {
    for (std::size_t i = 1; i < network.depth(); ++i)
      m_[i] = tile.arena->take(tile.rows * row_stride<T>(network.units(i)));
  }

  // x [rows, stride of n]; panels_of(i): D_i [n_i, n]. [rows, stride of L−1], until the next call.
  template <class F>
  const T* to(const T* x, std::size_t n, F&& panels_of) {
    const std::size_t last = network_.depth() - 1;
    for (std::size_t i = 1; i <= last; ++i) {
      const auto& w = network_.weights(i);
      const std::size_t stride = row_stride<T>(w.n_out());
      kernels<T>().product(
          {x, row_stride<T>(n), panels_of(i), n, w.n_out(), nullptr, m_[i], stride, tile_.rows, Start::zero});
      if (i > 1) {
        kernels<T>().product({m_[i - 1], row_stride<T>(w.n_in()), w.panels(), w.n_in(), w.n_out(), nullptr,
                              m_[i], stride, tile_.rows, Start::keep});
      }
      kernels<T>().multiply(base_point(tile_, i, w.n_out()).slope, m_[i], tile_.rows * stride);
    }
    return m_[last];
  }

 private:
  const Network<T>& network_;
  TileState<T>& tile_;
  T** m_;  // by layer
};

// From products alone: all samples share D, so that one costs what a settling step does.
template <class T>
bool solve_by_products(const Network<T>& network, TileState<T>& tile, const T* right, T* rho) {
  const LinearReadout<T>& readout = tile.batch->readout;
  const std::size_t hidden = network.units(network.depth() - 1);
  HiddenAnswer<T> answer(network, tile);
  LeastResidual<T> systems(*tile.arena, tile.rows, hidden, kMostProducts);
  const std::size_t count = tile.rows * row_stride<T>(hidden);
  return systems.solve(
      [&](const T* in, T* out) {
        const std::array<const T*, 2> both = {
            in, answer.to(in, hidden, [&](std::size_t i) { return readout.panels(i); })};
        kernels<T>().sum(both.data(), both.size(), out, count);
      },
      right, kExact * std::numeric_limits<T>::epsilon(), rho);
}

template <class T>
void solve_by_factors(const Network<T>& network, TileState<T>& tile, const T* right, T* rho) {
  const LinearReadout<T>& readout = tile.batch->readout;
  const std::size_t last = network.depth() - 1;
  ControlResponse<T> response(network, tile, last, network.units(last));
  for (std::size_t first = 0; first < tile.rows; first += response.at_once()) {
    response.form(first, [&](std::size_t i, std::size_t j) { return readout.drive(i, j); });
    response.solve(1, right, rho);
  }
}

}  // namespace

template <class T>
void solve_for_last_hidden(const Network<T>& network, TileState<T>& tile) {
  const LinearReadout<T>& readout = tile.batch->readout;
  const std::size_t depth = network.depth(), hidden = network.units(depth - 1);
  readout.control_alone(tile.target_deviation, tile.rows, tile.u);
  // the rates that layer L−1 would have if the output's own control had no help
  HiddenAnswer<T> alone(network, tile);
  const T* right = alone.to(tile.u, network.units(depth),
                            [&](std::size_t i) { return network.weights("feedback", i).panels(); });
  T* rho = tile.arena->take_zeroed(tile.rows * row_stride<T>(hidden));
  if (hidden <= kMostTogether || !solve_by_products(network, tile, right, rho))
    solve_by_factors(network, tile, right, rho);
  readout.add_hidden(rho, tile.rows, tile.u);
}

template void solve_for_last_hidden(const Network<float>&, TileState<float>&);
template void solve_for_last_hidden(const Network<double>&, TileState<double>&);

}  // namespace apical
