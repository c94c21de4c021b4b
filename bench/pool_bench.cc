// Question: what does sharing out the tiles of a minibatch cost beyond the tiles, with 1 to 16 threads?      Answer: bench/README.md, "Sharing out the tiles".
#include <algorithm>
#include <thread>

#include "core/pool.h"
#include "paired.h"

namespace apical::bench {
namespace {

constexpr std::uint32_t kTiles = 16;  // a minibatch of 256 samples

// Arithmetic that takes about so many microseconds on a core of its own.
long iterations_for(double microseconds) {
  constexpr long kProbe = 200000;
  const double start = seconds();
  benchmark::DoNotOptimize(kernels<float>().peak(kProbe));
  return static_cast<long>(microseconds * 1e-6 * kProbe / (seconds() - start));
}

// Every run is paired with one of the same tiles by the caller alone; the ideal is that time over the processors that can help.
void sharing(benchmark::State& state) {
  const auto threads = static_cast<unsigned>(state.range(0));
  const long iterations = iterations_for(static_cast<double>(state.range(1)));
  const auto tile = [&](std::uint32_t, unsigned) {
    benchmark::DoNotOptimize(kernels<float>().peak(iterations));
  };
  Pool pool(threads);
  const unsigned helpers = std::min(threads, std::max(1u, std::thread::hardware_concurrency()));
  std::vector<double> times, overheads;
  for ([[maybe_unused]] auto iteration : state) {
    const double start = seconds();
    for (std::uint32_t number = 0; number < kTiles; ++number) tile(number, 0);
    const double middle = seconds();
    pool.run(kTiles, tile);
    const double end = seconds();
    times.push_back(1e6 * (end - middle));
    overheads.push_back(times.back() - 1e6 * (middle - start) / helpers);
    state.SetIterationTime(end - middle);
  }
  state.counters["us_per_run"] = median(times);
  state.counters["overhead_us"] = median(overheads);
}

BENCHMARK(sharing)
    ->ArgNames({"threads", "tile_us"})
    ->ArgsProduct({{1, 2, 4, 8, 16}, {0, 20, 200, 2000}})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace apical::bench

BENCHMARK_MAIN();
