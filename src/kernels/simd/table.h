// What simd/table.cc offers to the dispatcher: three tables per instruction set.
#pragma once

#include <cstdint>

#include "hwy/targets.h"
#include "kernels/kernels.h"

namespace apical {

struct KernelTables {
  Kernels<float> single;
  Kernels<double> twice;
  PairKernels pairs;
};

// "AVX3", "AVX2", "SSE4", "NEON" or "SCALAR" for a bit of Highway's target mask.
constexpr const char* instruction_set_name(std::int64_t target) {
  switch (target) {
    case HWY_AVX3:
      return "AVX3";
    case HWY_AVX2:
      return "AVX2";
    case HWY_SSE4:
      return "SSE4";
    case HWY_NEON:
      return "NEON";
    default:
      return "SCALAR";
  }
}

// The tables of the instruction set that Highway has chosen.
const KernelTables* chosen_tables();
// Masks of the instruction sets compiled in, and of the one that every processor has.
std::int64_t compiled_targets();
std::int64_t baseline_target();

}  // namespace apical
