// Read-only measurements of a network in training, scheduled by the recipe's [probes].
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apical/card.h"

namespace apical {

// What one probe found: names ("network", "layer 1", …) and values; NaN where a value is not defined.
struct ProbeValues {
  std::vector<std::pair<std::string, double>> values;
  std::string unit;
};

struct ProbeInfo {
  std::string name;                      // key in [probes]: "update-angle"
  std::string meaning;                   // one clause
  std::string unit;                      // of its values: "deg", "steps"; empty: dimensionless
  std::string cost;                      // in words: "one backprop step"
  std::int64_t every;                    // default schedule, in minibatches; 0: never
  bool (*applies_to)(const Card& card);  // whether it means anything for a rule
  bool reads_controlled = false;         // looks at the controlled state in which samples end
  bool before_training = false;          // also runs in passes before training: what it measures learns there
};

// The one setting of [probes] that is no schedule: γ of the references that are damped.
Parameter damping_parameter();

std::span<const ProbeInfo> all_probes();
// Throws Error with the nearest valid names.
const ProbeInfo& probe_named(std::string_view name, const std::string& where);

}  // namespace apical
