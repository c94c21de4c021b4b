// The inner loops of a Krylov method for many samples at once, compiled for every instruction set: orthogonal directions, and the steps of the
// small system that they leave.
#pragma once

#include <cstddef>
#include <cstdint>

namespace apical {

// Gram–Schmidt, one direction after the other (its modified form): v_j of `count` numbers, each `pitch` after the one before; w is made orthogonal
// to the first `directions` of them. coefficients[j] = ⟨v_j, w⟩ as they are taken out. Returns the norm of w before and of what is left. count: a
// multiple of half a panel. The sums have the same order on every instruction set.
struct Norms {
  double before, left;
};
template <class T>
Norms orthogonalise(const T* basis, std::size_t pitch, std::size_t directions, std::size_t count, T* w,
                    T* coefficients);

// Samples whose small systems are stepped together, one in each lane.
inline constexpr std::size_t kSmallSystems = 16;

// y(0) = 0,  y(t+1) = y(t) + H y(t) + β e_1, for kSmallSystems samples: H upper Hessenberg.
template <class T>
struct SmallSteps {
  std::size_t size;     // m
  std::size_t columns;  // of h as it lies in memory, at least m
  const T* h;           // [m, columns, kSmallSystems]
  const T* beta;        // [kSmallSystems]
  std::int64_t steps;   // n
  T* last;              // y(n)                        [m, kSmallSystems]
  T* sum;               // Σ_{t ≤ n} y(t)              [m, kSmallSystems]
  T* reach;             // Σ_{t ≤ n} |y_m(t)|          [kSmallSystems]
  T* scratch;           // [m, kSmallSystems]
};
template <class T>
void take_small_steps(const SmallSteps<T>& steps);

}  // namespace apical
