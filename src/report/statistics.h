// Means over seeds and numbers as text.
#pragma once

#include <cmath>
#include <limits>
#include <span>
#include <string>

namespace apical::report {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Of the finite values: their number, mean and sample standard deviation (n − 1); NaN where it is not
// defined.
struct Spread {
  int n = 0;
  double mean = kNaN, sd = kNaN;
};
Spread spread_of(std::span<const double> values);

// Fixed decimals, thousands separated by commas, a true minus; "NaN" for what is not finite.
std::string decimal(double value, int decimals);
// Three significant digits, as an axis or a hover text needs: "0.0312", "6250", "1.2e-07".
std::string brief(double value);

}  // namespace apical::report
