#include "network/rounded_weights.h"

#include <algorithm>

#include "kernels/kernels.h"

namespace apical {

const Bfloat16Pair* RoundedWeights::of(const float* panels, std::size_t n_out, std::size_t n_in) {
  const std::scoped_lock lock(mutex_);
  Matrix& matrix = matrices_[panels];
  if (matrix.ready) return matrix.pairs.data();
  if (matrix.pairs.empty()) matrix.pairs = Buffer<Bfloat16Pair>(panel_size<Bfloat16Pair>(n_out, pairs(n_in)));
  const std::size_t columns = padded<float>(n_out);
  for (std::size_t first = 0; first < columns; first += kPanel<float>) {
    const std::size_t width = std::min(kPanel<float>, columns - first);
    pair_kernels().round_across({.from = panels + first * n_in,
                                 .stride = width,
                                 .rows = n_in,
                                 .n = width,
                                 .to = matrix.pairs.data() + first * pairs(n_in),
                                 .to_stride = width});
  }
  matrix.ready = true;
  return matrix.pairs.data();
}

void RoundedWeights::forget() {
  for (auto& [panels, matrix] : matrices_) matrix.ready = false;
}

std::size_t RoundedWeights::bytes() const {
  std::size_t sum = 0;
  for (const auto& [panels, matrix] : matrices_) sum += matrix.pairs.bytes();
  return sum;
}

}  // namespace apical
