#include "probes/settling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

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
  if (!state.has_settled || state.size == 0) return {0, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN};
  double converged = 0, diverged = 0;
  std::vector<double> time, residual;
  for (std::size_t row = 0; row < state.size; ++row) {
    const Settled& settled = state.settled[row];
    converged += settled.converged;
    diverged += settled.diverged;
    time.push_back(static_cast<double>(settled.time));
    residual.push_back(settled.residual);
  }
  const auto samples = static_cast<double>(state.size);
  return {state.size,           converged / samples, diverged / samples,      quantile(time, 0.5),
          quantile(time, 0.95), quantile(time, 1),   quantile(residual, 0.5), quantile(residual, 0.95),
          quantile(residual, 1)};
}

template SettlingSummary summarise_settling(const BatchState<float>&);
template SettlingSummary summarise_settling(const BatchState<double>&);

}  // namespace apical
