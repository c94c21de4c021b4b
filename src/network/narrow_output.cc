#include "network/narrow_output.h"

#include <algorithm>

#include "core/profile.h"
#include "kernels/kernels.h"
#include "network/multiply_rows.h"
#include "network/rows_to_panels.h"

namespace apical {
namespace {

// The wide minibatch's own inputs.
template <class T>
class SameInputs final : public SampleSource<T> {
 public:
  SameInputs(const BatchState<T>& from, std::size_t stride) : from_(from), stride_(stride) {}
  void fill(std::size_t first, std::size_t rows, BatchState<T>& batch) const override {
    std::copy_n(from_.rate[0].data() + first * stride_, rows * stride_,
                batch.rate[0].data() + first * stride_);
    std::copy_n(from_.sample.data() + first, rows, batch.sample.data() + first);
    std::fill_n(batch.label.data() + first, rows, -1);
  }

 private:
  const BatchState<T>& from_;
  std::size_t stride_;
};

}  // namespace

template <class T>
NarrowOutput<T>::NarrowOutput(const Network<T>& network, const NarrowNetwork<T>& narrow, Pool& pool,
                              std::size_t capacity)
    : wide_(network),
      narrow_(narrow),
      pool_(pool),
      minibatch_(std::make_unique<Minibatch<T>>(narrow.network(), Loss::half_squared_error, pool, capacity)) {
  std::size_t widest = 0;
  for (std::size_t i = 1; i <= network.depth(); ++i)
    widest = std::max(widest, row_stride<T>(narrow.network().units(i)));
  product_ = Buffer<T>(network.units(network.depth()) * widest);
}

template <class T>
NarrowOutput<T>::~NarrowOutput() = default;

template <class T>
void NarrowOutput<T>::assign(const BasicRule<T>& rule, const PassContext& context, BatchState<T>& batch) {
  minibatch_->keep_controlled(!batch.controlled_v.empty());
  minibatch_->assign_credit(rule, context, batch.size, SameInputs<T>(batch, row_stride<T>(wide_.units(0))));
  minibatch_->propose();
  const BatchState<T>& narrow = minibatch_->state();
  std::copy_n(narrow.settled.begin(), batch.size, batch.settled.begin());
  batch.dynamics = narrow.dynamics;
  if (!batch.controlled_v.empty()) keep_controlled_state(batch);
}

template <class T>
void NarrowOutput<T>::sums_to(const LearningLayers& learning, StepSums<T>& sums) {
  const profile::PhaseScope scope(profile::Phase::update);
  const std::string& group = wide_.groups().front().name;
  sums.prepare(wide_, group, learning);
  sums.learned = true;
  const std::size_t depth = wide_.depth(), outputs = wide_.units(depth), width = narrow_.width();
  const auto samples = static_cast<T>(minibatch_->state().size);
  for (std::size_t i = 1; i <= depth; ++i) {
    if (!learning(group, i)) continue;
    const T* rows = product_.data();
    multiply_rows(&pool_, narrow_.rows(), outputs, width, minibatch_->delta().weights[i - 1].data(),
                  narrow_.network().units(i), product_.data());
    if (i == depth) {
      if (both_.empty()) both_ = Buffer<T>(outputs * row_stride<T>(outputs));
      multiply_rows(&pool_, rows, outputs, width, narrow_.panels(), outputs, both_.data());
      rows = both_.data();
    }
    Buffer<T>& wide = sums.weights[i - 1];
    rows_to_panels(rows, wide_.units(i), outputs, wide.data());
    kernels<T>().scale(samples, wide.data(), wide.size());
  }
}

template <class T>
void NarrowOutput<T>::keep_controlled_state(BatchState<T>& batch) const {
  const BatchState<T>& narrow = minibatch_->state();
  const std::size_t depth = wide_.depth();
  for (std::size_t i = 1; i < depth; ++i)
    std::copy_n(narrow.controlled_v[i].data(), narrow.controlled_v[i].size(), batch.controlled_v[i].data());
  multiply_rows(&pool_, narrow.controlled_v[depth].data(), batch.size, narrow_.width(), narrow_.panels(),
                wide_.units(depth), batch.controlled_v[depth].data());
  std::copy_n(narrow.controlled.begin(), batch.size, batch.controlled.begin());
}

template <class T>
MinibatchMemory NarrowOutput<T>::memory() const {
  MinibatchMemory memory = minibatch_->memory();
  memory.proposals += product_.bytes() + both_.bytes();
  return memory;
}

template class NarrowOutput<float>;
template class NarrowOutput<double>;

}  // namespace apical
