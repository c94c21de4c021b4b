// Question: how near the processor's multiply-add peak do whole training steps run?      Answer: bench/README.md, "Training steps".
#include <benchmark/benchmark.h>

#include "workloads/workloads.h"

namespace apical::workloads {
namespace {

void training_step(benchmark::State& state, const std::string& name) {
  const unsigned threads = static_cast<unsigned>(state.range(0));
  const auto workload = make_workload(name, {.steps = 300, .threads = threads});
  for ([[maybe_unused]] auto iteration : state) {
    const Measurement m = measure(*workload, "wall", threads, 1, 0.02);
    state.counters["samples_per_s"] = m.samples_per_s;
    state.counters["gflops"] = m.gflops;
    state.counters["peak_gflops"] = m.peak_gflops;
    state.counters["share_of_peak"] = m.share_of_peak;
  }
}

}  // namespace
}  // namespace apical::workloads

int main(int argc, char** argv) {
  for (const auto& info : apical::workloads::all_workloads()) {
    benchmark::RegisterBenchmark(
        info.name.c_str(),
        [name = info.name](benchmark::State& state) { apical::workloads::training_step(state, name); })
        ->ArgName("threads")
        ->Arg(1)
        ->Arg(2)
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
