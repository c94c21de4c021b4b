#include "kernels/machine_limit.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <type_traits>
#include <vector>

#include "core/buffer.h"

namespace apical {
namespace {

using Clock = std::chrono::steady_clock;

template <class F>
double seconds_of(F&& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

template <class T>
auto peak_probe() {
  if constexpr (std::is_same_v<T, Bfloat16Pair>)
    return pair_kernels().peak;
  else
    return kernels<T>().peak;
}

template <class T>
double peak_flops(Pool& pool, long iterations) {
  std::vector<double> flops(pool.threads());
  const double seconds = seconds_of([&] {
    pool.run(pool.threads(), [&](std::uint32_t job, unsigned) { flops[job] = peak_probe<T>()(iterations); });
  });
  return std::accumulate(flops.begin(), flops.end(), 0.0) / seconds;
}

double memory_rate(Pool& pool) {
  constexpr std::size_t kCount = 8 << 20;
  constexpr int kRounds = 3;
  std::vector<Buffer<float>> x, y;
  for (unsigned thread = 0; thread < pool.threads(); ++thread) {
    x.emplace_back(kCount);
    y.emplace_back(kCount);
  }
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double seconds = seconds_of([&] {
      pool.run(pool.threads(), [&](std::uint32_t job, unsigned) {
        kernels<float>().add_scaled(0.5f, x[job].data(), y[job].data(), kCount);
      });
    });
    best = std::max(best, 3.0 * sizeof(float) * kCount * pool.threads() / seconds);
  }
  return best;
}

template double peak_flops<float>(Pool&, long);
template double peak_flops<double>(Pool&, long);
template double peak_flops<Bfloat16Pair>(Pool&, long);

}  // namespace apical
