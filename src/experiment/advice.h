// What the runner says where training or controlled dynamics do not behave: which condition is violated, and what to try.
#pragma once

#include <cstddef>
#include <string>

#include "apical/error.h"
#include "experiment/plan.h"
#include "network/minibatch.h"

namespace apical {

// How many samples stopped being finite while they settled, and whether that has reached the proposed update: where they
// are left out of it, training goes on, as long as there are others.
template <class T>
std::size_t samples_lost(const Minibatch<T>& minibatch);
template <class T>
bool update_lost(const Minibatch<T>& minibatch);

// Says where the numbers of a minibatch stopped being numbers. `minibatch_number` counts from 1.
template <class T>
Error divergence_error(const Segment& segment, std::size_t minibatch_number, const Network<T>& network,
                       const BatchState<T>& state);

// Lets the minibatch run away once more and says who, when, where and why: share of samples, the first state and layer
// that were not finite, the eigenvalues at that sample's feedforward point. `minibatch_number` counts from 1.
template <class T>
Error runaway_error(const Plan& plan, const Segment& segment, std::size_t minibatch_number,
                    const PassContext& context, const Network<T>& network, const BasicRule<T>& rule,
                    const SampleSource<T>& source, Minibatch<T>& minibatch);

// Empty, or a warning where fewer than half of the samples settle and those that do not teach nothing. Shares in [0, 1];
// `diverged_share`: of those that run away instead of being slow.
std::string unsettled_warning(const Plan& plan, double settled_share, double diverged_share);

// Empty, or a warning where a classifier ends an epoch with more than twice the loss of one that holds all classes for
// equally likely: its numbers are finite, but its steps have thrown it far from any use.
std::string thrown_warning(const Plan& plan, double training_loss);

}  // namespace apical
