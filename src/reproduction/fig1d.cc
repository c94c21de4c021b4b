#include "reproduction/fig1d.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>

#include "apical/rule.h"
#include "experiment/dataset_source.h"
#include "experiment/network_checkpoint.h"
#include "experiment/plan.h"
#include "experiment/trainer.h"
#include "network/minibatch.h"
#include "network/tile_state.h"
#include "reproduction/figure_files.h"
#include "reproduction/toy_runs.h"

namespace apical {
namespace {

constexpr std::size_t kShown = 3;  // samples
constexpr double kDt = 0.005;      // τ_u

Recipe recipe_of(bool quick) {
  Recipe recipe = student_recipe("fig1d", "dfc", {15, 10, 10, 1});
  set_all(recipe, {"training.epochs=0",
                   fmt::format("rule.pretraining_epochs={}", quick ? 10 : 50),
                   "rule.target_step=0.05",
                   "rule.alpha=0.0015",
                   "rule.k_p=1",
                   fmt::format("rule.dt={}", kDt),
                   "rule.steps=2000",
                   "rule.tau_v=0.2",
                   "rule.proactive=false",
                   "rule.include_non_converged=true",
                   "rule.alpha_fb=0.25",
                   "rule.k_p_fb=0.1",
                   "rule.dt_fb=0.002",
                   "rule.steps_fb=50",
                   "rule.tau_v_fb=0.01",
                   "rule.tau_a_fb=0.3",
                   "rule.sigma_fb=0.01",
                   "optimizer.feedback-pretraining.algorithm=sgd",
                   "optimizer.feedback-pretraining.learning_rate=0.1",
                   "optimizer.feedback-pretraining.weight_decay=0.025",
                   "optimizer.feedback-pretraining.clip=joint",
                   "optimizer.feedback-pretraining.clip_norm=1"});
  if (quick) shrink_data(recipe);
  return recipe;
}

// Keeps output and control of a minibatch's first samples at every state.
class Watcher final : public Observer<double> {
 public:
  void state(std::int64_t, const TileState<double>& tile) override {
    if (tile.first_row >= kShown) return;
    const std::size_t last = tile.layer.size() - 1, stride = tile.output_stride();
    for (std::size_t row = 0; row < std::min(tile.rows, kShown - tile.first_row); ++row) {
      const std::size_t sample = tile.first_row + row;
      const double start = tile.batch->rate[last][sample * stride];
      samples[sample].target = start + tile.target_deviation[row * stride];
      samples[sample].output.push_back(start + tile.layer[last].rate_deviation[row * stride]);
      samples[sample].control.push_back(tile.control()[row * stride]);
    }
  }
  std::vector<ControlledSample> samples = std::vector<ControlledSample>(kShown);
};

// The first minibatch of the training data under control.
std::vector<ControlledSample> simulated(const Plan& plan, const Network<double>& network, double k_p,
                                        Pool& pool) {
  Parameters settings = plan.settings;
  settings.set("k_p", k_p);
  const auto size = static_cast<std::size_t>(plan.recipe.problem.batch_size);
  Minibatch<double> minibatch(network, plan.loss, pool, size);
  DatasetSource<double> source(plan.train, plan.standardisation, plan.task);
  std::vector<std::uint32_t> first(size);
  std::iota(first.begin(), first.end(), 0u);
  source.choose(first);
  Watcher watcher;
  minibatch.set_observer(&watcher);
  minibatch.assign(*rule_named(plan.card.id, "fig1d").make<double>(settings), {}, size, source);
  return watcher.samples;
}

struct Approach {
  double off = 0;         // |r_L − r*| at the end, as a share of |r_L⁻ − r*|
  double beyond = 0;      // how far r_L went past the target, as the same share
  std::size_t turns = 0;  // times that u(t) changed its direction by more than 1 % of its range
  double still = 0;       // range of u over the last tenth, as a share of its whole range
};

Approach approach_of(const ControlledSample& sample) {
  Approach approach;
  const double way = sample.target - sample.output.front();
  for (const double r : sample.output) approach.beyond = std::max(approach.beyond, (r - sample.target) / way);
  approach.off = std::abs(sample.output.back() - sample.target) / std::abs(way);
  const auto [low, high] = report::extent(sample.control);
  const auto tenth = static_cast<std::ptrdiff_t>(sample.control.size() / 10);
  const auto [late_low, late_high] = report::extent({sample.control.end() - tenth, sample.control.end()});
  approach.still = (late_high - late_low) / (high - low);
  double extreme = sample.control.front();
  int direction = 0;
  for (const double u : sample.control) {
    if (std::abs(u - extreme) > 0.01 * (high - low)) {
      const int now = u > extreme ? 1 : -1;
      approach.turns += direction != 0 && now != direction;
      direction = now, extreme = u;
    } else if (direction * (u - extreme) > 0) {
      extreme = u;
    }
  }
  const bool finite =
      std::all_of(sample.output.begin(), sample.output.end(), [](double r) { return std::isfinite(r); });
  if (!finite) approach.off = approach.still = NAN;
  return approach;
}

void add_panels(report::Plot& plot, const std::vector<ControlledSample>& samples,
                const std::string& controller) {
  report::PlotPanel outputs, controls;
  outputs.title = controller + ": output";
  outputs.y_label = "r_L(t) − r_L⁻";
  controls.title = controller + ": control";
  controls.y_label = "u(t)";
  for (report::PlotPanel* panel : {&outputs, &controls}) panel->x_label = "time [τ_u]";
  for (std::size_t k = 0; k < samples.size(); ++k) {
    const ControlledSample& sample = samples[k];
    const std::string label = fmt::format("sample {}", k + 1);
    report::PlotLine line{.label = label, .look = report::Look::of(k), .x = {}, .y = {}};
    line.look.dash = 0;
    for (std::size_t t = 0; t < sample.output.size(); ++t) {
      line.x.push_back(kDt * static_cast<double>(t));
      line.y.push_back(sample.output[t] - sample.output.front());
    }
    outputs.levels.push_back({"target r_L*", line.look.colour, sample.target - sample.output.front()});
    outputs.lines.push_back(line);
    line.y = sample.control;
    controls.lines.push_back(std::move(line));
  }
  plot.panels.push_back(std::move(outputs));
  plot.panels.push_back(std::move(controls));
}

void add_rows(CsvTable& table, const std::vector<ControlledSample>& samples, const std::string& controller) {
  constexpr std::size_t kEvery = 10;  // states
  for (std::size_t k = 0; k < samples.size(); ++k) {
    for (std::size_t t = 0; t < samples[k].output.size(); t += kEvery)
      table.row({controller, static_cast<double>(k + 1), kDt * static_cast<double>(t), samples[k].target,
                 samples[k].output[t], samples[k].control[t]});
  }
}

}  // namespace

std::vector<FigureClaim> claims_of(const std::vector<ControlledSample>& samples,
                                   const std::string& controller) {
  Approach worst{.off = 0, .beyond = HUGE_VAL, .turns = samples.front().control.size(), .still = 0};
  for (const ControlledSample& sample : samples) {
    const Approach one = approach_of(sample);
    worst.off = std::isnan(one.off) ? NAN : std::max(worst.off, one.off);
    worst.still = std::isnan(one.still) ? NAN : std::max(worst.still, one.still);
    worst.beyond = std::min(worst.beyond, one.beyond);
    worst.turns = std::min(worst.turns, one.turns);
  }
  return {{fmt::format("{}: the output settles at its target, and the control comes to rest.", controller),
           fmt::format("At the end no sample is farther from its target than {:.2g} % of the way, and no "
                       "control moves by more than {:.2g} % of "
                       "its range in the last tenth (shown if below 2 %).",
                       100 * worst.off, 100 * worst.still),
           worst.off < 0.02 && worst.still < 0.02},
          {fmt::format("{}: output and control oscillate before they settle.", controller),
           fmt::format("Every output goes past its target by at least {:.2g} % of the way; every control "
                       "turns at least {} times.",
                       100 * worst.beyond, worst.turns),
           worst.beyond > 0.01 && worst.turns > 0}};
}

FigureOutcome make_fig1d(const FigureTask& task) {
  const Plan plan = make_plan(recipe_of(task.quick), default_data_paths());
  Pool pool(std::max(1u, task.threads));
  const auto trainer = make_trainer(plan, task.seed, pool);
  if (task.say) task.say("fig1d: the feedback weights learn");
  for (; !trainer->done(); trainer->next_segment()) {
    while (!trainer->segment_done()) {
      if (task.stop != nullptr && task.stop->load()) return {.finished = false, .claims = {}, .files = {}};
      trainer->step({});
    }
  }
  Checkpoint learned;
  trainer->save(learned);
  Network<double> network(plan.network, plan.card.groups, task.seed);
  load_network(network, learned);

  FigureOutcome outcome;
  report::Plot plot{.title = "Single samples under control",
                    .description = "Outputs and control signals over time, with dashed targets.",
                    .columns = 2,
                    .width = 440,
                    .height = 260,
                    .panels = {}};
  CsvTable table({"controller", "sample", "time", "target", "output", "control"});
  for (const auto& [controller, k_p] :
       {std::pair<std::string, double>{"PI control", 1}, {"Integral control", 0}}) {
    const auto samples = simulated(plan, network, k_p, pool);
    for (FigureClaim& claim : claims_of(samples, controller)) outcome.claims.push_back(std::move(claim));
    add_panels(plot, samples, controller);
    add_rows(table, samples, controller);
  }
  write_plot(task, "fig1d", plot, outcome);
  write_csv(task, "fig1d", table, outcome);
  return outcome;
}

}  // namespace apical
