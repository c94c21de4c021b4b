// Where the time of a recipe's training goes.
#include <fmt/format.h>

#include <numeric>

#include "apical/cost.h"
#include "bench.h"
#include "command.h"
#include "report/bars.h"
#include "training_options.h"

namespace apical::cli {
namespace {

constexpr auto kRight = Table::Align::right;
constexpr double kSeconds = 20;

double per_second(double count, double seconds) { return seconds > 0 ? count / seconds : 0; }

Table phases_of(const TimeProfile& p) {
  const double available = p.wall_seconds * p.threads;
  Table table(fmt::format("Where the time goes: {} on {}, {}, {} thread{}, {}", p.rule, p.data, p.precision,
                          p.threads, p.threads == 1 ? "" : "s", p.kernels));
  table.column("Phase").column("time", kRight, "s", "seconds").column("share", kRight, "%", "share");
  table.column("in kernels", kRight, "s", "kernel_seconds")
      .column("multiply-adds", kRight, "10⁹", "multiply_adds");
  double sum = 0;
  for (std::size_t i = 0; i < p.phases.size(); ++i) {
    const TimeProfile::Row& row = p.phases[i];
    const double kernels = row.seconds - p.by_both[i].back();
    table.row({row.name, Cell::number(row.seconds, 3), Cell::number(row.seconds / available, 1, 100),
               Cell::number(kernels, 3), Cell::number(row.multiply_adds, 3, 1e-9)});
    sum += row.seconds;
  }
  const double rest = std::max(0.0, available - sum);
  table.row(
      {"waiting, the rest", Cell::number(rest, 3), Cell::number(rest / available, 1, 100), Cell(), Cell()});
  table.note(fmt::format(
      "{:.0f} samples in {} minibatches ({}), one evaluation and one checkpoint in {:.2f} s: {:.0f} "
      "samples/s, {:.1f} "
      "GFLOP/s, {:.3f} of the peak of {:.0f}.",
      p.samples, p.minibatches, p.whole_epoch ? "a whole epoch of each pass" : "as many as fitted",
      p.wall_seconds, p.samples / p.wall_seconds, p.flops_per_s() * 1e-9,
      p.flops_per_s() / p.limit.flops_per_s, p.limit.flops_per_s * 1e-9));
  table.note(
      "Times are summed over threads. Reading clocks around every kernel takes time too: train without a "
      "profile to know the speed.");
  return table;
}

Table kernels_of(const TimeProfile& p) {
  const double available = p.wall_seconds * p.threads;
  Table table("By kernel");
  table.column("Kernel")
      .column("calls", kRight)
      .column("time", kRight, "s", "seconds")
      .column("share", kRight, "%", "share");
  table.column("GFLOP/s", kRight, "per thread", "flops_per_s")
      .column("elements", kRight, "10⁶/s per thread", "elements_per_s");
  table.column("operands", kRight, "GB/s per thread", "bytes_per_s");
  for (const TimeProfile::Row& row : p.kernels_used) {
    if (row.calls == 0) continue;
    table.row({row.name, Cell::number(static_cast<double>(row.calls)), Cell::number(row.seconds, 3),
               Cell::number(row.seconds / available, 1, 100),
               row.multiply_adds > 0 ? Cell::number(per_second(2 * row.multiply_adds, row.seconds), 1, 1e-9)
                                     : Cell(),
               row.elements > 0 ? Cell::number(per_second(row.elements, row.seconds), 1, 1e-6) : Cell(),
               Cell::number(per_second(row.bytes, row.seconds), 1, 1e-9)});
  }
  return table;
}

report::Bars picture_of(const TimeProfile& p) {
  report::Bars bars{.title = fmt::format("Where the time of {} on {} goes", p.rule, p.data), .unit = "s"};
  for (const TimeProfile::Row& row : p.kernels_used) bars.segments.push_back(row.name);
  bars.segments.emplace_back("other code");
  for (std::size_t i = 0; i < p.phases.size(); ++i) bars.bars.push_back({p.phases[i].name, p.by_both[i]});
  return bars;
}

}  // namespace

int bench_profile(const BenchOptions& options) {
  Recipe recipe = load_recipe(*options.profile);
  if (!options.rule.empty()) {
    recipe.set_rule(options.rule);
    recipe.set("rule.id=" + options.rule, "--rule");
  }
  for (const std::string& assignment : options.assignments) recipe.set(assignment);
  recipe.set(fmt::format("training.threads={}", options.workload.threads), "--threads");
  if (options.kernels != "auto") recipe.set("training.kernels=" + options.kernels, "--kernels");
  const auto seed = static_cast<std::uint64_t>(recipe.training.seeds.front());
  const TimeProfile profile =
      profile_training(recipe, seed, data_paths(options.data_folder), options.seconds.value_or(kSeconds));
  print_tables({phases_of(profile), kernels_of(profile)}, {"", "kernels"}, options.json);
  const auto file = options.svg.value_or("profile.svg");
  write_page(file, report::bars_svg(picture_of(profile)));
  say(fmt::format("The picture is in {}", file.string()));
  return kOk;
}

}  // namespace apical::cli
