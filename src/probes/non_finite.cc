#include "probes/non_finite.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace apical {
namespace {

// Padding is left out: once a weight is NaN, it is no longer zero.
template <class T>
std::size_t count(const T* values, std::size_t size) {
  return static_cast<std::size_t>(
      std::count_if(values, values + size, [](T value) { return !std::isfinite(value); }));
}

// Rows a stride apart, of which the first `units` elements count.
template <class T>
std::size_t count_rows(const T* first, std::size_t rows, std::size_t units, std::size_t stride) {
  std::size_t sum = 0;
  for (std::size_t row = 0; row < rows; ++row) sum += count(first + row * stride, units);
  return sum;
}

// A matrix in panels: each panel is n_in rows of neighbouring units.
template <class T>
std::size_t count_panels(const T* panels, std::size_t n_out, std::size_t n_in) {
  std::size_t sum = 0;
  for (std::size_t first = 0; first < n_out; first += kPanel<T>) {
    const std::size_t units = std::min(kPanel<T>, n_out - first);
    const std::size_t width = std::min(kPanel<T>, padded<T>(n_out) - first);
    sum += count_rows(panels + panel_index<T>(n_out, n_in, first, 0), n_in, units, width);
  }
  return sum;
}

}  // namespace

template <class T>
std::vector<std::pair<std::string, std::size_t>> count_non_finite(const Network<T>& network,
                                                                  const Minibatch<T>& minibatch,
                                                                  const PassContext& context) {
  std::vector<std::pair<std::string, std::size_t>> counts;
  const BatchState<T>& state = minibatch.state();
  counts.emplace_back("losses", minibatch.not_finite());
  for (std::size_t i = 1; i <= network.depth(); ++i) {
    const std::size_t n = network.units(i);
    counts.emplace_back(fmt::format("voltages of layer {}", i),
                        count_rows(state.v[i].data(), state.size, n, row_stride<T>(n)));
  }
  const auto bias_name = [](const WeightMatrix<T>& w) { return fmt::format("b{}", w.layer()); };
  for (const auto& [name, matrices] : network.all_groups()) {
    for (const auto& w : matrices) {
      counts.emplace_back(w.name(), count_panels(w.panels(), w.n_out(), w.n_in()));
      if (w.has_bias()) counts.emplace_back(bias_name(w), count(w.bias(), w.n_out()));
    }
  }
  context.for_each_group([&](std::string_view group) {
    const GroupDelta<T>& delta = minibatch.delta_of(group);
    for (const auto& w : network.group(group)) {
      const Buffer<T>&weights = delta.weights[w.layer() - 1], &bias = delta.bias[w.layer() - 1];
      counts.emplace_back("update of " + w.name(), count_panels(weights.data(), w.n_out(), w.n_in()));
      if (w.has_bias()) counts.emplace_back("update of " + bias_name(w), count(bias.data(), w.n_out()));
    }
  });
  return counts;
}

template std::vector<std::pair<std::string, std::size_t>> count_non_finite(const Network<float>&,
                                                                           const Minibatch<float>&,
                                                                           const PassContext&);
template std::vector<std::pair<std::string, std::size_t>> count_non_finite(const Network<double>&,
                                                                           const Minibatch<double>&,
                                                                           const PassContext&);

}  // namespace apical
