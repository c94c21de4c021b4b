// How the runner calls a probe.
#pragma once

#include <string>

#include "apical/probe.h"
#include "core/pool.h"
#include "network/minibatch.h"

namespace apical {

// A minibatch whose update has been proposed (minibatch.delta(), at the network's present weights) but not
// yet applied.
template <class T>
struct ProbeContext {
  Network<T>& network;  // transposed copies may be refreshed; weights stay
  const Minibatch<T>& minibatch;
  const Card& card;
  PassContext context;
  Loss loss;
  Pool& pool;
  const SampleSource<T>& source;  // gives the same samples again
  const Parameters& settings;     // of the rule
  double damping = 0.1;           // γ of damped references
};

// `name` is one of all_probes(); another is a bug of ours.
template <class T>
ProbeValues run_probe(const std::string& name, const ProbeContext<T>& context);

extern template ProbeValues run_probe(const std::string&, const ProbeContext<float>&);
extern template ProbeValues run_probe(const std::string&, const ProbeContext<double>&);

}  // namespace apical
