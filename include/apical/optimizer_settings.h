// What an optimizer can be told: one set of settings per weight group (forward, feedback, …).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apical/parameter.h"

namespace apical {

enum class OptimizerAlgorithm { sgd, momentum, nesterov, adam, adamw, rmsprop };
enum class Clipping { none, per_tensor, joint };
enum class Decay { l2, homeostatic };
enum class RateSchedule { constant, step, cosine, warmup_cosine };

const std::string& to_string(OptimizerAlgorithm algorithm);
const std::string& to_string(Clipping clipping);
const std::string& to_string(RateSchedule schedule);

// Defaults are PyTorch's where it has the setting. Ranges, units and meanings: optimizer_parameters().
struct OptimizerSettings {
  OptimizerAlgorithm algorithm = OptimizerAlgorithm::adam;
  double learning_rate = 0.001;
  double momentum = 0.9;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double alpha = 0.99;
  double weight_decay = 0;
  Decay decay = Decay::l2;
  double l1 = 0;
  Clipping clip = Clipping::none;
  double clip_norm = 1;
  RateSchedule schedule = RateSchedule::constant;
  std::int64_t step_epochs = 30;
  double step_factor = 0.1;
  std::int64_t decay_epochs = 0;
  std::int64_t warmup_epochs = 5;
  double final_factor = 0;
  std::vector<double> layer_rates;

  bool operator==(const OptimizerSettings&) const = default;

  // From parameters that were described by optimizer_parameters().
  static OptimizerSettings from(const Parameters& parameters);
  // The value of one described setting; an unknown name is a bug of ours.
  Value value(const std::string& name) const;
  void set(const std::string& name, const Value& checked);
};

// The descriptions, in the order in which they are printed. A card that recommends settings gives other
// fallbacks.
const std::vector<Parameter>& optimizer_parameters();

}  // namespace apical
