#include "parity/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apical/error.h"

namespace apical::parity {
namespace {

constexpr double kAbsolute = 1e-13, kDegrees = 1e-6;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Comparison Comparison::of_numbers(std::string name, double relative) {
  return {std::move(name), Kind::numbers, relative};
}
Comparison Comparison::of_angles(std::string name) { return {std::move(name), Kind::angles, kDegrees}; }
Comparison Comparison::of_counts(std::string name) { return {std::move(name), Kind::counts, 0}; }

void Comparison::add(std::span<const double> ours, std::span<const double> theirs, const std::string& part) {
  if (ours.size() != theirs.size())
    throw InternalError(fmt::format("{}: {} numbers compared with {}", name_, ours.size(), theirs.size()));
  compared_ += ours.size();
  double largest = 0;
  for (const double b : theirs) largest = std::max(largest, std::abs(b));
  const double allowed = kind_ == Kind::numbers ? tolerance_ * largest + kAbsolute : tolerance_;
  const double scale = kind_ == Kind::numbers && largest > 0 ? largest : 1;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double a = ours[i], b = theirs[i];
    if (kind_ == Kind::angles && std::isnan(a) && std::isnan(b)) continue;
    const double difference = std::abs(a - b);
    // a NaN is never close, and stays the worst
    if (!std::isnan(worst_) && !(difference / scale <= worst_)) worst_ = difference / scale;
    if (difference <= allowed || failed_) continue;
    failed_ = true;
    note_ =
        fmt::format("{}{}number {}: {} computed, {} in the file", part, part.empty() ? "" : ", ", i, a, b);
  }
}

ParityResult Comparison::result() const {
  if (compared_ == 0) throw InternalError(name_ + ": nothing was compared");
  return {name_, worst_, tolerance_, failed_ ? Verdict::failed : Verdict::passed, note_};
}

ParityResult skipped(std::string name, std::string reason) {
  return {std::move(name), kNaN, kNaN, Verdict::skipped, std::move(reason)};
}

}  // namespace apical::parity
