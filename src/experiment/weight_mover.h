// The optimizers of a training: what a minibatch proposes goes through them into the weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "apical/checkpoint.h"
#include "apical/optimizer.h"
#include "core/pool.h"
#include "experiment/plan.h"
#include "network/minibatch.h"
#include "network/transposes.h"

namespace apical {

template <class T>
class WeightMover {
 public:
  // Moves the network's weights by what the minibatch proposes.
  WeightMover(const Plan& plan, Network<T>& network, Minibatch<T>& minibatch, Pool& pool);

  // The pass whose groups move from now on.
  void begin(const Pass& pass);
  // Whether an optimizer of the pass has to see the whole update first.
  bool clips() const;
  // Layers of the pass's own group that have a learning rate; empty: all.
  std::span<const std::uint8_t> learning_layers() const { return learns_; }

  // Each piece of the update straight into the weights. epoch: of the wake passes, fractions count.
  void move_piece_by_piece(double epoch);
  // The update that the minibatch holds.
  void move_proposed(double epoch);

  // Of moments: of all optimizers, and of those of the pass.
  std::size_t bytes() const;
  std::size_t bytes_in_pass() const;
  void save(Checkpoint& checkpoint) const;
  // Throws Error where the checkpoint does not fit.
  void load(const Checkpoint& checkpoint);

 private:
  struct Piece {
    std::size_t tensor, begin, end;
  };

  std::vector<Tensor<T>> tensors_of(const std::string& group);
  void prepare(const Pass::Moved& moved, double epoch);
  void move_pieces();

  const Plan& plan_;
  Network<T>& network_;
  Minibatch<T>& minibatch_;
  Pool& pool_;
  std::map<std::string, Optimizer<T>> optimizers_;
  std::vector<Pass::Moved> moved_;    // by the pass that runs
  std::vector<std::uint8_t> learns_;  // layers of its own group that have a learning rate; empty: all
  Optimizer<T>* moving_ = nullptr;    // one of its optimizers
  const bool transports_;
  const TransposedPieces<T> transposed_;
  bool following_ = false;  // the pieces that move now have transposed copies
  const DeltaSink<T> mover_;
  std::vector<Piece> pieces_;
};

extern template class WeightMover<float>;
extern template class WeightMover<double>;

}  // namespace apical
