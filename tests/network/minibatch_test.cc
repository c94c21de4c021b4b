// What a rule proposes does not depend on who computes it: threads, tiles, lanes, instruction sets.
#include "network/minibatch.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <utility>

#include "apical/optimizer.h"
#include "kernels/kernels.h"
#include "network/every_pass.h"

namespace apical {
namespace {

// Every number of a delta, padding too, as bytes.
template <class T>
std::string bits_of(const GroupDelta<T>& delta) {
  std::string bits;
  for (const auto* list : {&delta.weights, &delta.bias}) {
    for (const auto& buffer : *list) {
      if (!buffer.empty())
        bits.append(reinterpret_cast<const char*>(buffer.data()), buffer.size() * sizeof(T));
    }
  }
  return bits;
}

// Of every group that learns in a pass.
template <class T>
std::string bits_of(const Minibatch<T>& minibatch, const RulePass& pass) {
  std::string bits;
  pass.context().for_each_group([&](std::string_view group) { bits += bits_of(minibatch.delta_of(group)); });
  return bits;
}

// What does not move at all has to stay where it is.
void expect_near(const Numbers& change, const Numbers& expected, double tolerance, const std::string& name) {
  if (length(expected) == 0) {
    EXPECT_EQ(length(change), 0) << name;
  } else {
    EXPECT_LT(deviation(change, expected), tolerance) << name;
  }
}

template <class T>
void expect_same_bits_for_all_thread_counts(std::size_t batch, const std::vector<unsigned>& counts) {
  const Toy toy = make_toy({.units = {9, 40, 17, 5}, .batch = batch, .gain = 0.7});
  std::vector<std::string> expected;
  for (const unsigned threads : counts) {
    Pool pool(threads);
    std::size_t at = 0;
    for (const RulePass& pass : every_pass(11)) {
      Bench<T> bench(toy, pass.rule, pass.settings, pool);
      run(bench, pass);
      const std::string bits = bits_of(bench.minibatch(), pass);
      if (threads == counts.front()) expected.push_back(bits);
      ASSERT_TRUE(bits == expected[at++])
          << pass.name << ", " << threads << " threads, " << batch << " samples";
    }
  }
}

TEST(Minibatch, IsTheSameBitsForAnyNumberOfThreads) {
  // thirteen tiles, the last one of five rows
  const std::size_t batch = 12 * Minibatch<float>::kTileRows + 5;
  expect_same_bits_for_all_thread_counts<float>(batch, {1, 2, 3, 5, 8, 16});
  expect_same_bits_for_all_thread_counts<double>(batch, {1, 2, 3, 5, 8, 16});
}

TEST(Minibatch, OfSeveralTilesPerLaneIsTheSameBitsForAnyNumberOfThreads) {
  static_assert(300 > Minibatch<float>::kTileRows * Minibatch<float>::kMostLanes);
  expect_same_bits_for_all_thread_counts<float>(300, {1, 3, 16});
  expect_same_bits_for_all_thread_counts<double>(300, {1, 2});
}

TEST(Minibatch, OfFewRowsIsTheSameBitsForAnyNumberOfThreads) {
  for (const std::size_t batch : {1u, 16u, 17u}) expect_same_bits_for_all_thread_counts<float>(batch, {1, 3});
}

// What arrives at a sink, put together again.
template <class T>
GroupDelta<T> handed_on(Minibatch<T>& minibatch, std::string_view group, const GroupDelta<T>& shape) {
  GroupDelta<T> delta;
  std::vector<Buffer<T>*> arrays;
  std::vector<std::vector<int>> times;
  const T unset = std::numeric_limits<T>::quiet_NaN();
  delta.weights.resize(shape.weights.size());
  delta.bias.resize(shape.bias.size());
  for (std::size_t layer = 0; layer < shape.weights.size(); ++layer) {
    for (auto [array, like] : {std::pair(&delta.weights[layer], &shape.weights[layer]),
                               std::pair(&delta.bias[layer], &shape.bias[layer])}) {
      if (like->empty()) continue;
      *array = like->copy();
      std::fill(array->data(), array->data() + array->size(), unset);
      arrays.push_back(array);
      times.emplace_back(array->size());
    }
  }
  minibatch.propose_to(group,
                       [&](std::size_t array, std::size_t begin, std::size_t end, const T* sums, T mean) {
                         for (std::size_t i = begin; i < end; ++i) {
                           (*arrays[array])[i] = mean * sums[i - begin];
                           ++times[array][i];
                         }
                       });
  for (const auto& counts : times) {
    for (const int count : counts) EXPECT_EQ(count, 1) << "each element arrives once";
  }
  return delta;
}

template <class T>
void expect_a_sink_to_get_the_proposal() {
  const Toy toy = make_toy({.units = {150, 40, 17, 5}, .batch = 37, .gain = 0.7});
  Pool pool(3);
  for (const RulePass& pass : every_pass(11)) {
    Bench<T> bench(toy, pass.rule, pass.settings, pool);
    run(bench, pass);
    const GroupDelta<T>& kept = bench.minibatch().delta();
    EXPECT_TRUE(bits_of(handed_on(bench.minibatch(), pass.group, kept)) == bits_of(kept)) << pass.name;
  }
}

TEST(Minibatch, HandsOnTheSameBitsThatItKeeps) {
  expect_a_sink_to_get_the_proposal<float>();
  expect_a_sink_to_get_the_proposal<double>();
}

// A long minibatch is the mean of its parts.
void expect_the_mean_of_its_parts(const std::vector<std::size_t>& units, std::size_t batch_size,
                                  std::size_t part_size) {
  const Toy all = make_toy({.units = units, .batch = batch_size});
  const std::size_t inputs = units.front();
  const double share = static_cast<double>(part_size) / static_cast<double>(batch_size);
  for (const char* rule : {"backprop", "dfc"}) {
    const auto settings = [&](std::size_t batch) {
      Overrides s;
      if (std::string(rule) == "dfc") {
        s = {{"steps", std::int64_t{12}},
             {"include_non_converged", true},
             {"target_step", 0.01 * static_cast<double>(batch)}};
      }
      return s;
    };
    Bench<double> bench(all, rule);
    const Change together = bench.run(rule, settings(batch_size));
    Change sum = together;
    for (auto* list : {&sum.W, &sum.b}) {
      for (Numbers& values : *list) std::fill(values.begin(), values.end(), 0.0);
    }
    for (std::size_t first = 0; first < batch_size; first += part_size) {
      Toy part = all;
      part.batch = part_size;
      part.x.assign(all.x.begin() + static_cast<std::ptrdiff_t>(first * inputs),
                    all.x.begin() + static_cast<std::ptrdiff_t>((first + part_size) * inputs));
      part.labels.assign(all.labels.begin() + static_cast<std::ptrdiff_t>(first),
                         all.labels.begin() + static_cast<std::ptrdiff_t>(first + part_size));
      Bench<double> alone(part, rule);
      const Change change = alone.run(rule, settings(part_size));
      for (std::size_t i = 0; i < sum.W.size(); ++i) {
        for (std::size_t k = 0; k < sum.W[i].size(); ++k) sum.W[i][k] += share * change.W[i][k];
        for (std::size_t k = 0; k < sum.b[i].size(); ++k) sum.b[i][k] += share * change.b[i][k];
      }
    }
    EXPECT_LT(deviation(together, sum), 1e-12) << rule;
  }
}

TEST(Minibatch, OfManyTilesIsTheMeanOfItsSamples) { expect_the_mean_of_its_parts({4, 9, 6, 3}, 300, 1); }

// More than a megabyte between the hidden layers: four tiles of 32 rows and one of five, against minibatches of two tiles, 16 and 3 rows.
TEST(Minibatch, OfAWideNetworkIsTheMeanOfItsParts) {
  expect_the_mean_of_its_parts({4, 370, 370, 3}, 133, 19);
}

// A minibatch object serves minibatches of every size, and forgets the one before.
// An observer reads voltages that a settling network otherwise keeps for some neurons at a time.
template <class T>
void expect_same_bits_when_watched() {
  struct Idle final : Observer<T> {
    void state(std::int64_t, const TileState<T>&) override {}
  };
  // several blocks of panels and a last one that is not whole
  const Toy toy = make_toy({.units = {9, 165, 81, 5}, .batch = 21, .gain = 0.7});
  for (const RulePass& pass : every_pass(11)) {
    std::string bits[2];
    for (const bool watched : {false, true}) {
      Bench<T> bench(toy, pass.rule, pass.settings);
      Idle idle;
      if (watched) bench.minibatch().set_observer(&idle);
      run(bench, pass);
      bits[watched] = bits_of(bench.minibatch().delta());
    }
    EXPECT_TRUE(bits[0] == bits[1]) << pass.name;
  }
}

TEST(Minibatch, IsTheSameBitsWhenItIsWatched) {
  expect_same_bits_when_watched<float>();
  expect_same_bits_when_watched<double>();
}

TEST(Minibatch, RemembersNothingOfTheOneBefore) {
  const Toy large = make_toy({.units = {6, 20, 9, 4}, .batch = 70});
  Toy small = large;
  small.batch = 21;
  for (const RulePass& pass : every_pass()) {
    Bench<float> fresh(small, pass.rule, pass.settings);
    run(fresh, pass);
    Bench<float> used(large, pass.rule, pass.settings);
    run(used, pass);
    const auto rule = rule_named(pass.rule, "test").make<float>(settings_of(pass.rule, pass.settings));
    used.minibatch().assign(*rule, pass.context(), 21, ToySource<float>(small));
    EXPECT_TRUE(bits_of(used.minibatch(), pass) == bits_of(fresh.minibatch(), pass)) << pass.name;
  }
}

// Backprop learns from the minibatch's own rates; a controlled rule from others, after it too.
TEST(Minibatch, RemembersNothingOfTheRuleBefore) {
  const Toy toy = make_toy({.units = {6, 20, 9, 4}, .batch = 21});
  for (const RulePass& pass : every_pass()) {
    Bench<float> fresh(toy, pass.rule, pass.settings);
    run(fresh, pass);
    Bench<float> used(toy, pass.rule, pass.settings);
    used.run("backprop");
    run(used, pass);
    EXPECT_TRUE(bits_of(used.minibatch(), pass) == bits_of(fresh.minibatch(), pass)) << pass.name;
  }
}

TEST(Minibatch, AsOneTileEqualsTheTiledOne) {
  Pool pool(1);
  const Toy toy = make_toy({.units = {9, 40, 17, 5}, .batch = 83, .gain = 0.7});
  for (const RulePass& pass : every_pass()) {
    Bench<double> tiled(toy, pass.rule, pass.settings), whole(toy, pass.rule, pass.settings, pool, true);
    const Change expected = run(tiled, pass);
    const Change change = run(whole, pass);
    for (std::size_t i = 0; i < expected.W.size(); ++i)
      expect_near(change.W[i], expected.W[i], 1e-12, pass.name);
  }
}

// Rows and columns that pad a matrix must never begin to move: they would break the panels' layout in files
// and sums.
template <class T>
void expect_zero_padding(Activation activation) {
  const Toy toy = make_toy({.units = {9, 35, 18, 5},
                            .hidden = activation,
                            .output = activation,
                            .loss = Loss::half_squared_error,
                            .batch = 21,
                            .gain = 0.5});
  OptimizerSettings settings;
  settings.algorithm = OptimizerAlgorithm::adam;
  settings.learning_rate = 1e-3;
  for (const RulePass& pass : every_pass(9)) {
    Bench<T> bench(toy, pass.rule, pass.settings);
    std::vector<Tensor<T>> tensors;
    const GroupDelta<T>& delta = bench.minibatch().delta_of(pass.group);
    for (auto& w : bench.network().group(pass.group)) {
      const std::size_t i = w.layer() - 1;
      tensors.push_back(
          {w.name(), w.panels(), delta.weights[i].data(), w.panels_size(), static_cast<int>(i)});
      if (w.has_bias())
        tensors.push_back(
            {w.name() + "b", w.bias(), delta.bias[i].data(), w.bias_size(), static_cast<int>(i)});
    }
    Optimizer<T> optimizer(settings, tensors);
    for (int step = 0; step < 30; ++step) {
      run(bench, pass);
      optimizer.step(1);
      bench.network().refresh_transposes();
    }
    for (const auto& w : bench.network().group(pass.group)) {
      // a matrix that holds the same values and was padded afresh
      WeightMatrix<T> fresh("fresh", 1, w.n_out(), w.n_in(), w.has_bias());
      fresh.set_values(w.values());
      ASSERT_EQ(std::memcmp(fresh.panels(), w.panels(), w.panels_size() * sizeof(T)), 0)
          << pass.name << " " << w.name();
      for (std::size_t unit = w.n_out(); unit < w.bias_size(); ++unit)
        ASSERT_EQ(w.bias()[unit], T(0)) << pass.name;
    }
  }
}

TEST(Minibatch, PaddingStaysZeroAfterManyStepsWithAdam) {
  // φ(0) is 0 for tanh, ½ for the sigmoid and log 2 for softplus
  for (const Activation activation : {Activation::tanh, Activation::sigmoid, Activation::softplus}) {
    expect_zero_padding<float>(activation);
    expect_zero_padding<double>(activation);
  }
}

TEST(Minibatch, CountsLossesThatAreNotFinite) {
  Toy toy = make_toy({.batch = 20});
  toy.x[0] = 1e300;
  toy.x[7 * 18] = std::nan("");
  Bench<double> bench(toy);
  bench.run("backprop");
  EXPECT_EQ(bench.minibatch().not_finite(), 1u);
  EXPECT_TRUE(std::isnan(bench.minibatch().mean_loss()));
}

TEST(Minibatch, PredictsWhatTheTrainingPassSees) {
  const Toy toy = make_toy({.batch = 50});
  Pool pool(3);
  Bench<float> trained(toy, "backprop", {}, pool), predicted(toy, "backprop", {}, pool);
  trained.run("backprop");
  predicted.minibatch().predict(toy.batch, ToySource<float>(toy));
  EXPECT_EQ(predicted.minibatch().mean_loss(), trained.minibatch().mean_loss());
  EXPECT_EQ(predicted.minibatch().correct(), trained.minibatch().correct());
  EXPECT_GT(predicted.minibatch().correct(), 0u);
}

// --- every instruction set against the naive twins

class EveryKernelTable : public ::testing::TestWithParam<std::string> {
 protected:
  void TearDown() override { use_kernels("auto"); }
};

template <class T>
void expect_agreement_with_reference(const std::string& name, double tolerance) {
  for (const Activation activation : {Activation::tanh, Activation::softplus, Activation::leaky_relu}) {
    const Toy toy = make_toy({.units = {9, 40, 17, 5}, .hidden = activation, .batch = 35, .gain = 0.7});
    for (const RulePass& pass : every_pass(30)) {
      use_kernels("reference");
      Bench<T> twin(toy, pass.rule, pass.settings);
      const Change expected = run(twin, pass);
      use_kernels(name);
      ASSERT_EQ(kernels_in_use(), name);
      Bench<T> bench(toy, pass.rule, pass.settings);
      const Change change = run(bench, pass);
      for (std::size_t i = 0; i < expected.W.size(); ++i)
        expect_near(change.W[i], expected.W[i], tolerance, pass.name);
    }
  }
}

TEST_P(EveryKernelTable, AgreesWithTheNaiveTwinForEveryRuleAndPass) {
  expect_agreement_with_reference<float>(GetParam(), 1e-5);
  expect_agreement_with_reference<double>(GetParam(), 1e-10);
}

std::vector<std::string> vector_tables() {
  std::vector<std::string> names = available_kernels();
  std::erase(names, "reference");
  return names;
}
INSTANTIATE_TEST_SUITE_P(Kernels, EveryKernelTable, ::testing::ValuesIn(vector_tables()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace apical
