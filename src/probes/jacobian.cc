#include "probes/jacobian.h"

#include <algorithm>

#include "probes/matrix.h"

namespace apical {

template <class T>
OutputJacobian output_jacobian(const Network<T>& network, const BatchState<T>& state) {
  const std::size_t depth = network.depth(), outputs = network.units(depth);
  OutputJacobian jacobian{state.size, outputs, 0, {}};
  std::vector<std::size_t> first_unit(depth + 1);
  std::vector<RowMajor> w(depth + 1);
  for (std::size_t i = 1; i <= depth; ++i) {
    first_unit[i] = jacobian.units;
    jacobian.units += network.units(i);
    w[i] = as_matrix(network.weights(i));
  }
  jacobian.values.resize(state.size * outputs * jacobian.units);

  for (std::size_t sample = 0; sample < state.size; ++sample) {
    RowMajor to_output =
        RowMajor::Identity(static_cast<Eigen::Index>(outputs), static_cast<Eigen::Index>(outputs));
    for (std::size_t i = depth; i >= 1; --i) {
      const std::size_t n = network.units(i);
      const T* slope = state.slope[i].data() + sample * row_stride<T>(n);
      if (i < depth) to_output = (to_output * w[i + 1]).eval();
      for (Eigen::Index unit = 0; unit < to_output.cols(); ++unit)
        to_output.col(unit) *= static_cast<double>(slope[unit]);
      for (std::size_t output = 0; output < outputs; ++output) {
        const double* row = to_output.data() + output * n;
        std::copy(row, row + n,
                  jacobian.values.data() + (sample * outputs + output) * jacobian.units + first_unit[i]);
      }
    }
  }
  return jacobian;
}

template OutputJacobian output_jacobian(const Network<float>&, const BatchState<float>&);
template OutputJacobian output_jacobian(const Network<double>&, const BatchState<double>&);

}  // namespace apical
