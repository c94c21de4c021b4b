// Whether a controlled network returns to a rest point, by Nyquist's criterion for the Euler scheme that simulates it.
//
// Around a rest point the loop is closed through u alone: with z the shift by one step, a control u changes the output by G(z) u,
//
//   G(z) = Σ_k g_Q g_W^{k−1} C_k      C_k: ControlPaths
//   g_W  = k_v z^p / (z − 1 + k_v)    a neuron's answer to its basal drive;   p = 1 if rates below are those of the same step, else 0
//   g_Q  = k_v z^q / (z − 1 + k_v) · k_a z / (z − 1 + k_a)      and to its apical drive;   q = 1 if the control is, else 0
//   (z − 1 + α dt) u = N(z) e,   e = −G u,   N = dt + k_p (z − 1)/z, or dt + k_p (z − 1 + α dt)/z where only u_int leaks
//
// All other modes are those of single neurons, which decay. The rest point is stable exactly if det((z − 1 + α dt) I + N G) has no zero on or
// outside the unit circle, that is, if it turns around 0 exactly n_L times while z goes around that circle once. n_L numbers per sample decide,
// where the stability matrix of the whole network has Σ n_i.
#pragma once

#include <array>
#include <cstddef>

#include "apical/settling.h"
#include "kernels/kernels.h"

namespace apical {

class LoopStability {
 public:
  static constexpr std::size_t kLanes = kSystems;

  LoopStability(const PiController& controller, const Settling& settling, std::size_t depth,
                std::size_t outputs);

  // Numbers that stable() needs as scratch.
  static std::size_t scratch(std::size_t depth, std::size_t outputs) {
    return 2 * outputs * outputs * kLanes + 4 * outputs * kLanes + 2 * depth;
  }
  // c: C_k of kLanes samples side by side [L, n_L, n_L, kLanes]. False also where it cannot be decided.
  std::array<bool, kLanes> stable(const double* c, double* scratch) const;

 private:
  struct Curve;

  PiController controller_;
  double dt_, k_v_, k_a_;
  bool instantaneous_, proactive_;
  std::size_t depth_, outputs_;
};

}  // namespace apical
