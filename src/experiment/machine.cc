#include "experiment/machine.h"

#include <algorithm>

#include "kernels/machine_limit.h"

namespace apical {

double multiply_add_peak(const Plan& plan, Pool& pool) {
  // other programs only ever slow a probe
  constexpr int kProbes = 3;
  const std::string& precision = plan.recipe.training.precision;
  double best = 0;
  for (int probe = 0; probe < kProbes; ++probe) {
    best = std::max(best, precision == "float64"    ? peak_flops<double>(pool)
                          : precision == "bfloat16" ? peak_flops<Bfloat16Pair>(pool)
                                                    : peak_flops<float>(pool));
  }
  return best;
}

MachineLimit machine_limit(const Plan& plan, Pool& pool) {
  return {multiply_add_peak(plan, pool), memory_rate(pool)};
}

SpeedMeter::Sums& SpeedMeter::of(const std::string& pass) {
  const auto found =
      std::find_if(sums_.begin(), sums_.end(), [&](const Sums& sums) { return sums.pass == pass; });
  if (found != sums_.end()) return *found;
  return sums_.emplace_back(Sums{.pass = pass});
}

void SpeedMeter::add(const std::string& pass, double samples, double seconds) {
  Sums& sums = of(pass);
  sums.samples += samples;
  sums.seconds += seconds;
}

void SpeedMeter::count(const std::string& pass, double samples, double multiply_adds) {
  Sums& sums = of(pass);
  sums.counted_samples += samples;
  sums.multiply_adds += multiply_adds;
}

std::vector<PassSpeed> SpeedMeter::speeds(double peak_flops_per_s) const {
  std::vector<PassSpeed> speeds;
  for (const Sums& sums : sums_) {
    // a run that was resumed at the end of a pass has counted none of it
    if (sums.counted_samples == 0 || sums.seconds == 0) continue;
    const double each = sums.multiply_adds / sums.counted_samples,
                 rate = 2 * each * sums.samples / sums.seconds;
    speeds.push_back({.pass = sums.pass,
                      .samples = sums.samples,
                      .seconds = sums.seconds,
                      .multiply_adds = each,
                      .flops_per_s = rate,
                      .share_of_peak = rate / peak_flops_per_s});
  }
  return speeds;
}

}  // namespace apical
