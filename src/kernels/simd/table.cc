// The table of kernels, compiled once per instruction set.
#include "kernels/simd/table.h"

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/loops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/table.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace apical {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#include "kernels/activations-inl.h"
#include "kernels/noise-inl.h"
#include "kernels/simd/multiply-add-inl.h"
#include "kernels/simd/noise-vectors-inl.h"
#include "kernels/simd/pointwise-inl.h"
#include "kernels/simd/prefetch-inl.h"
#include "kernels/simd/products-inl.h"
#include "kernels/simd/rounding-inl.h"
#include "kernels/simd/solve-inl.h"
#include "kernels/simd/transpose-inl.h"

// Double keeps the plain loops: nobody waits for it.
template <class T>
constexpr auto noise_kernel() {
  if constexpr (sizeof(T) == 4)
    return &normal_in_vectors;
  else
    return &normal<T>;
}

template <class T>
Kernels<T> filled() {
  return {.name = instruction_set_name(HWY_TARGET),
          .lanes = hn::MaxLanes(hn::ScalableTag<T>()),
          .product = &product<T>,
          .outer_product = &outer_product<T>,
          .activate = &activate<T>,
          .activation_difference = &activation_difference<T>,
          .normal = noise_kernel<T>(),
          .sum = &sum<T>,
          .add_scaled = &add_scaled<T>,
          .scale = &scale<T>,
          .multiply = &multiply<T>,
          .column_sums = &column_sums<T>,
          .transpose_panels = &transpose_panels<T>,
          .solve = &solve,
          .peak = &peak<T>};
}

PairKernels filled_pairs() {
  return {.unit = instruction_set_name(HWY_TARGET),
          .product = &product<Bfloat16Pair>,
          .outer_product = &outer_product<Bfloat16Pair>,
          .round_along = &round_along,
          .round_across = &round_across,
          .peak = &peak<Bfloat16Pair>};
}

const KernelTables* tables() {
  static const KernelTables filled_tables{filled<float>(), filled<double>(), filled_pairs()};
  return &filled_tables;
}

}  // namespace HWY_NAMESPACE
}  // namespace apical
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace apical {

HWY_EXPORT(tables);

const KernelTables* chosen_tables() { return HWY_DYNAMIC_DISPATCH(tables)(); }

std::int64_t compiled_targets() { return HWY_TARGETS; }

std::int64_t baseline_target() { return HWY_STATIC_TARGET; }

}  // namespace apical
#endif
