// A small network with made-up data, and one minibatch of it run through a rule of the library.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apical/loss.h"
#include "apical/network.h"
#include "apical/rule.h"
#include "core/pool.h"
#include "kernels/panels.h"
#include "network/minibatch.h"

namespace apical {

using Numbers = std::vector<double>;
using Overrides = std::vector<std::pair<std::string_view, Value>>;

// Network, loss and samples. Labels are given for classes, targets y for regression.
struct Toy {
  NetworkSpec spec;
  Loss loss = Loss::cross_entropy;
  std::size_t batch = 3;
  std::uint64_t seed = 1;
  Numbers x;                           // [B, n_0]
  Numbers y;                           // [B, n_L] or empty
  std::vector<std::int32_t> labels;    // [B]; −1 for regression
  std::vector<std::uint32_t> numbers;  // [B] which samples of the data these are; empty: 0, 1, …

  std::size_t outputs() const { return spec.units.back(); }
};

struct ToySpec {
  std::vector<std::size_t> units = {7, 6, 5, 4};
  Activation hidden = Activation::tanh, output = Activation::linear;
  Loss loss = Loss::cross_entropy;
  std::size_t batch = 3;
  bool biases = true;
  double gain = 1;
  std::uint64_t seed = 1;
  bool regression = false;  // real targets instead of classes
};

inline Toy make_toy(const ToySpec& s) {
  Toy toy;
  toy.spec.units = s.units;
  toy.spec.activations.assign(s.units.size() - 2, s.hidden);
  toy.spec.activations.push_back(s.output);
  toy.spec.biases = s.biases;
  toy.spec.gain = s.gain;
  toy.loss = s.loss;
  toy.batch = s.batch;
  toy.seed = s.seed;
  std::mt19937_64 generator(s.seed);
  std::normal_distribution<double> normal;
  for (std::size_t i = 0; i < s.batch * s.units.front(); ++i) toy.x.push_back(normal(generator));
  for (std::size_t i = 0; i < s.batch; ++i) {
    toy.labels.push_back(s.regression ? -1 : static_cast<std::int32_t>(generator() % s.units.back()));
  }
  for (std::size_t i = 0; s.regression && i < s.batch * s.units.back(); ++i)
    toy.y.push_back(normal(generator));
  return toy;
}

template <class T>
class ToySource final : public SampleSource<T> {
 public:
  explicit ToySource(const Toy& toy) : toy_(toy) {}

  void fill(std::size_t first, std::size_t rows, BatchState<T>& batch) const override {
    for (std::size_t row = first; row < first + rows; ++row) {
      copy(toy_.x, toy_.spec.units.front(), row, batch.rate[0]);
      if (!toy_.y.empty()) copy(toy_.y, toy_.outputs(), row, batch.target);
      batch.sample[row] = toy_.numbers.empty() ? static_cast<std::uint32_t>(row) : toy_.numbers[row];
      batch.label[row] = toy_.labels[row];
    }
  }

 private:
  static void copy(const Numbers& from, std::size_t units, std::size_t row, Buffer<T>& to) {
    for (std::size_t j = 0; j < units; ++j)
      to[row * row_stride<T>(units) + j] = static_cast<T>(from[row * units + j]);
  }

  const Toy& toy_;
};

// What a rule proposed for a group, per layer−1: W row-major, b empty without biases.
struct Change {
  std::vector<Numbers> W, b;
};

inline Parameters settings_of(std::string_view rule, const Overrides& overrides = {}) {
  const Card card = rule_named(rule, "test").card();
  Parameters settings = card.settings();
  for (const auto& [name, value] : overrides) settings.set(name, value, "test");
  card.apply_presets(settings);
  return settings;
}

template <class T>
class Bench {
 public:
  // `owner`: the rule whose weight groups the network gets; biases are drawn, so that they take part.
  Bench(const Toy& toy, std::string_view owner, const Overrides& overrides, Pool& pool, bool whole = false)
      : toy_(toy),
        network_(toy.spec, rule_named(owner, "test").card().configured(settings_of(owner, overrides)).groups,
                 toy.seed),
        minibatch_(network_, toy.loss, pool, toy.batch, whole) {
    std::mt19937_64 generator(toy.seed + 1);
    std::normal_distribution<double> normal(0, 0.3);
    for (auto& w : network_.group("forward")) {
      Numbers bias(w.has_bias() ? w.n_out() : 0);
      for (double& value : bias) value = normal(generator);
      w.set_bias_values(bias);
    }
    network_.refresh_transposes();
  }
  // On the caller's thread alone.
  explicit Bench(const Toy& toy, std::string_view owner = "backprop", const Overrides& overrides = {})
      : Bench(toy, owner, overrides, one_thread()) {}

  // Runs a rule; the change that it proposes for the pass's group.
  Change run(std::string_view rule, const Overrides& overrides = {}, const PassContext& pass = {}) {
    minibatch_.assign(*rule_named(rule, "test").make<T>(settings_of(rule, overrides)), pass, toy_.batch,
                      ToySource<T>(toy_));
    return change(pass.group);
  }

  Change change(std::string_view group = "forward") const {
    const GroupDelta<T>& delta = minibatch_.delta_of(group);
    Change change;
    for (const auto& w : network_.group(group)) {
      auto& values = change.W.emplace_back();
      for (std::size_t out = 0; out < w.n_out(); ++out) {
        for (std::size_t in = 0; in < w.n_in(); ++in) {
          const std::size_t index = panel_index<T>(w.n_out(), w.n_in(), out, in);
          values.push_back(static_cast<double>(delta.weights[w.layer() - 1][index]));
        }
      }
      auto& bias = change.b.emplace_back();
      for (std::size_t unit = 0; w.has_bias() && unit < w.n_out(); ++unit) {
        bias.push_back(static_cast<double>(delta.bias[w.layer() - 1][unit]));
      }
    }
    return change;
  }

  const Toy& toy() const { return toy_; }
  Network<T>& network() { return network_; }
  Minibatch<T>& minibatch() { return minibatch_; }

 private:
  static Pool& one_thread() {
    static Pool pool(1);
    return pool;
  }

  const Toy& toy_;
  Network<T> network_;
  Minibatch<T> minibatch_;
};

inline const PassContext kSleep{.pass = "sleep", .group = "feedback", .seed = 0, .epoch = 0};

// ‖a − b‖ / ‖b‖; NaN where a number is not finite or sizes differ, so that every bound fails.
inline double deviation(const Numbers& a, const Numbers& b) {
  if (a.size() != b.size() || a.empty()) return std::nan("");
  double difference = 0, length = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    length += b[i] * b[i];
  }
  return std::sqrt(difference / length);
}

// The worst matrix or bias.
inline double deviation(const Change& a, const Change& b) {
  if (a.W.size() != b.W.size() || a.b.size() != b.b.size() || a.W.empty()) return std::nan("");
  double worst = 0;
  const auto take = [&](double one) { worst = std::isnan(worst) || one <= worst ? worst : one; };
  for (std::size_t i = 0; i < a.W.size(); ++i) take(deviation(a.W[i], b.W[i]));
  for (std::size_t i = 0; i < a.b.size(); ++i) {
    if (!a.b[i].empty() || !b.b[i].empty()) take(deviation(a.b[i], b.b[i]));
  }
  return worst;
}

inline double length(const Numbers& a) {
  double sum = 0;
  for (const double value : a) sum += value * value;
  return std::sqrt(sum);
}

inline double length(const Change& a) {
  double sum = 0;
  for (const auto* list : {&a.W, &a.b}) {
    for (const Numbers& one : *list) sum += length(one) * length(one);
  }
  return std::sqrt(sum);
}

inline Change scaled(Change change, double factor) {
  for (auto* list : {&change.W, &change.b}) {
    for (Numbers& values : *list) {
      for (double& value : values) value *= factor;
    }
  }
  return change;
}

// Angle in degrees between two changes of one matrix.
inline double angle(const Numbers& a, const Numbers& b) {
  double dot = 0;
  for (std::size_t i = 0; i < a.size(); ++i) dot += a[i] * b[i];
  return std::acos(std::min(1.0, dot / (length(a) * length(b)))) * 180 / 3.14159265358979323846;
}

// Slope of log y over log x, by least squares.
inline double log_slope(const Numbers& x, const Numbers& y) {
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  const auto n = static_cast<double>(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double a = std::log(x[i]), b = std::log(y[i]);
    sx += a, sy += b, sxx += a * a, sxy += a * b;
  }
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

}  // namespace apical
