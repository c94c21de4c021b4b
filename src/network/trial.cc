#include "apical/trial.h"

#include "apical/error.h"
#include "apical/rule.h"
#include "kernels/kernels.h"
#include "network/tile_state.h"
#include "network/tile_view.h"

namespace apical {

template <class T>
std::size_t BasicTrial<T>::rows() const {
  return tile_.rows;
}
template <class T>
std::size_t BasicTrial<T>::batch_size() const {
  return tile_.batch->size;
}
template <class T>
std::string_view BasicTrial<T>::pass() const {
  return tile_.pass;
}
template <class T>
void BasicTrial<T>::mark(Mark mark) {
  tile_.marks.add(mark);
}

template <class T>
Activity<T> BasicTrial<T>::rate(std::size_t layer) const {
  return tile_rows(tile_, tile_.batch->rate[layer], network_.units(layer));
}
template <class T>
Activity<T> BasicTrial<T>::phi_prime(std::size_t layer) const {
  return tile_rows(tile_, tile_.batch->slope[layer], network_.units(layer));
}
template <class T>
Activity<T> BasicTrial<T>::loss_gradient() {
  mark(Mark::update_locked);
  return tile_rows(tile_, tile_.batch->loss_gradient, network_.units(depth()));
}

template <class T>
Activity<T> BasicTrial<T>::kept(std::size_t layer) {
  return scratch(tile_, network_.units(layer));
}

template <class T>
Activity<T> BasicTrial<T>::delivered(std::size_t layer) {
  mark(Mark::signed_error);
  mark(Mark::frozen_activity);
  Activity<T>& delta = tile_.delta[layer];
  if (delta.data == nullptr) delta = scratch(tile_, network_.units(layer));
  return delta;
}

namespace {

// C = A · (panels): one signal through one matrix, for the rows of the tile.
template <class T>
Activity<T> through(TileState<T>& tile, const Activity<T>& signal, const T* panels, std::size_t n_out) {
  const Activity<T> out = scratch(tile, n_out);
  kernels<T>().product({signal.data, signal.stride, panels, signal.units, n_out, nullptr, out.data,
                        out.stride, tile.rows, Start::zero});
  return out;
}

}  // namespace

template <class T>
Activity<T> BasicTrial<T>::transported(std::size_t layer) {
  mark(Mark::weight_transport);
  mark(Mark::backward_locked);
  const auto& w = network_.weights(layer);
  return through(tile_, tile_.delta[layer], w.transposed(), w.n_in());
}

template <class T>
Activity<T> BasicTrial<T>::fed_back(std::string_view group, std::size_t layer) {
  mark(Mark::backward_locked);
  const auto& b = network_.weights(group, layer);
  return through(tile_, tile_.delta[layer + 1], b.panels(), b.n_out());
}

template <class T>
Activity<T> BasicTrial<T>::broadcast(std::string_view group, std::size_t layer, Activity<T> signal) {
  const auto& g = network_.weights(group, layer);
  return through(tile_, signal, g.panels(), g.n_out());
}

template <class T>
void BasicTrial<T>::nudge_target(double step) {
  const Activity<T> gradient = loss_gradient();
  const Activity<T> target = scratch(tile_, gradient.units);
  for (std::size_t i = 0; i < gradient.count(); ++i)
    target.data[i] = static_cast<T>(-step) * gradient.data[i];
  tile_.target_deviation = target.data;
}

template class BasicTrial<float>;
template class BasicTrial<double>;

}  // namespace apical
