#include "kernels/loop_pivots.h"

#include "kernels/loops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/loop_pivots.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace apical {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Samples = hn::CappedTag<double, kSystems>;
using Numbers = hn::Vec<Samples>;

// As many samples as a vector has lanes, from `first` on.
HWY_INLINE void eliminate_from(std::size_t first, const LoopPoint& point) {
  const Samples d;
  const std::size_t n = point.outputs, depth = point.depth;
  const double* HWY_RESTRICT c = point.c + first;
  double* HWY_RESTRICT re = point.re + first;
  double* HWY_RESTRICT im = point.im + first;
  for (std::size_t entry = 0; entry < n * n; ++entry) {
    const bool diagonal = entry % (n + 1) == 0;
    Numbers x = hn::Set(d, diagonal ? point.slow_re : 0), y = hn::Set(d, diagonal ? point.slow_im : 0);
    for (std::size_t k = 0; k < depth; ++k) {
      const Numbers path = hn::LoadU(d, c + (k * n * n + entry) * kSystems);
      x = hn::MulAdd(hn::Set(d, point.factors[2 * k]), path, x);
      y = hn::MulAdd(hn::Set(d, point.factors[2 * k + 1]), path, y);
    }
    hn::StoreU(x, d, re + entry * kSystems);
    hn::StoreU(y, d, im + entry * kSystems);
  }
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t pivot = k * n + k;
    const Numbers p_re = hn::LoadU(d, re + pivot * kSystems), p_im = hn::LoadU(d, im + pivot * kSystems);
    hn::StoreU(p_re, d, point.pivots + k * kSystems + first);
    hn::StoreU(p_im, d, point.pivots + (n + k) * kSystems + first);
    const Numbers over = hn::Div(hn::Set(d, 1.0), hn::MulAdd(p_re, p_re, hn::Mul(p_im, p_im)));
    const Numbers q_re = hn::Mul(p_re, over), q_im = hn::Neg(hn::Mul(p_im, over));
    for (std::size_t row = k + 1; row < n; ++row) {
      const std::size_t below = row * n + k;
      const Numbers x = hn::LoadU(d, re + below * kSystems), y = hn::LoadU(d, im + below * kSystems);
      const Numbers f_re = hn::NegMulAdd(y, q_im, hn::Mul(x, q_re)),
                    f_im = hn::MulAdd(x, q_im, hn::Mul(y, q_re));
      for (std::size_t column = 1; column < n - k; ++column) {
        const std::size_t above = (pivot + column) * kSystems, here = (below + column) * kSystems;
        const Numbers a_re = hn::LoadU(d, re + above), a_im = hn::LoadU(d, im + above);
        Numbers b_re = hn::LoadU(d, re + here), b_im = hn::LoadU(d, im + here);
        b_re = hn::MulAdd(f_im, a_im, hn::NegMulAdd(f_re, a_re, b_re));
        b_im = hn::NegMulAdd(f_im, a_re, hn::NegMulAdd(f_re, a_im, b_im));
        hn::StoreU(b_re, d, re + here);
        hn::StoreU(b_im, d, im + here);
      }
    }
  }
}

void eliminate_all(const LoopPoint& point) {
  for (std::size_t first = 0; first < kSystems; first += hn::Lanes(Samples())) eliminate_from(first, point);
}

void follow_all(std::size_t n, const double* from, const double* to, const PivotLimits& limits,
                double* HWY_RESTRICT near, double* HWY_RESTRICT crossed) {
  const double cosines = limits.cosine * limits.cosine, growth = limits.growth * limits.growth;
  double still[kSystems], over[kSystems];
  for (std::size_t s = 0; s < kSystems; ++s) {
    still[s] = 1;
    over[s] = 0;
  }
  for (std::size_t k = 0; k < n; ++k) {
    const double *x = from + k * kSystems, *y = from + (n + k) * kSystems;
    const double *x_to = to + k * kSystems, *y_to = to + (n + k) * kSystems;
    APICAL_IVDEP
    for (std::size_t s = 0; s < kSystems; ++s) {
      const double size = x[s] * x[s] + y[s] * y[s], size_to = x_to[s] * x_to[s] + y_to[s] * y_to[s];
      const double dot = x[s] * x_to[s] + y[s] * y_to[s];
      const double turned = dot * (dot < 0 ? -dot : dot) - cosines * size * size_to;
      double is_near = turned > 0 ? still[s] : 0;
      is_near = size_to < growth * size ? is_near : 0;
      still[s] = size < growth * size_to ? is_near : 0;
      const double above = y[s] >= 0 ? 1 : 0, above_to = y_to[s] >= 0 ? 1 : 0;
      over[s] += x_to[s] < 0 ? above - above_to : 0;
    }
  }
  for (std::size_t s = 0; s < kSystems; ++s) {
    near[s] = still[s];
    crossed[s] = over[s];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace apical
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace apical {

HWY_EXPORT(eliminate_all);
HWY_EXPORT(follow_all);

void eliminate(const LoopPoint& point) { HWY_DYNAMIC_DISPATCH(eliminate_all)(point); }

void follow_pivots(std::size_t outputs, const double* from, const double* to, const PivotLimits& limits,
                   double* near, double* crossed) {
  HWY_DYNAMIC_DISPATCH(follow_all)(outputs, from, to, limits, near, crossed);
}

}  // namespace apical
#endif
