#include "workloads/workloads.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <ctime>
#include <functional>
#include <optional>

#include "apical/error.h"
#include "apical/optimizer.h"
#include "apical/rule.h"
#include "core/median.h"
#include "core/philox.h"
#include "kernels/counting.h"
#include "kernels/machine_limit.h"
#include "network/minibatch.h"
#include "network/transposes.h"

namespace apical::workloads {
namespace {

const std::array<WorkloadInfo, 14> kWorkloads = {{
    {"dfc-dynamics",
     "How near the multiply-add peak does the controlled network run when it learns at every step?"},
    {"dfc-ss-dynamics",
     "How near the peak does it run when it only settles, and learns from the last state?"},
    {"dfc-ss-solved",
     "What does it take to solve for the equilibrium, with its certificate, instead of simulating?"},
    {"dfc-response", "What does it take to learn at every step from the linear response, without the steps?"},
    {"dfc-ss-response", "And what to learn from the last state of the linear response?"},
    {"dfc-ssa", "How near the peak is a training step by the analytic steady state?"},
    {"backprop", "How near the peak is a training step of backpropagation with SGD?"},
    {"dfa", "How near the peak is a training step of direct feedback alignment with SGD?"},
    {"feedback-alignment", "How near the peak is a training step of feedback alignment with SGD?"},
    {"backprop-adam", "What does the same step of backpropagation reach with Adam?"},
    {"dfa-adam", "What does the same step of direct feedback alignment reach with Adam?"},
    {"feedback-alignment-adam", "What does the same step of feedback alignment reach with Adam?"},
    {"sleep", "How near the peak does the noisy feedback-learning phase run (T = 48)?"},
    {"quiet-sleep", "And where the output has no noise, as in the published autoencoders?"},
}};

// Inputs and labels from a counter: the same on every machine.
template <class T>
class MadeUpSource final : public SampleSource<T> {
 public:
  MadeUpSource(std::size_t inputs, std::size_t classes) : inputs_(inputs), classes_(classes) {}
  void fill(std::size_t first, std::size_t rows, BatchState<T>& batch) const override {
    const std::size_t stride = row_stride<T>(inputs_);
    const RandomStream stream(1, "bench inputs");
    for (std::size_t row = first; row < first + rows; ++row) {
      batch.sample[row] = static_cast<std::uint32_t>(row);
      batch.label[row] = static_cast<std::int32_t>(row % classes_);
      T* input = batch.rate[0].data() + row * stride;
      if (filled_.size() < (row + 1) * inputs_) {
        for (std::size_t i = 0; i < inputs_; ++i)
          input[i] = static_cast<T>(stream.uniform(row * inputs_ + i) - 0.5);
      }
    }
  }
  // Afterwards the inputs are taken as they stand in the minibatch: making them is not part of the work.
  void keep(std::size_t rows) { filled_.resize(rows * inputs_); }

 private:
  std::size_t inputs_, classes_;
  std::vector<char> filled_;
};

constexpr std::string_view kAdam = "-adam";

// Outputs from which on the engine finds shorter ways than the counts below know (feedback that is the identity, systems of the last hidden layer):
// there what its kernels do is what counts.
constexpr std::size_t kWideOutput = 48;

// "backprop" of "backprop-adam"
std::string without_optimizer(const std::string& name) {
  return name.ends_with(kAdam) ? name.substr(0, name.size() - kAdam.size()) : name;
}

struct Definition {
  const char* rule;
  const char* pass;
  std::vector<std::pair<std::string, Value>> settings;
};

Definition define(const std::string& name, std::int64_t steps) {
  if (name == "dfc-dynamics" || name == "dfc-ss-dynamics") {
    // unsettled samples stay in, so that no tile runs twice
    return {name == "dfc-dynamics" ? "dfc" : "dfc-ss",
            "wake",
            {{"steps", steps}, {"include_non_converged", true}, {"feedback", "fixed"}}};
  }
  if (name == "dfc-ss-solved") {
    return {
        "dfc-ss", "wake", {{"settling", "solved"}, {"include_non_converged", true}, {"feedback", "fixed"}}};
  }
  if (name == "dfc-response" || name == "dfc-ss-response") {
    return {name == "dfc-response" ? "dfc" : "dfc-ss",
            "wake",
            {{"settling", "linear-response"},
             {"steps", steps},
             {"include_non_converged", true},
             {"feedback", "fixed"}}};
  }
  if (name == "dfc-ssa") return {"dfc-ssa", "wake", {{"feedback", "fixed"}}};
  if (name == "sleep") return {"dfc-ssa", "sleep", {}};
  if (name == "quiet-sleep") return {"dfc-ssa", "sleep", {{"sigma_output_fb", 0.0}}};
  for (const char* rule : {"backprop", "dfa", "feedback-alignment"}) {
    if (without_optimizer(name) == rule) return {rule, "wake", {}};
  }
  std::vector<std::string> names;
  for (const WorkloadInfo& info : kWorkloads) names.push_back(info.name);
  throw unknown_choice("bench", "workload", name, names);
}

// Necessary multiply-adds per sample, by the parts of a step.
struct Counts {
  double drive = 0;          // W_1 x
  double upper = 0;          // W_i r for i > 1
  double feedback = 0;       // Q u, all layers
  double hidden_direct = 0;  // G_i δ_L, hidden layers

  explicit Counts(const std::vector<std::size_t>& n) {
    const std::size_t depth = n.size() - 1;
    const auto outputs = static_cast<double>(n[depth]);
    for (std::size_t i = 1; i <= depth; ++i) {
      const auto product = static_cast<double>(n[i]) * static_cast<double>(n[i - 1]);
      (i == 1 ? drive : upper) += product;
      feedback += static_cast<double>(n[i]) * outputs;
      if (i < depth) hidden_direct += static_cast<double>(n[i]) * outputs;
    }
  }
};

double multiply_adds(const std::string& name, const std::vector<std::size_t>& layers, std::int64_t steps) {
  const Counts c(layers);
  const auto outputs = static_cast<double>(layers.back()), euler = static_cast<double>(steps - 1);
  const double forward = c.drive + c.upper, update = c.drive + c.upper;
  if (name == "dfc-dynamics") return forward + euler * (c.upper + c.feedback + c.upper) + c.drive;
  if (name == "dfc-ss-dynamics") return forward + euler * (c.upper + c.feedback) + update;
  // the least that certifies: one linearisation, two steps and the look at each state that they lead to, three eliminations in all
  if (name == "dfc-ss-solved")
    return forward + outputs * (c.upper + c.feedback) + outputs * outputs * outputs +
           2 * (c.upper + c.feedback) + update;
  // the least that looks: the linearised steps of as many directions, one step of the network (two where it learns on the way)
  if (name == "dfc-response" || name == "dfc-ss-response")
    return forward + 17 * (c.upper + c.feedback) + (name == "dfc-response" ? 2 : 1) * (c.upper + c.feedback) +
           update;
  if (name == "dfc-ssa")
    return forward + outputs * c.upper + outputs * outputs * outputs / 3 + c.upper + c.feedback + update;
  if (name == "sleep" || name == "quiet-sleep") return forward + 47 * (c.upper + 2 * c.feedback);
  if (name == "dfa") return forward + c.hidden_direct + update;
  return forward + c.upper + update;
}

template <class T>
class TrainingStep final : public Workload {
 public:
  TrainingStep(const std::string& name, const WorkloadOptions& options)
      : pool_(options.threads),
        options_(options),
        flops_(2 * multiply_adds(without_optimizer(name), options.layers, options.steps) *
               static_cast<double>(options.batch)) {
    const Definition definition = define(name, options.steps);
    const RuleEntry& entry = rule_named(definition.rule, "bench");
    Card card = entry.card();
    Parameters settings = card.settings();
    for (const auto& [key, value] : definition.settings) settings.set(key, value);
    card = card.configured(settings);
    for (const Pass& pass : card.passes) {
      if (pass.name == definition.pass)
        context_ = {.pass = definition.pass,
                    .group = pass.group == "forward" ? "forward" : "feedback",
                    .seed = 1,
                    .epoch = 1,
                    .quiet_output = pass.quiet_output,
                    .factors = factors_of(options.precision)};
    }
    NetworkSpec spec{.units = options.layers,
                     .activations = std::vector<Activation>(options.layers.size() - 1, Activation::tanh)};
    spec.activations.back() = Activation::linear;
    network_ = std::make_unique<Network<T>>(spec, card.groups, 1);
    minibatch_ = std::make_unique<Minibatch<T>>(*network_, Loss::cross_entropy, pool_, options.batch);
    rule_ = entry.template make<T>(settings);
    source_ = std::make_unique<MadeUpSource<T>>(options.layers.front(), options.layers.back());
    network_->refresh_transposes();
    if (card.marks.has(Mark::weight_transport)) transposed_.emplace(*network_);
    if (options.optimizer && context_.group == "forward")
      make_optimizer(name.ends_with(kAdam) ? OptimizerAlgorithm::adam : OptimizerAlgorithm::sgd);
    run();
    source_->keep(options.batch);
    if (options.layers.back() >= kWideOutput) flops_ = 2 * account_of(*this).all().multiply_adds;
  }

  void run() override {
    minibatch_->assign_credit(*rule_, context_, options_.batch, *source_);
    if (optimizer_ == nullptr) return minibatch_->propose();
    optimizer_->prepare(1);
    minibatch_->propose_to(context_.group, mover_);
  }

  double necessary_flops() const override { return flops_; }
  double samples() const override { return static_cast<double>(options_.batch); }

  double peak() override {
    return context_.factors == Factors::bfloat16 ? peak_flops<Bfloat16Pair>(pool_) : peak_flops<T>(pool_);
  }

 private:
  void make_optimizer(OptimizerAlgorithm algorithm) {
    // a rate so small that the network stays what it is, however often the step runs
    OptimizerSettings settings;
    settings.algorithm = algorithm;
    settings.learning_rate = 1e-9;
    std::vector<Tensor<T>> tensors;
    const GroupDelta<T>& delta = minibatch_->delta_of("forward");
    auto& matrices = network_->group("forward");
    for (std::size_t i = 0; i < matrices.size(); ++i) {
      tensors.push_back({matrices[i].name(), matrices[i].panels(), delta.weights[i].data(),
                         matrices[i].panels_size(), static_cast<int>(i)});
      tensors.push_back(
          {"b", matrices[i].bias(), delta.bias[i].data(), matrices[i].bias_size(), static_cast<int>(i)});
    }
    optimizer_ = std::make_unique<Optimizer<T>>(settings, std::move(tensors));
  }

  Pool pool_;
  WorkloadOptions options_;
  double flops_;
  PassContext context_;
  std::unique_ptr<Network<T>> network_;
  std::unique_ptr<Minibatch<T>> minibatch_;
  std::unique_ptr<BasicRule<T>> rule_;
  std::unique_ptr<MadeUpSource<T>> source_;
  std::unique_ptr<Optimizer<T>> optimizer_;
  const DeltaSink<T> mover_ = [this](std::size_t array, std::size_t begin, std::size_t end, const T* sums,
                                     T mean) {
    const profile::PhaseScope scope(profile::Phase::optimizer);
    optimizer_->apply(array, begin, end, sums, mean);
    if (transposed_) transposed_->refresh(array, begin, end);
  };
  std::optional<TransposedPieces<T>> transposed_;  // where the rule transports weights
};

double process_seconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

std::span<const WorkloadInfo> all_workloads() { return kWorkloads; }

std::unique_ptr<Workload> make_workload(const std::string& name, const WorkloadOptions& options) {
  if (options.precision == "float64") return std::make_unique<TrainingStep<double>>(name, options);
  return std::make_unique<TrainingStep<float>>(name, options);
}

profile::Account account_of(Workload& workload) {
  CountedSpan span;
  workload.run();
  return span.stop();
}

Measurement measure(Workload& workload, const std::string& clock, unsigned threads, int repeats,
                    double seconds_per_repeat) {
  const bool cpu = clock == "cpu";
  const auto now = [&] { return cpu ? process_seconds() / threads : wall_seconds(); };
  // the peak by the same clock as the work
  const auto peak = [&] {
    const double wall = wall_seconds(), start = now(), rate = workload.peak();
    return rate * (wall_seconds() - wall) / (now() - start);
  };
  std::vector<double> shares, rates, peaks;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const double before = peak(), start = now();
    int runs = 0;
    do {
      workload.run();
      ++runs;
    } while (now() - start < seconds_per_repeat);
    const double rate = workload.necessary_flops() * runs / (now() - start),
                 reference = (before + peak()) / 2;
    rates.push_back(rate);
    peaks.push_back(reference);
    shares.push_back(rate / reference);
  }
  const double rate = median(rates);
  return {.samples_per_s = rate / workload.necessary_flops() * workload.samples(),
          .gflops = rate * 1e-9,
          .peak_gflops = median(peaks) * 1e-9,
          .share_of_peak = median(shares),
          .share_least = *std::min_element(shares.begin(), shares.end()),
          .share_most = *std::max_element(shares.begin(), shares.end()),
          .milliseconds = workload.necessary_flops() / rate * 1e3,
          .repeats = repeats};
}

}  // namespace apical::workloads
