// The T states of a settling phase to first order in the push on its target, without taking T steps. Near the feedforward point the Euler scheme is
//
//   x(t+1) = M x(t) + b,   x(0) = 0;   x  deviations of somas, apical voltages, integrators and control;   b  one step's push on the target
//
// so all states lie in the span of b, M b, M² b, …, and forty directions of it hold what a thousand steps do. For each sample they are found one after
// the other (Arnoldi; Saad 2003, chapter 6), and the T steps are taken in their coordinates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "network/directions.h"
#include "network/linearised_step.h"
#include "network/tile_state.h"

namespace apical {

// The last state but one, or the mean of all but the last: one Euler step from there is the last state, or the mean of states 1 … T−1.
enum class Response : std::uint8_t { last, mean };

template <class T>
class LinearResponse {
 public:
  // The tile is at the feedforward point, with all arrays of a settling phase. target: r* − r_L⁻ [rows, stride of L].
  // Throws Error for a phase that has noise, filters, a target that moves or feedback weights that learn, or whose soma does not rest at basal +
  // apical voltage.
  LinearResponse(const Network<T>& network, TileState<T>& tile, LawFunction<T> law,
                 const PiController& controller, const Settling& settling, const T* target);

  // Puts the tile there, in the newest slot of its rings. False if some sample's response is not known to the tolerance: its loop is unstable, its push too large for the first order,
  // or its directions too many.
  bool put(Response which);

 private:
  // An array of the displacement and its place in a direction.
  struct Part {
    T* array;
    std::size_t stride, width, first;
  };
  static std::optional<OutputSpan<T>> span_of(const Network<T>& network, const TileState<T>& tile,
                                              const T* target);
  void list_parts();
  // An array of the output or the control as it is in the network.
  void place(const T* array, T* out) const;
  // All directions; false if there are too many.
  bool find_directions(const T* target);
  // How many to add after the last `added` have brought the error estimate from `before` to `excess` tolerances; before 0: the first.
  std::size_t next_look(std::size_t added, double before, double excess) const;
  void load(std::size_t direction);
  // What the displacement has become of that direction, less the direction itself.
  void read_change(std::size_t row, const T* from, T* change) const;
  void add_direction(std::size_t k);
  // The T steps in the coordinates of the directions so far; by what factor the error estimate of some sample is above the tolerance.
  double take_steps();
  // H[j][k] of a row.
  T& entry(std::size_t row, std::size_t j, std::size_t k);
  // Whether rates of that row follow their voltages to first order.
  bool is_small(std::size_t row) const;

  const Network<T>& network_;
  TileState<T>& tile_;
  const Settling& settling_;
  std::optional<OutputSpan<T>> span_;  // of a wide linear output
  LinearisedStep<T> step_;
  double tolerance_;
  std::size_t rows_, groups_, directions_ = 0;
  Part* parts_;
  std::size_t parts_count_ = 0, length_ = 0;  // of a direction
  std::optional<Directions<T>> basis_;
  T* change_;             // [length]
  T *h_, *beta_, *left_;  // [groups, kMost, kMost, lanes], [groups, lanes], [groups, lanes]
  T *last_, *sum_, *reach_,
      *scratch_;  // [groups, kMost, lanes], reach [groups, lanes], scratch [kMost, lanes]
  bool known_ = false;
};

extern template class LinearResponse<float>;
extern template class LinearResponse<double>;

}  // namespace apical
