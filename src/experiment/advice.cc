#include "experiment/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "probes/dynamics.h"
#include "probes/sample_loops.h"

namespace apical {
namespace {

constexpr double kFewSettle = 0.5;

template <class T>
bool all_finite(const T* values, std::size_t count) {
  return std::all_of(values, values + count, [](T value) { return std::isfinite(value); });
}

// Voltages whose squares can no longer be added up count as infinite, as they do in the record of settling.
template <class T>
bool all_within_reach(const T* values, std::size_t count) {
  const T most = std::sqrt(std::numeric_limits<T>::max()) / 64;
  return std::all_of(values, values + count, [&](T value) { return std::abs(value) < most; });
}

// The first state at which a sample is not finite, and the lowest layer where it is not. Tiles run on several threads,
// each with rows of its own.
template <class T>
class FirstNonFinite final : public Observer<T> {
 public:
  explicit FirstNonFinite(std::size_t samples)
      : step(samples, std::numeric_limits<std::int64_t>::max()), layer(samples, 0) {}

  void state(std::int64_t now, const TileState<T>& tile) override {
    for (std::size_t row = 0; row < tile.rows; ++row) {
      const std::size_t sample = tile.first_row + row;
      if (step[sample] <= now) continue;
      for (std::size_t i = 1; i < tile.layer.size(); ++i) {
        const std::size_t stride = tile.layer[i].stride;
        if (all_within_reach(tile.layer[i].v + row * stride, stride)) continue;
        step[sample] = now;
        layer[sample] = i;
        break;
      }
    }
  }

  std::vector<std::int64_t> step;
  std::vector<std::size_t> layer;
};

struct Reason {
  std::string condition, hint;
};

// Why a sample left its feedforward point, and what to try. In the feedback's own passes the settings are those with _fb at the end, where the
// rule has them.
Reason reason_for(const Loop& loop, const ControlledDynamics& dynamics, const Parameters& settings,
                  const PassContext& context) {
  const auto setting = [&](const std::string& name) {
    const auto& all = settings.described();
    const bool own = context.group != "forward" &&
                     std::any_of(all.begin(), all.end(),
                                 [&](const Parameter& parameter) { return parameter.name == name + "_fb"; });
    return "rule." + name + (own ? "_fb" : "");
  };
  const double a_pi = largest_real_part_pi(loop, dynamics), euler = euler_radius(loop, dynamics);
  const bool has_a_pi = std::holds_alternative<ControlLoop>(loop);
  if (!std::isfinite(euler) || (has_a_pi && !std::isfinite(a_pi))) {
    return {
        "The weights themselves have grown past what can be computed with: no eigenvalue of the dynamics is "
        "finite there.",
        fmt::format("Try a smaller learning rate of what learns in {}, or a smaller {} or {}.", context.pass,
                    setting("dt"), setting("k_p"))};
  }
  if (!(euler < 1) && !has_a_pi) {
    return {fmt::format("The Euler step is unstable there: deviations grow by {:.4g} a step.", euler),
            fmt::format("Try a smaller {} or a larger {}.", setting("dt"), setting("alpha"))};
  }
  if (!(euler < 1) && a_pi < 0) {
    return {
        fmt::format(
            "The Euler step is too large there: deviations grow by {:.4g} a step, although the dynamics are "
            "stable (largest real part of A_PI {:.3g} per tau_u).",
            euler, a_pi),
        fmt::format("Try a smaller {} or {}, or a larger {}.", setting("dt"), setting("k_p"),
                    setting("tau_v"))};
  }
  if (!(euler < 1)) {
    return {
        fmt::format("The stability margin is violated there: the largest real part of A_PI is {:.3g} per "
                    "tau_u, above "
                    "0, and deviations grow by {:.4g} a step.",
                    a_pi, euler),
        fmt::format(
            "Try a larger {}, or feedback weights that learn longer (rule.pretraining_epochs) or are fixed "
            "(rule.feedback=fixed).",
            setting("alpha"))};
  }
  return {
      fmt::format(
          "Its feedforward point is stable (deviations shrink by {:.4g} a step), so the way to the target "
          "drives the network out of reach of that condition.",
          euler),
      "Try a smaller learning rate, or a target that is nearer (rule.target_step) or costs more "
      "(rule.alpha)."};
}

}  // namespace

template <class T>
std::size_t samples_lost(const Minibatch<T>& minibatch) {
  const BatchState<T>& state = minibatch.state();
  if (!state.has_settled) return 0;
  return static_cast<std::size_t>(
      std::count_if(state.settled.begin(), state.settled.begin() + static_cast<std::ptrdiff_t>(state.size),
                    [](const Settled& s) { return !std::isfinite(s.error); }));
}

template <class T>
bool update_lost(const Minibatch<T>& minibatch) {
  const auto& weights = minibatch.delta().weights;
  return std::any_of(weights.begin(), weights.end(),
                     [](const Buffer<T>& w) { return !all_finite(w.data(), w.size()); });
}

template <class T>
Error divergence_error(const Segment& segment, std::size_t minibatch_number, const Network<T>& network,
                       const BatchState<T>& state) {
  std::string where = "the loss";
  for (std::size_t layer = network.depth(); layer >= 1; --layer) {
    if (!all_finite(state.v[layer].data(), state.size * row_stride<T>(network.units(layer))))
      where = fmt::format("the voltages of layer {}", layer);
  }
  return Error(
      "training",
      fmt::format("the network diverged in epoch {}, minibatch {}: {} of all {} samples are not finite.",
                  segment.epoch + 1, minibatch_number, where, state.size),
      "Try a smaller learning rate or clipping (optimizer.clip, optimizer.clip_norm); "
      "for controlled networks a smaller dt, target_step or k_p.");
}

template <class T>
Error runaway_error(const Plan& plan, const Segment& segment, std::size_t minibatch_number,
                    const PassContext& context, const Network<T>& network, const BasicRule<T>& rule,
                    const SampleSource<T>& source, Minibatch<T>& minibatch) {
  const std::size_t size = minibatch.state().size;
  FirstNonFinite<T> first(size);
  minibatch.set_observer(&first);
  minibatch.assign(rule, context, size, source);
  minibatch.set_observer(nullptr);
  const auto earliest = std::min_element(first.step.begin(), first.step.end());
  const auto row = static_cast<std::size_t>(earliest - first.step.begin());
  const auto count =
      std::count_if(first.layer.begin(), first.layer.end(), [](std::size_t layer) { return layer > 0; });

  const BatchState<T>& state = minibatch.state();
  const ControlledDynamics dynamics = state.dynamics.value_or(dynamics_of(plan.settings));
  const Loop loop = SampleLoops<T>(network, state, dynamics).of(row, At::feedforward);
  const Reason reason = reason_for(loop, dynamics, plan.settings, context);
  return Error(
      "training",
      fmt::format(
          "the controlled network ran away in epoch {}, minibatch {} ({}): {} of {} samples ({:.0f} %) "
          "stopped being finite while they settled, the first at state {} in layer {}. {}",
          segment.epoch + 1, minibatch_number, segment.pass.name, count, size,
          100 * static_cast<double>(count) / static_cast<double>(size), *earliest, first.layer[row],
          reason.condition),
      reason.hint);
}

std::string unsettled_warning(const Plan& plan, double settled_share, double diverged_share) {
  if (!simulates(plan.card) || !(settled_share < kFewSettle)) return {};
  const auto& described = plan.settings.described();
  const bool can_leave_out = std::any_of(described.begin(), described.end(), [](const Parameter& parameter) {
    return parameter.name == "include_non_converged";
  });
  if (!can_leave_out || plan.settings.flag("include_non_converged")) return {};
  const ControlledDynamics dynamics = dynamics_of(plan.settings);
  const Settling& settling = dynamics.settling;
  if (diverged_share > (1 - settled_share) / 2) {
    return fmt::format(
        "Only {:.2g} % of the samples settle within {} states; {:.2g} % run away, and those teach nothing. "
        "Try a "
        "smaller rule.dt (now {:g}) or rule.k_p (now {:g}), or a larger rule.alpha: `apical scope` shows "
        "whether the Euler step or the dynamics are unstable.",
        100 * settled_share, settling.steps, 100 * diverged_share, settling.dt, dynamics.controller.k_p);
  }
  return fmt::format(
      "Only {:.2g} % of the samples settle within {} states, and those that do not settle teach nothing. Try "
      "more "
      "rule.steps, a larger rule.dt (now {:g}; `apical scope` shows what is stable), or "
      "rule.include_non_converged=true.",
      100 * settled_share, settling.steps, settling.dt);
}

std::string thrown_warning(const Plan& plan, double training_loss) {
  if (plan.loss != Loss::cross_entropy) return {};
  const std::size_t classes = plan.network.units.back();
  const double guessing = std::log(static_cast<double>(classes));
  if (!(training_loss > 2 * guessing)) return {};
  return fmt::format(
      "The last epoch's training loss, {:.4g}, is far above that of guessing among {} classes, {:.4g}: steps "
      "are too large to learn by. Try a smaller learning rate, or clipping (optimizer.clip, "
      "optimizer.clip_norm).",
      training_loss, classes, guessing);
}

#define APICAL_INSTANTIATE(T)                                                                            \
  template std::size_t samples_lost(const Minibatch<T>&);                                                \
  template bool update_lost(const Minibatch<T>&);                                                        \
  template Error divergence_error(const Segment&, std::size_t, const Network<T>&, const BatchState<T>&); \
  template Error runaway_error(const Plan&, const Segment&, std::size_t, const PassContext&,             \
                               const Network<T>&, const BasicRule<T>&, const SampleSource<T>&,           \
                               Minibatch<T>&);
APICAL_INSTANTIATE(float)
APICAL_INSTANTIATE(double)
#undef APICAL_INSTANTIATE

}  // namespace apical
