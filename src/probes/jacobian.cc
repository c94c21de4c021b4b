#include "probes/jacobian.h"

#include <algorithm>

#include "network/least_norm.h"

namespace apical {

template <class T>
OutputJacobian output_jacobian(const Network<T>& network, const BatchState<T>& state) {
  const SampleJacobian<T> jacobian(network);
  OutputJacobian all{
      state.size, network.units(network.depth()), static_cast<std::size_t>(jacobian.units()), {}};
  for (std::size_t row = 0; row < state.size; ++row) {
    const RowMajor one = jacobian.at(state, row);
    all.values.insert(all.values.end(), one.data(), one.data() + one.size());
  }
  return all;
}

template OutputJacobian output_jacobian(const Network<float>&, const BatchState<float>&);
template OutputJacobian output_jacobian(const Network<double>&, const BatchState<double>&);

}  // namespace apical
