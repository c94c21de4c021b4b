#include "reproduction/fig3.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "reproduction/figure_files.h"

namespace apical {
namespace {

constexpr std::size_t kWindow = 30;  // measurements, one an epoch

struct Method {
  const char *name, *rule, *slug;
  bool controlled, learned_feedback;
  report::Look look;
};
// One colour a rule; solid where the feedback learns, dashed where it is fixed.
constexpr std::size_t kDashed = 1;
const Method kMethods[] = {
    {"DFC", "dfc", "dfc", true, true, {0, 0, 0}},
    {"DFC-SS", "dfc-ss", "dfc-ss", true, true, {2, 0, 2}},
    {"DFC-SSA", "dfc-ssa", "dfc-ssa", true, true, {3, 0, 3}},
    {"DFA", "dfa", "dfa", false, false, {1, 0, 1}},
    {"DFC (fixed)", "dfc", "dfc-fixed", true, false, {0, kDashed, 0}},
    {"DFC-SS (fixed)", "dfc-ss", "dfc-ss-fixed", true, false, {2, kDashed, 2}},
    {"DFC-SSA (fixed)", "dfc-ssa", "dfc-ssa-fixed", true, false, {3, kDashed, 3}},
};

const Method& method_named(const std::string& name) {
  return *std::find_if(std::begin(kMethods), std::end(kMethods),
                       [&](const Method& m) { return name == m.name; });
}

bool simulates(const Method& method) { return method.controlled && std::string(method.rule) != "dfc-ssa"; }

void set_feedback(Recipe& recipe) {
  set_all(recipe, {"rule.pretraining_epochs=50",
                   "rule.sleep_before=1",
                   "rule.sleep_after=2",
                   "rule.alpha_fb=0.25",
                   "rule.k_p_fb=0.1",
                   "rule.dt_fb=0.002",
                   "rule.steps_fb=50",
                   "rule.tau_v_fb=0.01",
                   "rule.tau_a_fb=0.3",
                   "rule.sigma_fb=0.01",
                   "rule.transmission_fb=instantaneous",
                   "optimizer.feedback.algorithm=sgd",
                   "optimizer.feedback.learning_rate=0.002",
                   "optimizer.feedback.weight_decay=0.025",
                   "optimizer.feedback.clip=joint",
                   "optimizer.feedback.clip_norm=1",
                   "optimizer.feedback-pretraining.algorithm=sgd",
                   "optimizer.feedback-pretraining.learning_rate=0.1",
                   "optimizer.feedback-pretraining.weight_decay=0.025",
                   "optimizer.feedback-pretraining.clip=joint",
                   "optimizer.feedback-pretraining.clip_norm=1"});
}

// One panel: every method's rolling mean, in a band of a rolling deviation on both sides.
report::PlotPanel panel_of(std::string title, std::string y_label, const Figure3::ByMethod& series) {
  report::PlotPanel panel;
  panel.title = std::move(title), panel.x_label = "Epoch", panel.y_label = std::move(y_label);
  for (const Method& method : kMethods) {
    const auto found = series.find(method.name);
    if (found == series.end()) continue;
    const Rolling smooth = rolling(found->second.value, kWindow);
    report::PlotLine line{
        .label = method.name, .look = method.look, .x = found->second.epoch, .y = smooth.mean};
    for (std::size_t i = 0; i < smooth.mean.size(); ++i) {
      line.low.push_back(smooth.mean[i] - smooth.sd[i]);
      line.high.push_back(smooth.mean[i] + smooth.sd[i]);
    }
    panel.lines.push_back(std::move(line));
  }
  return panel;
}

report::Plot plot_of(const Figure3& figure) {
  return {
      .title = "Conditions, directions and stability while a student learns",
      .description = "Six panels over epochs: rolling means over 30 epochs with bands of one deviation.",
      .columns = 3,
      .width = 380,
      .height = 270,
      .panels = {panel_of("A  Condition 2 (1: holds)", "‖P_J Q‖ / ‖Q‖", figure.condition_2),
                 panel_of("C  Condition 1 (0: holds)", "s.d. / mean of ‖r₀‖ … ‖r_L₋₁‖", figure.condition_1),
                 panel_of("E  Stability (below 0: stable)", "largest Re λ of A_PI [1/τ_u]", figure.stability),
                 panel_of("B  Update against minimum norm (γ = 0.1)", "angle [°]", figure.minimum_norm),
                 panel_of("D  Update against Gauss-Newton (γ = 0.1)", "angle [°]", figure.gauss_newton),
                 panel_of("F  Update against the analytic steady state", "angle [°]", figure.analytic)}};
}

// One row per quantity and epoch, one column per method; empty where a quantity means nothing for a method.
CsvTable numbers_of(const Figure3& figure) {
  std::vector<std::string> columns = {"quantity", "epoch"};
  for (const Method& method : kMethods) columns.emplace_back(method.name);
  CsvTable table(columns);
  const auto add = [&](const char* quantity, const Figure3::ByMethod& series) {
    std::size_t epochs = 0;
    for (const auto& [method, values] : series) epochs = std::max(epochs, values.value.size());
    for (std::size_t i = 0; i < epochs; ++i) {
      std::vector<CsvTable::Field> row = {quantity, static_cast<double>(i)};
      for (const Method& method : kMethods) {
        const auto found = series.find(method.name);
        row.emplace_back(found != series.end() && i < found->second.value.size() ? found->second.value[i]
                                                                                 : NAN);
      }
      table.row(row);
    }
  };
  add("condition-2", figure.condition_2);
  add("angle-minimum-norm", figure.minimum_norm);
  add("condition-1", figure.condition_1);
  add("angle-gauss-newton", figure.gauss_newton);
  add("stability", figure.stability);
  add("angle-analytic", figure.analytic);
  return table;
}

double late(const Figure3::ByMethod& series, const std::string& method) {
  const auto found = series.find(method);
  return found == series.end() ? NAN : found->second.mean_of_last(kWindow);
}

// The least and the greatest late value of methods.
std::pair<double, double> late_range(const Figure3::ByMethod& series,
                                     const std::vector<std::string>& methods) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const std::string& method : methods) {
    const double value = late(series, method);
    if (std::isnan(value)) return {value, value};
    low = std::min(low, value), high = std::max(high, value);
  }
  return {low, high};
}

const std::vector<std::string> kLearned = {"DFC", "DFC-SS", "DFC-SSA"};
const std::vector<std::string> kFixed = {"DFC (fixed)", "DFC-SS (fixed)", "DFC-SSA (fixed)"};

FigureClaim closer_than_dfa(const Figure3::ByMethod& angles, const std::string& reference) {
  const auto [low, high] = late_range(angles, kLearned);
  const double dfa = late(angles, "DFA");
  return {fmt::format("Updates of DFC with learned feedback stay within 70° (the panel's axis) of the damped "
                      "{} update and "
                      "closer to it than DFA's.",
                      reference),
          fmt::format("{:.1f}° to {:.1f}° over the last {} epochs, DFA {:.1f}°.", low, high, kWindow, dfa),
          high < dfa && high <= 70};
}

}  // namespace

std::vector<std::string> figure_3_methods() {
  std::vector<std::string> names;
  for (const Method& method : kMethods) names.emplace_back(method.name);
  return names;
}

Recipe figure_3_recipe(const std::string& name, bool quick) {
  const Method& method = method_named(name);
  Recipe recipe = student_recipe(fmt::format("fig3-{}", method.slug), method.rule, {15, 10, 10, 5});
  set_all(recipe, {fmt::format("training.epochs={}", quick ? 6 : 300), "optimizer.clip=per-tensor",
                   "optimizer.clip_norm=1", "probes.damping=0.1", "probes.update-angle-mn-damped=100",
                   "probes.update-angle-gn-damped=100", "probes.condition-1=100"});
  if (quick) shrink_data(recipe);
  if (!method.controlled) {
    // λ = 0.05 twice and 1/B are in the authors' DFA, and the learning rate is 1
    const auto batch = static_cast<double>(recipe.problem.batch_size);
    set_all(recipe, {fmt::format("optimizer.learning_rate={}", 2 * 0.05 / batch), "probes.condition-1=0"});
    return recipe;
  }
  set_all(recipe, {"optimizer.learning_rate=1", "rule.target_step=0.05", "rule.alpha=0.0015",
                   "probes.condition-2=100"});
  set_all(recipe, {fmt::format("rule.feedback={}", method.learned_feedback ? "learned" : "fixed")});
  if (simulates(method)) {
    set_all(recipe, {"rule.k_p=1.5", "rule.dt=0.005", fmt::format("rule.steps={}", quick ? 400 : 1000),
                     "rule.tau_v=0.2", "rule.proactive=false", "rule.include_non_converged=true",
                     "probes.stability-controlled=100", "probes.update-angle-ssa=100"});
  }
  if (method.learned_feedback) set_feedback(recipe);
  return recipe;
}

std::vector<FigureClaim> claims_of(const Figure3& figure) {
  const auto [least, greatest] = late_range(figure.condition_2, kLearned);
  const auto fixed = late_range(figure.condition_2, kFixed);
  std::vector<FigureClaim> claims = {{"A: learning the feedback weights keeps them near Condition 2 (the "
                                      "panel's axis begins at 0.7), nearer than fixed ones.",
                                      fmt::format("{:.3f} to {:.3f} over the last {} epochs, fixed {:.3f} to "
                                                  "{:.3f} (shown if above 0.7 and above the fixed).",
                                                  least, greatest, kWindow, fixed.first, fixed.second),
                                      least > 0.7 && least > fixed.second},
                                     closer_than_dfa(figure.minimum_norm, "minimum-norm")};
  claims.back().published = "B: " + claims.back().published;

  const auto condition_1 = late_range(figure.condition_1, kLearned);
  claims.push_back(
      {"C: Condition 1 holds only roughly: the layers' lengths differ by up to 45 % (the panel's axis).",
       fmt::format("{:.2f} to {:.2f} over the last {} epochs.", condition_1.first, condition_1.second,
                   kWindow),
       condition_1.first > 0.02 && condition_1.second <= 0.45});
  claims.push_back(closer_than_dfa(figure.gauss_newton, "Gauss-Newton"));
  claims.back().published = "D: " + claims.back().published;

  double worst = -HUGE_VAL;
  for (const auto& [method, series] : figure.stability)
    worst = std::isnan(series.largest()) ? NAN : std::max(worst, series.largest());
  claims.push_back(
      {"E: the controlled network is stable throughout: the largest eigenvalue stays below 0 (axis: −0.6 to "
       "−0.4).",
       fmt::format("Greatest value of any method at any epoch, worst sample: {:.3f} / τ_u.", worst),
       worst < 0});
  const auto analytic = late_range(figure.analytic, {"DFC", "DFC-SS"});
  claims.push_back(
      {"F: DFC and DFC-SS stay within 8° (the panel's axis) of the analytic steady state's update.",
       fmt::format("{:.2f}° to {:.2f}° over the last {} epochs.", analytic.first, analytic.second, kWindow),
       analytic.second <= 8});
  return claims;
}

FigureOutcome make_fig3(const FigureTask& task) {
  std::vector<std::string> slugs;
  for (const Method& method : kMethods) slugs.emplace_back(method.slug);
  require_method(task, slugs);
  Figure3 figure;
  std::vector<MethodProgress> progress;
  for (const Method& method : kMethods) {
    const Recipe recipe = figure_3_recipe(method.name, task.quick);
    const bool asked = task.row.empty() || task.row == method.slug;
    const auto run = asked ? recorded_run(recipe, task) : found_run(recipe, task);
    if (asked && !run) return {.finished = false};
    progress.push_back({method.slug, run ? epochs_of(*run) : 0, recipe.training.epochs});
    if (!run) continue;
    figure.minimum_norm[method.name] = probe_series(*run, "update-angle-mn-damped");
    figure.gauss_newton[method.name] = probe_series(*run, "update-angle-gn-damped");
    if (!method.controlled) continue;
    figure.condition_1[method.name] = probe_series(*run, "condition-1");
    figure.condition_2[method.name] = probe_series(*run, "condition-2");
    if (!simulates(method)) continue;
    figure.stability[method.name] = probe_series(*run, "stability-controlled", "A_PI");
    figure.analytic[method.name] = probe_series(*run, "update-angle-ssa");
  }
  // the panels begin with the training of forward weights
  for (auto& [method, values] : figure.condition_2) values = values.since(0);
  FigureOutcome outcome;
  outcome.claims = claims_of(figure);
  outcome.partial = partial_words(progress);
  write_plot(task, "fig3", plot_of(figure), outcome);
  write_csv(task, "fig3", numbers_of(figure), outcome);
  return outcome;
}

}  // namespace apical
