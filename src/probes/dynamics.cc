#include "probes/dynamics.h"

#include <algorithm>
#include <string_view>

namespace apical {
namespace {

bool has(const std::vector<Parameter>& described, std::string_view name) {
  return std::any_of(described.begin(), described.end(),
                     [&](const Parameter& parameter) { return parameter.name == name; });
}

}  // namespace

ControlledDynamics dynamics_of(const Parameters& settings) {
  const auto has_setting = [&](const char* name) { return has(settings.described(), name); };
  const auto real = [&](const char* name, double otherwise) {
    return has_setting(name) ? settings.real(name) : otherwise;
  };
  ControlledDynamics d;
  d.controller = {.k_p = real("k_p", 0), .alpha = real("alpha", 0)};
  if (has_setting("reading")) d.controller.leak_on_control = settings.text("reading") == "code";
  d.settling.dt = real("dt", d.settling.dt);
  d.settling.tau_v = real("tau_v", d.settling.tau_v);
  d.settling.tau_a = real("tau_a", d.settling.tau_a);
  if (has_setting("steps")) d.settling.steps = settings.whole("steps");
  if (has_setting("transmission"))
    d.settling.instantaneous_transmission = settings.text("transmission") == "instantaneous";
  if (has_setting("proactive")) d.settling.proactive = settings.flag("proactive");
  return d;
}

bool has_direct_feedback(const Card& card) {
  return std::any_of(card.groups.begin(), card.groups.end(), [&](const WeightGroup& group) {
    return group.name == "feedback" && (group.wiring == Wiring::direct_feedback ||
                                        (group.wiring == Wiring::direct_to_hidden && settles(card)));
  });
}

bool has_feedback_chain(const Card& card) {
  return settles(card) && std::any_of(card.groups.begin(), card.groups.end(), [](const WeightGroup& group) {
           return group.name == "feedback" && group.wiring == Wiring::backward_chain;
         });
}

bool is_controlled(const Card& card) { return has_direct_feedback(card) && has(card.parameters, "alpha"); }

bool settles(const Card& card) { return has(card.parameters, "steps"); }

bool takes_steps(const Card& card) { return settles(card) || has(card.parameters, "steps_fb"); }

bool is_driven(const Card& card) { return is_controlled(card) || settles(card); }

bool simulates(const Card& card) {
  return is_controlled(card) && settles(card) && has(card.parameters, "dt");
}

}  // namespace apical
