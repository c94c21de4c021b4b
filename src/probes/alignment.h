// Angles and lengths between weight changes, and between feedback weights and what backprop would use in
// their place.
#pragma once

#include <cstddef>
#include <vector>

#include "network/minibatch.h"

namespace apical {

// Inner products of two lists of arrays. In double precision the arc cosine of nearly equal directions would
// be off by 1e-6 degrees.
struct Comparison {
  long double aa = 0, bb = 0, ab = 0;  // ‖a‖², ‖b‖², a·b

  void add(double a, double b) {
    const long double wide_a = a, wide_b = b;
    aa += wide_a * wide_a;
    bb += wide_b * wide_b;
    ab += wide_a * wide_b;
  }
  void add(const Comparison& other) {
    aa += other.aa;
    bb += other.bb;
    ab += other.ab;
  }
  // In degrees, [0, 180]; NaN if a side has no length.
  double angle() const;
  // ‖a‖ / ‖b‖; NaN if b has no length.
  double ratio() const;
};

// One per layer for the weights alone, and one for all weights and biases together.
struct UpdateComparison {
  std::vector<Comparison> layers;
  Comparison network;
};
template <class T>
UpdateComparison compare_updates(const GroupDelta<T>& a, const GroupDelta<T>& b);

// Q_i against the transposed forward path (W_L … W_{i+1})ᵀ for direct feedback, B_i against W_{i+1}ᵀ for a
// chain; layers 1 … L−1.
template <class T>
std::vector<Comparison> compare_feedback(const Network<T>& network, const WeightGroup& group);

}  // namespace apical
