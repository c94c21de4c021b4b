// The transposed copies that verbs of weight transport read, remade when the weights have moved.
#pragma once

#include <vector>

#include "apical/network.h"
#include "core/pool.h"

namespace apical {

// Remakes them all, the matrices shared out among threads.
template <class T>
void refresh_transposes(Network<T>& network, Pool& pool) {
  auto& matrices = network.group("forward");
  // nothing is transported below the first layer
  pool.run(static_cast<std::uint32_t>(matrices.size() - 1),
           [&](std::uint32_t job, unsigned) { matrices[job + 1].refresh_transpose(); });
}

// Remakes what a piece of the forward weights says of them, while the piece is in cache. Arrays are numbered as for a DeltaSink.
template <class T>
class TransposedPieces {
 public:
  explicit TransposedPieces(Network<T>& network) {
    for (auto& w : network.group("forward")) {
      matrices_.push_back(w.layer() > 1 ? &w : nullptr);
      if (w.has_bias()) matrices_.push_back(nullptr);
    }
  }
  void refresh(std::size_t array, std::size_t begin, std::size_t end) const {
    if (matrices_[array] != nullptr) matrices_[array]->refresh_transpose(begin, end);
  }

 private:
  std::vector<WeightMatrix<T>*> matrices_;  // by array; null: nothing to remake
};

}  // namespace apical
