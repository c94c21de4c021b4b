#include <algorithm>
#include <array>
#include <cstdint>
#include <numbers>

#include "kernels/kernel_test.h"
#include "kernels/loops.h"
#include "kernels/noise_words.h"

namespace apical {
namespace {

class Noise : public EveryKernel {};
APICAL_ON_EVERY_KERNEL(Noise);

// Known answers of Philox 4x32-10, from the authors' distribution (Random123, kat_vectors).
TEST(Philox, GivesTheKnownAnswers) {
  struct Answer {
    std::array<std::uint32_t, 4> counter;
    std::array<std::uint32_t, 2> key;
    std::array<std::uint32_t, 4> words;
  };
  const Answer answers[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (const Answer& answer : answers) EXPECT_EQ(philox_words(answer.counter, answer.key), answer.words);
}

// The published definition, written out once more: which word belongs to which unit, and what becomes of it.
double expected_normal(const NoiseKey& key, std::uint32_t sample, std::uint32_t step, std::uint32_t unit) {
  const std::uint32_t block = unit / 64, word = unit % 64 / 16, quad = unit % 16;
  const auto words =
      philox_words({16 * block + quad, step, sample, key.epoch}, hashed_key(key.seed, key.stream));
  const std::uint32_t a = words[word / 2 * 2], b = words[word / 2 * 2 + 1];
  const long double radius = std::sqrt(-2 * std::log((a + 0.5L) / 4294967296.0L));
  const long double angle = 2 * std::numbers::pi_v<long double> * b / 4294967296.0L;
  return static_cast<double>(radius * (word % 2 ? std::sin(angle) : std::cos(angle)));
}

template <class T>
Array<T> noise(const NoiseKey& key, const std::vector<std::uint32_t>& samples, std::uint32_t step,
               std::uint32_t first_unit, std::size_t n) {
  Array<T> out(samples.size() * row_stride<T>(n), T(77));
  kernels<T>().normal({key, samples, step, first_unit, n, out, row_stride<T>(n)});
  return out;
}

template <class T>
void expect_published_definition() {
  const NoiseKey key{0x123456789abcdef0u, 3, 17};
  std::vector<std::uint32_t> samples = {0, 5, 4000000000u};
  while (samples.size() < 19) samples.push_back(samples.back() + 11);  // more rows than are worked on at once
  for (const std::size_t n : {1, 16, 40, 64, 65, 200, 784}) {
    const Array<T> out = noise<T>(key, samples, 9, 128, n);
    for (std::size_t row = 0; row < samples.size(); ++row) {
      for (std::size_t i = 0; i < row_stride<T>(n); ++i) {
        const T got = out[row * row_stride<T>(n) + i];
        if (i < n)
          ASSERT_NEAR(got, expected_normal(key, samples[row], 9, 128 + static_cast<std::uint32_t>(i)),
                      tolerance<T>().normal)
              << "unit " << i << " of " << n;
        else
          ASSERT_EQ(got, i < padded<T>(n) ? T(0) : T(77)) << "padding at " << i;
      }
    }
  }
}

TEST_P(Noise, FollowsItsPublishedDefinition) {
  expect_published_definition<float>();
  expect_published_definition<double>();
}

TEST_P(Noise, FloatAndDoubleSeeTheSameNumbers) {
  const NoiseKey key{1, 2, 3};
  std::vector<std::uint32_t> samples(500);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::uint32_t>(i);
  const std::size_t n = 256;
  const Array<float> single = noise<float>(key, samples, 0, 0, n);
  const Array<double> twice = noise<double>(key, samples, 0, 0, n);
  for (std::size_t row = 0; row < samples.size(); ++row)
    for (std::size_t i = 0; i < n; ++i)
      ASSERT_NEAR(single[row * row_stride<float>(n) + i], twice[row * row_stride<double>(n) + i],
                  tolerance<float>().normal);
}

template <class T>
void expect_tiling_does_not_matter() {
  const NoiseKey key{42, 1, 0};
  const std::size_t n = 300, stride = row_stride<T>(n);
  std::vector<std::uint32_t> samples;
  for (std::uint32_t sample = 7; sample < 28; ++sample) samples.push_back(sample);
  const Array<T> whole = noise<T>(key, samples, 4, 0, n);
  // One sample at a time, in reverse, the layer cut at multiples of 64.
  for (std::size_t row = samples.size(); row-- > 0;) {
    std::size_t first = 0;
    for (const std::size_t count : {64, 192, 44}) {
      const Array<T> part = noise<T>(key, {samples[row]}, 4, static_cast<std::uint32_t>(first), count);
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(part[i], whole[row * stride + first + i]);
      first += count;
    }
  }
}

TEST_P(Noise, ANumberHasTheSameBitsInAnyTiling) {
  expect_tiling_does_not_matter<float>();
  expect_tiling_does_not_matter<double>();
}

TEST_P(Noise, EveryPartOfTheKeyMatters) {
  const std::size_t n = 64;
  const auto differs = [](const Array<double>& a, const Array<double>& b) {
    std::size_t same = 0;
    for (std::size_t i = 0; i < n; ++i) same += a[i] == b[i];
    return same == 0;
  };
  const Array<double> base = noise<double>({1, 2, 3}, {4}, 5, 64, n);
  EXPECT_TRUE(differs(base, noise<double>({2, 2, 3}, {4}, 5, 64, n)));
  EXPECT_TRUE(differs(base, noise<double>({1ull << 40, 2, 3}, {4}, 5, 64, n)));
  EXPECT_TRUE(differs(base, noise<double>({1, 3, 3}, {4}, 5, 64, n)));
  EXPECT_TRUE(differs(base, noise<double>({1, 2, 4}, {4}, 5, 64, n)));
  EXPECT_TRUE(differs(base, noise<double>({1, 2, 3}, {5}, 5, 64, n)));
  EXPECT_TRUE(differs(base, noise<double>({1, 2, 3}, {4}, 6, 64, n)));
  EXPECT_TRUE(differs(base, noise<double>({1, 2, 3}, {4}, 5, 128, n)));
  EXPECT_FALSE(differs(base, noise<double>({1, 2, 3}, {4}, 5, 64, n)));
}

// One million numbers of the table in use: [samples, units].
template <class T>
std::vector<double> crowd(std::size_t samples_count, std::size_t n) {
  std::vector<std::uint32_t> samples(samples_count);
  for (std::size_t i = 0; i < samples_count; ++i) samples[i] = static_cast<std::uint32_t>(i);
  const Array<T> out = noise<T>({2024, 0, 0}, samples, 0, 0, n);
  std::vector<double> all;
  for (std::size_t row = 0; row < samples_count; ++row)
    for (std::size_t i = 0; i < n; ++i) all.push_back(double{out[row * row_stride<T>(n) + i]});
  return all;
}

// The seed is fixed, so these are not games of chance: five standard errors, and the Kolmogorov–Smirnov
// distance at p = 0.001.
template <class T>
void expect_standard_normal() {
  const std::vector<double> x = crowd<T>(4096, 256);
  const double n = static_cast<double>(x.size());
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  for (const double z : x) m1 += z, m2 += z * z, m3 += z * z * z, m4 += z * z * z * z;
  EXPECT_NEAR(m1 / n, 0, 5 * std::sqrt(1 / n));
  EXPECT_NEAR(m2 / n, 1, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(m3 / n, 0, 5 * std::sqrt(15 / n));
  EXPECT_NEAR(m4 / n, 3, 5 * std::sqrt(96 / n));
  std::vector<double> sorted = x;
  std::sort(sorted.begin(), sorted.end());
  double distance = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double share = 0.5 * std::erfc(-sorted[i] / std::numbers::sqrt2);
    distance =
        std::max({distance, share - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - share});
  }
  EXPECT_LT(distance * std::sqrt(n), 1.95);
}

TEST_P(Noise, IsStandardNormal) {
  expect_standard_normal<float>();
  expect_standard_normal<double>();
}

TEST_P(Noise, UnitsAndSamplesAreIndependent) {
  const std::size_t samples = 4096, n = 256;
  const std::vector<double> x = crowd<float>(samples, n);
  // Neighbours in the layer (48 spans the two halves of a pair's block), and the same unit in later samples;
  // squares too, for pairs share their radius.
  for (const std::size_t lag : {1u, 2u, 15u, 16u, 17u, 32u, 48u, 64u, 256u, 512u, 2560u}) {
    double product = 0, squares = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i + lag < x.size(); ++i, ++count) {
      product += x[i] * x[i + lag];
      squares += (x[i] * x[i] - 1) * (x[i + lag] * x[i + lag] - 1);
    }
    EXPECT_NEAR(product / static_cast<double>(count), 0, 5 / std::sqrt(static_cast<double>(count)))
        << "lag " << lag;
    EXPECT_NEAR(squares / static_cast<double>(count), 0, 10 / std::sqrt(static_cast<double>(count)))
        << "lag " << lag;
  }
}

}  // namespace
}  // namespace apical
