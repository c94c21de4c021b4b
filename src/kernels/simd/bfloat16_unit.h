// Kernels for processors that multiply pairs of bfloat16 by an instruction of their own.
#pragma once

#include "kernels/kernels.h"

namespace apical {

// Null where the processor, or this build, has none.
const PairKernels* bfloat16_unit();

}  // namespace apical
