#include "apical/network.h"

#include <gtest/gtest.h>

#include "apical/error.h"
#include "kernels/panels.h"
#include "network/toy.h"

namespace apical {
namespace {

template <class T>
void expect_round_trip() {
  for (const std::size_t n_out : {1u, 15u, 16u, 17u, 32u, 33u, 48u, 65u}) {
    for (const std::size_t n_in : {1u, 7u, 64u}) {
      WeightMatrix<T> w("W1", 1, n_out, n_in, true);
      Numbers values(n_out * n_in), bias(n_out);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1 + static_cast<double>(i);
      for (std::size_t i = 0; i < n_out; ++i) bias[i] = -1 - static_cast<double>(i);
      w.set_values(values);
      w.set_bias_values(bias);
      EXPECT_EQ(w.values(), values);
      EXPECT_EQ(w.bias_values(), bias);
      EXPECT_EQ(w.get(n_out - 1, n_in - 1), values.back());
      // everything else in the panels is padding, and zero
      std::size_t zeros = 0;
      for (std::size_t i = 0; i < w.panels_size(); ++i) zeros += w.panels()[i] == T(0);
      EXPECT_EQ(zeros, w.panels_size() - values.size());
      for (std::size_t unit = n_out; unit < w.bias_size(); ++unit) EXPECT_EQ(w.bias()[unit], T(0));
      w.refresh_transpose();
      WeightMatrix<T> transposed("t", 1, n_in, n_out, false);
      std::copy_n(w.transposed(), transposed.panels_size(), transposed.panels());
      for (std::size_t j = 0; j < n_out; ++j) {
        for (std::size_t k = 0; k < n_in; ++k) ASSERT_EQ(transposed.get(k, j), w.get(j, k));
      }
      // other weights, copied panel by panel and half a panel of presynaptic units at a time
      for (double& value : values) value = -value;
      w.set_values(values);
      for (std::size_t panel = 0; panel < panel_count<T>(n_out); ++panel) {
        const std::size_t first = panel * kPanel<T>, width = std::min(kPanel<T>, padded<T>(n_out) - first);
        for (std::size_t k = 0; k < n_in; k += kPanel<T> / 2) {
          const std::size_t end = std::min(n_in, k + kPanel<T> / 2);
          w.refresh_transpose(first * n_in + k * width, first * n_in + end * width);
        }
      }
      std::copy_n(w.transposed(), transposed.panels_size(), transposed.panels());
      for (std::size_t j = 0; j < n_out; ++j) {
        for (std::size_t k = 0; k < n_in; ++k) ASSERT_EQ(transposed.get(k, j), w.get(j, k));
      }
    }
  }
}

TEST(WeightMatrix, PanelsGiveBackWhatWasSetAndTheRestIsZero) {
  expect_round_trip<float>();
  expect_round_trip<double>();
}

TEST(WeightMatrix, OfAnotherSizeIsABugOfOurs) {
  WeightMatrix<float> w("W1", 1, 3, 2, false);
  EXPECT_THROW(w.set_values(Numbers(5)), InternalError);
  EXPECT_THROW(w.set_bias_values(Numbers(3)), InternalError);
  EXPECT_THROW(w.transposed(), InternalError);
}

TEST(Network, WiringsHaveTheirShapes) {
  const Toy toy = make_toy({.units = {7, 6, 5, 4}});
  const auto shapes = [&](Wiring wiring) {
    const Network<float> network(toy.spec,
                                 {{.name = "feedback", .wiring = wiring, .initialiser = "xavier-normal"}}, 1);
    std::vector<std::pair<std::size_t, std::size_t>> list;
    for (const auto& w : network.group("feedback")) list.emplace_back(w.n_out(), w.n_in());
    return list;
  };
  using Shapes = std::vector<std::pair<std::size_t, std::size_t>>;
  EXPECT_EQ(shapes(Wiring::forward), (Shapes{{6, 7}, {5, 6}, {4, 5}}));
  EXPECT_EQ(shapes(Wiring::direct_feedback), (Shapes{{6, 4}, {5, 4}, {4, 4}}));
  EXPECT_EQ(shapes(Wiring::direct_to_hidden), (Shapes{{6, 4}, {5, 4}}));
  EXPECT_EQ(shapes(Wiring::backward_chain), (Shapes{{6, 5}, {5, 4}}));
}

TEST(Network, WeightProductIsTheTransposedPathToTheOutput) {
  const Toy toy = make_toy({.units = {7, 6, 5, 4}});
  Bench<double> bench(toy, "dfc", {{"feedback", "fixed"}});
  auto& network = bench.network();
  for (std::size_t j = 0; j < 6; ++j) {
    for (std::size_t k = 0; k < 4; ++k) {
      double path = 0;
      for (std::size_t m = 0; m < 5; ++m) path += network.weights(2).get(m, j) * network.weights(3).get(k, m);
      EXPECT_NEAR(network.weights("feedback", 1).get(j, k), path, 1e-15);
    }
  }
  for (std::size_t j = 0; j < 4; ++j) {
    for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(network.weights("feedback", 3).get(j, k), j == k ? 1 : 0);
  }
}

TEST(Network, LearnedFeedbackBeginsAtTheIdentityInTheOutput) {
  const Toy toy = make_toy({});
  Bench<float> bench(toy, "dfc");
  for (std::size_t j = 0; j < 4; ++j) {
    for (std::size_t k = 0; k < 4; ++k)
      EXPECT_EQ(bench.network().weights("feedback", 3).get(j, k), j == k ? 1 : 0);
  }
}

TEST(Network, ThatCannotBeIsRefusedWithWhatWasRequired) {
  NetworkSpec spec;
  const auto complaint = [&] {
    try {
      spec.validate("run.toml:4");
    } catch (const Error& error) {
      EXPECT_EQ(error.where(), "run.toml:4");
      return error.problem();
    }
    return std::string("none");
  };
  spec.units = {784};
  EXPECT_NE(complaint().find("got 1"), std::string::npos) << complaint();
  spec.units = {784, 10};
  EXPECT_NE(complaint().find("got 0"), std::string::npos) << complaint();
  spec.activations = {Activation::linear};
  EXPECT_EQ(complaint(), "none");
  spec.units = {784, 0};
  EXPECT_NE(complaint().find("layer 1 has no units"), std::string::npos) << complaint();
}

TEST(Network, GroupThatIsNotThereIsABugOfOurs) {
  const Toy toy = make_toy({});
  Network<float> network(toy.spec, {}, 1);
  EXPECT_FALSE(network.has_group("feedback"));
  EXPECT_THROW(network.group("feedback"), InternalError);
  EXPECT_THROW(network.weights(0), InternalError);
  EXPECT_THROW(network.weights(4), InternalError);
}

}  // namespace
}  // namespace apical
