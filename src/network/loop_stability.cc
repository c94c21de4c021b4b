#include "network/loop_stability.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <utility>

#include "kernels/loop_pivots.h"

namespace apical {
namespace {

using Complex = std::complex<double>;
constexpr std::size_t kLanes = LoopStability::kLanes;

// Distance between two points of the unit circle on a grid that is fine where slow modes live: the first at `kFirst` Euler steps, each `kRatio`
// times farther, and never more than kWidest apart.
constexpr double kFirst = 0.1, kRatio = 2, kWidest = 0.4;
// Halvings of an interval in which a pivot turns too far to be followed.
constexpr int kHalvings = 12;
// A pivot is followed from p to p' if it turns by less than a tenth of a turn (by its cosine) and its size changes by less than a factor.
constexpr PivotLimits kLimits{.cosine = 0.8, .growth = 4};

}  // namespace

LoopStability::LoopStability(const PiController& controller, const Settling& settling, std::size_t depth,
                             std::size_t outputs)
    : controller_(controller),
      dt_(settling.dt),
      k_v_(settling.dt / std::max(settling.tau_v, settling.dt)),
      k_a_(settling.dt / std::max(settling.tau_a, settling.dt)),
      instantaneous_(settling.instantaneous_transmission),
      proactive_(settling.proactive),
      depth_(depth),
      outputs_(outputs) {}

// The pivots of (z − 1 + α dt) I + N G along the circle: their product is the determinant, and each is followed by itself, so that
// several modes that turn at the same place are seen.
struct LoopStability::Curve {
  const LoopStability& loop;
  const double* c;
  double *re, *im;  // the matrix                    [n, n, lanes]
  double* factors;  // of the paths                  [L, re and im]
  std::array<double, kLanes> half_turns{};
  std::array<bool, kLanes> lost{};

  // out: the pivots   [re and im, n, lanes]
  void evaluate(double angle, double* out) const;
  // Whether all pivots can be followed from one point to the next; otherwise, if `give_up`, they are lost from here on.
  bool follow(const double* from, const double* to, bool give_up);
  void count_end(const double* point, double sign);
};

// Without exchanges of rows: a pivot that comes too near to 0 cannot be followed, and then nothing is certified.
void LoopStability::Curve::evaluate(double angle, double* out) const {
  // real at both ends, where the sign of an imaginary part must not be rounding
  const Complex z = angle < std::numbers::pi ? std::polar(1.0, angle) : Complex(-1),
                slow = z - 1.0 + loop.controller_.alpha * loop.dt_;
  const Complex neuron = loop.k_v_ / (z - 1.0 + loop.k_v_);
  const Complex g_w = loop.instantaneous_ ? neuron * z : neuron;
  const Complex g_q = (loop.proactive_ ? neuron * z : neuron) * (loop.k_a_ * z / (z - 1.0 + loop.k_a_));
  const Complex gain =
      loop.dt_ + loop.controller_.k_p * (loop.controller_.leak_on_control ? z - 1.0 : slow) / z;
  Complex factor = gain * g_q;
  for (std::size_t k = 0; k < loop.depth_; ++k, factor *= g_w) {
    factors[2 * k] = factor.real();
    factors[2 * k + 1] = factor.imag();
  }
  eliminate({.depth = loop.depth_,
             .outputs = loop.outputs_,
             .c = c,
             .factors = factors,
             .slow_re = slow.real(),
             .slow_im = slow.imag(),
             .re = re,
             .im = im,
             .pivots = out});
}

bool LoopStability::Curve::follow(const double* from, const double* to, bool give_up) {
  std::array<double, kLanes> near{}, crossed{};
  follow_pivots(loop.outputs_, from, to, kLimits, near.data(), crossed.data());
  for (std::size_t s = 0; s < kLanes; ++s) {
    if (near[s] == 1 || lost[s]) continue;
    if (!give_up) return false;
    lost[s] = true;
  }
  for (std::size_t s = 0; s < kLanes; ++s) half_turns[s] += 2 * crossed[s];
  return true;
}

// At both ends of the half circle the pivots are real: a half turn more or less, by their signs.
void LoopStability::Curve::count_end(const double* point, double sign) {
  for (std::size_t k = 0; k < loop.outputs_; ++k) {
    for (std::size_t s = 0; s < kLanes; ++s) half_turns[s] += point[k * kLanes + s] < 0 ? sign : 0;
  }
}

std::array<bool, kLanes> LoopStability::stable(const double* c, double* scratch) const {
  const std::size_t matrix = outputs_ * outputs_ * kLanes;
  const std::size_t point = 2 * outputs_ * kLanes;
  double *here = scratch + 2 * matrix, *there = here + point;
  Curve curve{*this, c, scratch, scratch + matrix, there + point};
  double at = 0;
  curve.evaluate(at, here);
  curve.count_end(here, -1);
  while (at < std::numbers::pi) {
    double next = std::min({std::max(kFirst * dt_, at * kRatio), at + kWidest, std::numbers::pi});
    curve.evaluate(next, there);
    for (int halvings = kHalvings; !curve.follow(here, there, halvings == 0); --halvings) {
      next = at > 0 ? (at + next) / 2 : next / 8;
      curve.evaluate(next, there);
    }
    std::swap(here, there);
    at = next;
  }
  curve.count_end(here, 1);
  // a determinant that turns with the circle, once for each output, has all its zeros inside
  std::array<bool, kLanes> result{};
  for (std::size_t s = 0; s < kLanes; ++s)
    result[s] = !curve.lost[s] && curve.half_turns[s] == static_cast<double>(outputs_);
  return result;
}

}  // namespace apical
