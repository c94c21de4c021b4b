// The weights that settling steps read, rounded to bfloat16 once a minibatch.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>

#include "core/buffer.h"
#include "kernels/bfloat16.h"

namespace apical {

class RoundedWeights {
 public:
  // Panels of a matrix [n_out, n_in] with pairs along k; made by whoever asks first, called from any thread. They stay until the weights move.
  const Bfloat16Pair* of(const float* panels, std::size_t n_out, std::size_t n_in);
  // The weights have moved.
  void forget();
  std::size_t bytes() const;

 private:
  struct Matrix {
    Buffer<Bfloat16Pair> pairs;
    bool ready = false;
  };
  std::map<const float*, Matrix> matrices_;
  std::mutex mutex_;
};

}  // namespace apical
