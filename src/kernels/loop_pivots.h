// The arithmetic of Nyquist's criterion for kSystems samples side by side, compiled for every instruction set: what loop_stability.h counts with.
#pragma once

#include <cstddef>

#include "kernels/kernels.h"

namespace apical {

// The matrix  slow I + Σ_k factor_k C_k  at one point of the circle, and where its pivots go.
struct LoopPoint {
  std::size_t depth, outputs;  // L, n_L
  const double* c;             // C_k                      [L, n_L, n_L, kSystems]
  const double* factors;       // of C_k                  [L, re and im]
  double slow_re, slow_im;     // on the diagonal
  double *re, *im;             // room for the matrix     [n_L, n_L, kSystems]
  double* pivots;              // out                     [re and im, n_L, kSystems]
};

// Gaussian elimination without exchanges of rows: the pivots' product is the determinant. A pivot of 0 makes those after it not finite.
void eliminate(const LoopPoint& point);

// How far pivots may go between two points to count as followed.
struct PivotLimits {
  double cosine, growth;  // least cosine of the angle by which one turns, most by which its size changes
};

// For pivots of two neighbouring points [re and im, n_L, kSystems]: near[s] is 1 where all of a sample's can be followed, else 0; crossed[s] says
// how many go over the negative half of the real axis, anticlockwise ones counting +1, clockwise ones −1.
void follow_pivots(std::size_t outputs, const double* from, const double* to, const PivotLimits& limits,
                   double* near, double* crossed);

}  // namespace apical
