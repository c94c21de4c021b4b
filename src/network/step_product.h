// A product of every settling step: its factors as they are, or rounded to bfloat16.     docs/decisions/bfloat16.md
#pragma once

#include <cstddef>
#include <type_traits>

#include "kernels/kernels.h"

namespace apical {

template <class T>
struct StepProduct : Product<T> {
  const Bfloat16Pair* w_pairs = nullptr;  // the weights; null: factors as they are
  Bfloat16Pair* a_pairs = nullptr;        // what flows in                          [rows, pair_stride]
  std::size_t pair_stride = 0;

  // What flows in has changed.
  void take_in() const {
    if constexpr (std::is_same_v<T, float>) {
      if (w_pairs == nullptr) return;
      // whole half panels, whose padding is zero
      pair_kernels().round_along(
          {this->a, this->lda, this->rows, padded<T>(this->n_in), a_pairs, pair_stride});
    }
  }
  void multiply() const {
    if constexpr (std::is_same_v<T, float>) {
      if (w_pairs != nullptr) {
        return pair_kernels().product({a_pairs, pair_stride, w_pairs, pairs(this->n_in), this->n_out,
                                       this->bias, this->c, this->ldc, this->rows, this->start,
                                       this->first_panel, this->panels});
      }
    }
    kernels<T>().product(*this);
  }
};

}  // namespace apical
