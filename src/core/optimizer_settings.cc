#include "apical/optimizer_settings.h"

#include <algorithm>
#include <array>

#include "core/settings_table.h"

namespace apical {
namespace {

const std::array<std::string, 6> kAlgorithms = {"sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop"};
const std::array<std::string, 3> kClippings = {"none", "per-tensor", "joint"};
const std::array<std::string, 2> kDecays = {"l2", "homeostatic"};
const std::array<std::string, 4> kSchedules = {"constant", "step", "cosine", "warmup-cosine"};

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kMostEpochs = 1e9;
// At 1 an average would never take anything in.
constexpr double kMostDecay = 0.999999;

const std::vector<Field<OptimizerSettings>>& table() {
  using S = OptimizerSettings;
  static const std::vector<Field<S>> fields = {
      enum_field(&S::algorithm, kAlgorithms, "algorithm", "how a summed weight change becomes a step."),
      field(&S::learning_rate, real("learning_rate", 0, "", 0, kInfinity, "step size before any schedule.")),
      field(&S::momentum, real("momentum", 0, "", 0, 1, "decay of the velocity; momentum and nesterov.")),
      field(&S::beta1, real("beta1", 0, "", 0, kMostDecay, "decay of the first moment; adam and adamw.")),
      field(&S::beta2, real("beta2", 0, "", 0, kMostDecay, "decay of the second moment; adam and adamw.")),
      field(&S::epsilon, real("epsilon", 0, "", 0, kInfinity,
                              "added to the root of the second moment; adam, adamw, rmsprop.")),
      field(&S::alpha,
            real("alpha", 0, "", 0, kMostDecay, "decay of the squared-gradient average; rmsprop.")),
      field(&S::weight_decay,
            real("weight_decay", 0, "", 0, kInfinity,
                 "L2 coefficient, added to the gradient before the moments; decoupled for adamw.")),
      enum_field(&S::decay, kDecays, "decay",
                 "what weight_decay multiplies: 1, or how far the group's squared norm has grown since the "
                 "first step."),
      field(&S::l1,
            real("l1", 0, "", 0, kInfinity, "L1 coefficient, added to the gradient as l1 * sign(w).")),
      enum_field(&S::clip, kClippings, "clip",
                 "which norm is limited to clip_norm: each tensor's, or that of the group as one."),
      field(&S::clip_norm,
            real("clip_norm", 0, "", 0, kInfinity, "largest L2 norm of a gradient that is clipped.")),
      enum_field(&S::schedule, kSchedules, "schedule", "how the learning rate changes over the epochs."),
      field(&S::step_epochs,
            whole("step_epochs", 0, "epochs", 1, kMostEpochs, "schedule step: epochs between two steps.")),
      field(&S::step_factor,
            real("step_factor", 0, "", 0, 1, "schedule step: the rate is multiplied by this at each step.")),
      field(&S::decay_epochs,
            whole("decay_epochs", 0, "epochs", 0, kMostEpochs,
                  "cosine schedules: epochs until the final rate; 0 is the whole training.")),
      field(&S::warmup_epochs, whole("warmup_epochs", 0, "epochs", 0, kMostEpochs,
                                     "schedule warmup-cosine: epochs of linear rise from 0.")),
      field(&S::final_factor,
            real("final_factor", 0, "", 0, 1, "cosine schedules: final rate as a share of learning_rate.")),
      field(&S::layer_rates,
            reals("layer_rates", {}, "", 0, kInfinity,
                  "one multiplier of the learning rate per layer, from the input on; empty: 1 everywhere.")),
  };
  return fields;
}

const Field<OptimizerSettings>& entry(const std::string& name) {
  for (const auto& field : table()) {
    if (field.parameter.name == name) return field;
  }
  throw InternalError("the optimizer settings describe no '" + name + "'");
}

}  // namespace

const std::string& to_string(OptimizerAlgorithm algorithm) {
  return kAlgorithms[static_cast<std::size_t>(algorithm)];
}
const std::string& to_string(Clipping clipping) { return kClippings[static_cast<std::size_t>(clipping)]; }
const std::string& to_string(RateSchedule schedule) { return kSchedules[static_cast<std::size_t>(schedule)]; }

OptimizerSettings OptimizerSettings::from(const Parameters& parameters) {
  OptimizerSettings settings;
  for (const auto& field : table()) field.set(settings, parameters.value(field.parameter.name));
  return settings;
}

Value OptimizerSettings::value(const std::string& name) const { return entry(name).get(*this); }
void OptimizerSettings::set(const std::string& name, const Value& checked) {
  entry(name).set(*this, checked);
}

const std::vector<Parameter>& optimizer_parameters() {
  static const std::vector<Parameter> parameters = described(table());
  return parameters;
}

}  // namespace apical
