// What each number type keeps of the update while the training loss falls: float64 and float32 in deviation coordinates, and both in
// absolute voltages, against long double.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apical/atomic_file.h"
#include "apical/reproduction.h"
#include "apical/run.h"
#include "experiment/dataset_source.h"
#include "experiment/network_checkpoint.h"
#include "kernels/panels.h"
#include "report/svg.h"
#include "reproduction/figure_functions.h"
#include "reproduction/plain_update.h"

namespace apical {
namespace {

namespace fs = std::filesystem;
using Exact = long double;

constexpr std::size_t kSamples = 32;
constexpr double kKept = 1e-5;  // what deviation coordinates promise of float32
constexpr double kLost = 1e-2;

// One state: how far each way of computing is from the exact update, worst layer.
struct State {
  double epoch = 0, loss = 0;
  double deviation64 = 0, deviation32 = 0, plain64 = 0, plain32 = 0;
};

template <class R, class Weights>
Dense<R> dense(const Weights& w, const std::vector<double>& values) {
  return Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
             values.data(), static_cast<Eigen::Index>(w.n_out()),
             static_cast<Eigen::Index>(values.size() / w.n_out()))
      .template cast<R>();
}

// A trained state whose weights are float32 numbers, so that every precision starts from the same.
class Probe {
 public:
  Probe(const Plan& plan, std::uint64_t seed, const fs::path& run)
      : plan_(plan), exact_(network(plan.card.groups)) {
    load_network(exact_, load_checkpoint(checkpoints_of(run).back()));
    for (const auto& [group, matrices] : exact_.all_groups()) {
      for (WeightMatrix<double>& w : exact_.group(group)) {
        w.set_values(rounded(w.values()));
        if (w.has_bias()) w.set_bias_values(rounded(w.bias_values()));
      }
    }
    // samples that the network has learned: the error of others does not fall with the loss
    const std::vector<std::uint32_t> learned = plan.split_for(seed).train;
    samples_.assign(learned.begin(), learned.begin() + kSamples);
  }

  State state() const {
    const std::vector<Dense<Exact>> exact = plain<Exact>();
    return {.deviation64 = worst(engine<double>(), exact),
            .deviation32 = worst(engine<float>(), exact),
            .plain64 = worst(plain<double>(), exact),
            .plain32 = worst(plain<float>(), exact)};
  }

 private:
  Network<double> network(const std::vector<WeightGroup>& groups) const { return {plan_.network, groups, 0}; }

  static std::vector<double> rounded(std::vector<double> values) {
    for (double& value : values) value = static_cast<double>(static_cast<float>(value));
    return values;
  }

  // The rule of the library.
  template <class T>
  std::vector<Dense<Exact>> engine() const {
    Network<T> network(plan_.network, plan_.card.groups, 0);
    for (const auto& [group, matrices] : exact_.all_groups()) {
      for (const WeightMatrix<double>& w : matrices) {
        network.weights(group, w.layer()).set_values(w.values());
        if (w.has_bias()) network.weights(group, w.layer()).set_bias_values(w.bias_values());
      }
    }
    network.refresh_transposes();
    Pool pool(1);
    Minibatch<T> minibatch(network, plan_.loss, pool, kSamples, plan_.card.whole_minibatch);
    DatasetSource<T> source(plan_.train, plan_.standardisation, plan_.task);
    source.choose(samples_);
    minibatch.assign(*rule_named(plan_.card.id, "rule").template make<T>(plan_.settings), {}, kSamples,
                     source);
    std::vector<Dense<Exact>> change;
    for (const WeightMatrix<T>& w : network.group("forward")) {
      Dense<Exact>& layer = change.emplace_back(w.n_out(), w.n_in());
      for (std::size_t out = 0; out < w.n_out(); ++out) {
        for (std::size_t in = 0; in < w.n_in(); ++in)
          layer(static_cast<Eigen::Index>(out), static_cast<Eigen::Index>(in)) =
              static_cast<Exact>(minibatch.delta_of("forward")
                                     .weights[w.layer() - 1][panel_index<T>(w.n_out(), w.n_in(), out, in)]);
      }
    }
    return change;
  }

  // The equations in absolute voltages.
  template <class R>
  std::vector<Dense<Exact>> plain() const {
    PlainNetwork<R> network;
    for (std::size_t i = 1; i <= exact_.depth(); ++i) {
      network.W.push_back(dense<R>(exact_.weights(i), exact_.weights(i).values()));
      network.b.push_back(dense<R>(exact_.weights(i), exact_.weights(i).bias_values()));
      network.Q.push_back(dense<R>(exact_.weights("feedback", i), exact_.weights("feedback", i).values()));
    }
    std::vector<Dense<R>> x;
    std::vector<int> labels;
    const std::size_t width = plan_.train.inputs();
    std::vector<double> inputs(kSamples * width);
    plan_.train.gather(samples_, plan_.standardisation, inputs.data(), width);
    for (std::size_t s = 0; s < kSamples; ++s) {
      x.push_back(
          Eigen::Map<const Eigen::VectorXd>(inputs.data() + s * width, static_cast<Eigen::Index>(width))
              .cast<R>());
      labels.push_back(plan_.train.label(samples_[s]));
    }
    const double step = plan_.settings.real("target_step") / static_cast<double>(kSamples);
    std::vector<Dense<Exact>> change;
    for (const Dense<R>& layer :
         network.update(x, labels, static_cast<R>(step), static_cast<R>(plan_.settings.real("alpha"))))
      change.push_back(layer.template cast<Exact>());
    return change;
  }

  static double worst(const std::vector<Dense<Exact>>& a, const std::vector<Dense<Exact>>& exact) {
    double worst = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const auto one = static_cast<double>((a[i] - exact[i]).norm() / exact[i].norm());
      worst = std::isnan(one) ? one : std::max(worst, one);
      if (std::isnan(worst)) break;
    }
    return worst;
  }

  const Plan& plan_;
  Network<double> exact_;
  std::vector<std::uint32_t> samples_;
};

std::string table_of(const std::vector<State>& states) {
  std::string csv =
      "epoch,training_loss,float64_deviation,float32_deviation,float64_absolute,float32_absolute\n";
  for (const State& s : states)
    csv += fmt::format("{},{:.3e},{:.3e},{:.3e},{:.3e},{:.3e}\n", s.epoch, s.loss, s.deviation64,
                       s.deviation32, s.plain64, s.plain32);
  return csv;
}

std::string drawing_of(const std::vector<State>& states) {
  report::Chart chart{.id = "precision",
                      .title = "Relative error of the update, worst layer",
                      .y_label = "Relative error",
                      .from_zero = false,
                      .logarithmic = true};
  report::Panel& panel = chart.panels.emplace_back();
  const std::pair<const char*, double State::*> series[] = {{"float32, absolute", &State::plain32},
                                                            {"float64, absolute", &State::plain64},
                                                            {"float32", &State::deviation32},
                                                            {"float64", &State::deviation64}};
  for (const auto& [label, member] : series) {
    report::Curve curve;
    for (const State& s : states) {
      curve.x.push_back(s.epoch);
      curve.y.push_back(s.*member);
    }
    panel.series.push_back({label, panel.series.size(), curve, {curve}});
  }
  return report::panel_svg(chart, panel);
}

}  // namespace

FigureOutcome precision_figure(const FigureTask& task) {
  Recipe recipe = load_recipe(task.recipes / "dfc2021/precision.toml");
  if (task.quick) recipe.set("training.epochs=80");
  TrainingOptions training;
  training.out = task.folder / "run";
  training.stop = task.stop;
  fs::remove_all(*training.out);
  const Plan plan = make_plan(recipe, training.data);
  std::vector<State> states;
  FigureOutcome outcome;
  for (std::int64_t epochs = 5; epochs <= recipe.training.epochs; epochs *= 2) {
    training.stop_after_epochs = epochs;
    const TrainingResult result =
        states.empty() ? train(recipe, task.seed, training) : resume(*training.out, training);
    if (task.stop != nullptr && task.stop->load()) return {.finished = false};
    State state = Probe(plan, task.seed, result.directory).state();
    state.epoch = static_cast<double>(epochs);
    state.loss = seed_result(result.directory, {}).curves.at("train_loss").back();
    if (task.say)
      task.say(fmt::format("epoch {}, training loss {:.1e}: float32 {:.1e}, in absolute voltages {:.1e}",
                           epochs, state.loss, state.deviation32, state.plain32));
    states.push_back(state);
  }
  write_atomically(task.folder / "precision.csv", table_of(states));
  write_atomically(task.folder / "precision.svg", drawing_of(states));
  outcome.files = {task.folder / "precision.csv", task.folder / "precision.svg"};
  const State& last = states.back();
  double worst32 = 0, worst64 = 0;
  for (const State& s : states) {
    worst32 = std::isnan(s.deviation32) ? s.deviation32 : std::max(worst32, s.deviation32);
    worst64 = std::isnan(s.deviation64) ? s.deviation64 : std::max(worst64, s.deviation64);
  }
  outcome.claims = {
      {"float32 in deviation coordinates keeps every layer's update within 1e-5 of the exact one.",
       fmt::format("At most {:.1e}, from a training loss of {:.1e} down to {:.1e}.", worst32,
                   states.front().loss, last.loss),
       worst32 <= kKept},
      {"Plain float32 loses it as the loss falls.",
       fmt::format("{:.1e} at a training loss of {:.1e}.", last.plain32, last.loss), last.plain32 > kLost},
      {"float64 keeps it either way, and deviation coordinates keep more.",
       fmt::format("At most {:.1e} in deviations; {:.1e} in absolute voltages at the last state.", worst64,
                   last.plain64),
       last.plain64 < kKept && worst64 <= last.plain64},
  };
  return outcome;
}

}  // namespace apical
