// A network with a wide linear output, in coordinates of it that are as many as the neurons of the layer below.
//
//   (W_L b_L) = U (R b'),   UᵀU = I,   U [n_L, n_{L−1} + 1]
//
// Where the output's own feedback is c I and nothing else pushes it, the output stays in the columns of U, and so does the control: leaks and
// filters scale, no more. So both are x = U x', and x' follows the same equations with R for W_L, b' for b_L, Q_i U for Q_i and c I for Q_L.
// Lengths stay what they are.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "apical/network.h"
#include "core/buffer.h"
#include "core/pool.h"
#include "network/orthonormal_columns.h"

namespace apical {

template <class T>
class NarrowNetwork {
 public:
  NarrowNetwork();
  ~NarrowNetwork();

  // Whether a network's output is linear and so much wider than the layer below that something is gained; what it has besides are weights of
  // direct feedback.
  static bool serves(const Network<T>& network);

  // Weights may have moved.
  void forget() { followed_ = false; }
  // Made ready by the first who asks, with the help of a pool if there is one; others wait. False where the output's own feedback is not c I.
  bool prepare(const Network<T>& network, Pool* pool);

  const Network<T>& network() const { return *narrow_; }
  std::size_t width() const { return width_; }  // n_{L−1} + 1, without biases n_{L−1}
  double own_feedback() const { return own_; }  // c
  // U, as rows [n_L, stride of width] and as the panels of a weight matrix; Uᵀ as panels.
  const T* rows() const { return rows_.data(); }
  const T* panels() const { return panels_.data(); }
  const T* transposed_panels() const { return transposed_panels_.data(); }

  std::size_t bytes() const;

 private:
  void make(const Network<T>& network);
  void follow(const Network<T>& network, Pool* pool);
  // Whether U has to be found anew.
  bool output_moved(const WeightMatrix<T>& w);
  void find_basis(const WeightMatrix<T>& w);

  std::mutex mutex_;
  bool followed_ = false, fits_ = false;
  std::unique_ptr<Network<T>> narrow_;
  std::size_t outputs_ = 0, width_ = 0;
  double own_ = 0;
  Buffer<T> factored_weights_, factored_bias_;  // what U was made from
  bool factored_ = false;                       // whether it was made
  Buffer<T> rows_, panels_;                     // U
  Buffer<T> transposed_, transposed_panels_;    // Uᵀ, the first as rows [width, stride of n_L]
  Buffer<T> product_;                           // (Q_i U)ᵀ, rows
  std::unique_ptr<OrthonormalColumns> columns_;
};

extern template class NarrowNetwork<float>;
extern template class NarrowNetwork<double>;

}  // namespace apical
