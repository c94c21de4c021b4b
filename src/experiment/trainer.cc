#include "experiment/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>

#include "apical/error.h"
#include "apical/rule.h"
#include "core/profile.h"
#include "experiment/advice.h"
#include "experiment/network_checkpoint.h"
#include "network/transposes.h"
#include "probes/dynamics.h"
#include "probes/probe.h"

namespace apical {
namespace {

// Samples per minibatch when nothing is learned.
constexpr std::size_t kEvaluationSamples = 512;
// Elements of an optimizer's tensor that one job moves.
constexpr std::size_t kOptimizerPiece = 16384;

template <class T>
class Trainer final : public TrainerBase {
 public:
  Trainer(const Plan& plan, std::uint64_t seed, Pool& pool)
      : plan_(plan),
        seed_(seed),
        pool_(pool),
        parts_(plan.split_for(seed)),
        network_(plan.network, plan.card.groups, seed),
        rule_(rule_named(plan.card.id, "rule").template make<T>(plan.settings)),
        batch_size_(std::min(static_cast<std::size_t>(plan.recipe.problem.batch_size), parts_.train.size())),
        minibatch_(network_, plan.loss, pool, batch_size_, plan.card.whole_minibatch),
        evaluation_(network_, plan.loss, pool,
                    std::min(kEvaluationSamples, std::max(plan.train.size(), plan.test.size()))),
        train_(plan.train, plan.standardisation, plan.task),
        test_(plan.test, plan.standardisation, plan.task) {
    for (const auto& [section, settings] : plan.optimizers) {
      optimizers_.emplace(section, Optimizer<T>(settings, tensors_of(group_of(section))));
    }
    network_.refresh_transposes();
    begin_segment();
  }

  bool done() const override { return segment_ == plan_.segments.size(); }
  const Segment& segment() const override { return plan_.segments[segment_]; }
  std::size_t segment_index() const override { return segment_; }
  std::size_t minibatch() const override { return next_; }
  std::size_t minibatches() const override { return (order_.size() + batch_size_ - 1) / batch_size_; }
  std::size_t samples_per_segment() const override { return parts_.train.size(); }
  const SegmentSums& sums() const override { return sums_; }
  bool segment_done() const override { return next_ == minibatches(); }

  void next_segment() override {
    ++segment_;
    next_ = 0;
    sums_ = {};
    minibatch_.reset_marks();
    begin_segment();
  }

  void step(const std::vector<std::string>& probes) override {
    const Pass& pass = segment().pass;
    train_.choose(current_samples());
    const bool looks_at_the_end = std::any_of(probes.begin(), probes.end(), [](const std::string& name) {
      return probe_named(name, "probes").reads_controlled;
    });
    minibatch_.keep_controlled(looks_at_the_end);
    PassContext pass_now = context();
    // probes see what the layers that stay would learn, too
    if (probes.empty()) pass_now.learns = learns_;
    minibatch_.assign_credit(*rule_, pass_now, current_samples().size(), train_);
    sums_.add(minibatch_);
    if (minibatch_.not_finite() == current_samples().size())
      throw divergence_error(segment(), next_ + 1, network_, minibatch_.state());
    measured_.clear();
    const bool clips = std::any_of(moved_.begin(), moved_.end(),
                                   [&](const Pass::Moved& m) { return optimizers_.at(m.optimizer).clips(); });
    const std::size_t lost = is_driven(plan_.card) ? samples_lost(minibatch_) : 0;
    if (probes.empty() && !clips && lost == 0) {
      // nobody has to see the whole update: its pieces go straight into the weights
      for (const auto& [group, section] : moved_) {
        moving_ = &optimizers_.at(section);
        moving_->prepare(rate_factor());
        following_ = transports_ && group == "forward";
        minibatch_.propose_to(group, mover_);
      }
    } else {
      minibatch_.propose();
      if (lost > 0 && (lost == current_samples().size() || update_lost(minibatch_)))
        throw runaway_error<T>(plan_, segment(), next_ + 1, context(), network_, *rule_, train_, minibatch_);
      for (const std::string& name : probes) measure(name);
      for (const auto& [group, section] : moved_) {
        moving_ = &optimizers_.at(section);
        moving_->prepare(rate_factor());
        move_weights();
      }
      if (transports_ && pass.group == "forward") {
        const profile::PhaseScope scope(profile::Phase::optimizer);
        refresh_transposes(network_, pool_);
      }
    }
    ++next_;
  }

  const std::vector<MeasuredProbe>& measured() const override { return measured_; }

  Evaluation evaluate(const std::string& part) override {
    const Dataset& data = part == "test" ? plan_.test : plan_.train;
    DatasetSource<T>& source = part == "test" ? test_ : train_;
    std::vector<std::uint32_t> all;
    if (part == "test") {
      all.resize(data.size());
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint32_t>(i);
    } else {
      all = part == "validation" ? parts_.validation : parts_.train;
    }
    double loss = 0, correct = 0;
    const std::size_t at_once = evaluation_.state().capacity;
    for (std::size_t first = 0; first < all.size(); first += at_once) {
      const auto samples =
          std::span<const std::uint32_t>(all).subspan(first, std::min(at_once, all.size() - first));
      source.choose(samples);
      evaluation_.predict(samples.size(), source);
      loss += evaluation_.mean_loss() * static_cast<double>(samples.size());
      correct += static_cast<double>(evaluation_.correct());
    }
    const auto count = static_cast<double>(all.size());
    const bool classes = plan_.task == Task::classification;
    return {loss / count, classes ? 1 - correct / count : std::numeric_limits<double>::quiet_NaN(),
            all.size()};
  }

  Marks marks() const override { return minibatch_.marks(); }

  void save_weights(Checkpoint& checkpoint) const override { save_network(network_, checkpoint); }

  TrainingMemory memory() const override {
    TrainingMemory memory;
    for (const auto& [group, matrices] : network_.all_groups()) memory.weights += bytes_of(matrices);
    for (const auto& [section, optimizer] : optimizers_) memory.optimizer += moments_of(optimizer);
    const MinibatchMemory training = minibatch_.memory(), evaluation = evaluation_.memory();
    memory.activities = training.activities + evaluation.activities;
    memory.arenas = training.arenas + evaluation.arenas;
    memory.proposals = training.proposals + evaluation.proposals;
    for (const Dataset* data : {&plan_.train, &plan_.test}) memory.data += data->bytes();
    return memory;
  }

  double least_traffic() const override {
    std::size_t bytes = 2 * minibatch_.memory().activities;
    for (const auto& [name, matrices] : network_.all_groups()) bytes += bytes_of(matrices);
    for (const auto& [group, section] : segment().pass.moved()) {
      const GroupDelta<T>& delta = minibatch_.delta_of(group);
      bytes += total_bytes(delta.weights) + total_bytes(delta.bias) + 2 * moments_of(optimizers_.at(section));
    }
    return static_cast<double>(bytes);
  }

  void save(Checkpoint& checkpoint) const override {
    save_network(network_, checkpoint);
    for (const auto& [section, optimizer] : optimizers_) {
      auto& memory = const_cast<Optimizer<T>&>(optimizer);
      for (const auto& state : memory.state()) {
        checkpoint.add(NamedTensor::of<T>("optimizer/" + section + "/" + state.name, {state.count},
                                          {state.values, state.count}));
      }
      checkpoint.set_whole("optimizer/" + section + "/steps", optimizer.steps());
    }
    const auto sums = sums_.kept();
    checkpoint.add(NamedTensor::of<double>("sums", {sums.size()}, sums));
    checkpoint.set("rule", plan_.card.id);
    checkpoint.set("seed", std::to_string(seed_));
    checkpoint.set_whole("segment", static_cast<std::int64_t>(segment_));
    checkpoint.set_whole("minibatch", static_cast<std::int64_t>(next_));
  }

  void load(const Checkpoint& checkpoint) override {
    load_network(network_, checkpoint);
    for (auto& [section, optimizer] : optimizers_) {
      for (const auto& state : optimizer.state()) {
        const auto& saved = checkpoint.require_tensor("optimizer/" + section + "/" + state.name,
                                                      dtype_of<T>(), std::array{state.count});
        const auto values = saved.template as<T>();
        std::copy(values.begin(), values.end(), state.values);
      }
      optimizer.set_steps(checkpoint.require_whole("optimizer/" + section + "/steps"));
    }
    constexpr std::size_t kSums = SegmentSums::kKept;
    const NamedTensor& sums = checkpoint.require_tensor("sums", Dtype::f64, std::array{kSums});
    sums_ = SegmentSums::of(sums.template as<double>().template first<kSums>());
    segment_ = static_cast<std::size_t>(checkpoint.require_whole("segment"));
    if (segment_ > plan_.segments.size()) {
      throw Error(checkpoint.path().string(),
                  fmt::format("the checkpoint stands at segment {} of a plan of {}.", segment_,
                              plan_.segments.size()));
    }
    begin_segment();
    next_ = static_cast<std::size_t>(checkpoint.require_whole("minibatch"));
    network_.refresh_transposes();
  }

 private:
  void begin_segment() {
    if (done()) return;
    order_ = epoch_order(parts_.train, seed_, segment_);
    moved_ = segment().pass.moved();
    learns_.clear();
    for (const double rate : optimizers_.at(moved_.front().optimizer).settings().layer_rates)
      learns_.push_back(rate > 0);
  }

  std::span<const std::uint32_t> current_samples() const {
    const std::size_t first = next_ * batch_size_;
    return std::span<const std::uint32_t>(order_).subspan(first,
                                                          std::min(batch_size_, order_.size() - first));
  }

  PassContext context() const {
    const Pass& pass = segment().pass;
    return {pass.name, pass.group, seed_, static_cast<std::uint32_t>(segment_), pass.also};
  }

  static std::size_t bytes_of(const std::vector<WeightMatrix<T>>& matrices) {
    std::size_t numbers = 0;
    for (const auto& w : matrices) numbers += w.panels_size() + w.bias_size() + w.transposed_size();
    return numbers * sizeof(T);
  }
  static std::size_t moments_of(const Optimizer<T>& optimizer) {
    std::size_t numbers = 0;
    for (const auto& state : const_cast<Optimizer<T>&>(optimizer).state()) numbers += state.count;
    return numbers * sizeof(T);
  }

  std::string group_of(const std::string& section) const {
    for (const Pass& pass : plan_.card.passes) {
      for (const auto& [group, optimizer] : pass.moved()) {
        if (optimizer == section) return group;
      }
    }
    throw InternalError("no pass uses the optimizer " + section);
  }

  std::vector<Tensor<T>> tensors_of(const std::string& group) {
    const GroupDelta<T>& delta = minibatch_.delta_of(group);
    std::vector<Tensor<T>> tensors;
    auto& matrices = network_.group(group);
    for (std::size_t i = 0; i < matrices.size(); ++i) {
      auto& w = matrices[i];
      const int layer = static_cast<int>(w.layer()) - 1;
      tensors.push_back({w.name(), w.panels(), delta.weights[i].data(), w.panels_size(), layer});
      if (w.has_bias())
        tensors.push_back({bias_name(w), w.bias(), delta.bias[i].data(), w.bias_size(), layer});
    }
    return tensors;
  }

  double rate_factor() const {
    const double done_share = static_cast<double>(next_) / static_cast<double>(minibatches());
    const auto epochs = static_cast<double>(plan_.recipe.training.epochs);
    return schedule_factor(moving_->settings(), static_cast<double>(segment().epoch) + done_share, epochs);
  }

  void move_weights() {
    pieces_.clear();
    for (std::size_t tensor = 0; tensor < moving_->tensors().size(); ++tensor) {
      const std::size_t count = moving_->tensors()[tensor].count;
      for (std::size_t begin = 0; begin < count; begin += kOptimizerPiece) {
        pieces_.push_back({tensor, begin, std::min(begin + kOptimizerPiece, count)});
      }
    }
    pool_.run(static_cast<std::uint32_t>(pieces_.size()), [&](std::uint32_t job, unsigned) {
      const profile::PhaseScope scope(profile::Phase::optimizer);
      moving_->apply(pieces_[job].tensor, pieces_[job].begin, pieces_[job].end);
    });
  }

  // Time is kept by the caller's clock, so that the cost of looking is reported with what was seen.
  void measure(const std::string& name) {
    const profile::Pause uncounted;
    const auto start = std::chrono::steady_clock::now();
    ProbeValues values = run_probe<T>(name, {network_, minibatch_, plan_.card, context(), plan_.loss, pool_,
                                             train_, plan_.settings, plan_.probe_damping});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    measured_.push_back({name, std::move(values), seconds});
  }

  struct OptimizerPiece {
    std::size_t tensor, begin, end;
  };

  const Plan& plan_;
  std::uint64_t seed_;
  Pool& pool_;
  Split parts_;
  Network<T> network_;
  std::unique_ptr<BasicRule<T>> rule_;
  std::size_t batch_size_;
  Minibatch<T> minibatch_, evaluation_;
  DatasetSource<T> train_, test_;
  std::map<std::string, Optimizer<T>> optimizers_;
  std::vector<Pass::Moved> moved_;    // by the pass that runs
  std::vector<std::uint8_t> learns_;  // layers of its own group that have a learning rate; empty: all
  Optimizer<T>* moving_ = nullptr;    // one of its optimizers
  const bool transports_ = plan_.card.marks.has(Mark::weight_transport);
  const TransposedPieces<T> transposed_{network_};
  bool following_ = false;  // the pieces that move now have transposed copies
  const DeltaSink<T> mover_ = [this](std::size_t array, std::size_t begin, std::size_t end, const T* sums,
                                     T mean) {
    const profile::PhaseScope scope(profile::Phase::optimizer);
    moving_->apply(array, begin, end, sums, mean);
    if (following_) transposed_.refresh(array, begin, end);
  };
  std::vector<OptimizerPiece> pieces_;
  std::vector<MeasuredProbe> measured_;
  std::vector<std::uint32_t> order_;
  std::size_t segment_ = 0, next_ = 0;
  SegmentSums sums_;
};

}  // namespace

std::unique_ptr<TrainerBase> make_trainer(const Plan& plan, std::uint64_t seed, Pool& pool) {
  if (plan.recipe.training.precision == "float64") return std::make_unique<Trainer<double>>(plan, seed, pool);
  return std::make_unique<Trainer<float>>(plan, seed, pool);
}

}  // namespace apical
