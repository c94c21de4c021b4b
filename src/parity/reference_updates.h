// Updates that others are measured against, by the names that a file gives them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "parity/checks.h"
#include "parity/engine.h"

namespace apical::parity {

// Backpropagation, and the minimum-norm and Gauss-Newton updates as the authors' code forms them.
class ReferenceUpdates {
 public:
  explicit ReferenceUpdates(const Bench& bench) : bench_(bench) {}

  // An engine that has proposed the update: "bp", "gn_damping0.1", "mn_linear", "mn_nonlinear", "mn_damping0.1_linear"; null for other names.
  const Engine* named(const std::string& name);

 private:
  const Bench& bench_;
  std::map<std::string, std::unique_ptr<Engine>> engines_;
};

// The number after a prefix of a name: 0.1 of "gn_damping0.1"; none where the name does not go on as a number.
std::optional<double> number_after(const std::string& prefix, const std::string& name);

}  // namespace apical::parity
