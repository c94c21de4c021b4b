#include "network/loop_stability.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <utility>

namespace apical {
namespace {

using Complex = std::complex<double>;
constexpr std::size_t kLanes = LoopStability::kLanes;

// Distance between two points of the unit circle on a grid that is fine where slow modes live: the first at `kFirst` Euler steps, each `kRatio`
// times farther, and never more than kWidest apart.
constexpr double kFirst = 0.1, kRatio = 2, kWidest = 0.4;
// Halvings of an interval in which a pivot turns too far to be followed.
constexpr int kHalvings = 12;
// A pivot is followed from p to p' if it turns by less than a tenth of a turn (cosine above kCosine) and its size changes by less than kGrowth.
constexpr double kCosine = 0.8, kGrowth = 4;

// b −= f a, a complex number in each lane.
inline void subtract_product(const double* __restrict f_re, const double* __restrict f_im,
                             const double* __restrict a_re, const double* __restrict a_im,
                             double* __restrict b_re, double* __restrict b_im) {
  for (std::size_t s = 0; s < kLanes; ++s) {
    b_re[s] -= f_re[s] * a_re[s] - f_im[s] * a_im[s];
    b_im[s] -= f_re[s] * a_im[s] + f_im[s] * a_re[s];
  }
}

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
  const std::size_t n = loop.outputs_;
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
  for (std::size_t entry = 0; entry < n * n; ++entry) {
    double x[kLanes] = {}, y[kLanes] = {};
    for (std::size_t k = 0; k < loop.depth_; ++k) {
      const double* path = c + (k * n * n + entry) * kLanes;
      for (std::size_t s = 0; s < kLanes; ++s) {
        x[s] += factors[2 * k] * path[s];
        y[s] += factors[2 * k + 1] * path[s];
      }
    }
    std::copy_n(x, kLanes, re + entry * kLanes);
    std::copy_n(y, kLanes, im + entry * kLanes);
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t s = 0; s < kLanes; ++s) {
      re[(i * n + i) * kLanes + s] += slow.real();
      im[(i * n + i) * kLanes + s] += slow.imag();
    }
  }
  for (std::size_t k = 0; k < n; ++k) {
    const double *p_re = re + (k * n + k) * kLanes, *p_im = im + (k * n + k) * kLanes;
    double q_re[kLanes], q_im[kLanes];
    for (std::size_t s = 0; s < kLanes; ++s) {
      const double size = p_re[s] * p_re[s] + p_im[s] * p_im[s];
      q_re[s] = p_re[s] / size;
      q_im[s] = -p_im[s] / size;
      out[k * kLanes + s] = p_re[s];
      out[(n + k) * kLanes + s] = p_im[s];
    }
    for (std::size_t row = k + 1; row < n; ++row) {
      const double *x_re = re + (row * n + k) * kLanes, *x_im = im + (row * n + k) * kLanes;
      double f_re[kLanes], f_im[kLanes];
      for (std::size_t s = 0; s < kLanes; ++s) {
        f_re[s] = x_re[s] * q_re[s] - x_im[s] * q_im[s];
        f_im[s] = x_re[s] * q_im[s] + x_im[s] * q_re[s];
      }
      for (std::size_t column = k + 1; column < n; ++column) {
        subtract_product(f_re, f_im, re + (k * n + column) * kLanes, im + (k * n + column) * kLanes,
                         re + (row * n + column) * kLanes, im + (row * n + column) * kLanes);
      }
    }
  }
}

bool LoopStability::Curve::follow(const double* from, const double* to, bool give_up) {
  const std::size_t n = loop.outputs_;
  std::array<double, kLanes> near{}, crossed{};
  near.fill(1);
  for (std::size_t k = 0; k < n; ++k) {
    const double *x = from + k * kLanes, *y = from + (n + k) * kLanes;
    const double *x_to = to + k * kLanes, *y_to = to + (n + k) * kLanes;
    for (std::size_t s = 0; s < kLanes; ++s) {
      const double size = x[s] * x[s] + y[s] * y[s], size_to = x_to[s] * x_to[s] + y_to[s] * y_to[s];
      const double dot = x[s] * x_to[s] + y[s] * y_to[s];
      const double turned = dot * std::abs(dot) - kCosine * kCosine * size * size_to;
      near[s] = turned > 0 ? near[s] : 0;
      near[s] = size_to < kGrowth * kGrowth * size ? near[s] : 0;
      near[s] = size < kGrowth * kGrowth * size_to ? near[s] : 0;
      // of the negative half of the real axis, anticlockwise
      const double above = y[s] >= 0 ? 1 : 0, above_to = y_to[s] >= 0 ? 1 : 0;
      crossed[s] += x_to[s] < 0 ? above - above_to : 0;
    }
  }
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
