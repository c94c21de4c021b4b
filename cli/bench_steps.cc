// Workloads against the multiply-add peak, and their instruction counts against an earlier file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "apical/environment.h"
#include "apical/error.h"
#include "bench.h"
#include "command.h"
#include "kernels/kernels.h"
#include "workloads/against.h"
#include "workloads/instructions.h"

namespace apical::cli {
namespace {

using workloads::EarlierBench;

std::string program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

// Counts every workload; without a counter, there are none.
EarlierBench count_all(const BenchOptions& options) {
  const workloads::InstructionCounter counter = workloads::instruction_counter();
  const workloads::WorkloadOptions counted = workloads::counted_options(options.precision);
  EarlierBench now{
      .situation = {.version = build_info().version,
                    .commit = build_info().commit,
                    .compiler = build_info().compiler,
                    .cpu = machine_info().cpu,
                    .precision = options.precision,
                    .counter = counter.name,
                    .counted_kernels = "",
                    .counted_work = fmt::format("{} batch {} steps {}", fmt::join(counted.layers, ","),
                                                counted.batch, counted.steps)},
      .instructions = {}};
  if (!counter.missing.empty()) {
    say("No instructions are counted: " + counter.missing);
    return now;
  }
  for (const std::string& name : options.names) {
    say(fmt::format("counting the instructions of {} ({}) …", name, counter.name));
    const auto count =
        workloads::count_instructions(counter, name, options.precision, options.kernels, program());
    now.instructions[name] = count.instructions;
    now.situation.counted_kernels = count.kernels;
  }
  return now;
}

Table empty_table(const BenchOptions& options) {
  const auto& settings = options.workload;
  constexpr auto kRight = Table::Align::right;
  Table table(fmt::format("Shares of the multiply-add peak, {}, batch {}, {} thread{}, {}, {}",
                          fmt::join(settings.layers, "-"), settings.batch, settings.threads,
                          settings.threads == 1 ? "" : "s", options.precision, kernels_in_use()));
  table.column("Workload")
      .column("samples/s", kRight, "", "samples_per_s")
      .column("GFLOP/s", kRight, "", "gflops");
  table.column("peak", kRight, "GFLOP/s", "peak_gflops").column("share of peak", kRight, "", "share_of_peak");
  table.column("least", kRight, "", "share_least").column("most", kRight, "", "share_most");
  table.column("time", kRight, "ms", "milliseconds").column("noise", kRight, "% of time", "noise_share");
  return table;
}

// The share of a run's time that goes into noise; missing where there is none.
Cell noise_share(workloads::Workload& workload) {
  const profile::Account account = workloads::account_of(workload);
  double seconds = 0;
  for (const double phase : account.seconds) seconds += phase;
  const double noise = account.of(profile::Work::noise).seconds;
  return noise > 0 ? Cell::number(noise / seconds, 1, 100) : Cell();
}

}  // namespace

int bench_steps(const BenchOptions& options) {
  Table table = empty_table(options);
  bool all_credible = true;
  for (const std::string& name : options.names) {
    say(fmt::format("measuring {} …", name));
    const auto workload = workloads::make_workload(name, options.workload);
    const auto m = workloads::measure(*workload, options.clock, options.workload.threads, options.repeats,
                                      options.seconds.value_or(0.3));
    all_credible = credible(name, m.share_of_peak) && all_credible;
    table.row({name, Cell::number(m.samples_per_s), Cell::number(m.gflops, 1), Cell::number(m.peak_gflops, 1),
               Cell::number(m.share_of_peak, 3), Cell::number(m.share_least, 3),
               Cell::number(m.share_most, 3), Cell::number(m.milliseconds, 3), noise_share(*workload)});
  }
  table.note(fmt::format(
      "Medians of {} repeats; each repeat runs the peak's probe right before and after the work. Only "
      "necessary multiply-adds count. {}.",
      options.repeats, machine_info().cpu));
  const int code = all_credible ? kOk : kCheckFailed;
  if (!options.json || options.no_instructions) {
    print(table, options.json);
    return code;
  }
  const EarlierBench counts = count_all(options);
  auto json = nlohmann::ordered_json::parse(table.json());
  for (auto& row : json["rows"]) {
    const auto count = counts.instructions.find(row["workload"].get<std::string>());
    row["instructions"] =
        count == counts.instructions.end() ? nlohmann::ordered_json() : nlohmann::ordered_json(count->second);
  }
  json["bench"] = nlohmann::ordered_json::parse(workloads::situation_json(counts.situation));
  print(json.dump() + "\n");
  return code;
}

int bench_against(const BenchOptions& options) {
  const std::string where = options.against->string();
  std::ifstream file(where);
  if (!file) throw Error(where, "cannot be read.", "Make it with `apical bench --json > FILE`.");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const EarlierBench before = workloads::read_bench(text, where);
  BenchOptions wanted = options;
  // what the file has not counted need not be counted now
  std::erase_if(wanted.names, [&](const std::string& name) { return !before.instructions.contains(name); });
  if (const auto counter = workloads::instruction_counter(); !counter.missing.empty())
    throw Error("bench --against", "instructions cannot be counted: " + counter.missing, "Install valgrind.");
  const auto comparison = workloads::compare_benches(before, count_all(wanted), where);
  Table table(fmt::format("Instructions beside those of {}", where));
  table.column("Workload").column("before", Table::Align::right, "millions", "before");
  table.column("now", Table::Align::right, "millions", "now").column("ratio", Table::Align::right);
  table.column("verdict");
  for (const auto& ratio : comparison.ratios) {
    table.row({ratio.workload, Cell::number(ratio.before, 3, 1e-6), Cell::number(ratio.now, 3, 1e-6),
               Cell::number(ratio.ratio(), 4),
               ratio.lost()           ? "lost"
               : ratio.ratio() > 0.95 ? "the same"
                                      : "won"});
  }
  table.note(fmt::format("Counted with {}, kernels for {}: {}. Lost: 5 % more instructions, or worse.",
                         before.situation.counter, before.situation.counted_kernels,
                         before.situation.counted_work));
  for (const std::string& note : comparison.notes) table.note(note);
  print(table, options.json);
  return comparison.lost() ? kCheckFailed : kOk;
}

}  // namespace apical::cli
