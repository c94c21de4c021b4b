#include "apical/optimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "apical/error.h"
#include "kernels/kernels.h"

namespace apical {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr std::size_t kPadded = 16;  // every tensor of the trajectories, zeros behind its own elements

// A few tensors with their deltas, and an optimizer on them; tensor i is layer i.
template <class T>
struct Bench {
  Bench(const OptimizerSettings& settings, const std::vector<std::vector<double>>& start,
        std::size_t width = kPadded)
      : weights(start.size(), std::vector<T>(width)), deltas(weights) {
    std::vector<Tensor<T>> tensors;
    for (std::size_t i = 0; i < start.size(); ++i) {
      for (std::size_t j = 0; j < start[i].size(); ++j) weights[i][j] = static_cast<T>(start[i][j]);
      tensors.push_back(
          {"W" + std::to_string(i + 1), weights[i].data(), deltas[i].data(), width, static_cast<int>(i)});
    }
    optimizer = std::make_unique<Optimizer<T>>(settings, tensors);
  }
  // Delta is the descent direction.
  void set_gradient(std::size_t tensor, const std::vector<double>& gradient) {
    for (std::size_t j = 0; j < gradient.size(); ++j) deltas[tensor][j] = static_cast<T>(-gradient[j]);
  }

  std::vector<std::vector<T>> weights, deltas;
  std::unique_ptr<Optimizer<T>> optimizer;
};

const json& trajectories() {
  static const json all = json::parse(std::ifstream(APICAL_OPTIM_DATA "/trajectories.json"));
  return all;
}

OptimizerSettings settings_of(const json& described) {
  OptimizerSettings settings;
  for (const Parameter& parameter : optimizer_parameters()) {
    if (!described.contains(parameter.name)) continue;
    const json& value = described[parameter.name];
    settings.set(
        parameter.name,
        std::visit([&value](const auto& kind) { return Value(value.get<std::decay_t<decltype(kind)>>()); },
                   parameter.fallback));
  }
  return settings;
}

// Runs one case of the file and hands every kept step to `check(kept step, bench)`.
template <class T, class Check>
void run(const json& described, Check check) {
  const json& all = trajectories();
  const OptimizerSettings settings = settings_of(described["settings"]);
  Bench<T> bench(settings, all["start"].get<std::vector<std::vector<double>>>());
  const auto kept = all["kept"].get<std::vector<int>>();
  std::size_t next = 0;
  for (int step = 1; step <= all["steps"].get<int>(); ++step) {
    for (std::size_t i = 0; i < bench.weights.size(); ++i)
      bench.set_gradient(i,
                         all["gradients"][static_cast<std::size_t>(step - 1)][i].get<std::vector<double>>());
    bench.optimizer->step(schedule_factor(settings, step - 1, all["steps"].get<int>()));
    if (next < kept.size() && kept[next] == step) check(next++, bench);
  }
  ASSERT_EQ(next, kept.size());
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const json& described : trajectories()["cases"]) names.push_back(described["name"]);
  return names;
}

const json& case_named(const std::string& name) {
  for (const json& described : trajectories()["cases"])
    if (described["name"] == name) return described;
  throw InternalError("no such case");
}

class Trajectory : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(PyTorch, Trajectory, testing::ValuesIn(case_names()), [](const auto& param_info) {
  std::string name = param_info.param;
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
});

template <class T>
void expect_pytorch(const json& described, double tolerance) {
  run<T>(described, [&](std::size_t kept, const Bench<T>& bench) {
    for (std::size_t i = 0; i < bench.weights.size(); ++i) {
      const auto want = described["weights"][kept][i].get<std::vector<double>>();
      for (std::size_t j = 0; j < kPadded; ++j) {
        if (j < want.size())
          ASSERT_NEAR(bench.weights[i][j], want[j], tolerance)
              << "tensor " << i << ", element " << j << ", kept " << kept;
        else
          ASSERT_EQ(bench.weights[i][j], T(0)) << "padding";
      }
    }
  });
}

TEST_P(Trajectory, InDoubleIsPyTorchsTo1e15) { expect_pytorch<double>(case_named(GetParam()), 1e-15); }

// Single precision: a few roundings per step, fifty steps, weights up to 4.
TEST_P(Trajectory, InFloatStaysWithinRounding) { expect_pytorch<float>(case_named(GetParam()), 1e-5); }

template <class T>
std::vector<std::vector<T>> final_weights(const std::string& name) {
  std::vector<std::vector<T>> last;
  run<T>(case_named(name), [&last](std::size_t, const Bench<T>& bench) { last = bench.weights; });
  return last;
}

TEST_P(Trajectory, HasTheSameBitsOnEveryInstructionSet) {
  use_kernels("auto");
  const auto single = final_weights<float>(GetParam());
  const auto twice = final_weights<double>(GetParam());
  for (const std::string& name : available_kernels()) {
    use_kernels(name);
    EXPECT_EQ(final_weights<float>(GetParam()), single) << name;
    EXPECT_EQ(final_weights<double>(GetParam()), twice) << name;
  }
  use_kernels("auto");
}

// The negative control: decoupled decay is not L2 in the gradient, and the trajectories can tell.
TEST(Optimizer, AdamWIsNotAdamWithL2) {
  const auto l2 = final_weights<double>("adam-l2"), decoupled = final_weights<double>("adamw");
  double largest = 0;
  for (std::size_t i = 0; i < l2.size(); ++i)
    for (std::size_t j = 0; j < kPadded; ++j)
      largest = std::max(largest, std::fabs(l2[i][j] - decoupled[i][j]));
  EXPECT_GT(largest, 1e-3);
}

OptimizerSettings sgd(double learning_rate) {
  OptimizerSettings settings;
  settings.algorithm = OptimizerAlgorithm::sgd;
  settings.learning_rate = learning_rate;
  return settings;
}

TEST(Optimizer, AddsTheDescentDirection) {
  Bench<double> bench(sgd(1), {{1.0, -2.0}});
  bench.deltas[0] = {0.25, 0.5};
  bench.deltas[0].resize(kPadded);
  bench.optimizer->step(1);
  EXPECT_EQ(bench.weights[0][0], 1.25);
  EXPECT_EQ(bench.weights[0][1], -1.5);
}

TEST(Optimizer, ClipsLongGradientsOnlyAndKeepsTheirDirection) {
  OptimizerSettings settings = sgd(1);
  settings.clip = Clipping::per_tensor;
  settings.clip_norm = 1;
  Bench<double> bench(settings, {{0.0, 0.0}, {0.0, 0.0}});
  bench.set_gradient(0, {-3.0, -4.0});
  bench.set_gradient(1, {-0.3, -0.4});
  bench.optimizer->step(1);
  EXPECT_NEAR(bench.weights[0][0], 0.6, 1e-6);
  EXPECT_NEAR(bench.weights[0][1], 0.8, 1e-6);
  EXPECT_EQ(bench.weights[1][0], 0.3);
  EXPECT_EQ(bench.weights[1][1], 0.4);
}

TEST(Optimizer, JointClippingSeesTheGroupAsOne) {
  OptimizerSettings settings = sgd(1);
  settings.clip = Clipping::joint;
  settings.clip_norm = 1.3;
  Bench<double> bench(settings, {{0.0, 0.0}, {0.0}});
  bench.set_gradient(0, {-3.0, -4.0});
  bench.set_gradient(1, {-12.0});
  bench.optimizer->step(1);
  EXPECT_NEAR(bench.weights[0][0], 0.3, 1e-6);
  EXPECT_NEAR(bench.weights[0][1], 0.4, 1e-6);
  EXPECT_NEAR(bench.weights[1][0], 1.2, 1e-6);
}

TEST(Optimizer, JointClippingLeavesOutALayerThatDoesNotLearn) {
  OptimizerSettings settings = sgd(1);
  settings.clip = Clipping::joint;
  settings.clip_norm = 1;
  settings.layer_rates = {1, 0};
  Bench<double> bench(settings, {{0.0, 0.0}, {0.0}});
  bench.set_gradient(0, {-3.0, -4.0});
  bench.set_gradient(1, {-12.0});
  bench.optimizer->step(1);
  EXPECT_NEAR(bench.weights[0][0], 0.6, 1e-6);
  EXPECT_NEAR(bench.weights[0][1], 0.8, 1e-6);
  EXPECT_EQ(bench.weights[1][0], 0);
}

// The joint norm has to take every element: tensors longer than one block, with an odd rest.
TEST(Optimizer, TheNormCountsEveryElement) {
  OptimizerSettings settings = sgd(1);
  settings.clip = Clipping::joint;
  settings.clip_norm = 1;
  const std::size_t width = 16 * 6 + 4;
  Bench<float> bench(settings, {std::vector<double>(width, 0.0)}, width);
  bench.set_gradient(0, std::vector<double>(width, -1.0));
  bench.optimizer->step(1);
  for (const float w : bench.weights[0]) ASSERT_NEAR(w, 0.1, 1e-6);
}

OptimizerSettings everything(OptimizerAlgorithm algorithm) {
  OptimizerSettings settings;
  settings.algorithm = algorithm;
  settings.learning_rate = 0.01;
  settings.weight_decay = 0.02;
  settings.l1 = 0.003;
  settings.clip = Clipping::joint;
  settings.clip_norm = 2;
  return settings;
}

const OptimizerAlgorithm kAlgorithms[] = {OptimizerAlgorithm::sgd,      OptimizerAlgorithm::momentum,
                                          OptimizerAlgorithm::nesterov, OptimizerAlgorithm::adam,
                                          OptimizerAlgorithm::adamw,    OptimizerAlgorithm::rmsprop};

template <class T>
void give_noise(Bench<T>& bench, int step) {
  std::mt19937 generator(static_cast<unsigned>(step));
  std::normal_distribution<double> normal;
  for (auto& delta : bench.deltas)
    for (T& d : delta) d = static_cast<T>(normal(generator));
}

template <class T>
void expect_cuts_change_nothing(OptimizerAlgorithm algorithm) {
  const std::size_t width = 203;
  const std::vector<std::vector<double>> start(2, std::vector<double>(width, 0.5));
  Bench<T> whole(everything(algorithm), start, width), cut(everything(algorithm), start, width);
  for (int step = 0; step < 5; ++step) {
    give_noise(whole, step);
    give_noise(cut, step);
    whole.optimizer->step(1);
    cut.optimizer->prepare(1);
    for (const std::size_t tensor : {1u, 0u}) {
      cut.optimizer->apply(tensor, 150, width);
      cut.optimizer->apply(tensor, 0, 1);
      cut.optimizer->apply(tensor, 1, 38);
      cut.optimizer->apply(tensor, 38, 150);
    }
  }
  EXPECT_EQ(whole.weights, cut.weights) << to_string(algorithm);
}

TEST(Optimizer, CuttingTheWorkChangesNoBit) {
  for (const OptimizerAlgorithm algorithm : kAlgorithms) {
    expect_cuts_change_nothing<float>(algorithm);
    expect_cuts_change_nothing<double>(algorithm);
  }
}

// A sum that goes straight into the weights moves them as its mean does that was stored first.
template <class T>
void expect_sums_to_move_as_their_stored_mean(const OptimizerSettings& settings) {
  constexpr std::size_t kCount = 77;
  const T mean = T(1) / T(12);
  std::mt19937 generator(8);
  std::normal_distribution<double> normal;
  std::vector<double> start(kCount);
  for (double& value : start) value = normal(generator);
  Bench<T> stored(settings, {start}, kCount), straight(settings, {start}, kCount);
  std::vector<T> sums(kCount);
  for (int step = 0; step < 3; ++step) {
    for (T& sum : sums) sum = static_cast<T>(normal(generator));
    for (std::size_t i = 0; i < kCount; ++i) stored.deltas[0][i] = mean * sums[i];
    stored.optimizer->step(0.7);
    straight.optimizer->prepare(0.7);
    for (const auto& [begin, end] : {std::pair<std::size_t, std::size_t>{40, kCount}, {0, 40}})
      straight.optimizer->apply(0, begin, end, sums.data() + begin, mean);
  }
  EXPECT_EQ(stored.weights, straight.weights) << to_string(settings.algorithm);
  EXPECT_NE(straight.weights[0][0], static_cast<T>(start[0]));
}

TEST(Optimizer, TakesSumsWithTheSameBitsAsTheirStoredMean) {
  for (const OptimizerAlgorithm algorithm : kAlgorithms) {
    OptimizerSettings settings = everything(algorithm), plain;
    settings.clip = Clipping::none;
    plain.algorithm = algorithm;
    for (const OptimizerSettings& one : {settings, plain}) {
      expect_sums_to_move_as_their_stored_mean<float>(one);
      expect_sums_to_move_as_their_stored_mean<double>(one);
    }
  }
}

TEST(Optimizer, ContinuesWithTheSameBitsFromItsSavedState) {
  for (const OptimizerAlgorithm algorithm : kAlgorithms) {
    const std::vector<std::vector<double>> start(2, std::vector<double>(kPadded, 0.5));
    Bench<double> through(everything(algorithm), start), before(everything(algorithm), start);
    for (int step = 0; step < 7; ++step) {
      give_noise(through, step);
      through.optimizer->step(1);
      if (step >= 4) continue;
      give_noise(before, step);
      before.optimizer->step(1);
    }
    std::vector<std::vector<double>> saved;
    for (const auto& part : before.optimizer->state())
      saved.emplace_back(part.values, part.values + part.count);
    Bench<double> after(everything(algorithm), before.weights);
    const auto memory = after.optimizer->state();
    ASSERT_EQ(memory.size(), saved.size());
    for (std::size_t i = 0; i < memory.size(); ++i)
      std::copy(saved[i].begin(), saved[i].end(), memory[i].values);
    after.optimizer->set_steps(before.optimizer->steps());
    for (int step = 4; step < 7; ++step) {
      give_noise(after, step);
      after.optimizer->step(1);
    }
    EXPECT_EQ(after.weights, through.weights) << to_string(algorithm);
  }
}

TEST(Optimizer, NamesItsMemoryByTensorAndMoment) {
  const auto names = [](OptimizerAlgorithm algorithm) {
    Bench<float> bench(everything(algorithm), {{1.0}, {2.0}});
    std::vector<std::string> all;
    for (const auto& part : bench.optimizer->state()) all.push_back(part.name);
    return all;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(OptimizerAlgorithm::sgd), Names{});
  EXPECT_EQ(names(OptimizerAlgorithm::momentum), (Names{"W1.m", "W2.m"}));
  EXPECT_EQ(names(OptimizerAlgorithm::rmsprop), (Names{"W1.v", "W2.v"}));
  EXPECT_EQ(names(OptimizerAlgorithm::adamw), (Names{"W1.m", "W1.v", "W2.m", "W2.v"}));
}

TEST(Optimizer, PaddingStaysZeroEvenWithoutEpsilon) {
  for (const OptimizerAlgorithm algorithm : kAlgorithms) {
    OptimizerSettings settings = everything(algorithm);
    settings.epsilon = 0;
    Bench<float> bench(settings, {{1.0, -1.0, 0.5}});
    for (int step = 0; step < 20; ++step) {
      bench.set_gradient(0, {0.1, -0.2, 0.3});
      bench.optimizer->step(1);
    }
    for (std::size_t j = 3; j < kPadded; ++j) EXPECT_EQ(bench.weights[0][j], 0.0f) << to_string(algorithm);
    for (std::size_t j = 0; j < 3; ++j)
      EXPECT_TRUE(std::isfinite(bench.weights[0][j])) << to_string(algorithm);
  }
}

TEST(Optimizer, NaNInADeltaShowsInItsWeightAndInNoOther) {
  for (const OptimizerAlgorithm algorithm : kAlgorithms) {
    OptimizerSettings settings = everything(algorithm);
    settings.clip = Clipping::none;
    Bench<float> bench(settings, {{1.0, 1.0, 1.0}});
    bench.set_gradient(0, {0.1, std::numeric_limits<double>::quiet_NaN(), 0.1});
    bench.optimizer->step(1);
    EXPECT_TRUE(std::isfinite(bench.weights[0][0])) << to_string(algorithm);
    EXPECT_TRUE(std::isnan(bench.weights[0][1])) << to_string(algorithm);
    EXPECT_TRUE(std::isfinite(bench.weights[0][2])) << to_string(algorithm);
  }
}

TEST(Optimizer, RefusesAWrongNumberOfLayerRates) {
  OptimizerSettings settings = sgd(1);
  settings.layer_rates = {1, 2, 3};
  try {
    Bench<float> bench(settings, {{1.0}, {2.0}});
    FAIL() << "accepted three rates for two layers";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("layer_rates"));
    EXPECT_THAT(error.what(), HasSubstr("2"));
    EXPECT_THAT(error.what(), HasSubstr("3"));
  }
}

// --- homeostatic decay

OptimizerSettings homeostatic() {
  OptimizerSettings settings;
  settings.algorithm = OptimizerAlgorithm::sgd;
  settings.learning_rate = 0.1;
  settings.weight_decay = 0.001;
  settings.decay = Decay::homeostatic;
  return settings;
}

// ‖w‖² = 9 + 16 at first, and 100 when all weights have doubled: λ = 0.001 · 75, in each tensor the same.
TEST(HomeostaticDecay, ShrinksWeightsByTheGrowthOfTheGroupsSquaredNorm) {
  Bench<double> bench(homeostatic(), {{3}, {4}});
  bench.optimizer->step(1);
  EXPECT_EQ(bench.weights[0][0], 3);
  EXPECT_EQ(bench.weights[1][0], 4);
  bench.weights[0][0] = 6;
  bench.weights[1][0] = 8;
  bench.optimizer->step(1);
  EXPECT_NEAR(bench.weights[0][0], 6 * (1 - 0.1 * 0.075), 1e-14);
  EXPECT_NEAR(bench.weights[1][0], 8 * (1 - 0.1 * 0.075), 1e-14);
}

TEST(HomeostaticDecay, BringsGrownAndShrunkWeightsBackToTheirFirstNorm) {
  for (const double factor : {3.0, 0.2}) {
    Bench<double> bench(homeostatic(), {{3}, {4}});
    bench.optimizer->step(1);
    bench.weights[0][0] *= factor;
    bench.weights[1][0] *= factor;
    for (int step = 0; step < 10000; ++step) bench.optimizer->step(1);
    EXPECT_NEAR(bench.weights[0][0], 3, 1e-6) << factor;
    EXPECT_NEAR(bench.weights[1][0], 4, 1e-6) << factor;
  }
}

TEST(HomeostaticDecay, OfAResumedRunRemembersTheFirstNorm) {
  Bench<float> first(homeostatic(), {{3}, {4}}), second(homeostatic(), {{6}, {8}});
  first.optimizer->step(1);
  first.weights[0][0] = 6;
  first.weights[1][0] = 8;
  const auto saved = first.optimizer->state(), fresh = second.optimizer->state();
  ASSERT_EQ(saved.size(), fresh.size());
  for (std::size_t i = 0; i < saved.size(); ++i)
    std::copy_n(saved[i].values, saved[i].count, fresh[i].values);
  second.optimizer->set_steps(first.optimizer->steps());
  first.optimizer->step(1);
  second.optimizer->step(1);
  EXPECT_LT(first.weights[0][0], 6);
  EXPECT_EQ(first.weights[0][0], second.weights[0][0]);
  EXPECT_EQ(first.weights[1][0], second.weights[1][0]);
}

}  // namespace
}  // namespace apical
