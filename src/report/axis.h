// Axes with round numbers.
#pragma once

#include <string>
#include <vector>

namespace apical::report {

struct Tick {
  double value;
  std::string text;
};

// A scale from values to [0, 1], with about `wanted` ticks at 1, 2 or 5 times a power of ten.
class Axis {
 public:
  // low ≤ high, finite; on a logarithmic axis both above zero. Widened to the next ticks if `round`.
  // step above zero: between the ticks of a linear axis.
  Axis(double low, double high, int wanted, bool logarithmic = false, bool round = true, double step = 0);

  double share(double value) const;  // outside [0, 1] for values outside the axis
  double low() const { return low_; }
  double high() const { return high_; }
  bool logarithmic() const { return logarithmic_; }
  const std::vector<Tick>& ticks() const { return ticks_; }

 private:
  void linear_ticks(double step, bool round);
  static double round_step(double rough);
  void decade_ticks(int wanted, bool round);

  double low_, high_;
  bool logarithmic_;
  std::vector<Tick> ticks_;
};

}  // namespace apical::report
