// The rest point of the controlled dynamics, solved for instead of simulated: for each sample the control u with
//
//   F(u) = r* − r_L(u) − leak · u = 0,   where r_L(u) is the output of one sweep   v_i = W_i r_{i−1} + b_i + Q_i u,   r_i = φ(v_i)
//
// n_L unknowns, whatever the width of the layers. Broyden's method finds them (Broyden 1965; in the form that keeps only the steps, Kelley 1995,
// chapter 7): at first with one matrix J Q + leak I for the whole tile, at its mean slopes, then with each sample's own at the point reached, which
// also says how far away the root is. Outputs too wide for that are solved with the diagonal alone. A root counts only if the simulation would
// stay there: narrow outputs are judged by Nyquist's criterion, wide ones by the linearised steps themselves.
#pragma once

#include <cstddef>
#include <cstdint>

#include "network/control_paths.h"
#include "network/tile_state.h"

namespace apical {

template <class T>
class EquilibriumSolver {
 public:
  // The tile is at the feedforward point, with all arrays of a settling phase. target: r* − r_L⁻ [rows, stride of L].
  // Throws InternalError for a phase that has noise, filters or a target that moves, that learns on the way, or whose soma does not rest at
  // basal + apical voltage.
  EquilibriumSolver(const Network<T>& network, TileState<T>& tile, LawFunction<T> law,
                    const PiController& controller, const Settling& settling, const T* target);

  // Puts every sample at its rest point, where one is found; true if all are.
  bool solve();
  bool found(std::size_t row) const { return state_[row] == Row::near; }

 private:
  static constexpr std::size_t kLanes = ControlPaths<T>::kLanes;
  enum class Row : std::uint8_t { searching, near, lost };

  void sweep();
  // Broyden steps until every row's is below the tolerance, relative to its control. The tile has the state that belongs to u, then and before.
  void iterate(double tolerance);
  Row step(std::size_t row, std::size_t k, double tolerance);
  // Starting matrices: of the tile's mean slopes; the diagonal; each sample's own at the state reached.
  void precondition_by_mean();
  void precondition_by_diagonal();
  void precondition_by_samples();
  // u ↦ (matrix + leak I)⁻¹ u; entry(output, control).
  template <class Entry>
  void invert(const Entry& entry, double* inverse) const;
  void judge_loops();

  const Network<T>& network_;
  TileState<T>& tile_;
  const PiController& controller_;
  const Settling& settling_;
  const T* target_;
  std::size_t depth_, rows_, outputs_, stride_;
  bool narrow_;
  std::size_t most_steps_;
  double leak_, tolerance_;
  double *u_, *steps_, *squares_;  // [rows, n_L], [iterations, rows, n_L], [iterations, rows]
  double* inverse_;                // (J Q + leak I)⁻¹ [rows, n_L, n_L], or its diagonal [rows, n_L]
  double* paths_ = nullptr;        // C_k [groups of lanes, L, n_L, n_L, lanes]
  Row* state_;                     // [rows]
  const T** slope_;                // φ' of each layer, as the paths read it
};

extern template class EquilibriumSolver<float>;
extern template class EquilibriumSolver<double>;

}  // namespace apical
