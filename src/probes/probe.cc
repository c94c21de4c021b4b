#include "probes/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "apical/error.h"
#include "apical/rule.h"
#include "probes/alignment.h"
#include "probes/non_finite.h"
#include "probes/settling.h"

namespace apical {
namespace {

bool always(const Card&) { return true; }

bool is_feedback(const WeightGroup& group) { return group.wiring != Wiring::forward; }
bool has_feedback(const Card& card) {
  return std::any_of(card.groups.begin(), card.groups.end(), &is_feedback);
}

// Rules whose dynamics run for a number of steps.
bool settles(const Card& card) {
  return std::any_of(card.parameters.begin(), card.parameters.end(),
                     [](const Parameter& parameter) { return parameter.name == "steps"; });
}

const std::array<ProbeInfo, 7> kProbes = {{
    {"update-angle",
     "angle between the update and backprop's on the same minibatch, per layer and for the network", "deg",
     "one backprop step", 50, &always},
    {"update-length", "length of the update over backprop's on the same minibatch", "", "one backprop step",
     50, &always},
    {"weight-alignment", "angle between feedback weights and the transposed forward path", "deg",
     "products of the forward weights", 50, &has_feedback},
    {"settling-share", "share of the minibatch's samples that converged, and that diverged", "", "nothing",
     50, &settles},
    {"settling-time", "steps until samples have settled: median, 95 % quantile and latest", "steps",
     "nothing", 50, &settles},
    {"settling-residual",
     "distance from the controlled steady state at the end: median, 95 % quantile and largest", "", "nothing",
     50, &settles},
    {"non-finite", "NaN and infinite numbers in losses, voltages, weights and updates", "numbers",
     "one pass over the weights", 50, &always},
}};

using Values = std::vector<std::pair<std::string, double>>;

// The update that the rule proposes against the one that backprop makes with the same samples and weights.
template <class T>
UpdateComparison against_backprop(const ProbeContext<T>& context) {
  const RuleEntry& backprop = rule_named("backprop", "probe");
  const std::size_t size = context.minibatch.state().size;
  Minibatch<T> twin(context.network, context.loss, context.pool, size);
  context.network.refresh_transposes();
  twin.assign(*backprop.make<T>(backprop.card().settings()), {.pass = "wake", .group = "forward"}, size,
              context.source);
  return compare_updates(context.minibatch.delta_of("forward"), twin.delta());
}

template <class T, class Measure>
Values update_values(const ProbeContext<T>& context, Measure measure) {
  if (context.context.group != "forward") return {};
  const UpdateComparison comparison = against_backprop(context);
  Values values = {{"network", measure(comparison.network)}};
  for (std::size_t i = 0; i < comparison.layers.size(); ++i) {
    values.emplace_back(fmt::format("layer {}", i + 1), measure(comparison.layers[i]));
  }
  return values;
}

template <class T>
Values weight_alignment(const ProbeContext<T>& context) {
  Values values;
  const auto groups = std::count_if(context.card.groups.begin(), context.card.groups.end(), &is_feedback);
  Comparison network;
  for (const WeightGroup& group : context.card.groups) {
    if (!is_feedback(group)) continue;
    const auto layers = compare_feedback(context.network, group);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      values.emplace_back(fmt::format("{}layer {}", groups > 1 ? group.name + ", " : "", i + 1),
                          layers[i].angle());
      network.add(layers[i]);
    }
  }
  values.insert(values.begin(), {"network", network.angle()});
  return values;
}

template <class T>
Values non_finite(const ProbeContext<T>& context) {
  Values values = {{"network", 0.0}};
  for (const auto& [where, count] :
       count_non_finite(context.network, context.minibatch, context.context)) {
    values.emplace_back(where, static_cast<double>(count));
    values.front().second += static_cast<double>(count);
  }
  return values;
}

template <class T>
Values values_of(const std::string& name, const ProbeContext<T>& context) {
  if (name == "update-angle") return update_values(context, [](const Comparison& c) { return c.angle(); });
  if (name == "update-length") return update_values(context, [](const Comparison& c) { return c.ratio(); });
  if (name == "weight-alignment") return weight_alignment(context);
  if (name == "non-finite") return non_finite(context);
  const SettlingSummary s = summarise_settling(context.minibatch.state());
  if (name == "settling-share") return {{"converged", s.converged}, {"diverged", s.diverged}};
  if (name == "settling-time")
    return {{"median", s.time_median}, {"95 %", s.time_late}, {"latest", s.time_latest}};
  if (name == "settling-residual")
    return {{"median", s.residual_median}, {"95 %", s.residual_late}, {"largest", s.residual_largest}};
  throw InternalError("no probe measures " + name);
}

}  // namespace

std::span<const ProbeInfo> all_probes() { return kProbes; }

const ProbeInfo& probe_named(std::string_view name, const std::string& where) {
  std::vector<std::string> names;
  for (const ProbeInfo& probe : kProbes) {
    if (probe.name == name) return probe;
    names.push_back(probe.name);
  }
  throw unknown_choice(where, "probe", name, names);
}

template <class T>
ProbeValues run_probe(const std::string& name, const ProbeContext<T>& context) {
  return {values_of(name, context), probe_named(name, "probes").unit};
}

template ProbeValues run_probe(const std::string&, const ProbeContext<float>&);
template ProbeValues run_probe(const std::string&, const ProbeContext<double>&);

}  // namespace apical
