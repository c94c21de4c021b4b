// A network's weights as the named arrays of a checkpoint: "W1" [n_1, n_0], "b1" [n_1], "feedback1" …, row-major.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "apical/checkpoint.h"
#include "apical/network.h"

namespace apical {

// "b3" for "W3"; "feedback3 bias" for other groups.
template <class T>
std::string bias_name(const WeightMatrix<T>& w) {
  return w.name()[0] == 'W' ? "b" + w.name().substr(1) : w.name() + " bias";
}

template <class T>
void save_network(const Network<T>& network, Checkpoint& checkpoint) {
  for (const auto& [group, matrices] : network.all_groups()) {
    for (const WeightMatrix<T>& w : matrices) {
      const auto values = w.values();
      const std::vector<T> exact(values.begin(), values.end());
      checkpoint.add(NamedTensor::of<T>(w.name(), {w.n_out(), w.n_in()}, exact));
      if (w.has_bias()) checkpoint.add(NamedTensor::of<T>(bias_name(w), {w.n_out()}, {w.bias(), w.n_out()}));
    }
  }
}

// Throws Error that names file, array, and expected and found type and shape.
template <class T>
void load_network(Network<T>& network, const Checkpoint& checkpoint) {
  for (const auto& [group, unused] : network.all_groups()) {
    for (WeightMatrix<T>& w : network.group(group)) {
      const auto& saved = checkpoint.require_tensor(w.name(), dtype_of<T>(), std::array{w.n_out(), w.n_in()});
      const auto values = saved.template as<T>();
      w.set_values(std::vector<double>(values.begin(), values.end()));
      if (!w.has_bias()) continue;
      const auto bias =
          checkpoint.require_tensor(bias_name(w), dtype_of<T>(), std::array{w.n_out()}).template as<T>();
      w.set_bias_values(std::vector<double>(bias.begin(), bias.end()));
    }
  }
}

}  // namespace apical
