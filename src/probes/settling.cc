#include "probes/settling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "probes/dynamics.h"
#include "probes/table.h"

namespace apical {
namespace {

// The smallest value that at least this share of the values does not exceed; a NaN counts as the largest.
double quantile(std::vector<double> values, double share) {
  const auto before = [](double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; };
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), place, values.end(), before);
  return *place;
}

}  // namespace

template <class T>
SettlingSummary summarise_settling(const BatchState<T>& state) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  if (!state.has_settled || state.size == 0)
    return {0, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN};
  double converged = 0, diverged = 0;
  std::vector<double> time, residual, overshoot;
  for (std::size_t row = 0; row < state.size; ++row) {
    const Settled& settled = state.settled[row];
    converged += settled.converged;
    diverged += settled.diverged;
    time.push_back(static_cast<double>(settled.time));
    residual.push_back(settled.residual);
    overshoot.push_back(settled.overshoot);
  }
  const auto samples = static_cast<double>(state.size);
  return {state.size,
          converged / samples,
          diverged / samples,
          quantile(time, 0.5),
          quantile(time, 0.95),
          quantile(time, 1),
          quantile(residual, 0.5),
          quantile(residual, 0.95),
          quantile(residual, 1),
          quantile(overshoot, 0.5),
          quantile(overshoot, 0.95),
          quantile(overshoot, 1)};
}

template SettlingSummary summarise_settling(const BatchState<float>&);
template SettlingSummary summarise_settling(const BatchState<double>&);

namespace {

// Rules whose dynamics run for a number of steps.
template <class T>
Values share(const ProbeContext<T>& context) {
  const SettlingSummary s = summarise_settling(context.minibatch.state());
  return {{"converged", s.converged}, {"diverged", s.diverged}};
}
template <class T>
Values time(const ProbeContext<T>& context) {
  const SettlingSummary s = summarise_settling(context.minibatch.state());
  return {{"median", s.time_median}, {"95 %", s.time_late}, {"latest", s.time_latest}};
}
template <class T>
Values residual(const ProbeContext<T>& context) {
  const SettlingSummary s = summarise_settling(context.minibatch.state());
  return {{"median", s.residual_median}, {"95 %", s.residual_late}, {"largest", s.residual_largest}};
}
template <class T>
Values overshoot(const ProbeContext<T>& context) {
  const SettlingSummary s = summarise_settling(context.minibatch.state());
  return {{"median", s.overshoot_median}, {"95 %", s.overshoot_late}, {"largest", s.overshoot_largest}};
}

}  // namespace

std::vector<Probe> settling_probes() {
  return {
      {{"settling-share", "share of the minibatch's samples that converged, and that diverged", "", "nothing",
        50, &settles},
       &share<float>,
       &share<double>},
      {{"settling-time", "steps until samples have settled: median, 95 % quantile and latest", "steps",
        "nothing", 50, &settles},
       &time<float>,
       &time<double>},
      {{"settling-residual",
        "distance from the controlled steady state at the end: median, 95 % quantile and largest", "",
        "nothing", 50, &settles},
       &residual<float>,
       &residual<double>},
      {{"settling-overshoot",
        "how far the output goes beyond its target, as a share of the way: median, 95 % quantile and largest",
        "", "nothing", 50, &settles},
       &overshoot<float>,
       &overshoot<double>},
  };
}

}  // namespace apical
