// Columns of a matrix as sums of orthonormal ones.
#pragma once

#include "network/matrix.h"

namespace apical {

// A = U R with R upper triangular and UᵀU = I. A [m, n], m ≥ n.
struct OrthonormalColumns {
  RowMajor u, r;
};
OrthonormalColumns orthonormal_columns(const RowMajor& a);

}  // namespace apical
