#include "reproduction/alignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apical/reproduction.h"
#include "reproduction/figure_files.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWindow = 30;  // measurements, one in 50 minibatches
const std::string kFixed = "-fixed";

bool is_fixed(const std::string& figure) { return figure.ends_with(kFixed); }
std::string column_of(const std::string& figure) {
  return is_fixed(figure) ? figure.substr(0, figure.size() - kFixed.size()) : figure;
}
bool is_controlled(const std::string& row) { return row.starts_with("dfc"); }
bool simulates(const std::string& row) { return is_controlled(row) && !row.starts_with("dfc-ssa"); }

PublishedCell cell_of(const std::string& figure, const std::string& row, const fs::path& recipes) {
  return chosen_cells(published_cells(recipes), {"dfc2021/table1", column_of(figure), row}).front();
}

// What the authors' alignment runs simulate otherwise than those of Table 1. All T states are had as a linear response: nudges are so small that
// it differs from the simulation by less than float32 does, and simulated, these figures take days.
void set_dynamics(Recipe& recipe, const std::string& figure, const std::string& row) {
  const bool autoencoder = column_of(figure) == "autoencoder", every_step = !row.starts_with("dfc-s");
  const double dt = autoencoder && !(is_fixed(figure) && every_step) ? 0.001 : 0.005;
  const bool proactive = autoencoder || is_fixed(figure) || !every_step;
  set_all(recipe, {"rule.settling=linear-response", fmt::format("rule.dt={}", dt), "rule.steps=1000",
                   fmt::format("rule.proactive={}", proactive),
                   fmt::format("rule.include_non_converged={}", !(autoencoder && is_fixed(figure)))});
}

void shrink(Recipe& recipe, const std::string& row) {
  set_all(recipe, {"problem.data=digits", "problem.training_samples=640", "problem.validation=64",
                   "problem.batch_size=32", "training.epochs=2",
                   fmt::format("network.layers=[64, 24, 24, 24, {}]",
                               recipe.problem.task == "autoencoder" ? 64 : 10)});
  if (simulates(row)) set_all(recipe, {"rule.steps=400", "rule.dt=0.02"});
  if (is_controlled(row) && !row.ends_with(kFixed)) set_all(recipe, {"rule.pretraining_epochs=6"});
}

std::vector<ProbeSeries> by_layer(const fs::path& run, const std::string& probe, std::size_t layers) {
  std::vector<ProbeSeries> all;
  for (std::size_t i = 1; i <= layers; ++i)
    all.push_back(probe_series(run, probe, fmt::format("layer {}", i)));
  return all;
}

AlignmentRun measured(const Recipe& recipe, const std::string& row, const fs::path& run) {
  const std::size_t layers = recipe.network.layers.size() - 1;
  return {.row = row,
          .backprop = by_layer(run, "update-angle", layers),
          .minimum_norm = by_layer(run, "update-angle-mn-damped", layers),
          .analytic = by_layer(run, "update-angle-ssa", layers),
          .condition_2 = probe_series(run, "condition-2"),
          .transpose = probe_series(run, "feedback-angle-transpose"),
          .damped = probe_series(run, "feedback-angle-damped")};
}

report::PlotPanel panel_of(std::string title, std::string y_label) {
  report::PlotPanel panel;
  panel.title = std::move(title), panel.x_label = "Epoch", panel.y_label = std::move(y_label);
  return panel;
}

void add_line(report::PlotPanel& panel, const std::string& label, std::size_t style,
              const ProbeSeries& series) {
  if (series.value.empty()) return;
  const Rolling smooth = rolling(series.value, kWindow);
  report::PlotLine line{.label = label, .look = report::Look::of(style), .x = series.epoch, .y = smooth.mean};
  for (std::size_t i = 0; i < smooth.mean.size(); ++i) {
    line.low.push_back(std::max(0.0, smooth.mean[i] - smooth.sd[i]));  // nothing here is negative
    line.high.push_back(smooth.mean[i] + smooth.sd[i]);
  }
  panel.lines.push_back(std::move(line));
}

// Every row has its look whether or not the others have been run.
std::size_t style_of(const std::string& figure, const std::string& row) {
  const auto rows = alignment_rows(figure);
  return static_cast<std::size_t>(std::find(rows.begin(), rows.end(), row) - rows.begin());
}

report::Plot plot_of(const std::string& figure, const std::vector<AlignmentRun>& runs,
                     const std::string& part = "") {
  const std::size_t layers = runs.front().backprop.size();
  report::Plot plot{.title = "Where updates point, and how far feedback has learned" + part,
                    .description = "Angles by layer over epochs, rolling means with a band of one deviation.",
                    .columns = layers,
                    .width = 300,
                    .height = 230,
                    .panels = {}};
  struct Quantity {
    const char* title;
    std::vector<ProbeSeries> AlignmentRun::*series;
  };
  for (const auto& [title, series] : {Quantity{"Update against backprop", &AlignmentRun::backprop},
                                      Quantity{"… minimum norm (γ = 1)", &AlignmentRun::minimum_norm},
                                      Quantity{"… analytic steady state", &AlignmentRun::analytic}}) {
    for (std::size_t i = 0; i < layers; ++i) {
      auto panel = panel_of(fmt::format("{}, layer {}", title, i + 1), "angle [°]");
      for (const AlignmentRun& run : runs)
        add_line(panel, run.row, style_of(figure, run.row), (run.*series)[i]);
      if (!panel.lines.empty()) plot.panels.push_back(std::move(panel));
    }
  }
  struct Feedback {
    const char *title, *label;
    ProbeSeries AlignmentRun::*series;
  };
  for (const auto& [title, label, series] :
       {Feedback{"Condition 2 (1: holds)", "‖P_J Q‖ / ‖Q‖", &AlignmentRun::condition_2},
        Feedback{"Q against Jᵀ", "angle [°]", &AlignmentRun::transpose},
        Feedback{"Q against Jᵀ(JJᵀ + I)⁻¹", "angle [°]", &AlignmentRun::damped}}) {
    auto panel = panel_of(title, label);
    for (const AlignmentRun& run : runs) add_line(panel, run.row, style_of(figure, run.row), run.*series);
    if (!panel.lines.empty()) plot.panels.push_back(std::move(panel));
  }
  return plot;
}

CsvTable numbers_of(const std::vector<AlignmentRun>& runs) {
  CsvTable table({"method", "quantity", "layer", "epoch", "value"});
  const auto add = [&](const AlignmentRun& run, const char* quantity, const std::string& layer,
                       const ProbeSeries& series) {
    // five digits: what is measured every 50 minibatches of 100 epochs makes long files
    for (std::size_t i = 0; i < series.value.size(); ++i)
      table.row({run.row, quantity, layer, {series.epoch[i], 5}, {series.value[i], 5}});
  };
  for (const AlignmentRun& run : runs) {
    for (std::size_t i = 0; i < run.backprop.size(); ++i) {
      const std::string layer = std::to_string(i + 1);
      add(run, "angle-backprop", layer, run.backprop[i]);
      add(run, "angle-minimum-norm", layer, run.minimum_norm[i]);
      add(run, "angle-analytic", layer, run.analytic[i]);
    }
    add(run, "condition-2", "all", run.condition_2);
    add(run, "feedback-angle-transpose", "all", run.transpose);
    add(run, "feedback-angle-damped", "all", run.damped);
  }
  return table;
}

double late(const ProbeSeries& series) { return series.mean_of_last(kWindow); }

// Late angles of a run, by layer: "12.1° 8.0° 3.2°"; what is not measured is left out.
std::string angles(const std::vector<ProbeSeries>& layers) {
  std::string text;
  for (const ProbeSeries& layer : layers)
    if (!layer.value.empty()) text += fmt::format("{}{:.1f}°", text.empty() ? "" : " ", late(layer));
  return text;
}

// Epochs that every method has which has any.
std::int64_t common_epochs(const std::vector<MethodProgress>& methods) {
  std::int64_t common = std::numeric_limits<std::int64_t>::max();
  for (const MethodProgress& method : methods) {
    if (method.epochs > 0) common = std::min(common, method.epochs);
  }
  return common;
}

FigureOutcome make(const std::string& figure, const FigureTask& task) {
  require_method(task, alignment_rows(figure));
  std::vector<AlignmentRun> runs;
  std::vector<MethodProgress> progress;
  for (const std::string& row : alignment_rows(figure)) {
    const Recipe recipe = alignment_recipe(figure, row, task.recipes, task.quick);
    const bool asked = task.row.empty() || task.row == row;
    const auto run = asked ? recorded_run(recipe, task) : found_run(recipe, task);
    if (asked && !run) return {.finished = false};
    progress.push_back({row, run ? epochs_of(*run) : 0, recipe.training.epochs});
    if (progress.back().epochs > 0) runs.push_back(measured(recipe, row, *run));
  }
  FigureOutcome outcome;
  outcome.partial = partial_words(progress);
  write_plot(task, "alignment-" + figure, plot_of(figure, runs), outcome);
  write_csv(task, "alignment-" + figure, numbers_of(runs), outcome);
  // methods that have come to different epochs are compared where all of them were
  const std::int64_t common = common_epochs(progress);
  const bool paired = outcome.partial.empty() ||
                      std::all_of(progress.begin(), progress.end(), [&](const MethodProgress& method) {
                        return method.epochs == 0 || method.epochs == common;
                      });
  if (!paired) {
    for (AlignmentRun& run : runs) run = run.until(static_cast<double>(common));
    write_plot(task, fmt::format("alignment-{}-paired", figure),
               plot_of(figure, runs, fmt::format(": the first {} epochs, which all of these have", common)),
               outcome);
    outcome.partial += fmt::format("; the claims compare the first {}", common);
  }
  outcome.claims = claims_of(runs);
  return outcome;
}

}  // namespace

AlignmentRun AlignmentRun::until(double epoch) const {
  const auto all = [epoch](std::vector<ProbeSeries> layers) {
    for (ProbeSeries& layer : layers) layer = layer.until(epoch);
    return layers;
  };
  return {.row = row,
          .backprop = all(backprop),
          .minimum_norm = all(minimum_norm),
          .analytic = all(analytic),
          .condition_2 = condition_2.until(epoch),
          .transpose = transpose.until(epoch),
          .damped = damped.until(epoch)};
}

std::vector<std::string> alignment_rows(const std::string& figure) {
  const std::string end = is_fixed(figure) ? kFixed : "";
  return {"dfc" + end, "dfc-ss" + end, "dfc-ssa" + end, "dfa"};
}

Recipe alignment_recipe(const std::string& figure, const std::string& row, const fs::path& recipes,
                        bool quick) {
  Recipe recipe = cell_of(figure, row, recipes).recipe;
  recipe.info.name = fmt::format("alignment-{}-{}", figure, row);
  if (simulates(row)) set_dynamics(recipe, figure, row);
  if (quick) shrink(recipe, row);
  const int every = quick ? 5 : 50;
  set_all(recipe, {"probes.damping=1", fmt::format("probes.update-angle={}", every),
                   fmt::format("probes.update-angle-mn-damped={}", every)});
  if (is_controlled(row)) {
    for (const char* probe : {"condition-2", "feedback-angle-transpose", "feedback-angle-damped"})
      set_all(recipe, {fmt::format("probes.{}={}", probe, every)});
  }
  if (simulates(row)) set_all(recipe, {fmt::format("probes.update-angle-ssa={}", every)});
  return recipe;
}

std::vector<FigureClaim> claims_of(const std::vector<AlignmentRun>& runs) {
  std::string to_backprop, to_analytic, to_minimum, learning;
  double farthest = 0, least_margin = HUGE_VAL, dfa = NAN, farthest_minimum = 0, least_gain = HUGE_VAL;
  for (const AlignmentRun& run : runs) {
    const std::string name = (to_backprop.empty() ? "" : "; ") + run.row + " ";
    to_backprop += name + angles(run.backprop);
    for (const ProbeSeries& layer : run.backprop)
      farthest = std::isfinite(late(layer)) ? std::max(farthest, late(layer)) : NAN;
    // the output layer is nobody's credit to assign: all but the last
    double minimum = 0;
    for (std::size_t i = 0; i + 1 < run.minimum_norm.size(); ++i) minimum += late(run.minimum_norm[i]);
    minimum /= static_cast<double>(run.minimum_norm.size() - 1);
    to_minimum += fmt::format("{}{} {:.1f}°", to_minimum.empty() ? "" : "; ", run.row, minimum);
    if (run.row == "dfa") dfa = minimum;
    if (!is_controlled(run.row)) continue;
    farthest_minimum = std::isfinite(minimum) ? std::max(farthest_minimum, minimum) : NAN;
    if (!run.row.ends_with(kFixed) && !run.condition_2.value.empty()) {
      const double start = run.condition_2.value.front(), end = late(run.condition_2);
      learning += fmt::format("{}{} {:.3f} to {:.3f}", learning.empty() ? "" : "; ", run.row, start, end);
      least_gain = std::isfinite(end - start) ? std::min(least_gain, end - start) : NAN;
    }
    if (!simulates(run.row)) continue;
    to_analytic += (to_analytic.empty() ? "" : "; ") + run.row + " " + angles(run.analytic);
    for (std::size_t i = 0; i < run.analytic.size(); ++i) {
      const double margin = late(run.backprop[i]) - late(run.analytic[i]);
      least_margin = std::isfinite(margin) ? std::min(least_margin, margin) : NAN;
    }
  }
  std::vector<FigureClaim> claims = {
      {"Every layer's update points downhill, within 90° of backprop's.", to_backprop + ".", farthest < 90}};
  if (!to_analytic.empty())
    claims.push_back(
        {"Updates of the dynamics point where the analytic steady state's do, nearer than to backprop's.",
         to_analytic + ".", least_margin > 0});
  const bool controlled =
      std::any_of(runs.begin(), runs.end(), [](const AlignmentRun& run) { return is_controlled(run.row); });
  if (controlled)
    claims.push_back(
        {"Controlled networks learn nearer to the damped minimum-norm update than DFA (mean of hidden "
         "layers).",
         to_minimum + ".", farthest_minimum < dfa && farthest_minimum > 0});
  if (!learning.empty())
    claims.push_back({"Learning from noise turns Q towards the row space of J, from its random start on.",
                      fmt::format("‖P_J Q‖/‖Q‖: {}.", learning), least_gain > 0});
  return claims;
}

std::vector<PublishedFigure> alignment_figures() {
  std::vector<PublishedFigure> figures;
  for (const std::string column : {"mnist", "fashion-mnist", "autoencoder"}) {
    for (const std::string& figure : {column, column + kFixed}) {
      figures.push_back({fmt::format("dfc2021/alignment/{}", figure),
                         fmt::format("Figures S5 to S12: alignment in Table 1's {} runs, feedback {}", column,
                                     is_fixed(figure) ? "fixed" : "learned"),
                         "Angles of updates and feedback weights while the networks of Table 1 learn; the "
                         "states of DFC and "
                         "DFC-SS as a linear response.",
                         [figure](const FigureTask& task) { return make(figure, task); }, true});
    }
  }
  return figures;
}

}  // namespace apical
