// A training step allocates nothing after the first of its pass.
#include <gtest/gtest.h>

#include <memory>

#include "apical/optimizer.h"
#include "network/counted_heap.h"
#include "network/every_pass.h"
#include "network/transposes.h"

namespace apical {
namespace {

// Everything that one minibatch of training does: credit, sums, optimizer, transposes.
template <class T>
class Step {
 public:
  Step(const Toy& toy, const RulePass& pass, Pool& pool, OptimizerAlgorithm algorithm, Factors factors)
      : pass_(pass),
        factors_(factors),
        pool_(pool),
        bench_(toy, pass.rule, pass.settings, pool),
        source_(toy),
        rule_(rule_named(pass.rule, "test").make<T>(settings_of(pass.rule, pass.settings))) {
    std::vector<Tensor<T>> tensors;
    const GroupDelta<T>& delta = bench_.minibatch().delta_of(pass.group);
    for (auto& w : bench_.network().group(pass.group)) {
      const std::size_t i = w.layer() - 1;
      tensors.push_back({"w", w.panels(), delta.weights[i].data(), w.panels_size(), static_cast<int>(i)});
      if (w.has_bias())
        tensors.push_back({"b", w.bias(), delta.bias[i].data(), w.bias_size(), static_cast<int>(i)});
    }
    OptimizerSettings settings;
    settings.algorithm = algorithm;
    optimizer_ = std::make_unique<Optimizer<T>>(settings, std::move(tensors));
  }

  void run(std::uint32_t epoch) {
    const PassContext context{.pass = pass_.pass,
                              .group = pass_.group,
                              .seed = 3,
                              .epoch = epoch,
                              .also = pass_.also,
                              .factors = factors_};
    bench_.minibatch().assign_credit(*rule_, context, bench_.toy().batch, source_);
    optimizer_->prepare(1);
    bench_.minibatch().propose_to(pass_.group, mover_);
    bench_.minibatch().propose();
    optimizer_->step(1);
    refresh_transposes(bench_.network(), pool_);
  }

 private:
  RulePass pass_;
  Factors factors_;
  Pool& pool_;
  Bench<T> bench_;
  ToySource<T> source_;
  std::unique_ptr<BasicRule<T>> rule_;
  std::unique_ptr<Optimizer<T>> optimizer_;
  const DeltaSink<T> mover_ = [this](std::size_t array, std::size_t begin, std::size_t end, const T* sums,
                                     T mean) { optimizer_->apply(array, begin, end, sums, mean); };
};

template <class T>
int allocations_of_later_steps(const Toy& toy, const RulePass& pass, unsigned threads,
                               Factors factors = Factors::full) {
  Pool pool(threads);
  Step<T> step(toy, pass, pool, OptimizerAlgorithm::adam, factors);
  step.run(1);
  const CountedHeap heap;
  for (std::uint32_t epoch = 2; epoch < 6; ++epoch) step.run(epoch);
  return heap.allocations();
}

TEST(Allocation, IsCounted) {
  const CountedHeap heap;
  const auto number = std::make_unique<int>(3);
  const Buffer<float> buffer(static_cast<std::size_t>(*number));
  EXPECT_EQ(heap.allocations(), 2) << "operator new and the library's own aligned storage";
}

TEST(Allocation, DoesNotHappenInAStepAfterTheFirstWhateverTheRulePassAndThreads) {
  // five tiles, the last of them short
  const Toy toy =
      make_toy({.units = {20, 40, 17, 10}, .batch = 4 * Minibatch<float>::kTileRows + 5, .gain = 0.7});
  std::vector<RulePass> passes = every_pass(11);
  for (const char* settling : {"solved", "until-settled", "linear-response"}) {
    passes.push_back({"dfc-ss",
                      "wake",
                      "forward",
                      {},
                      {{"steps", std::int64_t{11}}, {"include_non_converged", true}, {"settling", settling}},
                      "dfc-ss wake " + std::string(settling)});
  }
  for (const RulePass& pass : passes) {
    // reference updates are there to be measured against, and solve with matrices of the samples' own
    if (pass.rule == "mn" || pass.rule == "gn") continue;
    for (const unsigned threads : {1u, 3u}) {
      EXPECT_EQ(allocations_of_later_steps<float>(toy, pass, threads), 0) << pass.name << ", " << threads;
      EXPECT_EQ(allocations_of_later_steps<float>(toy, pass, threads, Factors::bfloat16), 0)
          << pass.name << ", " << threads;
      EXPECT_EQ(allocations_of_later_steps<double>(toy, pass, threads), 0) << pass.name << ", " << threads;
    }
  }
}

// A linear output wider than the layer below, with its feedback at the identity: systems of the last hidden layer, too large to be solved side by side.
TEST(Allocation, DoesNotHappenWhereAWideOutputIsControlledByWayOfTheLayerBelow) {
  const Toy toy = make_toy({.units = {20, 24, 60, 80},
                            .loss = Loss::half_squared_error,
                            .batch = 4 * Minibatch<float>::kTileRows + 5,
                            .regression = true});
  std::vector<RulePass> passes = every_pass(11);
  std::erase_if(passes, [](const RulePass& pass) { return pass.rule != "dfc-ssa"; });
  for (const char* rule : {"dfc", "dfc-ss"}) {
    passes.push_back(
        {rule,
         "wake",
         "forward",
         {},
         {{"steps", std::int64_t{11}}, {"include_non_converged", true}, {"settling", "linear-response"}},
         std::string(rule) + " wake linear-response"});
  }
  for (const RulePass& pass : passes) {
    for (const unsigned threads : {1u, 3u}) {
      EXPECT_EQ(allocations_of_later_steps<float>(toy, pass, threads), 0) << pass.name << ", " << threads;
      EXPECT_EQ(allocations_of_later_steps<double>(toy, pass, threads), 0) << pass.name << ", " << threads;
    }
  }
}

}  // namespace
}  // namespace apical
