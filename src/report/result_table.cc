#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "apical/report.h"
#include "report/charts.h"
#include "report/summary.h"

namespace apical {
namespace {

using report::Group;

// "2", "3 (1 failed)", "2 (1 unfinished)".
Cell seeds_cell(const Group& group) {
  const auto lost =
      std::count_if(group.runs.begin(), group.runs.end(), [](auto* run) { return report::failed(*run); });
  const auto going =
      std::count_if(group.runs.begin(), group.runs.end(), [](auto* run) { return report::unfinished(*run); });
  Cell cell = Cell::number(static_cast<double>(group.runs.size()));
  if (lost > 0) cell.text += fmt::format(" ({} failed)", lost);
  if (going > 0) cell.text += fmt::format(" ({} unfinished)", going);
  return cell;
}

Cell epochs_cell(const Group& group) {
  double least = HUGE_VAL, most = 0;
  for (const RunRecord* run : group.runs) {
    least = std::min(least, report::last_epoch(*run));
    most = std::max(most, report::last_epoch(*run));
  }
  Cell cell = Cell::number(most);
  if (least < most) cell.text = fmt::format("{:g}–{:g}", least, most);
  return cell;
}

Cell marks_cell(const Group& group) {
  bool measured = false;
  std::vector<std::string> marks;
  for (const RunRecord* run : group.runs) {
    measured = measured || !run->marks.empty();
    for (const auto& mark : report::marks_of(*run)) {
      if (std::find(marks.begin(), marks.end(), mark) == marks.end()) marks.push_back(mark);
    }
  }
  if (!measured) return {};
  Cell cell(marks.empty() ? "none" : fmt::format("{}", fmt::join(marks, ", ")));
  std::vector<std::string> quoted;
  for (const auto& mark : marks) quoted.push_back(Cell(mark).json);
  cell.json = fmt::format("[{}]", fmt::join(quoted, ", "));
  return cell;
}

std::optional<double> settled(const RunRecord& run) {
  std::optional<double> last;
  for (const auto& epoch : run.epochs) {
    if (epoch.pass == "wake" && epoch.settled) last = epoch.settled;
  }
  return last;
}

std::optional<double> speed(const RunRecord& run) {
  const double value = report::samples_per_s(run);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

// How often states were solved for (rest points, linear responses), where a rule does that.
void note_solved(Table& table, const Group& group) {
  double solved = 0, fell_back = 0;
  for (const RunRecord* run : group.runs) {
    for (const auto& epoch : run->epochs) {
      solved += epoch.solved.value_or(0);
      fell_back += epoch.fell_back.value_or(0);
    }
  }
  if (solved + fell_back == 0) return;
  table.note(fmt::format("{}: states solved for {:.0f} samples; {:.0f} ({:.3g} %) simulated instead.",
                         group.label, solved, fell_back, 100 * fell_back / (solved + fell_back)));
}

void add_notes(Table& table, const std::vector<Group>& groups) {
  int repeats = 0;
  bool averaged = false, partial = false;
  for (const Group& group : groups) {
    repeats += group.repeats;
    const std::vector<const RunRecord*> counting = report::counted(group);
    averaged = averaged || counting.size() > 1;
    partial = partial || counting.size() < group.runs.size();
  }
  if (partial)
    table.note("Means are over the finished runs; where no run has finished, over those still going.");
  if (averaged) table.note("± is the sample standard deviation over seeds.");
  for (const Group& group : groups) note_solved(table, group);
  if (repeats > 0)
    table.note(fmt::format("{} run{} of a seed that was there already count{} once.", repeats,
                           repeats > 1 ? "s" : "", repeats > 1 ? "" : "s"));
}

}  // namespace

Table report::without_shortened(std::span<const RunRecord> runs) {
  const std::vector<Group> groups = report::grouped(runs);
  const auto angle = [](const RunRecord& run) { return report::late_value(run, "update-angle", "network"); };
  const bool settles =
      std::any_of(runs.begin(), runs.end(), [](const RunRecord& run) { return settled(run).has_value(); });
  constexpr auto kRight = Table::Align::right;
  Table table;
  table.column("Rule")
      .column("Seeds", kRight)
      .shared()
      .column("Epochs", kRight)
      .shared()
      .column("Test error", kRight, "%")
      .column("Angle to backprop", kRight, "°");
  if (settles) table.column("Settled", kRight, "%");
  table.column("Samples/s", kRight, "", "samples_per_s").column("Locality marks");
  for (const Group& group : groups) {
    std::vector<Cell> row = {group.label, seeds_cell(group), epochs_cell(group),
                             Cell::mean_sd(report::over_seeds(group, report::test_error), 2, 100),
                             Cell::mean_sd(report::over_seeds(group, angle), 1)};
    if (settles) row.push_back(Cell::mean_sd(report::over_seeds(group, settled), 1, 100));
    Cell rate = Cell::mean_sd(report::over_seeds(group, speed), 0);
    // The spread of a speed says more about the machine than about the rule.
    rate.text = rate.text.substr(0, rate.text.find(" ±"));
    row.push_back(std::move(rate));
    row.push_back(marks_cell(group));
    table.row(std::move(row));
  }
  add_notes(table, groups);
  return table;
}

Table result_table(std::span<const RunRecord> runs, const ReportOptions& options) {
  Table table = report::without_shortened(runs);
  const std::vector<std::string> shortened = report::shortened_in(runs, options);
  if (!shortened.empty()) table.note(fmt::format("Shortened: {}", fmt::join(shortened, " ")));
  return table;
}

std::string result_plot(std::span<const RunRecord> runs, const TextStyle& style) {
  const std::vector<Group> groups = report::grouped(runs);
  for (const report::Chart& chart : {report::error_chart(groups), report::loss_chart(groups)}) {
    std::vector<PlotCurve> curves;
    for (const auto& series : chart.panels[0].series)
      curves.push_back({series.label, series.mean.x, series.mean.y});
    const std::string plot =
        terminal_plot(chart.unit.empty() ? chart.title : chart.title + " [" + chart.unit + "] over epochs",
                      curves, style, chart.logarithmic);
    if (!plot.empty()) return plot;
  }
  return {};
}

}  // namespace apical
