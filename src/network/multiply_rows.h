// A product of many rows, shared out among the threads of a pool.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/pool.h"
#include "kernels/kernels.h"

namespace apical {

// C = A Wᵀ: A [rows, stride of n_in], W panels [n_out, n_in], C [rows, stride of n_out]. pool: null for the caller's thread alone; no bit depends on it.
template <class T>
void multiply_rows(Pool* pool, const T* a, std::size_t rows, std::size_t n_in, const T* panels,
                   std::size_t n_out, T* c) {
  constexpr std::size_t at_once = 64;
  const std::size_t lda = row_stride<T>(n_in), ldc = row_stride<T>(n_out);
  const auto part = [&](std::uint32_t job, unsigned) {
    const std::size_t first = job * at_once;
    kernels<T>().product({a + first * lda, lda, panels, n_in, n_out, nullptr, c + first * ldc, ldc,
                          std::min(at_once, rows - first), Start::zero});
  };
  const auto parts = static_cast<std::uint32_t>((rows + at_once - 1) / at_once);
  if (pool != nullptr) return pool->run(parts, part);
  for (std::uint32_t job = 0; job < parts; ++job) part(job, 0);
}

}  // namespace apical
