#include "costs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

namespace apical::cli {
namespace {

constexpr auto kRight = Table::Align::right;

// "5.3 s", "12 min", "3.4 h"
std::string duration(double seconds) {
  if (seconds < 100) return fmt::format("{:.3g} s", seconds);
  if (seconds < 6000) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

Cell optional_number(double value, int decimals = 0, double scale = 1) {
  return std::isfinite(value) ? Cell::number(value, decimals, scale) : Cell();
}

}  // namespace

Table cost_table(const CostReport& r) {
  Table table(fmt::format("Cost of {} on {}: {}, {}, {} thread{}, {}", r.rule, r.data,
                          fmt::join(r.units, "-"), r.precision, r.threads, r.threads == 1 ? "" : "s",
                          r.kernels));
  table.column("Pass").column("learns", Table::Align::left, "", "group");
  table.column("steps", kRight, "", "steps")
      .column("dynamics", kRight, "MA/sample/step", "dynamics_per_step");
  table.column("update", kRight, "MA/sample/step", "update_per_step");
  table.column("all", kRight, "MA/sample", "multiply_adds_per_sample");
  table.column("minibatch", kRight, "samples", "minibatch_samples");
  table.column("arithmetic", kRight, "MFLOP/minibatch", "flops_per_minibatch");
  table.column("kernels' operands", kRight, "MB/minibatch", "kernel_bytes_per_minibatch");
  table.column("memory, least", kRight, "MB/minibatch", "memory_bytes_per_minibatch");
  table.column("time", kRight, "ms/minibatch", "seconds_per_minibatch");
  table.column("at the peak", kRight, "ms/minibatch", "peak_seconds_per_minibatch");
  table.column("from memory", kRight, "ms/minibatch", "traffic_seconds_per_minibatch");
  table.column("share of peak", kRight, "", "share_of_peak");
  table.column("minibatches", kRight).column("total", kRight, "s", "total_seconds");
  for (const PassCost& p : r.passes) {
    const auto count = static_cast<double>(p.minibatches);
    table.row({p.pass, p.group, p.steps > 0 ? Cell::number(p.steps) : Cell(), optional_number(p.dynamics),
               optional_number(p.step_update), Cell::number(p.multiply_adds), Cell::number(p.samples),
               Cell::number(p.flops, 1, 1e-6), Cell::number(p.kernel_bytes, 1, 1e-6),
               Cell::number(p.memory_bytes, 1, 1e-6), Cell::number(p.seconds, 2, 1e3),
               Cell::number(p.peak_seconds, 2, 1e3), Cell::number(p.traffic_seconds, 2, 1e3),
               Cell::number(p.share_of_peak, 3), Cell::number(count), Cell::number(count * p.seconds, 2)});
  }
  table.note(
      fmt::format("Expected in all: {}, {} evaluation{} of {} included; without probes and checkpoints.",
                  duration(r.total_seconds()), r.evaluations, r.evaluations == 1 ? "" : "s",
                  duration(r.evaluation_seconds)));
  table.note(
      fmt::format("This machine, probed just now: {:.0f} GFLOP/s of multiply-adds, {:.1f} GB/s of memory.",
                  r.limit.flops_per_s * 1e-9, r.limit.bytes_per_s * 1e-9));
  table.note(
      "MA: multiply-adds, counted in one minibatch as its kernels did them; two operations each. Time: a "
      "minibatch timed here, "
      "with weights that are thrown away. At the peak, from memory: what arithmetic and data would take "
      "alone, data less "
      "where they stay in the caches.");
  return table;
}

Table memory_table(const CostReport& r) {
  Table table("Memory");
  table.column("What for").column("MB", kRight, "", "bytes").column("meaning", Table::Align::left);
  const auto row = [&](const char* name, std::size_t bytes, const char* meaning) {
    table.row({name, Cell::number(static_cast<double>(bytes), 2, 1e-6), meaning});
  };
  row("weights", r.memory.weights, "all groups, transposed copies included");
  row("optimizer", r.memory.optimizer, "moments");
  row("activities", r.memory.activities, "of a minibatch and of an evaluation's");
  row("arenas", r.memory.arenas, "tiles in flight, all threads");
  row("proposals", r.memory.proposals, "weight changes of tiles, lanes and minibatch");
  row("data", r.memory.data, "training and test samples as they are held");
  row("in all", r.memory.total(), "");
  return table;
}

Table speed_table(std::span<const TrainingResult> results) {
  Table table("Speed reached");
  table.column("Run").column("Pass").column("samples/s", kRight, "", "samples_per_s");
  table.column("multiply-adds", kRight, "per sample", "multiply_adds_per_sample");
  table.column("GFLOP/s", kRight, "", "flops_per_s").column("share of peak", kRight, "", "share_of_peak");
  for (const TrainingResult& result : results) {
    for (const PassSpeed& speed : result.speeds) {
      table.row({result.id, speed.pass, Cell::number(speed.samples / speed.seconds),
                 Cell::number(speed.multiply_adds), Cell::number(speed.flops_per_s, 1, 1e-9),
                 Cell::number(speed.share_of_peak, 3)});
    }
  }
  table.note(
      "Multiply-adds are counted in the first minibatch of every epoch; the peak is probed when training has "
      "ended, on the same "
      "threads.");
  return table;
}

}  // namespace apical::cli
