#include "report/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/statistics.h"

namespace apical::report {
namespace {

std::string tick_text(double value) {
  if (value == 0) return "0";
  const double size = std::abs(value);
  if (size >= 10000 || size < 1e-3) {
    const int exponent = static_cast<int>(std::floor(std::log10(size) + 1e-9));
    const double mantissa = value / std::pow(10.0, exponent);
    return fmt::format("{:.3g}e{}", mantissa, exponent);
  }
  return fmt::format("{:.6g}", value);
}

}  // namespace

Axis::Axis(double low, double high, int wanted, bool logarithmic, bool round, double step)
    : low_(low), high_(high), logarithmic_(logarithmic) {
  if (logarithmic_) {
    if (high_ <= low_) {
      low_ /= 2;
      high_ *= 2;
    }
    decade_ticks(wanted, round);
  } else {
    if (high_ <= low_) high_ = low_ + (low_ == 0 ? 1 : std::abs(low_));
    linear_ticks(step > 0 ? step : round_step((high_ - low_) / wanted), round);
  }
}

double Axis::share(double value) const {
  if (!logarithmic_) return (value - low_) / (high_ - low_);
  return std::log(value / low_) / std::log(high_ / low_);
}

double Axis::round_step(double rough) {
  const double decade = std::pow(10.0, std::floor(std::log10(rough)));
  const double mantissa = rough / decade;
  return decade * (mantissa <= 1.0001 ? 1 : mantissa <= 2.0001 ? 2 : mantissa <= 5.0001 ? 5 : 10);
}

void Axis::linear_ticks(double step, bool round) {
  if (round) {
    low_ = std::floor(low_ / step + 1e-9) * step;
    high_ = std::ceil(high_ / step - 1e-9) * step;
  }
  const double first = std::ceil(low_ / step - 1e-9);
  for (int i = 0; (first + i) * step <= high_ + step * 1e-6; ++i) {
    const double value = (first + i) * step;
    ticks_.push_back({value, tick_text(std::abs(value) < step * 1e-6 ? 0 : value)});
  }
}

void Axis::decade_ticks(int wanted, bool round) {
  const double span = std::log10(high_ / low_);
  // Few decades: 1, 2 and 5; many: every decade, or every k-th.
  const std::vector<double> mantissas = span < 2.2 ? std::vector<double>{1, 2, 5} : std::vector<double>{1};
  const int every = std::max(1, static_cast<int>(std::ceil(span / wanted)));
  std::vector<double> candidates;
  for (int decade = static_cast<int>(std::floor(std::log10(low_))) - every;
       decade <= std::log10(high_) + every; ++decade) {
    if (mantissas.size() == 1 && decade % every != 0) continue;
    for (double mantissa : mantissas) candidates.push_back(mantissa * std::pow(10.0, decade));
  }
  if (round) {
    const auto above = std::upper_bound(candidates.begin(), candidates.end(), low_ * (1 + 1e-9));
    if (above != candidates.begin()) low_ = *(above - 1);
    const auto reached = std::lower_bound(candidates.begin(), candidates.end(), high_ * (1 - 1e-9));
    if (reached != candidates.end()) high_ = *reached;
  }
  for (double value : candidates) {
    if (value >= low_ * (1 - 1e-9) && value <= high_ * (1 + 1e-9))
      ticks_.push_back({value, tick_text(value)});
  }
}

}  // namespace apical::report
