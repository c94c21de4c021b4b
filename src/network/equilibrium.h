// The rest point of the controlled dynamics, solved for instead of simulated: for each sample the control u with
//
//   F(u) = r* − r_L(u) − leak · u = 0,   where r_L(u) is the output of one sweep   v_i = W_i r_{i−1} + b_i + Q_i u,   r_i = φ(v_i)
//
// n_L unknowns, whatever the width of the layers. Broyden's method finds them (Broyden 1965; in the form that keeps only the steps, Kelley 1995,
// chapter 7): at first, where the target is far, with one matrix J Q + leak I for the whole tile, at its mean slopes; then with each sample's own
// at the point reached. Outputs too wide for that are solved with the diagonal alone. A root counts only if the simulation would stay there: narrow
// outputs are judged by Nyquist's criterion for the loop at the root, wide ones by the linearised steps themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

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
  static constexpr std::size_t kLanes = kSystems;
  enum class Row : std::uint8_t { searching, near, lost };
  enum class Until { close, found };

  void sweep();
  // Broyden steps until the output of every row is close to where it has to be, or until every row's step is below the tolerance, relative to its
  // control. The tile has the state that belongs to u, then and before.
  void iterate(Until until);
  // B_0⁻¹ F of kLanes rows, where B_0 is the starting matrix: into right_.
  void solve_with_matrix(std::size_t first);
  Row step(std::size_t row, std::size_t k, Until until);
  double residual(std::size_t row, std::size_t output) const;
  bool close(std::size_t row) const;
  bool all_close() const;
  // Starting matrices: of the tile's mean slopes; the diagonal; each sample's own at the state reached.
  void precondition_by_mean();
  void precondition_by_diagonal();
  void precondition_by_samples();
  // φ' of layer i at the state reached, from row `first` on.   out [samples, stride]
  void slopes_at(std::size_t i, std::size_t first, std::size_t samples, T* out) const;
  // Paths and matrices of up to ControlPaths::kMost samples, at the state reached.
  void linearise(std::size_t first, std::size_t samples);
  // Whether the state has left the point at which these samples were linearised.
  bool moved(std::size_t first, std::size_t samples) const;
  void judge_loops();

  const Network<T>& network_;
  TileState<T>& tile_;
  LawFunction<T> law_;
  const PiController& controller_;
  const Settling& settling_;
  const T* target_;
  std::size_t depth_, rows_, outputs_, stride_;
  bool narrow_;
  std::size_t most_steps_;
  double leak_, tolerance_;
  double *u_, *steps_, *squares_;  // [rows, n_L], [iterations, rows, n_L], [iterations, rows]
  Row* state_;                     // [rows]
  // --- wide outputs
  double* diagonal_ = nullptr;  // 1 / (J Q + leak) of the diagonal   [rows, n_L]
  // --- narrow ones
  std::optional<ControlPaths<T>> paths_;
  double* c_ = nullptr;        // C_k                 [groups of lanes, L, n_L, n_L, lanes]
  double* matrix_ = nullptr;   // J Q + leak I        [groups of lanes, n_L, n_L, lanes]
  double* scratch_ = nullptr;  // a matrix            [n_L, n_L, lanes]
  double* right_ = nullptr;    // F, then B_0⁻¹ F     [n_L, lanes]
  T** slope_ = nullptr;        // φ' of each layer where the samples were linearised   [rows, stride]
  T* passing_ = nullptr;       // voltages, then slopes of some samples
};

extern template class EquilibriumSolver<float>;
extern template class EquilibriumSolver<double>;

}  // namespace apical
