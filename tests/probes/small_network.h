// A small network and data to measure.
#pragma once

#include <cmath>
#include <string>

#include "apical/rule.h"
#include "network/minibatch.h"
#include "probes/probe.h"

namespace apical {

// Inputs and targets that are plain functions of sample and unit.
template <class T>
class Waves final : public SampleSource<T> {
 public:
  Waves(std::size_t inputs, std::size_t outputs) : inputs_(inputs), outputs_(outputs) {}

  void fill(std::size_t first, std::size_t rows, BatchState<T>& batch) const override {
    for (std::size_t row = first; row < first + rows; ++row) {
      T* x = batch.rate[0].data() + row * row_stride<T>(inputs_);
      T* y = batch.target.data() + row * row_stride<T>(outputs_);
      for (std::size_t i = 0; i < inputs_; ++i)
        x[i] = wave(1.7 * static_cast<double>(row) + 0.9 * static_cast<double>(i));
      for (std::size_t i = 0; i < outputs_; ++i)
        y[i] = wave(0.3 + 0.8 * static_cast<double>(row) - 1.1 * static_cast<double>(i));
      batch.sample[row] = static_cast<std::uint32_t>(row);
      batch.label[row] = -1;
    }
  }

 private:
  static T wave(double phase) { return static_cast<T>(std::sin(phase)); }

  std::size_t inputs_, outputs_;
};

// 4-5-3-2, tanh, one rule, `rows` samples.
template <class T>
struct Fixture {
  explicit Fixture(const std::string& id, std::size_t rows = 20)
      : card(rule_named(id, "test").card()),
        settings(card.settings()),
        network(
            {.units = {4, 5, 3, 2}, .activations = {Activation::tanh, Activation::sigmoid, Activation::tanh}},
            card.groups, 7),
        minibatch(network, Loss::mean_squared_error, pool, rows),
        source(4, 2),
        size(rows) {
    for (std::size_t i = 1; i <= 3; ++i) {
      for (std::size_t unit = 0; unit < network.units(i); ++unit)
        network.weights(i).bias()[unit] = static_cast<T>(0.1 * (1.0 + static_cast<double>(unit)));
    }
  }

  void assign() {
    network.refresh_transposes();
    const auto rule = rule_named(card.id, "test").template make<T>(settings);
    minibatch.assign(*rule, {}, size, source);
  }
  ProbeValues measure(const std::string& probe) {
    return run_probe<T>(probe,
                        {network, minibatch, card, {}, Loss::mean_squared_error, pool, source, settings});
  }

  Pool pool{1};
  Card card;
  Parameters settings;
  Network<T> network;
  Minibatch<T> minibatch;
  Waves<T> source;
  std::size_t size;
};

// The value under a name; a name that is not there is a failure of the test.
inline double value_of(const ProbeValues& values, const std::string& name) {
  for (const auto& [label, value] : values.values) {
    if (label == name) return value;
  }
  throw InternalError("no value is called " + name);
}

}  // namespace apical
