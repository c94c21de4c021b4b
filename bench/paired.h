// Measuring a share of the peak on a machine whose clock drifts and whose cores are shared: short bursts of
// the work and of a multiply-add probe in turn, in one process; the share is the median of the ratios of
// neighbours.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <vector>

#include "core/median.h"
#include "kernels/kernels.h"

namespace apical::bench {

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Repeats `work` (operations floating-point operations a call, about 10 Mflop a burst) against the probe of
// the same table. A share above 1.02 means that the probe or the count is wrong, and fails the benchmark.
template <class T, class Work>
void against_peak(benchmark::State& state, const Kernels<T>& table, double operations, Work work) {
  const int repeats = static_cast<int>(1e7 / operations) + 1;
  constexpr long kProbe = 20000;
  std::vector<double> speeds, peaks, shares;
  for ([[maybe_unused]] auto iteration : state) {
    const double start = seconds();
    for (int i = 0; i < repeats; ++i) work();
    const double middle = seconds();
    const double probed = table.peak(kProbe);
    const double end = seconds();
    speeds.push_back(operations * repeats / (middle - start) * 1e-9);
    peaks.push_back(probed / (end - middle) * 1e-9);
    shares.push_back(speeds.back() / peaks.back());
    state.SetIterationTime((middle - start) / repeats);
  }
  state.counters["gflops"] = median(speeds);
  state.counters["peak_gflops"] = median(peaks);
  state.counters["share_of_peak"] = median(shares);
  if (shares.size() > 20 && median(shares) > 1.02)
    state.SkipWithError("more than the peak: the probe or the count is wrong");
}

}  // namespace apical::bench
