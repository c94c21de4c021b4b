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
};

std::span<const ProbeInfo> all_probes();
// Throws Error with the nearest valid names.
const ProbeInfo& probe_named(std::string_view name, const std::string& where);

}  // namespace apical
