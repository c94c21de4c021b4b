#include "report/statistics.h"

#include <fmt/format.h>

namespace apical::report {

Spread spread_of(std::span<const double> values) {
  Spread spread;
  double sum = 0;
  for (double value : values) {
    if (!std::isfinite(value)) continue;
    sum += value;
    ++spread.n;
  }
  if (spread.n == 0) return spread;
  spread.mean = sum / spread.n;
  if (spread.n == 1) return spread;
  // The second pass keeps the digits that a difference of squares would lose.
  double squares = 0;
  for (double value : values) {
    if (std::isfinite(value)) squares += (value - spread.mean) * (value - spread.mean);
  }
  spread.sd = std::sqrt(squares / (spread.n - 1));
  return spread;
}

std::string decimal(double value, int decimals) {
  if (!std::isfinite(value)) return "NaN";
  std::string digits = fmt::format("{:.{}f}", std::abs(value), decimals);
  const std::size_t whole = std::min(digits.find('.'), digits.size());
  for (std::size_t at = whole; at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return fmt::format("{}{}", value < 0 ? "−" : "", digits);
}

std::string brief(double value) {
  if (!std::isfinite(value)) return "NaN";
  const double size = std::abs(value);
  if (size >= 1000 && size < 1e6) return decimal(value, 0);
  return fmt::format("{:.3g}", value);
}

}  // namespace apical::report
