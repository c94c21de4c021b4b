// The engine set up for one reference file: a network with the file's weights, and rules of the library run
// on the file's minibatch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/pool.h"
#include "network/minibatch.h"
#include "parity/case.h"

namespace apical::parity {

using Overrides = std::vector<std::pair<std::string_view, Value>>;

// The file's settings in the words of the cards of Deep Feedback Control, in the authors' reading; parameters
// that a card does not have are left out. Throws Error at the file for values out of range.
Parameters settings_for(const Case& reference, const Card& card, const Overrides& overrides,
                        const std::string& where);

// A tensor's gradient as the authors state it: minus the change that the rule proposes.
struct Gradient {
  Matrices W, b;  // row-major; b empty without biases
};

class Engine {
 public:
  // `rule` owns the network's feedback weights; these get the values `feedback`.
  Engine(const Case& reference, const std::string& where, std::string_view rule, const Matrices& feedback);

  // Runs a rule on the minibatch for a pass. What it proposes is in delta().
  void run(std::string_view rule, const Overrides& overrides = {}, const PassContext& pass = {});
  void set_observer(Observer<double>* observer) { minibatch_.set_observer(observer); }
  void set_noise_port(NoisePort<double>* port) { minibatch_.set_noise_port(port); }

  Network<double>& network() { return network_; }
  const Minibatch<double>& minibatch() const { return minibatch_; }
  // Minus a proposed change, for the forward weights or a group of a rule; without `delta` that of the last run.
  Gradient gradient(std::string_view group = "forward") const;
  Gradient gradient(std::string_view group, const GroupDelta<double>& delta) const;
  // Values of the weights of a group, and of their biases.
  Gradient weights(std::string_view group = "forward") const;
  // Rows of a per-sample array of the minibatch, [B, units].
  std::vector<double> rows(const Buffer<double>& array, std::size_t units) const;

 private:
  class Samples;

  const Case& case_;
  std::string where_;
  Pool pool_;
  Network<double> network_;
  Minibatch<double> minibatch_;
};

}  // namespace apical::parity
