#include "report/charts.h"

#include <algorithm>
#include <cmath>

#include "report/known_probes.h"

namespace apical::report {
namespace {

// More points than this are averaged in equal stretches of the axis: finer than any line drawn.
constexpr std::size_t kMostPoints = 120;
// Values that span more than this factor, or lie so far below the reference, are drawn on a logarithmic axis.
constexpr double kDecadeSpan = 8;
constexpr const char* kNonFinite = "non-finite";  // the probe

Curve thinned(const Curve& curve) {
  if (curve.x.size() <= kMostPoints) return curve;
  Curve out;
  for (std::size_t i = 0; i < kMostPoints; ++i) {
    const std::size_t from = i * curve.x.size() / kMostPoints, to = (i + 1) * curve.x.size() / kMostPoints;
    out.x.push_back(spread_of(std::span(curve.x).subspan(from, to - from)).mean);
    out.y.push_back(spread_of(std::span(curve.y).subspan(from, to - from)).mean);
  }
  return out;
}

// One panel from a function that reads a curve out of a run; groups without a point are left out.
template <typename Function>
Panel panel_of(const std::vector<Group>& groups, std::string title, Function curve_of) {
  Panel panel{std::move(title), {}};
  for (std::size_t g = 0; g < groups.size(); ++g) {
    Series series{groups[g].label, g, {}, {}};
    std::vector<Curve> meant;
    const std::vector<const RunRecord*> counting = counted(groups[g]);
    for (const RunRecord* run : groups[g].runs) {
      Curve curve = curve_of(*run);
      if (curve.x.empty()) continue;
      // Where every run failed, the mean shows how.
      if (counting.empty() || std::find(counting.begin(), counting.end(), run) != counting.end())
        meant.push_back(curve);
      series.seeds.push_back(std::move(curve));
    }
    if (series.seeds.empty()) continue;
    series.mean = thinned(mean_curve(meant));
    for (Curve& seed : series.seeds) seed = thinned(seed);
    panel.series.push_back(std::move(series));
  }
  return panel;
}

bool has_points(const Panel& panel) {
  return std::any_of(panel.series.begin(), panel.series.end(),
                     [](const Series& s) { return !s.seeds.empty(); });
}

bool any_above_zero(const Panel& panel) {
  for (const Series& series : panel.series) {
    for (const Curve& curve : series.seeds) {
      if (std::any_of(curve.y.begin(), curve.y.end(), [](double y) { return y != 0; })) return true;
    }
  }
  return false;
}

void choose_axis(Chart& chart) {
  double least = HUGE_VAL, most = 0;
  for (const Panel& panel : chart.panels) {
    for (const Series& series : panel.series) {
      for (const Curve& curve : series.seeds) {
        for (double y : curve.y) {
          if (!std::isfinite(y)) continue;
          least = std::min(least, y);
          most = std::max(most, y);
        }
      }
    }
  }
  chart.logarithmic = least > 0 && std::max(most / least, chart.reference.value_or(0) / most) > kDecadeSpan;
}

Curve evaluations(const RunRecord& run, const std::string& split, double scale,
                  std::optional<double> RunRecord::Evaluation::*what) {
  Curve curve;
  for (const auto& evaluation : run.evaluations) {
    if (evaluation.split != split || !(evaluation.*what)) continue;
    curve.x.push_back(evaluation.epoch);
    curve.y.push_back(scale * *(evaluation.*what));
  }
  return curve;
}

Curve epochs(const RunRecord& run, double scale, std::optional<double> RunRecord::Epoch::*what) {
  Curve curve;
  for (const auto& epoch : run.epochs) {
    if (epoch.pass != "wake" || !(epoch.*what)) continue;
    curve.x.push_back(epoch.epoch);
    curve.y.push_back(scale * *(epoch.*what));
  }
  return curve;
}

Curve probe(const RunRecord& run, const std::string& name, const std::string& key) {
  Curve curve;
  for (const auto& measured : run.measurements) {
    if (measured.probe != name) continue;
    for (const auto& [at, value] : measured.values) {
      if (at != key) continue;
      curve.x.push_back(measured.epoch);
      curve.y.push_back(value);
    }
  }
  return curve;
}

// All names under which a probe reports, "network" first, then in the order of the first run that has them.
std::vector<std::string> keys_of(const std::vector<Group>& groups, const std::string& name) {
  std::vector<std::string> keys;
  for (const Group& group : groups) {
    for (const RunRecord* run : group.runs) {
      for (const auto& measured : run->measurements) {
        if (measured.probe != name) continue;
        for (const auto& [key, value] : measured.values) {
          if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
        }
      }
    }
  }
  std::stable_partition(keys.begin(), keys.end(), [](const std::string& key) { return key == "network"; });
  return keys;
}

std::string unit_of(const std::vector<Group>& groups, const std::string& name) {
  for (const Group& group : groups) {
    for (const RunRecord* run : group.runs) {
      for (const auto& measured : run->measurements) {
        if (measured.probe == name && !measured.unit.empty())
          return measured.unit == "deg" ? "°" : measured.unit;
      }
    }
  }
  return {};
}

Chart probe_chart(const std::vector<Group>& groups, const std::string& name) {
  Chart chart{.id = name, .title = name, .y_label = name, .unit = unit_of(groups, name)};
  chart.expect = "Measured by the probe of that name; its page says what to expect.";
  const auto known = std::find_if(known_probes().begin(), known_probes().end(),
                                  [&](const KnownProbe& k) { return name == k.name; });
  if (known != known_probes().end()) {
    chart.title = known->title;
    chart.y_label = known->y_label;
    chart.expect = known->expect;
    chart.ceiling = known->ceiling;
    chart.step = known->step;
    chart.reference = known->reference;
    chart.reference_label = known->reference_label;
  }
  for (const std::string& key : keys_of(groups, name)) {
    Panel panel = panel_of(groups, key, [&](const RunRecord& run) { return probe(run, name, key); });
    if (has_points(panel)) chart.panels.push_back(std::move(panel));
  }
  if (!chart.step) choose_axis(chart);
  return chart;
}

// The probes that appear: those the page knows first, the others in the order of the alphabet.
std::vector<std::string> probes_in(const std::vector<Group>& groups) {
  std::vector<std::string> names;
  for (const Group& group : groups) {
    for (const RunRecord* run : group.runs) {
      for (const auto& measured : run->measurements) {
        if (std::find(names.begin(), names.end(), measured.probe) == names.end())
          names.push_back(measured.probe);
      }
    }
  }
  const auto rank = [](const std::string& name) {
    return std::find_if(known_probes().begin(), known_probes().end(),
                        [&](const KnownProbe& k) { return name == k.name; }) -
           known_probes().begin();
  };
  std::sort(names.begin(), names.end(),
            [&](const auto& a, const auto& b) { return std::pair(rank(a), a) < std::pair(rank(b), b); });
  return names;
}

template <typename Function>
Chart single(const std::vector<Group>& groups, Chart chart, Function curve_of) {
  chart.panels.push_back(panel_of(groups, "", curve_of));
  return chart;
}

}  // namespace

Chart loss_chart(const std::vector<Group>& groups) {
  Chart chart = single(groups,
                       {.id = "training-loss",
                        .title = "Training loss",
                        .expect = "Should fall fast at first and then flatten; a line that rises or breaks "
                                  "off took too large steps.",
                        .y_label = "Loss"},
                       [](const RunRecord& run) { return epochs(run, 1, &RunRecord::Epoch::loss); });
  choose_axis(chart);
  return chart;
}

Chart error_chart(const std::vector<Group>& groups) {
  Chart chart = single(
      groups,
      {.id = "test-error",
       .title = "Test error",
       .expect = "Should fall and level off; the lower the better, and a rule of deep credit ends below one "
                 "that trains the readout alone.",
       .y_label = "Test error",
       .unit = "%"},
      [](const RunRecord& run) { return evaluations(run, "test", 100, &RunRecord::Evaluation::error); });
  choose_axis(chart);
  return chart;
}

std::vector<Chart> charts_of(const std::vector<Group>& groups) {
  std::vector<Chart> charts = {error_chart(groups), loss_chart(groups)};
  for (const std::string& name : probes_in(groups)) {
    Chart chart = probe_chart(groups, name);
    // a dozen panels of zeros say nothing
    if (name == kNonFinite)
      std::erase_if(chart.panels, [](const Panel& panel) { return !any_above_zero(panel); });
    charts.push_back(std::move(chart));
  }
  charts.push_back(single(
      groups,
      {.id = "settled",
       .title = "Samples that settled",
       .expect = "Should stay at 100 %: a sample whose dynamics do not settle in time teaches nothing.",
       .y_label = "Settled",
       .unit = "%",
       .from_zero = false,
       .ceiling = 100},
      [](const RunRecord& run) { return epochs(run, 100, &RunRecord::Epoch::settled); }));
  Chart residual = single(
      groups,
      {.id = "residual",
       .title = "Residual after settling",
       .expect =
           "What still moves when settling ends: should be small and steady, not grow as training goes on.",
       .y_label = "Residual"},
      [](const RunRecord& run) { return epochs(run, 1, &RunRecord::Epoch::residual); });
  choose_axis(residual);
  charts.push_back(std::move(residual));
  Chart nonfinite =
      single(groups,
             {.id = "non-finite-epochs",
              .title = "Non-finite numbers",
              .expect = "Should be zero throughout: any count says that the numbers of a layer ran away.",
              .y_label = "Count"},
             [](const RunRecord& run) { return epochs(run, 1, &RunRecord::Epoch::nonfinite); });
  if (any_above_zero(nonfinite.panels[0])) charts.push_back(std::move(nonfinite));
  std::erase_if(charts, [](const Chart& chart) {
    return std::none_of(chart.panels.begin(), chart.panels.end(), has_points);
  });
  return charts;
}

}  // namespace apical::report
