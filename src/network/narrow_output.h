// A pass that leaves the output alone, on a network with fewer outputs (narrow_network.h): the same numbers, but for rounding.
//
// Outer products with the control, Σ p uᵀ, are (Σ p u'ᵀ) Uᵀ; the output's own is U (Σ p' u'ᵀ) Uᵀ.
#pragma once

#include <memory>
#include <string>

#include "apical/network.h"
#include "apical/rule.h"
#include "core/pool.h"
#include "network/minibatch.h"
#include "network/narrow_network.h"

namespace apical {

template <class T>
class NarrowOutput {
 public:
  // `narrow` is ready, and stays where it is.
  NarrowOutput(const Network<T>& network, const NarrowNetwork<T>& narrow, Pool& pool, std::size_t capacity);
  ~NarrowOutput();

  // Runs the rule on the samples whose feedforward point `batch` holds, and writes there in what they end.
  void assign(const BasicRule<T>& rule, const PassContext& context, BatchState<T>& batch);
  // What the last assign proposes, as sums over the minibatch in the coordinates of the wide output.
  void sums_to(const LearningLayers& learning, StepSums<T>& sums);

  MinibatchMemory memory() const;
  Marks marks() const { return minibatch_->marks(); }
  void reset_marks() { minibatch_->reset_marks(); }

 private:
  void keep_controlled_state(BatchState<T>& batch) const;

  const Network<T>& wide_;
  const NarrowNetwork<T>& narrow_;
  Pool& pool_;
  std::unique_ptr<Minibatch<T>> minibatch_;
  Buffer<T> product_, both_;  // (Σ p u'ᵀ Uᵀ)ᵀ, rows; of the output, from both sides
};

extern template class NarrowOutput<float>;
extern template class NarrowOutput<double>;

}  // namespace apical
