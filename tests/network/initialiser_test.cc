#include "network/initialiser.h"

#include <gtest/gtest.h>

#include <cmath>

#include "apical/error.h"
#include "apical/network.h"
#include "network/toy.h"

namespace apical {
namespace {

struct Statistics {
  double mean = 0, sd = 0, largest = 0, kurtosis = 0;
};
Statistics statistics_of(const std::vector<double>& values) {
  Statistics s;
  const auto n = static_cast<double>(values.size());
  for (const double x : values) s.mean += x / n, s.largest = std::max(s.largest, std::abs(x));
  double second = 0, fourth = 0;
  for (const double x : values) {
    second += std::pow(x - s.mean, 2) / n;
    fourth += std::pow(x - s.mean, 4) / n;
  }
  s.sd = std::sqrt(second);
  s.kurtosis = fourth / (second * second);
  return s;
}

std::vector<double> drawn(const char* name, std::size_t n_out, std::size_t n_in, double gain = 1,
                          std::uint64_t seed = 5) {
  return initial_weights(name, n_out, n_in, gain, seed, "W1", "test");
}

// 60,000 numbers: the mean has an error of sd/245, the s.d. one of sd/346 (normal); bounds are 4.5 of these.
TEST(Initialiser, HasThePublishedSpread) {
  const struct {
    const char* name;
    double sd;
    bool normal;
  } kCases[] = {
      {"xavier-normal", std::sqrt(2.0 / 500), true},
      {"he-normal", std::sqrt(2.0 / 300), true},
      {"lecun-normal", std::sqrt(1.0 / 300), true},
      {"unit-norm", std::sqrt(1.0 / 60000), true},
      {"xavier-uniform", std::sqrt(6.0 / 500) / std::sqrt(3.0), false},
      {"he-uniform", std::sqrt(6.0 / 300) / std::sqrt(3.0), false},
  };
  for (const auto& c : kCases) {
    for (const double gain : {1.0, 2.5}) {
      const Statistics s = statistics_of(drawn(c.name, 200, 300, gain));
      EXPECT_NEAR(s.mean, 0, 4.5 * gain * c.sd / 245) << c.name;
      EXPECT_NEAR(s.sd / (gain * c.sd), 1, 4.5 / 346) << c.name;
      // a normal number's fourth moment is 3, a uniform one's 1.8 and it stays below √3 deviations
      EXPECT_NEAR(s.kurtosis, c.normal ? 3 : 1.8, 0.1) << c.name;
      if (!c.normal) {
        EXPECT_LT(s.largest, gain * c.sd * std::sqrt(3.0)) << c.name;
      }
    }
  }
}

TEST(Initialiser, OrthogonalHasOrthonormalRowsOrColumnsWhicheverAreFewer) {
  for (const char* name : {"orthogonal", "orthogonal-uniform"}) {
    for (const auto& [n_out, n_in] :
         {std::pair<std::size_t, std::size_t>{12, 12}, {40, 7}, {7, 40}, {1, 9}}) {
      const double gain = 1.7;
      const auto w = drawn(name, n_out, n_in, gain);
      const bool tall = n_out >= n_in;
      const std::size_t fewer = std::min(n_out, n_in), more = std::max(n_out, n_in);
      for (std::size_t a = 0; a < fewer; ++a) {
        for (std::size_t b = 0; b < fewer; ++b) {
          double dot = 0;
          for (std::size_t k = 0; k < more; ++k)
            dot += tall ? w[k * n_in + a] * w[k * n_in + b] : w[a * n_in + k] * w[b * n_in + k];
          EXPECT_NEAR(dot / (gain * gain), a == b ? 1 : 0, 1e-12) << name << " " << n_out << "x" << n_in;
        }
      }
    }
  }
}

TEST(Initialiser, IdentityAndZeroAreWhatTheySay) {
  EXPECT_EQ(drawn("identity", 2, 3, 2), (std::vector<double>{2, 0, 0, 0, 2, 0}));
  EXPECT_EQ(drawn("zero", 2, 2), std::vector<double>(4, 0.0));
}

TEST(Initialiser, DependsOnSeedAndMatrix) {
  const auto first = initial_weights("xavier-normal", 4, 5, 1, 1, "W1", "test");
  EXPECT_EQ(initial_weights("xavier-normal", 4, 5, 1, 1, "W1", "test"), first);
  EXPECT_NE(initial_weights("xavier-normal", 4, 5, 1, 2, "W1", "test"), first);
  EXPECT_NE(initial_weights("xavier-normal", 4, 5, 1, std::uint64_t{1} << 32 | 1, "W1", "test"), first);
  EXPECT_NE(initial_weights("xavier-normal", 4, 5, 1, 1, "W2", "test"), first);
}

TEST(Initialiser, UnknownNameIsAnsweredWithTheNearest) {
  try {
    drawn("xavier-norml", 2, 2);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("xavier-normal"), std::string::npos) << error.what();
  }
}

// Seeds are paired across rules, and a float network is the rounded double one.
TEST(Initialiser, GivesEveryPrecisionAndEveryRuleTheSameForwardWeights) {
  for (const auto& name : initialiser_names()) {
    Toy toy = make_toy({.units = {70, 40, 33, 5}});
    toy.spec.initialiser = name;
    Network<double> twice(toy.spec, {}, 11);
    Network<float> single(toy.spec, {}, 11);
    for (const RuleEntry& entry : all_rules()) {
      Network<double> of_rule(toy.spec, entry.card().groups, 11);
      for (std::size_t i = 1; i <= 3; ++i) EXPECT_EQ(of_rule.weights(i).values(), twice.weights(i).values());
    }
    for (std::size_t i = 1; i <= 3; ++i) {
      auto rounded = twice.weights(i).values();
      for (double& value : rounded) value = static_cast<double>(static_cast<float>(value));
      EXPECT_EQ(single.weights(i).values(), rounded) << name;
    }
  }
}

}  // namespace
}  // namespace apical
