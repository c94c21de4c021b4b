#include "reproduction/feedback_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reproduction/figure_files.h"

namespace apical {
namespace {

constexpr std::size_t kLate = 8;  // measurements in the last epoch of 40 minibatches
const std::vector<std::string> kHiddenUnits = {"linear", "tanh"};

// What a figure varies, and what it leaves alone.
struct Study {
  std::string id, varied;  // "figs2", "γ"
  std::vector<double> settings;
  double alpha_fb, k_p_fb, damping;  // those that are not varied
  std::vector<double> in_short;      // settings of the short form
};
const Study kS2 = {"figs2", "γ", {0, 0.1, 1, 5, 10, 100, 1000}, 0.5, 0, 0, {5}};
const Study kS3 = {"figs3", "α_fb", {0, 0.001, 0.01, 0.1, 0.5, 1}, 0, 0.3, 5, {0, 1}};
const Study kS4 = {"figs4", "k_p,fb", {0, 0.01, 0.1, 0.5, 1}, 0.1, 0, 5, {0, 1}};

std::string setting_text(double value) { return fmt::format("{:g}", value); }

// One run for every setting and activation; empty if stopped.
std::vector<FeedbackRun> runs_of(const Study& study, const FigureTask& task) {
  std::vector<FeedbackRun> runs;
  for (const std::string& activation : kHiddenUnits) {
    for (const double setting : study.settings) {
      if (task.quick &&
          std::find(study.in_short.begin(), study.in_short.end(), setting) == study.in_short.end())
        continue;
      const std::string name = fmt::format("{}-{}-{}", study.id, activation, setting_text(setting));
      const Recipe recipe = feedback_recipe(name, activation, study.id == "figs3" ? setting : study.alpha_fb,
                                            study.id == "figs4" ? setting : study.k_p_fb,
                                            study.id == "figs2" ? setting : study.damping, task.quick);
      const auto run = recorded_run(recipe, task);
      if (!run) return {};
      runs.push_back({activation, setting, probe_series(*run, "condition-2"),
                      probe_series(*run, "feedback-angle-transpose"),
                      probe_series(*run, "feedback-angle-damped"),
                      probe_series(*run, "feedback-angle-inverse")});
    }
  }
  return runs;
}

report::Plot plot_of(const Study& study, const std::vector<FeedbackRun>& runs) {
  const auto panel = [&](const std::string& title, const std::string& y, const std::string& activation,
                         ProbeSeries FeedbackRun::*series, bool every_setting) {
    report::PlotPanel drawn;
    drawn.title = title + ", " + activation, drawn.x_label = "Epoch of feedback learning", drawn.y_label = y;
    std::size_t style = 0;
    for (const FeedbackRun& run : runs) {
      if (run.activation != activation) continue;
      if (every_setting || style == 0) {
        std::vector<double> epochs = (run.*series).epoch;
        for (double& epoch : epochs) epoch -= (run.*series).epoch.front();
        drawn.lines.push_back({.label = every_setting ? study.varied + " = " + setting_text(run.setting)
                                                      : "any " + study.varied,
                               .look = every_setting ? report::Look::of(style) : report::Look{4, 0, 5},
                               .x = epochs,
                               .y = (run.*series).value});
      }
      ++style;
    }
    return drawn;
  };
  // γ changes what is compared with, not what is learned
  const bool learning_varies = study.id != "figs2";
  report::Plot plot{
      .title = "Feedback weights that learn from noise",
      .description = "Condition 2 and angles of Q over epochs, for linear and tanh hidden units.",
      .columns = 3,
      .width = 360,
      .height = 260,
      .panels = {}};
  for (const std::string& activation : kHiddenUnits) {
    plot.panels.push_back(
        panel("Condition 2", "‖P_J Q‖ / ‖Q‖", activation, &FeedbackRun::condition_2, learning_varies));
    plot.panels.push_back(
        panel("Q against Jᵀ", "angle [°]", activation, &FeedbackRun::transpose, learning_varies));
    plot.panels.push_back(
        panel("Q against Jᵀ(JJᵀ + γI)⁻¹", "angle [°]", activation, &FeedbackRun::damped, true));
  }
  return plot;
}

CsvTable numbers_of(const std::vector<FeedbackRun>& runs, const std::string& varied) {
  CsvTable table(
      {"activation", varied, "epoch", "condition_2", "angle_transpose", "angle_damped", "angle_inverse"});
  for (const FeedbackRun& run : runs) {
    for (std::size_t i = 0; i < run.condition_2.value.size(); ++i)
      table.row({run.activation, run.setting, run.condition_2.epoch[i] - run.condition_2.epoch.front(),
                 run.condition_2.value[i], run.transpose.value[i], run.damped.value[i],
                 run.inverse.value[i]});
  }
  return table;
}

std::vector<const FeedbackRun*> of_activation(const std::vector<FeedbackRun>& runs,
                                              const std::string& activation) {
  std::vector<const FeedbackRun*> chosen;
  for (const FeedbackRun& run : runs) {
    if (run.activation == activation) chosen.push_back(&run);
  }
  return chosen;
}

double late(const ProbeSeries& series) { return series.mean_of_last(kLate); }
double begin(const ProbeSeries& series) { return series.value.empty() ? NAN : series.value.front(); }

FigureOutcome make(const Study& study, const FigureTask& task, const std::string& csv_name,
                   const std::function<std::vector<FigureClaim>(const std::vector<FeedbackRun>&)>& claims) {
  const std::vector<FeedbackRun> runs = runs_of(study, task);
  if (runs.empty()) return {.finished = false, .claims = {}, .files = {}};
  FigureOutcome outcome;
  outcome.claims = claims(runs);
  write_plot(task, study.id, plot_of(study, runs), outcome);
  write_csv(task, study.id, numbers_of(runs, csv_name), outcome);
  return outcome;
}

}  // namespace

Recipe feedback_recipe(const std::string& name, const std::string& activation, double alpha_fb, double k_p_fb,
                       double damping, bool quick) {
  Recipe recipe = student_recipe(name, "dfc", {20, 10, 5});
  set_all(recipe, {"network.activation=" + activation,
                   "training.epochs=0",
                   "rule.pretraining_epochs=25",
                   fmt::format("rule.alpha_fb={}", alpha_fb),
                   fmt::format("rule.k_p_fb={}", k_p_fb),
                   "rule.dt_fb=0.001",
                   "rule.steps_fb=300",
                   "rule.tau_v_fb=0.005",
                   "rule.tau_a_fb=0.3",
                   "rule.sigma_fb=0.01",
                   "rule.transmission_fb=instantaneous",
                   "optimizer.feedback-pretraining.algorithm=sgd",
                   "optimizer.feedback-pretraining.learning_rate=0.1",
                   "optimizer.feedback-pretraining.weight_decay=0.01",
                   "optimizer.feedback-pretraining.clip=joint",
                   "optimizer.feedback-pretraining.clip_norm=1",
                   fmt::format("probes.damping={}", damping),
                   "probes.condition-2=5",
                   "probes.feedback-angle-transpose=5",
                   "probes.feedback-angle-damped=5",
                   "probes.feedback-angle-inverse=5"});
  if (quick) shrink_data(recipe);
  return recipe;
}

std::vector<FigureClaim> claims_of_s2(const std::vector<FeedbackRun>& runs) {
  std::vector<FigureClaim> claims;
  for (const std::string& activation : kHiddenUnits) {
    const auto chosen = of_activation(runs, activation);
    if (chosen.empty()) continue;
    const ProbeSeries& condition = chosen.front()->condition_2;
    claims.push_back(
        {fmt::format("Learning from noise turns Q into the row space of J ({}).", activation),
         fmt::format("‖P_J Q‖/‖Q‖ from {:.3f} to {:.3f} (shown if above 0.95 and higher than at the start).",
                     begin(condition), late(condition)),
         late(condition) > 0.95 && late(condition) > begin(condition)});
    const auto best = *std::min_element(
        chosen.begin(), chosen.end(),
        [](const FeedbackRun* a, const FeedbackRun* b) { return late(a->damped) < late(b->damped); });
    const double angle = late(best->damped), inverse = late(best->inverse), transpose = late(best->transpose);
    claims.push_back(
        {fmt::format("Q points along a damped pseudo-inverse, rather than along J⁺ ({}).", activation),
         fmt::format("{:.1f}° from Jᵀ(JJᵀ + {:g} I)⁻¹, the nearest; {:.1f}° from Jᵀ and {:.1f}° from J⁺ "
                     "(shown if below 30° and "
                     "nearer than J⁺).",
                     angle, best->setting, transpose, inverse),
         angle < 30 && angle < inverse});
  }
  return claims;
}

std::vector<FigureClaim> claims_of_controller(const std::vector<FeedbackRun>& runs,
                                              const std::string& setting) {
  std::vector<FigureClaim> claims;
  for (const std::string& activation : kHiddenUnits) {
    std::string found;
    double least = HUGE_VAL, gained = HUGE_VAL, turned = HUGE_VAL;
    for (const FeedbackRun* run : of_activation(runs, activation)) {
      const double share = late(run->condition_2), angle = late(run->damped);
      found += fmt::format("{}{:g}: {:.3f}, {:.1f}°", found.empty() ? "" : "; ", run->setting, share, angle);
      least = std::isnan(share) ? share : std::min(least, share);
      gained = std::min(gained, share - begin(run->condition_2));
      turned = std::min(turned, begin(run->damped) - angle);
    }
    claims.push_back(
        {fmt::format("Q turns into the row space of J and towards a damped pseudo-inverse at every {} ({}).",
                     setting, activation),
         fmt::format("‖P_J Q‖/‖Q‖ and angle at γ = 5 in the last epoch, by {}: {} (shown if every share is "
                     "above 0.9 and both moved "
                     "the right way).",
                     setting, found),
         least > 0.9 && gained > 0 && turned > 0 && std::isfinite(least)});
  }
  return claims;
}

FigureOutcome make_figs2(const FigureTask& task) { return make(kS2, task, "gamma", &claims_of_s2); }

FigureOutcome make_figs3(const FigureTask& task) {
  return make(kS3, task, "alpha_fb",
              [](const std::vector<FeedbackRun>& runs) { return claims_of_controller(runs, "α_fb"); });
}

FigureOutcome make_figs4(const FigureTask& task) {
  return make(kS4, task, "k_p_fb",
              [](const std::vector<FeedbackRun>& runs) { return claims_of_controller(runs, "k_p,fb"); });
}

}  // namespace apical
