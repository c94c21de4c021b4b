// The naive twin of every kernel: plain loops, sums in double, the standard library's functions, strict IEEE
// arithmetic.
#pragma once

#include "kernels/kernels.h"

namespace apical::reference {

template <class T>
const Kernels<T>& table();
const PairKernels& pair_table();

}  // namespace apical::reference
