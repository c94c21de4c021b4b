#include "apical/activation.h"

#include <algorithm>
#include <array>

#include "apical/error.h"

namespace apical {
namespace {

const std::array<std::string, kActivations> kNames = {"linear",  "relu",     "leaky-relu", "tanh",
                                                      "sigmoid", "softplus", "tanh-fast",  "sigmoid-fast"};

}  // namespace

const std::string& to_string(Activation activation) { return kNames[static_cast<std::size_t>(activation)]; }

std::span<const std::string> activation_names() { return kNames; }

Activation activation_named(std::string_view name, const std::string& where) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) throw unknown_choice(where, "activation", name, kNames);
  return static_cast<Activation>(found - kNames.begin());
}

}  // namespace apical
