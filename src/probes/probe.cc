#include "probes/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "apical/error.h"
#include "apical/rule.h"
#include "probes/alignment.h"

namespace apical {
namespace {

bool learns_forward(const Card&) { return true; }
bool has_feedback(const Card& card) { return !card.groups.empty(); }

const std::array<ProbeInfo, 4> kProbes = {{
    {"update-angle", "angle between the update and backprop's on the same minibatch, per layer and for the network", "one backprop step", 50,
     &learns_forward},
    {"update-length", "length of the update over backprop's on the same minibatch", "one backprop step", 50, &learns_forward},
    {"weight-alignment", "angle between feedback weights and the transposed forward path", "products of the forward weights", 50,
     &has_feedback},
    {"non-finite", "numbers in weights and updates that are not finite", "one pass over the weights", 50, &learns_forward},
}};

// The update that backprop would make with the same samples and weights.
template <class T>
UpdateComparison against_backprop(const ProbeContext<T>& context) {
  const auto backprop = rule_named("backprop", "probe").template make<T>(rule_named("backprop", "probe").card().settings());
  const std::size_t size = context.minibatch.state().size;
  Minibatch<T> twin(context.network, context.loss, context.pool, size);
  context.network.refresh_transposes();
  twin.assign(*backprop, {.pass = "wake", .group = "forward"}, size, context.source);
  return compare_updates(context.minibatch.delta(), twin.delta());
}

template <class T>
ProbeValues update_probe(const ProbeContext<T>& context, bool angle) {
  const UpdateComparison comparison = against_backprop(context);
  ProbeValues found{{}, angle ? "deg" : ""};
  const auto value = [&](const Comparison& c) { return angle ? c.angle() : c.ratio(); };
  found.values.emplace_back("network", value(comparison.network));
  for (std::size_t i = 0; i < comparison.layers.size(); ++i) {
    found.values.emplace_back(fmt::format("layer {}", i + 1), value(comparison.layers[i]));
  }
  return found;
}

template <class T>
ProbeValues weight_alignment(const ProbeContext<T>& context) {
  ProbeValues found{{}, "deg"};
  for (const WeightGroup& group : context.card.groups) {
    const auto layers = compare_feedback(context.network, group);
    for (std::size_t i = 0; i < layers.size(); ++i) found.values.emplace_back(fmt::format("layer {}", i + 1), layers[i].angle());
  }
  return found;
}

template <class T>
std::size_t count_not_finite(const T* values, std::size_t count) {
  return static_cast<std::size_t>(std::count_if(values, values + count, [](T value) { return !std::isfinite(value); }));
}

template <class T>
ProbeValues non_finite(const ProbeContext<T>& context) {
  ProbeValues found{{}, "numbers"};
  const auto& matrices = context.network.group(context.context.group);
  const GroupDelta<T>& delta = context.minibatch.delta();
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    const auto& w = matrices[i];
    found.values.emplace_back(w.name(), static_cast<double>(count_not_finite(w.panels(), w.panels_size())));
    found.values.emplace_back("update of " + w.name(), static_cast<double>(count_not_finite(delta.weights[i].data(), delta.weights[i].size())));
  }
  found.values.emplace_back("losses", static_cast<double>(context.minibatch.not_finite()));
  return found;
}

}  // namespace

std::span<const ProbeInfo> all_probes() { return kProbes; }

template <class T>
ProbeValues run_probe(const std::string& name, const ProbeContext<T>& context) {
  if (name == "update-angle") return update_probe(context, true);
  if (name == "update-length") return update_probe(context, false);
  if (name == "weight-alignment") return weight_alignment(context);
  if (name == "non-finite") return non_finite(context);
  throw InternalError("no probe is called " + name);
}

template ProbeValues run_probe(const std::string&, const ProbeContext<float>&);
template ProbeValues run_probe(const std::string&, const ProbeContext<double>&);

}  // namespace apical
