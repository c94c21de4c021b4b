// Remakes the transposed copies that verbs of weight transport read, the matrices shared out among threads.
#pragma once

#include "apical/network.h"
#include "core/pool.h"

namespace apical {

template <class T>
void refresh_transposes(Network<T>& network, Pool& pool) {
  auto& matrices = network.group("forward");
  // nothing is transported below the first layer
  pool.run(static_cast<std::uint32_t>(matrices.size() - 1),
           [&](std::uint32_t job, unsigned) { matrices[job + 1].refresh_transpose(); });
}

}  // namespace apical
