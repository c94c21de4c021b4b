#include "scope_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "report/plot.h"

namespace apical::cli {
namespace {

constexpr std::size_t kMostOutputs = 4;  // lines that can be told apart
constexpr std::size_t kMostPoints = 400;

// Places of the states that are drawn: evenly spaced, the last among them.
std::vector<std::size_t> places(std::size_t count) {
  const std::size_t points = std::min(count, kMostPoints);
  std::vector<std::size_t> all(points);
  for (std::size_t i = 0; i < points; ++i) all[i] = points < 2 ? 0 : i * (count - 1) / (points - 1);
  return all;
}

// A column of a [times, columns] array at the places drawn, from `base` on.
std::vector<double> picked(const std::vector<double>& values, std::size_t columns, std::size_t column,
                           double base) {
  std::vector<double> out;
  for (const std::size_t place : places(values.size() / columns))
    out.push_back(values[place * columns + column] - base);
  return out;
}

// The outputs that are to move farthest.
std::vector<std::size_t> outputs_shown(const ScopeRecording& r) {
  std::vector<std::size_t> all(r.outputs);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto way = [&](std::size_t k) { return std::abs(r.target[k] - r.r[k]); };
  std::stable_sort(all.begin(), all.end(), [&](std::size_t a, std::size_t b) { return way(a) > way(b); });
  all.resize(std::min(all.size(), kMostOutputs));
  return all;
}

std::string name_of(std::size_t output) { return fmt::format("output {}", output); }

}  // namespace

std::string scope_svg(const ScopeRecording& r) {
  const std::vector<double> time = picked(r.time, 1, 0, 0);
  const std::string x_label = "Time [tau_u]";
  report::Plot plot{.title = fmt::format("Controlled dynamics of sample {}", r.sample),
                    .description = "Control, output, error and voltages of single neurons in time.",
                    .columns = 2,
                    .panels = {}};
  report::PlotPanel control{.title = "Control", .x_label = x_label, .y_label = "u"};
  report::PlotPanel output{.title = "Output and target", .x_label = x_label, .y_label = "r_L − r_L⁻"};
  const std::vector<std::size_t> shown = outputs_shown(r);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const std::size_t k = shown[i];
    const auto look = report::Look::of(i);
    control.lines.push_back({name_of(k), look, time, picked(r.u, r.outputs, k, 0)});
    output.lines.push_back({name_of(k), look, time, picked(r.r, r.outputs, k, r.r[k])});
    if (r.target_moves) {
      output.lines.push_back({"target",
                              {.colour = i, .dash = 1, .marker = i},
                              time,
                              picked(r.target, r.outputs, k, r.r[k]),
                              {},
                              {},
                              1,
                              false});
    } else {
      output.levels.push_back({"target", i, r.target[k] - r.r[k]});
    }
  }
  plot.panels = {control, output};
  plot.panels.push_back(
      {.title = "Error", .x_label = x_label, .y_label = "‖r* − r_L‖", .y_logarithmic = true});
  plot.panels.back().lines.push_back({"error", report::Look::of(4), time, picked(r.error, 1, 0, 0)});
  for (const auto& neuron : r.neurons) {
    report::PlotPanel panel{.title = fmt::format("Layer {}, unit {}", neuron.layer, neuron.unit),
                            .x_label = x_label,
                            .y_label = "v − v⁻"};
    panel.lines.push_back({"basal", report::Look::of(0), time, picked(neuron.basal, 1, 0, neuron.basal[0])});
    panel.lines.push_back({"apical", report::Look::of(1), time, picked(neuron.apical, 1, 0, 0)});
    panel.lines.push_back({"soma", report::Look::of(2), time, picked(neuron.soma, 1, 0, neuron.soma[0])});
    plot.panels.push_back(std::move(panel));
  }
  return report::plot_svg(plot);
}

std::string scope_plots(const ScopeRecording& r, const TextStyle& style) {
  const std::vector<double> time = picked(r.time, 1, 0, 0);
  std::vector<PlotCurve> outputs;
  for (const std::size_t k : outputs_shown(r)) {
    outputs.push_back({name_of(k), time, picked(r.r, r.outputs, k, r.r[k])});
    const std::string target = fmt::format("target {}", k);
    if (r.target_moves) {
      outputs.push_back({target, time, picked(r.target, r.outputs, k, r.r[k])});
    } else {
      const double level = r.target[k] - r.r[k];
      outputs.push_back({target, {time.front(), time.back()}, {level, level}});
    }
    if (outputs.size() == 4) break;  // two with their targets are as many as letters can show
  }
  const PlotCurve error{"error", time, picked(r.error, 1, 0, 0)};
  const std::string first = terminal_plot("Error ‖r* − r_L‖ over time", std::span(&error, 1), style, true);
  const std::string second = terminal_plot("Output, change from the feedforward point", outputs, style);
  return "\n" + first + "\n" + second;
}

}  // namespace apical::cli
