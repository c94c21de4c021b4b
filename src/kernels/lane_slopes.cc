#include "kernels/lane_slopes.h"

#include "kernels/loops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/lane_slopes.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace apical {
namespace HWY_NAMESPACE {

template <class T>
void spread(const T* HWY_RESTRICT slope, std::size_t stride, std::size_t samples, std::size_t units,
            T* HWY_RESTRICT out) {
  const std::size_t row = spread_width<T>(samples);
  for (std::size_t unit = 0; unit < units; ++unit) {
    T* HWY_RESTRICT to = out + unit * row;
    for (std::size_t s = 0; s < samples; ++s) to[s] = slope[s * stride + unit];
    for (std::size_t l = samples; l < row; ++l) to[l] = to[l - samples];
  }
}

template <class T>
void scale(const T* HWY_RESTRICT spread_rows, std::size_t samples, std::size_t phase, std::size_t units,
           std::size_t width, T* HWY_RESTRICT d) {
  const std::size_t row = spread_width<T>(samples);
  for (std::size_t unit = 0; unit < units; ++unit) {
    const T* HWY_RESTRICT from = spread_rows + unit * row + phase;
    T* HWY_RESTRICT to = d + unit * width;
    APICAL_IVDEP
    for (std::size_t l = 0; l < width; ++l) to[l] *= from[l];
  }
}

void spread_single(const float* s, std::size_t stride, std::size_t samples, std::size_t units, float* out) {
  spread(s, stride, samples, units, out);
}
void spread_double(const double* s, std::size_t stride, std::size_t samples, std::size_t units, double* out) {
  spread(s, stride, samples, units, out);
}
void scale_single(const float* s, std::size_t samples, std::size_t phase, std::size_t units,
                  std::size_t width, float* d) {
  scale(s, samples, phase, units, width, d);
}
void scale_double(const double* s, std::size_t samples, std::size_t phase, std::size_t units,
                  std::size_t width, double* d) {
  scale(s, samples, phase, units, width, d);
}

}  // namespace HWY_NAMESPACE
}  // namespace apical
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace apical {

HWY_EXPORT(spread_single);
HWY_EXPORT(spread_double);
HWY_EXPORT(scale_single);
HWY_EXPORT(scale_double);

template <>
void spread_slopes<float>(const float* slope, std::size_t stride, std::size_t samples, std::size_t units,
                          float* out) {
  HWY_DYNAMIC_DISPATCH(spread_single)(slope, stride, samples, units, out);
}

template <>
void spread_slopes<double>(const double* slope, std::size_t stride, std::size_t samples, std::size_t units,
                           double* out) {
  HWY_DYNAMIC_DISPATCH(spread_double)(slope, stride, samples, units, out);
}

template <>
void scale_by_spread<float>(const float* spread, std::size_t samples, std::size_t phase, std::size_t units,
                            std::size_t width, float* d) {
  HWY_DYNAMIC_DISPATCH(scale_single)(spread, samples, phase, units, width, d);
}

template <>
void scale_by_spread<double>(const double* spread, std::size_t samples, std::size_t phase, std::size_t units,
                             std::size_t width, double* d) {
  HWY_DYNAMIC_DISPATCH(scale_double)(spread, samples, phase, units, width, d);
}

}  // namespace apical
#endif
