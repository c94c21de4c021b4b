// The equilibrium of the controlled dynamics, solved for: against long simulations, closed forms and equations, and where it is not stable.
#include <gtest/gtest.h>

#include <Eigen/LU>

#include "rules/solved_ways.h"
#include "rules/trajectory.h"

namespace apical {
namespace {

using LongMatrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;

// The published controller, with every sample in the update.
const Overrides kPublished = {
    {"alpha", 0.001389044506}, {"dt", 0.02}, {"tau_v", 0.2}, {"k_p", 2.0}, {"include_non_converged", true}};
const Overrides kSolved = {{"settling", "solved"}};

template <class T>
struct Solved {
  Solved(const Toy& toy, const Overrides& settings, const Overrides& network = {})
      : bench(toy, "dfc-ss", network) {
    change = bench.run("dfc-ss", with(settings, kSolved));
  }
  std::size_t count(Found found) { return apical::count(bench, found); }
  Bench<T> bench;
  Change change;
};

// --- where the simulation ends

struct Case {
  const char* name;
  ToySpec toy;
  Overrides network, settings;
};

std::vector<Case> cases() {
  const ToySpec classes{.units = {9, 12, 10, 4}, .batch = 20};
  ToySpec deep = classes, squashed = classes, one = classes, soft = classes;
  deep.units = {9, 12, 11, 10, 8, 4};
  squashed.output = Activation::sigmoid;
  squashed.loss = Loss::half_squared_error;
  one.units = {9, 4};
  soft.hidden = Activation::softplus;
  const Overrides fixed = {{"feedback", "fixed"}};
  // λ is divided by the minibatch of 20: the last is a step of order 1 per sample
  return {
      {"weak", classes, fixed, {{"target_step", 0.08}}},
      {"random feedback", classes, {}, {{"target_step", 1.0}}},
      {"strong", classes, fixed, {{"target_step", 20.0}}},
      {"strong, random feedback", classes, {}, {{"target_step", 20.0}}},
      {"deep", deep, fixed, {{"target_step", 5.0}}},
      {"one layer", one, fixed, {{"target_step", 5.0}}},
      {"sigmoid outputs", squashed, fixed, {{"target_step", 1.0}}},
      {"softplus", soft, fixed, {{"target_step", 5.0}}},
      {"paper", classes, fixed, {{"reading", "paper"}, {"target_step", 0.5}, {"alpha", 0.2}}},
      {"delayed", classes, fixed, {{"transmission", "delayed"}, {"proactive", false}, {"target_step", 5.0}}},
      {"slow dendrite", classes, fixed, {{"tau_a", 0.1}, {"target_step", 5.0}}},
      {"integral alone", classes, fixed, {{"k_p", 0.0}, {"tau_v", 0.05}, {"target_step", 5.0}}}};
}

TEST(Solved, IsWhereALongSimulationEnds) {
  for (const Case& c : cases()) {
    const Toy toy = make_toy(c.toy);
    const Overrides settings = with(kPublished, c.settings);
    Solved<double> solved(toy, settings, c.network);
    EXPECT_EQ(solved.count(Found::solved), toy.batch) << c.name;
    Bench<double> bench(toy, "dfc-ss", c.network);
    const Change simulated = bench.run("dfc-ss", with(settings, {{"steps", std::int64_t{20000}}}));
    EXPECT_LT(deviation(solved.change, simulated), 1e-9) << c.name;
  }
}

TEST(Solved, IsNotWhereAThousandPublishedStepsEnd) {
  const Toy toy = make_toy({.units = {9, 12, 10, 4}, .batch = 20});
  const Overrides settings = with(kPublished, {{"target_step", 0.08}});
  Solved<double> solved(toy, settings);
  EXPECT_GT(deviation(Bench<double>(toy, "dfc-ss").run("dfc-ss", settings), solved.change), 1e-3);
}

TEST(Solved, FloatAgreesWithDouble) {
  for (const Case& c : cases()) {
    const Toy toy = make_toy(c.toy);
    const Overrides settings = with(kPublished, c.settings);
    Solved<double> exact(toy, settings, c.network);
    Solved<float> rounded(toy, settings, c.network);
    EXPECT_EQ(rounded.count(Found::solved), toy.batch) << c.name;
    EXPECT_LT(deviation(rounded.change, exact.change), 1e-5) << c.name;
  }
}

// --- the equations

TEST(Solved, FulfilsTheEquationsOfRest) {
  for (const Case& c : cases()) {
    const Toy toy = make_toy(c.toy);
    const Overrides settings = with(kPublished, c.settings);
    Bench<double> bench(toy, "dfc-ss", c.network);
    Watching watching(toy);
    watching.expect_solved();
    bench.minibatch().set_observer(&watching);
    const Parameters parameters = settings_of("dfc-ss", with(settings, kSolved));
    bench.run("dfc-ss", with(settings, kSolved));
    const Naive<double> naive(toy, bench.network());
    const bool code = parameters.text("reading") == "code";
    const double alpha = parameters.real("alpha"), k_p = parameters.real("k_p");
    const double leak = code ? alpha : alpha / (1 + alpha * k_p);
    const double nudge = parameters.real("target_step") / (code ? static_cast<double>(toy.batch) : 1);
    for (std::size_t sample = 0; sample < toy.batch; ++sample) {
      ASSERT_EQ(watching.of(sample).size(), 1u);
      const auto& state = watching.of(sample).back();
      const auto target = naive.nudged(sample, nudge);
      for (std::size_t j = 0; j < toy.outputs(); ++j)
        EXPECT_NEAR(target[j] - state.r.back()[j], leak * state.u[j], 1e-8 * length(state.u)) << c.name;
      for (std::size_t i = 1; i <= toy.spec.depth(); ++i) {
        const auto basal = naive.basal(i, state.r[i - 1]), apical = naive.apical(i, state.u);
        for (std::size_t j = 0; j < basal.size(); ++j)
          EXPECT_NEAR(state.v[i][j], basal[j] + apical[j], 1e-12) << c.name;
      }
    }
  }
}

// u = (J Q + α I)⁻¹ δ, v_i − v_i⁻ = Σ of what enters below, where nothing is curved.
TEST(Solved, IsTheClosedFormOfALinearNetwork) {
  const Toy toy = make_toy({.units = {6, 8, 7, 3},
                            .hidden = Activation::linear,
                            .loss = Loss::half_squared_error,
                            .batch = 17,
                            .regression = true});
  const double alpha = 0.05, step = 40;
  Bench<double> bench(toy, "dfc-ss", {});
  Watching watching(toy);
  watching.expect_solved();
  bench.minibatch().set_observer(&watching);
  bench.run("dfc-ss", with(kPublished, {{"settling", "solved"}, {"alpha", alpha}, {"target_step", step}}));
  const auto matrix = [](const Numbers& values, std::size_t rows) {
    const auto n = static_cast<Eigen::Index>(rows), m = static_cast<Eigen::Index>(values.size()) / n;
    return LongMatrix(
        Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
            values.data(), n, m)
            .cast<long double>());
  };
  LongMatrix jq = matrix(bench.network().weights("feedback", 1).values(), 8);
  for (std::size_t i = 2; i <= 3; ++i) {
    jq = (matrix(bench.network().weights(i).values(), toy.spec.units[i]) * jq +
          matrix(bench.network().weights("feedback", i).values(), toy.spec.units[i]))
             .eval();
  }
  const LongMatrix system = jq + static_cast<long double>(alpha) * LongMatrix::Identity(3, 3);
  const Naive<long double> naive(toy, bench.network());
  for (std::size_t sample = 0; sample < toy.batch; ++sample) {
    const auto gradient = naive.loss_gradient(sample, naive.forward(sample).r.back());
    Eigen::Matrix<long double, Eigen::Dynamic, 1> delta(3);
    for (Eigen::Index j = 0; j < 3; ++j)
      delta[j] = -static_cast<long double>(step / 17) * gradient[static_cast<std::size_t>(j)];
    const auto u = system.partialPivLu().solve(delta).eval();
    const auto& state = watching.of(sample).back();
    for (Eigen::Index j = 0; j < 3; ++j)
      EXPECT_NEAR(state.u[static_cast<std::size_t>(j)], static_cast<double>(u[j]),
                  2e-9 * static_cast<double>(u.norm()));
  }
}

// --- rest points that the simulation leaves

// A sample whose control pushes the wrong way in the one hidden unit that is active for it, beside one for which all is well.
Toy two_sided(const Numbers& inputs) {
  Toy toy;
  toy.spec.units = {1, 2, 1};
  toy.spec.activations = {Activation::tanh, Activation::linear};
  toy.loss = Loss::half_squared_error;
  toy.batch = inputs.size();
  toy.x = inputs;
  toy.labels.assign(toy.batch, -1);
  for (const double x : inputs) toy.y.push_back(x > 0 ? -0.2 : 0.3);
  return toy;
}

template <class T>
void set_two_sided(Network<T>& network) {
  // saturated for inputs of the other sign
  network.weights(1).set_values(Numbers{4, -4});
  network.weights(1).set_bias_values(Numbers{-4, -4});
  network.weights(2).set_values(Numbers{1, 1});
  network.weights(2).set_bias_values(Numbers{0});
  network.weights("feedback", 1).set_values(Numbers{-2.5, 0.5});
  network.weights("feedback", 2).set(0, 0, 1);
}

template <class T>
void expect_refusal(const Toy& toy, const Overrides& settings, const std::vector<Found>& found) {
  Bench<T> bench(toy, "dfc-ss"), reference(toy, "dfc-ss");
  set_two_sided(bench.network());
  set_two_sided(reference.network());
  const Change solved = bench.run("dfc-ss", with(settings, kSolved));
  const Change simulated = reference.run("dfc-ss", settings);
  for (std::size_t row = 0; row < toy.batch; ++row) {
    const Settled &mine = bench.minibatch().state().settled[row],
                  &theirs = reference.minibatch().state().settled[row];
    EXPECT_EQ(mine.found, found[row]) << row;
    if (mine.found != Found::fell_back) continue;
    EXPECT_EQ(mine.time, theirs.time);
    EXPECT_EQ(mine.residual, theirs.residual);
    EXPECT_EQ(mine.diverged, theirs.diverged);
  }
  if (std::count(found.begin(), found.end(), Found::solved) == 0) {
    EXPECT_EQ(solved.W, simulated.W);
    EXPECT_EQ(solved.b, simulated.b);
  }
}

TEST(Solved, AnUnstableRestPointIsRefusedAndTheAnswerIsTheSimulations) {
  const Overrides settings = with(kPublished, {{"target_step", 0.05}, {"alpha", 0.01}});
  expect_refusal<double>(two_sided({1}), settings, {Found::fell_back});
  expect_refusal<float>(two_sided({1}), settings, {Found::fell_back});
  expect_refusal<double>(two_sided({-1}), settings, {Found::solved});
  expect_refusal<double>(two_sided({-1, 1, -1}), settings, {Found::solved, Found::fell_back, Found::solved});
  expect_refusal<float>(two_sided({-1, 1, -1}), settings, {Found::solved, Found::fell_back, Found::solved});
}

// J Q is positive, and yet the loop oscillates: the lag of three layers of neurons at a large gain.
TEST(Solved, AnOscillatingLoopIsRefused) {
  const Toy toy = make_toy({.units = {6, 8, 8, 3}, .batch = 5});
  const Overrides network = {{"feedback", "fixed"}};
  std::size_t refused = 0;
  for (const double gain : {2.0, 1000.0}) {
    const Overrides settings = with(
        kPublished, {{"k_p", gain}, {"tau_a", 0.2}, {"dt", 0.02}, {"alpha", 0.01}, {"target_step", 0.01}});
    Solved<double> solved(toy, settings, network);
    // the simulation is the judge: it reaches rest, or keeps moving
    Bench<double> bench(toy, "dfc-ss", network);
    bench.run("dfc-ss", with(settings, {{"steps", std::int64_t{40000}}}));
    for (std::size_t row = 0; row < toy.batch; ++row) {
      const bool rests = bench.minibatch().state().settled[row].residual < 1e-7;
      EXPECT_EQ(solved.bench.minibatch().state().settled[row].found, rests ? Found::solved : Found::fell_back)
          << gain;
      refused += !rests;
    }
  }
  EXPECT_EQ(refused, toy.batch);
}

// One hidden neuron, saturated to begin with, through which a large gain acts once it is not: so near to its target that the solver takes the
// slopes from the feedforward point, where the loop is stable.
TEST(Solved, TheLoopIsJudgedWithTheSlopesOfTheRestPointNotOfWhereTheSolverBegan) {
  Toy toy;
  toy.spec.units = {1, 1, 1};
  toy.spec.activations = {Activation::tanh, Activation::linear};
  toy.loss = Loss::half_squared_error;
  toy.batch = 1;
  toy.x = {1};
  toy.labels = {-1};
  toy.y = {0.004 * std::tanh(-2.0) + 1};  // an error of 1: the target is target_step away
  for (const double step : {1e-5, 9e-4}) {
    Bench<double> bench(toy, "dfc-ss"), simulated(toy, "dfc-ss");
    for (auto* one : {&bench, &simulated}) {
      one->network().weights(1).set_values(Numbers{-2});
      one->network().weights(2).set_values(Numbers{0.004});
      one->network().weights("feedback", 1).set_values(Numbers{1.5e5});
      one->network().weights("feedback", 2).set_values(Numbers{1});
    }
    const Overrides settings = with(kPublished, {{"target_step", step}, {"alpha", 0.01}});
    bench.run("dfc-ss", with(settings, kSolved));
    simulated.run("dfc-ss", with(settings, {{"steps", std::int64_t{40000}}}));
    const bool rests = simulated.minibatch().state().settled[0].residual < 1e-9;
    EXPECT_EQ(rests, step < 1e-4);
    EXPECT_EQ(bench.minibatch().state().settled[0].found, rests ? Found::solved : Found::fell_back);
  }
}

// --- outputs too wide for a matrix of each sample

TEST(SolvedWide, IsWhereALongSimulationEnds) {
  // random feedback of 40 outputs through 12 units is stable where the forward weights are small
  for (const auto& [feedback, gain] : {std::pair{"fixed", 1.0}, {"learned", 0.3}}) {
    const Toy toy = make_toy({.units = {10, 16, 12, 40},
                              .loss = Loss::mean_squared_error,
                              .batch = 18,
                              .gain = gain,
                              .regression = true});
    const Overrides network = {{"feedback", feedback}};
    const Overrides settings = with(kPublished, {{"feedback", feedback}, {"target_step", 20.0}});
    Solved<double> solved(toy, settings, network);
    EXPECT_EQ(solved.count(Found::solved), toy.batch) << feedback;
    Bench<double> bench(toy, "dfc-ss", network);
    const Change simulated = bench.run("dfc-ss", with(settings, {{"steps", std::int64_t{20000}}}));
    EXPECT_LT(deviation(solved.change, simulated), 1e-8) << feedback;
    Solved<float> rounded(toy, settings, network);
    EXPECT_EQ(rounded.count(Found::solved), toy.batch) << feedback;
    EXPECT_LT(deviation(rounded.change, solved.change), 1e-5) << feedback;
  }
}

TEST(SolvedWide, AnUnstableRestPointIsRefused) {
  const Toy toy =
      make_toy({.units = {10, 16, 40}, .loss = Loss::mean_squared_error, .batch = 5, .regression = true});
  Bench<double> bench(toy, "dfc-ss"), reference(toy, "dfc-ss");
  for (auto* one : {&bench, &reference}) {
    // one output is pushed the wrong way
    auto& q = one->network().weights("feedback", 2);
    q.set(7, 7, -1);
  }
  const Overrides settings = with(kPublished, {{"target_step", 0.1}});
  const Change solved = bench.run("dfc-ss", with(settings, kSolved)),
               simulated = reference.run("dfc-ss", settings);
  for (std::size_t row = 0; row < toy.batch; ++row)
    EXPECT_EQ(bench.minibatch().state().settled[row].found, Found::fell_back);
  EXPECT_EQ(solved.W, simulated.W);
}

// --- what does not change

TEST(Solved, HasTheSameBitsForAnyNumberOfThreads) {
  const Toy toy = make_toy({.units = {9, 12, 10, 4}, .batch = 70});
  const Overrides settings = with(kPublished, {{"settling", "solved"}, {"target_step", 30.0}});
  expect_same_bits_on_any_number_of_threads(toy, "dfc-ss", settings);
}

TEST(Solved, UnsettledSamplesThatFellBackContributeNothing) {
  // the nudge per sample is λ/B
  const auto change_of = [](const Numbers& inputs, double step) {
    const Toy toy = two_sided(inputs);
    Bench<double> bench(toy, "dfc-ss");
    set_two_sided(bench.network());
    return bench.run(
        "dfc-ss",
        {{"settling", "solved"}, {"target_step", step}, {"alpha", 0.01}, {"steps", std::int64_t{300}}});
  };
  const Change alone = change_of({-1}, 0.05);
  Change together = change_of({-1, 1}, 0.1);
  for (auto* list : {&together.W, &together.b}) {
    for (Numbers& values : *list) {
      for (double& value : values) value *= 2;
    }
  }
  EXPECT_GT(length(alone), 0);
  EXPECT_LT(deviation(together, alone), 1e-9);
}

TEST(Solved, IsRefusedWhereThereIsNoEquilibriumToLearnFrom) {
  const auto message = [](const char* rule, const Overrides& settings) {
    return refusal_of(rule, with(settings, kSolved));
  };
  EXPECT_NE(message("dfc", {}).find("settling"), std::string::npos);
  EXPECT_NE(message("dfc", {}).find("until-settled"), std::string::npos);
  EXPECT_NE(message("dfc-ss", {{"sigma", 0.01}}).find("noise"), std::string::npos);
  EXPECT_EQ(message("dfc-ss", {}), "");
}

}  // namespace
}  // namespace apical
