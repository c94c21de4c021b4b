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
#include "experiment/weight_mover.h"
#include "kernels/kernels.h"
#include "probes/dynamics.h"
#include "probes/probe.h"

namespace apical {
namespace {

// Samples per minibatch when nothing is learned.
constexpr std::size_t kEvaluationSamples = 512;

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
        mover_(plan, network_, minibatch_, pool),
        evaluation_(network_, plan.loss, pool,
                    std::min(kEvaluationSamples, std::max(plan.train.size(), plan.test.size()))),
        train_(plan.train, plan.standardisation, plan.task),
        test_(plan.test, plan.standardisation, plan.task) {
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
    train_.choose(current_samples());
    const bool looks_at_the_end = std::any_of(probes.begin(), probes.end(), [](const std::string& name) {
      return probe_named(name, "probes").reads_controlled;
    });
    minibatch_.keep_controlled(looks_at_the_end);
    PassContext pass_now = context();
    // probes see what the layers that stay would learn, too
    if (probes.empty()) pass_now.learns = mover_.learning_layers();
    minibatch_.assign_credit(*rule_, pass_now, current_samples().size(), train_);
    sums_.add(minibatch_);
    if (minibatch_.not_finite() == current_samples().size())
      throw divergence_error(segment(), next_ + 1, network_, minibatch_.state());
    measured_.clear();
    const std::size_t lost = is_driven(plan_.card) ? samples_lost(minibatch_) : 0;
    if (probes.empty() && !mover_.clips() && lost == 0) {
      // nobody has to see the whole update
      mover_.move_piece_by_piece(epoch());
    } else {
      minibatch_.propose();
      if (lost > 0 && (lost == current_samples().size() || update_lost(minibatch_)))
        throw runaway_error<T>(plan_, segment(), next_ + 1, context(), network_, *rule_, train_, minibatch_);
      for (const std::string& name : probes) measure(name);
      mover_.move_proposed(epoch());
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
    memory.optimizer = mover_.bytes();
    const MinibatchMemory training = minibatch_.memory(), evaluation = evaluation_.memory();
    memory.activities = training.activities + evaluation.activities;
    memory.arenas = training.arenas + evaluation.arenas;
    memory.proposals = training.proposals + evaluation.proposals;
    for (const Dataset* data : {&plan_.train, &plan_.test}) memory.data += data->bytes();
    return memory;
  }

  double least_traffic() const override {
    std::size_t bytes = 2 * (minibatch_.memory().activities + mover_.bytes_in_pass());
    for (const auto& [name, matrices] : network_.all_groups()) bytes += bytes_of(matrices);
    for (const auto& [group, section] : segment().pass.moved()) {
      const GroupDelta<T>& delta = minibatch_.delta_of(group);
      bytes += total_bytes(delta.weights) + total_bytes(delta.bias);
    }
    return static_cast<double>(bytes);
  }

  void save(Checkpoint& checkpoint) const override {
    save_network(network_, checkpoint);
    mover_.save(checkpoint);
    const auto sums = sums_.kept();
    checkpoint.add(NamedTensor::of<double>("sums", {sums.size()}, sums));
    checkpoint.set("rule", plan_.card.id);
    checkpoint.set("seed", std::to_string(seed_));
    checkpoint.set_whole("segment", static_cast<std::int64_t>(segment_));
    checkpoint.set_whole("minibatch", static_cast<std::int64_t>(next_));
  }

  void load(const Checkpoint& checkpoint) override {
    load_network(network_, checkpoint);
    mover_.load(checkpoint);
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
    mover_.begin(segment().pass);
  }

  std::span<const std::uint32_t> current_samples() const {
    const std::size_t first = next_ * batch_size_;
    return std::span<const std::uint32_t>(order_).subspan(first,
                                                          std::min(batch_size_, order_.size() - first));
  }

  PassContext context() const {
    const Pass& pass = segment().pass;
    return {.pass = pass.name,
            .group = pass.group,
            .seed = seed_,
            .epoch = static_cast<std::uint32_t>(segment_),
            .also = pass.also,
            .quiet_output = pass.quiet_output,
            .factors = factors_of(plan_.recipe.training.precision)};
  }

  static std::size_t bytes_of(const std::vector<WeightMatrix<T>>& matrices) {
    std::size_t numbers = 0;
    for (const auto& w : matrices) numbers += w.panels_size() + w.bias_size() + w.transposed_size();
    return numbers * sizeof(T);
  }

  // Of the wake passes; fractions count.
  double epoch() const {
    return static_cast<double>(segment().epoch) +
           static_cast<double>(next_) / static_cast<double>(minibatches());
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

  const Plan& plan_;
  std::uint64_t seed_;
  Pool& pool_;
  Split parts_;
  Network<T> network_;
  std::unique_ptr<BasicRule<T>> rule_;
  std::size_t batch_size_;
  Minibatch<T> minibatch_;
  WeightMover<T> mover_;
  Minibatch<T> evaluation_;
  DatasetSource<T> train_, test_;
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
