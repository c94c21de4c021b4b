#include "apical/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "apical/error.h"

namespace apical {
namespace {

constexpr Loss kLosses[] = {Loss::cross_entropy, Loss::mean_squared_error, Loss::half_squared_error};

// The losses as their definitions have them.
long double defined(Loss loss, const std::vector<long double>& r, std::int32_t label,
                    const std::vector<double>& y) {
  long double sum = 0;
  for (std::size_t j = 0; j < r.size(); ++j) {
    const long double target = label >= 0 ? (static_cast<std::size_t>(label) == j) : y[j];
    sum += loss == Loss::cross_entropy ? std::exp(r[j]) : (r[j] - target) * (r[j] - target);
  }
  if (loss == Loss::cross_entropy) return std::log(sum) - r[static_cast<std::size_t>(label)];
  return loss == Loss::mean_squared_error ? sum / static_cast<long double>(r.size()) : sum / 2;
}

TEST(Loss, ValueAndGradientEqualTheDefinitionAndItsDifferences) {
  std::mt19937 generator(3);
  std::normal_distribution<double> normal;
  for (const Loss loss : kLosses) {
    for (const bool regression : {false, true}) {
      if (regression && loss == Loss::cross_entropy) continue;
      for (const std::size_t n : {std::size_t{1}, std::size_t{2}, std::size_t{10}}) {
        std::vector<double> r(n), y(n), gradient(n);
        for (std::size_t j = 0; j < n; ++j) r[j] = 3 * normal(generator), y[j] = normal(generator);
        const std::int32_t label = regression ? -1 : static_cast<std::int32_t>(n / 2);
        const auto value = loss_of<double>(loss, r.data(), n, label, y.data(), gradient.data());
        std::vector<long double> at(r.begin(), r.end());
        EXPECT_NEAR(value.loss, static_cast<double>(defined(loss, at, label, y)), 1e-14 * (1 + value.loss));
        for (std::size_t j = 0; j < n; ++j) {
          const long double h = 1e-5L, centre = at[j];
          at[j] = centre + h;
          const long double above = defined(loss, at, label, y);
          at[j] = centre - h;
          const long double below = defined(loss, at, label, y);
          at[j] = centre;
          EXPECT_NEAR(gradient[j], static_cast<double>((above - below) / (2 * h)),
                      1e-10 * (1 + std::abs(gradient[j])))
              << to_string(loss);
        }
      }
    }
  }
}

// 1 − p of the true class is the sum of the others, to the last digits, however sure the network is; and so
// is a tiny loss.
template <class T>
void expect_no_cancellation() {
  for (const double margin : {0.0, 5.0, 20.0, 40.0, 80.0}) {
    const std::vector<T> r = {T(0.25), static_cast<T>(margin), T(-1.5), T(0)};
    std::vector<T> gradient(4);
    const auto value = loss_of<T>(Loss::cross_entropy, r.data(), 4, 1, nullptr, gradient.data());
    long double others = 0;
    for (const std::size_t j : {0u, 2u, 3u})
      others += std::exp(static_cast<long double>(r[j]) - static_cast<long double>(r[1]));
    const long double exact = others / (1 + others), bound = 4 * std::numeric_limits<T>::epsilon();
    EXPECT_NEAR(static_cast<double>(-gradient[1] / exact), 1, static_cast<double>(bound)) << margin;
    EXPECT_NEAR(static_cast<double>(value.loss / std::log1p(others)), 1, 1e-14) << margin;
    // what subtracting from 1 would have left
    if (margin == 80.0) {
      EXPECT_EQ(T(1) - static_cast<T>(1 / (1 + others)), T(0));
    }
  }
}
TEST(Loss, CrossEntropyOfASureNetworkDoesNotCancel) {
  expect_no_cancellation<float>();
  expect_no_cancellation<double>();
}

TEST(Loss, CrossEntropyOfAHopelessNetworkIsFinite) {
  const std::vector<float> r = {-2000, 1500, 0};
  std::vector<float> gradient(3);
  const auto value = loss_of<float>(Loss::cross_entropy, r.data(), 3, 0, nullptr, gradient.data());
  EXPECT_DOUBLE_EQ(value.loss, 3500);
  EXPECT_EQ(gradient, (std::vector<float>{-1, 1, 0}));
  EXPECT_FALSE(value.correct);
}

TEST(Loss, CorrectMeansThatTheLargestOutputIsTheLabels) {
  std::vector<double> gradient(3);
  for (const Loss loss : kLosses) {
    const std::vector<double> r = {0.5, 2, -1}, y = {0.5, 2, -1};
    EXPECT_TRUE(loss_of<double>(loss, r.data(), 3, 1, nullptr, gradient.data()).correct);
    EXPECT_FALSE(loss_of<double>(loss, r.data(), 3, 0, nullptr, gradient.data()).correct);
    if (loss != Loss::cross_entropy) {
      EXPECT_FALSE(loss_of<double>(loss, r.data(), 3, -1, y.data(), gradient.data()).correct);
    }
  }
}

TEST(Loss, OfNotANumberIsNotANumberAndNotCorrect) {
  std::vector<double> gradient(2);
  const std::vector<double> r = {std::nan(""), 1};
  for (const Loss loss : kLosses) {
    const auto value = loss_of<double>(loss, r.data(), 2, 1, nullptr, gradient.data());
    EXPECT_FALSE(std::isfinite(value.loss)) << to_string(loss);
    EXPECT_FALSE(value.correct) << to_string(loss);
  }
}

TEST(Loss, NamesReadBackAndAnUnknownOneIsAnsweredWithTheNearest) {
  for (const std::string& name : loss_names()) EXPECT_EQ(to_string(loss_named(name, "test")), name);
  try {
    loss_named("cross-entrpy", "run.toml:3");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "run.toml:3");
    EXPECT_NE(error.hint().find("cross-entropy"), std::string::npos);
  }
}

}  // namespace
}  // namespace apical
