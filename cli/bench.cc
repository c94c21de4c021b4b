#include "bench.h"

#include <fmt/format.h>

#include <memory>

#include "command.h"
#include "kernels/kernels.h"
#include "workloads/instructions.h"
#include "workloads/shapes.h"

namespace apical::cli {
namespace {

std::vector<std::string> workload_names() {
  std::vector<std::string> names;
  for (const auto& info : workloads::all_workloads()) names.push_back(info.name);
  return names;
}

int run(BenchOptions options) {
  use_kernels(options.kernels, factors_of(options.precision));
  options.workload.precision = options.precision;
  if (options.profile) return bench_profile(options);
  if (options.names.empty() && options.shapes) options.names = workloads::default_shapes();
  if (options.names.empty()) options.names = workload_names();
  if (options.count_run) {
    workloads::run_for_counting(options.names.front(), options.precision);
    return kOk;
  }
  if (options.shapes) return bench_shapes(options);
  return options.against ? bench_against(options) : bench_steps(options);
}

void add_workload_options(CLI::App& verb, BenchOptions& options) {
  verb.add_option("--threads", options.workload.threads, "threads")
      ->check(CLI::Range(1u, 256u))
      ->capture_default_str();
  verb.add_option("--layers", options.workload.layers, "widths from input to output")
      ->delimiter(',')
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  verb.add_option("--batch", options.workload.batch, "samples per minibatch")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  verb.add_option("--steps", options.workload.steps, "T of settling workloads")
      ->check(CLI::Range(2, 10'000'000))
      ->capture_default_str();
  verb.add_option("--precision", options.precision, "float32, float64 or bfloat16 (of settling steps)")
      ->check(CLI::IsMember({"float32", "float64", "bfloat16"}))
      ->capture_default_str();
  verb.add_option("--kernels", options.kernels, "auto, reference or an instruction set")
      ->capture_default_str();
  verb.add_option("--clock", options.clock, "wall, or cpu where others use the machine too")
      ->check(CLI::IsMember({"wall", "cpu"}))
      ->capture_default_str();
  verb.add_option("--repeats", options.repeats, "repeats; medians are printed")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  verb.add_option("--seconds", options.seconds, "least time per repeat; of a profile, most time to train")
      ->option_text("S [0.3; profile: 20]")
      ->check(CLI::Range(0.0, 3600.0));
}

}  // namespace

bool credible(const std::string& what, double share) {
  if (share <= kMostCredibleShare) return true;
  say(fmt::format(
      "{}: a share of {:.3f} of the peak cannot be; the probe or the count of operations is wrong.", what,
      share));
  return false;
}

void add_bench(CommandLine& line) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* verb =
      line.verb(line.app, "bench", "Time training steps against the processor's multiply-add peak",
                "apical bench dfc-dynamics backprop --threads 2 --json", [options] { return run(*options); });
  line.choices[verb->add_option("workload", options->names, "which to measure; none: all")] =
      workload_names();
  add_workload_options(*verb, *options);
  auto* shapes = verb->add_flag("--shapes", options->shapes,
                                "time over width, depth, minibatch and T, with fitted exponents and a plot");
  auto* against =
      verb->add_option("--against", options->against,
                       "an earlier `bench --json`: compare instructions; code 1 where one lost 5 %")
          ->option_text("FILE")
          ->excludes(shapes);
  auto* profile =
      verb->add_option("--profile", options->profile, "a recipe: where the time of its training goes")
          ->option_text("RECIPE")
          ->excludes(shapes)
          ->excludes(against);
  verb->add_option("--rule", options->rule, "another rule than the profiled recipe's")
      ->option_text("ID")
      ->needs(profile);
  verb->add_option("--set", options->assignments, "a value of the profiled recipe: section.key=value")
      ->option_text("KEY=VALUE")
      ->allow_extra_args(false)
      ->needs(profile);
  verb->add_option("--svg", options->svg, "where the plot or picture goes")->option_text("FILE.svg");
  verb->add_flag("--no-instructions", options->no_instructions, "leave instruction counts out of the JSON");
  verb->add_flag("--count-run", options->count_run)->group("");
  add_data_option(*verb, options->data_folder);
  add_json_option(*verb, options->json);
}

}  // namespace apical::cli
