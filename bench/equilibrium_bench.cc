// Question: how many times as fast as a thousand simulated steps is the solved equilibrium, how exact is it, and where is it not certified?
// Answer: bench/README.md, "Solved settling".
#include <cmath>
#include <memory>

#include "apical/optimizer.h"
#include "core/philox.h"
#include "network/minibatch.h"
#include "paired.h"

namespace apical::bench {
namespace {

constexpr std::size_t kBatch = 128;
const std::vector<std::size_t> kLayers = {784, 256, 256, 256, 10};

struct Case {
  const char *name, *feedback;
  double step;    // λ of a minibatch; of a sample: λ / 128
  int sleep = 0;  // minibatches in which the feedback weights have learned
};
const Case kCases[] = {{"published", "fixed", 0.07794471151},    {"learned", "learned", 0.07794471151, 100},
                       {"random", "learned", 0.07794471151},     {"strong", "fixed", 128},
                       {"strong, learned", "learned", 128, 100}, {"strong, random", "learned", 128}};

// Inputs and labels from a counter, made once: that is not part of the work.
template <class T>
class MadeUp final : public SampleSource<T> {
 public:
  void fill(std::size_t first, std::size_t rows, BatchState<T>& batch) const override {
    if (made_) return;
    const RandomStream stream(1, "bench inputs");
    const std::size_t stride = row_stride<T>(kLayers.front());
    for (std::size_t row = first; row < first + rows; ++row) {
      batch.sample[row] = static_cast<std::uint32_t>(row);
      batch.label[row] = static_cast<std::int32_t>(row % kLayers.back());
      for (std::size_t i = 0; i < kLayers.front(); ++i)
        batch.rate[0][row * stride + i] = static_cast<T>(stream.uniform(row * kLayers.front() + i) - 0.5);
    }
  }
  void made() { made_ = true; }

 private:
  bool made_ = false;
};

// One minibatch of DFC-SS, settled in any way.
template <class T>
class Minibatches {
 public:
  explicit Minibatches(const Case& c, bool learned = true)
      : case_(c), pool_(1), network_(spec(), card().groups, 1) {
    minibatch_ = std::make_unique<Minibatch<T>>(network_, Loss::cross_entropy, pool_, kBatch);
    run("solved");
    source_.made();
    if (learned) sleep();
    minibatch_->keep_controlled(true);
  }
  // The same weights in another precision.
  template <class U>
  void take_weights(const Minibatches<U>& other) {
    for (const char* group : {"forward", "feedback"}) {
      for (WeightMatrix<T>& w : network_.group(group))
        w.set_values(other.network().weights(group, w.layer()).values());
    }
  }
  const Network<T>& network() const { return network_; }

  // Seconds that it takes.
  double run(const char* settling, double tolerance = 0) {
    Parameters settings = settings_of(settling);
    settings.set("settling_tolerance", tolerance);
    const auto rule = entry().template make<T>(settings);
    const double start = seconds();
    minibatch_->assign(*rule, {}, kBatch, source_);
    return seconds() - start;
  }
  // Of the somas under control, as deviations from the feedforward point.
  std::vector<double> state() const {
    std::vector<double> v;
    for (std::size_t i = 1; i < kLayers.size(); ++i) {
      const auto& layer = minibatch_->state().controlled_v[i];
      const std::size_t stride = row_stride<T>(kLayers[i]);
      for (std::size_t row = 0; row < kBatch; ++row) {
        for (std::size_t unit = 0; unit < kLayers[i]; ++unit)
          v.push_back(static_cast<double>(layer[row * stride + unit]));
      }
    }
    return v;
  }
  std::size_t fell_back() const {
    std::size_t count = 0;
    for (std::size_t row = 0; row < kBatch; ++row)
      count += minibatch_->state().settled[row].found == Found::fell_back;
    return count;
  }

 private:
  static const RuleEntry& entry() { return rule_named("dfc-ss", "bench"); }
  static NetworkSpec spec() {
    NetworkSpec spec{.units = kLayers, .activations = std::vector<Activation>(4, Activation::tanh)};
    spec.activations.back() = Activation::linear;
    return spec;
  }
  Parameters settings_of(const char* settling) const {
    Parameters settings = entry().card().settings();
    settings.set("feedback", std::string(case_.feedback));
    settings.set("target_step", case_.step);
    settings.set("settling", std::string(settling));
    settings.set("include_non_converged", true);
    return settings;
  }
  Card card() const { return entry().card().configured(settings_of("steps")); }

  // The feedback weights learn as they do between epochs.
  void sleep() {
    if (case_.sleep == 0) return;
    const Card configured = card();
    const auto rule = entry().template make<T>(settings_of("steps"));
    OptimizerSettings settings;
    settings.learning_rate = 5e-4;
    std::vector<Tensor<T>> tensors;
    auto& matrices = network_.group("feedback");
    const GroupDelta<T>& delta = minibatch_->delta_of("feedback");
    for (std::size_t i = 0; i < matrices.size(); ++i) {
      tensors.push_back({matrices[i].name(), matrices[i].panels(), delta.weights[i].data(),
                         matrices[i].panels_size(), static_cast<int>(i)});
    }
    Optimizer<T> optimizer(settings, std::move(tensors));
    for (int step = 0; step < case_.sleep; ++step) {
      minibatch_->assign(*rule, {"sleep", "feedback", 1, static_cast<std::uint32_t>(step)}, kBatch, source_);
      optimizer.step(1);
    }
  }

  const Case& case_;
  Pool pool_;
  Network<T> network_;
  std::unique_ptr<Minibatch<T>> minibatch_;
  MadeUp<T> source_;
};

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double apart = 0, length = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    apart += (a[i] - b[i]) * (a[i] - b[i]);
    length += b[i] * b[i];
  }
  return std::sqrt(apart / length);
}

template <class T>
void solving(benchmark::State& state, const Case& c) {
  Minibatches<T> minibatches(c);
  std::vector<double> ratios, solved, simulated;
  minibatches.run("solved");
  for ([[maybe_unused]] auto iteration : state) {
    double seconds_solved = 0;
    constexpr int kRuns = 10;
    for (int run = 0; run < kRuns; ++run) seconds_solved += minibatches.run("solved") / kRuns;
    simulated.push_back(minibatches.run("steps"));
    solved.push_back(seconds_solved);
    ratios.push_back(simulated.back() / solved.back());
    state.SetIterationTime(seconds_solved);
  }
  minibatches.run("solved");
  const std::vector<double> found = minibatches.state();
  state.counters["fell_back"] = static_cast<double>(minibatches.fell_back());
  minibatches.run("steps");
  state.counters["steps_off"] = distance(minibatches.state(), found);
  Minibatches<double> exact(c, false);
  exact.take_weights(minibatches);
  exact.run("solved", 1e-13);
  state.counters["error"] = distance(found, exact.state());
  state.counters["ratio"] = median(ratios);
  state.counters["ms_solved"] = 1e3 * median(solved);
  state.counters["ms_steps"] = 1e3 * median(simulated);
}

}  // namespace
}  // namespace apical::bench

int main(int argc, char** argv) {
  for (const auto& c : apical::bench::kCases) {
    const auto add = [&c](const char* precision, auto* run) {
      benchmark::RegisterBenchmark((std::string(c.name) + precision).c_str(),
                                   [run, &c](benchmark::State& state) { run(state, c); })
          ->UseManualTime()
          ->Iterations(5)
          ->Unit(benchmark::kMillisecond);
    };
    add("/float32", &apical::bench::solving<float>);
    add("/float64", &apical::bench::solving<double>);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
