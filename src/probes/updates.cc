// The proposed update of the forward weights against those of other rules, on the same samples and weights.
#include <fmt/format.h>

#include "apical/rule.h"
#include "probes/dynamics.h"
#include "probes/non_finite.h"
#include "probes/references.h"
#include "probes/table.h"

namespace apical {
namespace {

double angle(const Comparison& c) { return c.angle(); }
double length(const Comparison& c) { return c.ratio(); }

template <class T>
using Compare = UpdateComparison (*)(const ProbeContext<T>&);

template <class T>
Values compared(const ProbeContext<T>& context, Compare<T> compare, double (*measure)(const Comparison&)) {
  if (context.context.group != "forward") return {};
  const UpdateComparison comparison = compare(context);
  Values values = {{"network", measure(comparison.network)}};
  for (std::size_t i = 0; i < comparison.layers.size(); ++i)
    values.emplace_back(fmt::format("layer {}", i + 1), measure(comparison.layers[i]));
  return values;
}

// What another rule proposes.
template <class T>
UpdateComparison against_rule(const ProbeContext<T>& context, const RuleEntry& rule,
                              const Parameters& settings) {
  const std::size_t size = context.minibatch.state().size;
  Minibatch<T> twin(context.network, context.loss, context.pool, size);
  context.network.refresh_transposes();
  twin.assign(*rule.make<T>(settings), {.pass = "wake", .group = "forward"}, size, context.source);
  return compare_updates(context.minibatch.delta_of("forward"), twin.delta());
}

template <class T>
UpdateComparison against_backprop(const ProbeContext<T>& context) {
  const RuleEntry& rule = rule_named("backprop", "probe");
  return against_rule(context, rule, rule.card().settings());
}

// The analytic steady state under the settings of the rule that runs, with the leak that its controller has in
// its steady state.
template <class T>
UpdateComparison against_analytic(const ProbeContext<T>& context) {
  const RuleEntry& rule = rule_named("dfc-ssa", "probe");
  Parameters settings = rule.card().settings();
  for (const Parameter& parameter : settings.described()) {
    const auto& own = context.settings.described();
    const auto same =
        std::find_if(own.begin(), own.end(), [&](const Parameter& p) { return p.name == parameter.name; });
    if (same != own.end() && same->fallback.index() == parameter.fallback.index() &&
        same->choices == parameter.choices)
      settings.set(parameter.name, context.settings.value(parameter.name));
  }
  settings.set("alpha", dynamics_of(context.settings).controller.steady_leak());
  return against_rule(context, rule, settings);
}

template <ReferenceKind kind, bool damped, class T>
UpdateComparison against_reference(const ProbeContext<T>& context) {
  const ReferenceUpdate reference =
      reference_update(context.network, context.minibatch.state(), kind, damped ? context.damping : 0);
  return compare_with_reference(context.network, context.minibatch.delta_of("forward"), reference);
}

bool has_analytic_twin(const Card& card) {
  return is_controlled(card) && std::any_of(card.parameters.begin(), card.parameters.end(),
                                            [](const Parameter& p) { return p.name == "target_step"; });
}

// An angle and a length for one reference.
template <Compare<float> single, Compare<double> twice>
void add(std::vector<Probe>& probes, const std::string& suffix, const std::string& whose,
         const std::string& cost, std::int64_t every, bool (*applies)(const Card&)) {
  probes.push_back(
      {{"update-angle" + suffix, "angle between the update and " + whose, "deg", cost, every, applies},
       [](const ProbeContext<float>& c) { return compared<float>(c, single, &angle); },
       [](const ProbeContext<double>& c) { return compared<double>(c, twice, &angle); }});
  probes.push_back(
      {{"update-length" + suffix, "length of the update over that of " + whose, "", cost, every, applies},
       [](const ProbeContext<float>& c) { return compared<float>(c, single, &length); },
       [](const ProbeContext<double>& c) { return compared<double>(c, twice, &length); }});
}

template <class T>
Values non_finite(const ProbeContext<T>& context) {
  Values values = {{"network", 0.0}};
  for (const auto& [where, count] : count_non_finite(context.network, context.minibatch, context.context)) {
    values.emplace_back(where, static_cast<double>(count));
    values.front().second += static_cast<double>(count);
  }
  return values;
}

}  // namespace

std::vector<Probe> update_probes() {
  constexpr const char* kPerSample = "a Jacobian [n_L, Σ n_i] and its SVD per sample";
  constexpr const char* kDamped =
      "a Jacobian [n_L, Σ n_i] and a system of n_L per sample (n_{L−1} where the output is linear and wider)";
  using enum ReferenceKind;
  std::vector<Probe> probes;
  add<&against_backprop<float>, &against_backprop<double>>(
      probes, "", "backprop's on the same minibatch, per layer and for the network", "one backprop step", 50,
      &any_rule);
  add<&against_reference<gauss_newton, false, float>, &against_reference<gauss_newton, false, double>>(
      probes, "-gn", "the Gauss-Newton update's, sample by sample", kPerSample, 0, &any_rule);
  add<&against_reference<gauss_newton, true, float>, &against_reference<gauss_newton, true, double>>(
      probes, "-gn-damped", "the damped Gauss-Newton update's, sample by sample", kDamped, 0, &any_rule);
  add<&against_reference<gauss_newton_joint, true, float>,
      &against_reference<gauss_newton_joint, true, double>>(
      probes, "-gn-joint", "the damped Gauss-Newton update's of the whole minibatch at once",
      "a system of B n_L, so (B n_L)³ multiplications", 0, &any_rule);
  add<&against_reference<minimum_norm, false, float>, &against_reference<minimum_norm, false, double>>(
      probes, "-mn", "the minimum-norm update's", kPerSample, 0, &any_rule);
  add<&against_reference<minimum_norm, true, float>, &against_reference<minimum_norm, true, double>>(
      probes, "-mn-damped", "the damped minimum-norm update's", kDamped, 0, &any_rule);
  add<&against_reference<minimum_norm_official, false, float>,
      &against_reference<minimum_norm_official, false, double>>(
      probes, "-mn-official", "the authors' nonlinear minimum-norm update's, taken on the wrong side of v⁻",
      kPerSample, 0, &any_rule);
  add<&against_analytic<float>, &against_analytic<double>>(
      probes, "-ssa", "the analytic steady state's under the same settings", "one step of dfc-ssa", 0,
      &has_analytic_twin);
  probes.push_back({{"non-finite", "NaN and infinite numbers in losses, voltages, weights and updates",
                     "numbers", "one pass over the weights", 50, &any_rule},
                    &non_finite<float>,
                    &non_finite<double>});
  return probes;
}

}  // namespace apical
