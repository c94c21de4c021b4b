// What this machine can do at most, found by a short probe: the multiply-add peak of the instruction set in use, and the rate at which memory
// far larger than the caches can be read and written.
#pragma once

#include "core/pool.h"
#include "kernels/kernels.h"

namespace apical {

// Floating-point operations per second of independent multiply-adds (of a float, a double, a pair of bfloat16) on all threads of the pool; about 10 ms for 2'000'000.
template <class T>
double peak_flops(Pool& pool, long iterations = 2'000'000);

// Bytes per second that y += a x moves on all threads: x read, y read and written, 32 MB each a thread.
double memory_rate(Pool& pool);

extern template double peak_flops<float>(Pool&, long);
extern template double peak_flops<double>(Pool&, long);
extern template double peak_flops<Bfloat16Pair>(Pool&, long);

}  // namespace apical
