// How far one quantity is from its reference, array by array.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "apical/parity.h"

namespace apical::parity {

class Comparison {
 public:
  // Arrays: |a − b| ≤ relative · max|b| + 1e-13.
  static Comparison of_numbers(std::string name, double relative);
  // Angles: |a − b| ≤ 1e-6 degrees; NaN is an angle that is not defined, and agrees with its like.
  static Comparison of_angles(std::string name);
  // Counts and flags: equal.
  static Comparison of_counts(std::string name);

  // One array; `part` says which in the note of a failure: "layer 2". Throws InternalError on arrays of
  // different size.
  void add(std::span<const double> ours, std::span<const double> theirs, const std::string& part = {});

  ParityResult result() const;

 private:
  enum class Kind { numbers, angles, counts };
  Comparison(std::string name, Kind kind, double tolerance)
      : name_(std::move(name)), kind_(kind), tolerance_(tolerance) {}

  std::string name_;
  Kind kind_;
  double tolerance_;
  double worst_ = 0;
  bool failed_ = false;
  std::size_t compared_ = 0;
  std::string note_;
};

// A quantity that is not compared.
ParityResult skipped(std::string name, std::string reason);

}  // namespace apical::parity
