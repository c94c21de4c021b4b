// y = factor · x^exponent, by least squares of the logarithms.
#pragma once

#include <cmath>
#include <limits>
#include <span>

namespace apical::workloads {

struct PowerLaw {
  double exponent = std::numeric_limits<double>::quiet_NaN();
  double factor = std::numeric_limits<double>::quiet_NaN();
};

// NaN where there are fewer than two different x, or where a number is not above zero.
inline PowerLaw fit_power_law(std::span<const double> x, std::span<const double> y) {
  const auto n = static_cast<double>(x.size());
  double mean_x = 0, mean_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean_x += std::log(x[i]) / n;
    mean_y += std::log(y[i]) / n;
  }
  double squares = 0, products = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double dx = std::log(x[i]) - mean_x;
    squares += dx * dx;
    products += dx * (std::log(y[i]) - mean_y);
  }
  if (!(squares > 0) || !std::isfinite(products)) return {};
  const double exponent = products / squares;
  return {exponent, std::exp(mean_y - exponent * mean_x)};
}

}  // namespace apical::workloads
