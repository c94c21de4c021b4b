// The inner loops of the optimizers, compiled once per instruction set.
#pragma once

#include <cstddef>

#include "apical/optimizer_settings.h"

namespace apical {

// The numbers of one step, formed in double and rounded once.
template <class T>
struct StepNumbers {
  T mean, clip;  // G = −clip Δ + decay w + l1 sign(w), where Δ = mean · (what is handed over)
  T decay, l1;
  T rate;                // what multiplies the direction: η, for Adam η / (1 − β1^t)
  T keep;                // w is multiplied by this first: 1 − η λ for adamw, else 1
  T first, first_new;    // m ← first m + first_new G
  T second, second_new;  // v ← second v + second_new G²
  T root_scale;          // 1 / √(1 − β2^t) for Adam: a product is cheaper than a quotient
  T epsilon;
};

// Changes w[i] and the moments for i < count; moments that an algorithm does not have are null.
template <class T>
using Update = void (*)(T* w, const T* delta, T* m, T* v, std::size_t count, const StepNumbers<T>& numbers);

// plain: decay and l1 are 0.
template <class T>
Update<T> update_for(OptimizerAlgorithm algorithm, bool plain);

// Σ delta², in sixteen interleaved sums of double whatever the instruction set.
template <class T>
double sum_of_squares(const T* delta, std::size_t count);

}  // namespace apical
