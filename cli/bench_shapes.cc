// The shape of cost: time against width, depth, minibatch and T.
#include <fmt/format.h>

#include <cmath>

#include "apical/environment.h"
#include "bench.h"
#include "command.h"
#include "kernels/kernels.h"
#include "report/charts.h"
#include "report/svg.h"
#include "training_options.h"
#include "workloads/shapes.h"

namespace apical::cli {
namespace {

using workloads::ShapePoint;
using workloads::ShapeSeries;

// T of the swept points: long enough for the steps to outweigh the rest.
constexpr std::int64_t kSteps = 200;
constexpr auto kRight = Table::Align::right;

// Every line begins at 1: the slopes are the exponents.
report::Chart chart_of(const std::string& workload, const std::vector<ShapeSeries>& all) {
  report::Chart chart{
      .id = "shapes-" + workload,
      .title = "Time of " + workload,
      .expect = "Straight lines: on logarithmic axes a power law has its exponent for a slope.",
      .x_label = "size, the smallest being 1",
      .y_label = workload + ", time per minibatch",
      .unit = "ms",
      .from_zero = false,
      .logarithmic = true,
      .logarithmic_x = true};
  report::Panel panel;
  for (const ShapeSeries& series : all) {
    if (series.name == "odd width") continue;
    report::Curve curve;
    for (const ShapePoint& point : series.points) {
      curve.x.push_back(point.x / series.points.front().x);
      curve.y.push_back(point.measured.milliseconds);
    }
    panel.series.push_back({series.name, panel.series.size(), curve, {curve}});
  }
  chart.panels.push_back(std::move(panel));
  return chart;
}

}  // namespace

int bench_shapes(const BenchOptions& options) {
  Table points(fmt::format("Time by shape, {}, {} thread{}, {}", options.precision, options.workload.threads,
                           options.workload.threads == 1 ? "" : "s", kernels_in_use()));
  points.column("Workload")
      .column("what")
      .column("value", kRight)
      .column("time", kRight, "ms", "milliseconds");
  points.column("GFLOP/s", kRight, "", "gflops").column("share of peak", kRight, "", "share_of_peak");
  points.column("beside its even neighbour", kRight, "share/share", "beside_even");
  Table laws("Exponents, fitted to the logarithms");
  laws.column("Workload").column("over").column("of the time", kRight, "", "time_exponent");
  laws.column("of the arithmetic", kRight, "", "arithmetic_exponent");
  std::vector<report::Chart> charts;
  bool all_credible = true;
  for (const std::string& name : options.names) {
    workloads::WorkloadOptions base = options.workload;
    if (base.steps == workloads::WorkloadOptions{}.steps) base.steps = kSteps;
    std::vector<ShapeSeries> all = workloads::shapes_of(name, base);
    for (ShapeSeries& series : all) {
      double even = 0;
      for (ShapePoint& point : series.points) {
        say(fmt::format("measuring {}, {} {} …", name, series.name, point.x));
        const auto workload = workloads::make_workload(name, point.options);
        point.necessary_flops = workload->necessary_flops();
        point.measured = workloads::measure(*workload, options.clock, point.options.threads, options.repeats,
                                            options.seconds.value_or(0.05));
        const double share = point.measured.share_of_peak;
        all_credible = credible(fmt::format("{}, {} {}", name, series.name, point.x), share) && all_credible;
        const bool odd = series.name == "odd width" && std::fmod(point.x, 2) == 1;
        points.row({name, series.name, Cell::number(point.x), Cell::number(point.measured.milliseconds, 3),
                    Cell::number(point.measured.gflops, 1), Cell::number(share, 3),
                    odd ? Cell::number(share / even, 2) : Cell()});
        even = share;
      }
      if (series.name == "odd width") continue;
      laws.row({name, series.name, Cell::number(series.time().exponent, 2),
                Cell::number(series.arithmetic().exponent, 2)});
    }
    charts.push_back(chart_of(name, all));
  }
  laws.note(fmt::format("Medians of {} repeats. {}.", options.repeats, machine_info().cpu));
  print_tables({points, laws}, {"", "exponents"}, options.json);
  const auto file = options.svg.value_or("shapes.svg");
  write_page(file, report::stacked_svg(charts));
  say(fmt::format("The plot is in {}", file.string()));
  return all_credible ? kOk : kCheckFailed;
}

}  // namespace apical::cli
