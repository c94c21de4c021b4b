#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "apical/environment.h"
#include "apical/error.h"
#include "command.h"
#include "kernels/kernels.h"
#include "workloads/workloads.h"

namespace apical::cli {
namespace {

// A share above this means that the probe or the count of operations is wrong.
constexpr double kMostCredible = 1.02;

struct Options {
  std::vector<std::string> names;
  workloads::WorkloadOptions workload;
  std::string precision = "float32", kernels = "auto", clock = "wall";
  int repeats = 9;
  double seconds = 0.3;
  bool json = false;
};

std::vector<std::string> workload_names() {
  std::vector<std::string> names;
  for (const auto& info : workloads::all_workloads()) names.push_back(info.name);
  return names;
}

int run(const Options& options) {
  use_kernels(options.kernels);
  workloads::WorkloadOptions settings = options.workload;
  settings.float64 = options.precision == "float64";
  const std::vector<std::string> names = options.names.empty() ? workload_names() : options.names;
  Table table(fmt::format("Shares of the multiply-add peak, batch {}, {} thread{}, {}, {}", settings.batch,
                          settings.threads, settings.threads == 1 ? "" : "s", options.precision,
                          kernels_in_use()));
  table.column("Workload")
      .column("samples/s", Table::Align::right, "", "samples_per_s")
      .column("GFLOP/s", Table::Align::right, "", "gflops");
  table.column("peak", Table::Align::right, "GFLOP/s", "peak_gflops")
      .column("share of peak", Table::Align::right, "", "share_of_peak");
  table.column("least", Table::Align::right, "", "share_least")
      .column("most", Table::Align::right, "", "share_most");
  table.column("time", Table::Align::right, "ms", "milliseconds");
  bool credible = true;
  for (const std::string& name : names) {
    say(fmt::format("measuring {} …", name));
    const auto workload = workloads::make_workload(name, settings);
    const auto m =
        workloads::measure(*workload, options.clock, settings.threads, options.repeats, options.seconds);
    credible = credible && m.share_of_peak <= kMostCredible;
    table.row({name, Cell::number(m.samples_per_s), Cell::number(m.gflops, 1), Cell::number(m.peak_gflops, 1),
               Cell::number(m.share_of_peak, 3), Cell::number(m.share_least, 3),
               Cell::number(m.share_most, 3), Cell::number(m.milliseconds, 3)});
  }
  table.note(
      fmt::format("Medians of {} repeats; each repeat runs the peak's probe right before and after the work. "
                  "Only necessary multiply-adds count. {}.",
                  options.repeats, machine_info().cpu));
  print(table, options.json);
  if (!credible) say("a share above 1.02 cannot be: the probe or the count of operations is wrong");
  return credible ? kOk : kCheckFailed;
}

}  // namespace

void add_bench(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb =
      line.verb(line.app, "bench", "Time training steps against the processor's multiply-add peak",
                "apical bench dfc-dynamics backprop --threads 2 --json", [options] { return run(*options); });
  line.choices[verb->add_option("workload", options->names, "which to measure; none: all")] =
      workload_names();
  verb->add_option("--threads", options->workload.threads, "threads")
      ->check(CLI::Range(1u, 256u))
      ->capture_default_str();
  verb->add_option("--layers", options->workload.layers, "widths from input to output")
      ->delimiter(',')
      ->capture_default_str();
  verb->add_option("--batch", options->workload.batch, "samples per minibatch")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  verb->add_option("--steps", options->workload.steps, "T of settling workloads")
      ->check(CLI::Range(2, 10'000'000))
      ->capture_default_str();
  verb->add_option("--precision", options->precision, "float32 or float64")
      ->check(CLI::IsMember({"float32", "float64"}))
      ->capture_default_str();
  verb->add_option("--kernels", options->kernels, "auto, reference or an instruction set")
      ->capture_default_str();
  verb->add_option("--clock", options->clock, "wall, or cpu where others use the machine too")
      ->check(CLI::IsMember({"wall", "cpu"}))
      ->capture_default_str();
  verb->add_option("--repeats", options->repeats, "repeats; medians are printed")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  verb->add_option("--seconds", options->seconds, "least time per repeat")
      ->check(CLI::Range(0.0, 600.0))
      ->capture_default_str();
  add_json_option(*verb, options->json);
}

}  // namespace apical::cli
