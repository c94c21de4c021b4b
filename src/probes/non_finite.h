// Numbers that are no numbers any more, and where they are.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "network/minibatch.h"

namespace apical {

// Counts of NaN and infinite numbers: "losses", "voltages of layer 1", every matrix and bias of the network
// ("W1", "b1", "feedback1"), and the changes that the minibatch proposes for the groups of its pass ("update of W1").
template <class T>
std::vector<std::pair<std::string, std::size_t>> count_non_finite(const Network<T>& network,
                                                                  const Minibatch<T>& minibatch,
                                                                  const PassContext& context);

}  // namespace apical
