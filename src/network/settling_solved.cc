// Settling without taking every step: to the rest point, or by the linear response.
#include "network/equilibrium.h"
#include "network/kept_rows.h"
#include "network/linear_response.h"
#include "network/settling_run.h"

namespace apical {

template <class T>
void SettlingRun<T>::solve() {
  start();
  EquilibriumSolver<T> solver(network_, tile_, law_, controller_, settling_, target_);
  if (!solver.solve()) {
    const KeptRows<T> solved(tile_);
    settle();
    for (std::size_t row = 0; row < tile_.rows; ++row) {
      if (solver.found(row)) solved.put_back(row);
    }
  }
  for (std::size_t row = 0; row < tile_.rows; ++row)
    record_.found(row, solver.found(row) ? Found::solved : Found::fell_back);
  record_.state(tile_, target_, controller_, settling_.steps - 1);
  record_.finish(settling_.steps);
  observe(1);
}

template <class T>
bool SettlingRun<T>::respond() {
  start();
  LinearResponse<T> response(network_, tile_, law_, controller_, settling_, target_);
  bool known = response.put(Response::last);
  if (known) {
    advance(settling_.steps - 2);
    for (std::size_t row = 0; row < tile_.rows; ++row) record_.found(row, Found::solved);
    record_.state(tile_, target_, controller_, settling_.steps - 1);
    record_.finish(settling_.steps);
    rewind();
    known = !needs_.learns || response.put(Response::mean);
  }
  if (!known) {
    settle();
    for (std::size_t row = 0; row < tile_.rows; ++row) record_.found(row, Found::fell_back);
    return false;
  }
  const bool left_out = leave_out_unsettled();
  if (needs_.learns && !(left_out && record_.all_left_out())) {
    advance(settling_.steps - 2);
    count_for(settling_.steps - 1, [&] { learn_forward(); });
  }
  return true;
}

template void SettlingRun<float>::solve();
template void SettlingRun<double>::solve();
template bool SettlingRun<float>::respond();
template bool SettlingRun<double>::respond();

}  // namespace apical
