#include <algorithm>

#include "kernels/kernel_test.h"

namespace apical {
namespace {

class Activations : public EveryKernel {};
APICAL_ON_EVERY_KERNEL(Activations);

const Activation kAll[] = {Activation::linear,    Activation::relu,        Activation::leaky_relu,
                           Activation::tanh,      Activation::sigmoid,     Activation::softplus,
                           Activation::tanh_fast, Activation::sigmoid_fast};

// What a fast one approximates.
Activation exact(Activation activation) {
  return activation == Activation::tanh_fast      ? Activation::tanh
         : activation == Activation::sigmoid_fast ? Activation::sigmoid
                                                  : activation;
}

bool is_fast(Activation activation) { return exact(activation) != activation; }

// The oracle: extended precision and textbook formulas, none of which is the one under test.
long double value_of(Activation activation, long double v) {
  switch (exact(activation)) {
    case Activation::linear:
      return v;
    case Activation::relu:
      return std::max(v, 0.0L);
    case Activation::leaky_relu:
      return v < 0 ? 0.2L * v : v;
    case Activation::tanh:
      return std::tanh(v);
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-v));
    case Activation::softplus:
      return v > 50 ? v + std::exp(-v) : std::log1p(std::exp(v));
    default:
      break;
  }
  return std::numeric_limits<long double>::quiet_NaN();
}

long double slope_of(Activation activation, long double v) {
  switch (exact(activation)) {
    case Activation::linear:
      return 1;
    case Activation::relu:
      return v < 0 ? 0 : 1;
    case Activation::leaky_relu:
      return v < 0 ? 0.2L : 1;
    case Activation::tanh:
      return 1 / (std::cosh(v) * std::cosh(v));
    case Activation::sigmoid:
      return 0.25L / (std::cosh(v / 2) * std::cosh(v / 2));
    case Activation::softplus:
      return 1 / (1 + std::exp(-v));
    default:
      break;
  }
  return std::numeric_limits<long double>::quiet_NaN();
}

long double difference_of(Activation activation, long double v, long double d) {
  switch (exact(activation)) {
    case Activation::linear:
      return d;
    case Activation::tanh:
      return std::sinh(d) / std::cosh(v) / std::cosh(v + d);
    case Activation::sigmoid:
      return 0.5L * std::sinh(d / 2) / std::cosh(v / 2) / std::cosh((v + d) / 2);
    // ∫ σ from the lower to the upper end; σ of the lower end times expm1 of a positive step cannot cancel.
    case Activation::softplus:
      return d < 0 ? -difference_of(activation, v + d, -d) : std::log1p(std::expm1(d) / (1 + std::exp(-v)));
    // Piecewise linear: the part of the step on either side of zero, times its slope.
    case Activation::relu:
    case Activation::leaky_relu: {
      if (d < 0) {
        const long double above = v > 0 ? std::min(-d, v) : 0;
        return -(above + (activation == Activation::relu ? 0 : 0.2L) * (-d - above));
      }
      const long double below = v < 0 ? std::min(d, -v) : 0;
      return (d - below) + (activation == Activation::relu ? 0 : 0.2L) * below;
    }
    default:
      break;
  }
  return std::numeric_limits<long double>::quiet_NaN();
}

template <class T>
double ulps(T got, long double want) {
  const T near = static_cast<T>(want);
  if (!(std::fabs(want) <= static_cast<long double>(std::numeric_limits<T>::max())))
    return got == near ? 0 : 1e30;
  const T size = std::fabs(near);
  const T next = std::nextafter(size, std::numeric_limits<T>::infinity());
  return static_cast<double>(std::fabs(static_cast<long double>(got) - want) /
                             static_cast<long double>(next - size));
}

// Every binade of both signs, a dense grid where the functions bend, zeros, the smallest and the largest
// numbers.
template <class T>
std::vector<T> wide_range() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> v = {T(0),          -T(0),          Limits::denorm_min(), -Limits::denorm_min(),
                      Limits::min(), -Limits::min(), Limits::max(),        Limits::lowest()};
  std::mt19937 generator(7);
  std::uniform_real_distribution<double> mantissa(1, 2);
  for (int exponent = Limits::min_exponent - Limits::digits; exponent < Limits::max_exponent; ++exponent)
    for (int i = 0; i < 6; ++i)
      v.push_back(static_cast<T>((i % 2 ? -1 : 1) * std::ldexp(mantissa(generator), exponent)));
  for (double x = -110; x < 110; x += 0.00731) v.push_back(static_cast<T>(x));
  for (double x = -2; x < 2; x += 0.000037) v.push_back(static_cast<T>(x));
  return v;
}

// Where 4 e^{−80}, the least that a fast one knows, stands for everything below it, only the size counts.
double error_of(Activation activation, auto got, long double want) {
  return is_fast(activation) && std::fabs(want) < 8e-35L && std::fabs(got - want) < 8e-35L ? 0
                                                                                           : ulps(got, want);
}

template <class T>
void expect_accurate(Activation activation) {
  const std::vector<T> v = wide_range<T>();
  std::vector<T> rate(v.size()), slope(v.size());
  kernels<T>().activate(activation, v.data(), rate.data(), slope.data(), v.size());
  double worst_rate = 0, worst_slope = 0;
  T at_rate = 0, at_slope = 0;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double rate_error = error_of(activation, rate[i], value_of(activation, v[i]));
    const double slope_error = error_of(activation, slope[i], slope_of(activation, v[i]));
    if (!(rate_error <= worst_rate)) worst_rate = rate_error, at_rate = v[i];
    if (!(slope_error <= worst_slope)) worst_slope = slope_error, at_slope = v[i];
  }
  const Tolerance most = tolerance<T>();
  EXPECT_LE(worst_rate, is_fast(activation) ? most.fast_ulps : most.value_ulps)
      << to_string(activation) << " at " << at_rate;
  EXPECT_LE(worst_slope, is_fast(activation) ? most.fast_ulps : most.slope_ulps)
      << to_string(activation) << "' at " << at_slope;
}

TEST_P(Activations, ValuesAndSlopesAreAccurateOverTheWholeRange) {
  for (const Activation activation : kAll) {
    expect_accurate<float>(activation);
    expect_accurate<double>(activation);
  }
}

TEST_P(Activations, TanhNeverLeavesItsRangeAndIsOdd) {
  std::vector<float> v = wide_range<float>(), minus(v.size()), rate(v.size()), mirrored(v.size());
  for (std::size_t i = 0; i < v.size(); ++i) minus[i] = -v[i];
  for (const Activation tanh : {Activation::tanh, Activation::tanh_fast}) {
    kernels<float>().activate(tanh, v.data(), rate.data(), nullptr, v.size());
    kernels<float>().activate(tanh, minus.data(), mirrored.data(), nullptr, v.size());
    for (std::size_t i = 0; i < v.size(); ++i) {
      ASSERT_LE(std::fabs(rate[i]), 1.0f);
      ASSERT_EQ(mirrored[i], -rate[i]);
    }
  }
}

TEST_P(Activations, SlopesAreFiniteDifferencesOfTheValues) {
  const double h = 1e-5;
  std::vector<double> v, up, down;
  for (double x = -12; x < 12; x += 0.0173) {
    v.push_back(x);
    up.push_back(x + h);
    down.push_back(x - h);
  }
  const std::size_t n = v.size();
  std::vector<double> rate(n), slope(n), rate_up(n), rate_down(n);
  for (const Activation activation : kAll) {
    kernels<double>().activate(activation, v.data(), rate.data(), slope.data(), n);
    kernels<double>().activate(activation, up.data(), rate_up.data(), nullptr, n);
    kernels<double>().activate(activation, down.data(), rate_down.data(), nullptr, n);
    for (std::size_t i = 0; i < n; ++i) {
      if (std::fabs(v[i]) <= h) continue;
      ASSERT_NEAR(slope[i], (rate_up[i] - rate_down[i]) / (up[i] - down[i]), 1e-9) << to_string(activation);
    }
  }
}

TEST_P(Activations, RectifiersHaveSlopeOneAtZero) {
  const float zeros[] = {0.0f, -0.0f};
  for (const Activation activation : {Activation::relu, Activation::leaky_relu}) {
    float slope[2] = {};
    kernels<float>().activate(activation, zeros, nullptr, slope, 2);
    EXPECT_EQ(slope[0], 1.0f);
    EXPECT_EQ(slope[1], 1.0f);
  }
}

template <class T>
void expect_accurate_differences(Activation activation) {
  using Limits = std::numeric_limits<T>;
  std::mt19937 generator(11);
  std::uniform_real_distribution<double> exponent(-24, 2), uniform(-1, 1);
  std::vector<T> v, d;
  const auto add = [&v, &d](double a, double b) {
    v.push_back(static_cast<T>(a));
    d.push_back(static_cast<T>(b));
  };
  for (int i = 0; i < 40000; ++i) {
    const double a = uniform(generator) * std::pow(10, exponent(generator) / 12);
    add(a, uniform(generator) * std::pow(10, exponent(generator)));
    add(a, 1e-20 * a);
    add(30 * uniform(generator), 30 * uniform(generator));
    add(100 * uniform(generator), 100 * uniform(generator));
    add(a, -a * (1 + 1e-6 * uniform(generator)));
    add(1000 * uniform(generator), 1000 * uniform(generator));
  }
  for (const double a : {0.0, -0.0, 1e-30, 0.3, 5.0, 12.0, 43.0, 60.0, 90.0, 299.0, 1000.0})
    for (const double b : {0.0, -0.0, 1e-30, 0.3, 5.0, 12.0, 43.0, 60.0, 90.0, 299.0, 1000.0})
      for (const int signs : {0, 1, 2, 3}) add(signs & 1 ? -a : a, signs & 2 ? -b : b);
  const std::size_t n = v.size();
  std::vector<T> rate(n), slope(n), difference(n);
  kernels<T>().activate(activation, v.data(), rate.data(), slope.data(), n);
  kernels<T>().activation_difference(activation, v.data(), rate.data(), slope.data(), d.data(),
                                     difference.data(), n);
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const long double want = difference_of(activation, v[i], d[i]);
    // Below the normal range a relative error means nothing: the last places of a denormal number.
    long double slack = 8 * static_cast<long double>(Limits::denorm_min());
    const double size = std::fabs(double{v[i]});
    const double flat = exact(activation) == Activation::tanh      ? tolerance<T>().flat
                        : exact(activation) == Activation::sigmoid ? 2 * tolerance<T>().flat
                                                                   : Limits::infinity();
    if (size > flat)
      slack += static_cast<long double>(tolerance<T>().flat_error) +
               size * tolerance<T>().unit * slope_of(activation, static_cast<long double>(v[i]) + d[i]);
    const long double error = std::max(std::fabs(difference[i] - want) - slack, 0.0L);
    const double relative =
        static_cast<double>(error / (std::fabs(want) + static_cast<long double>(Limits::min())));
    if (!(relative <= worst)) worst = relative, at = i;
  }
  // a fast one's slope is a factor of the difference
  EXPECT_LE(worst, tolerance<T>().difference +
                       (is_fast(activation) ? 2 * tolerance<T>().fast_ulps * tolerance<T>().unit : 0))
      << to_string(activation) << " from " << v[at] << " by " << d[at] << ": " << difference[at] << ", not "
      << difference_of(activation, v[at], d[at]);
}

TEST_P(Activations, DifferencesKeepTheirRelativeAccuracyForTinyStepsAndSaturatedUnits) {
  for (const Activation activation : kAll) {
    expect_accurate_differences<float>(activation);
    expect_accurate_differences<double>(activation);
  }
}

// What the difference is for: subtracting two rates loses everything here.
TEST_P(Activations, SubtractingRatesWouldLoseTheDifference) {
  const float v[] = {1.5f}, d[] = {1e-9f}, end[] = {v[0] + d[0]};
  float rate[1], slope[1], moved[1], difference[1];
  kernels<float>().activate(Activation::tanh, v, rate, slope, 1);
  kernels<float>().activate(Activation::tanh, end, moved, nullptr, 1);
  kernels<float>().activation_difference(Activation::tanh, v, rate, slope, d, difference, 1);
  EXPECT_EQ(moved[0] - rate[0], 0.0f);
  EXPECT_NEAR(difference[0], static_cast<float>(difference_of(Activation::tanh, v[0], d[0])), 1e-16f);
}

template <class T>
void expect_nan_stays_nan() {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  for (const Activation activation : kAll) {
    // Enough elements to pass through the vector part of the loop, not only its rest.
    std::vector<T> v(67, nan), fine(67, T(0.5)), rate(67), slope(67), difference(67);
    kernels<T>().activate(activation, v.data(), rate.data(), slope.data(), v.size());
    for (std::size_t i = 0; i < v.size(); ++i) {
      ASSERT_TRUE(std::isnan(rate[i])) << to_string(activation);
      ASSERT_EQ(std::isnan(slope[i]), activation != Activation::linear) << to_string(activation) << "'";
    }
    kernels<T>().activation_difference(activation, v.data(), rate.data(), slope.data(), fine.data(),
                                       difference.data(), v.size());
    for (const T x : difference)
      ASSERT_EQ(std::isnan(x), activation != Activation::linear) << to_string(activation);
    kernels<T>().activation_difference(activation, fine.data(), fine.data(), fine.data(), v.data(),
                                       difference.data(), v.size());
    for (const T x : difference) ASSERT_TRUE(std::isnan(x)) << to_string(activation) << ", step";
  }
}

TEST_P(Activations, NaNInGivesNaNOut) {
  expect_nan_stays_nan<float>();
  expect_nan_stays_nan<double>();
}

template <class T>
void expect_same_bits_in_any_company() {
  std::mt19937 generator(13);
  Array<T> v(200), d(200);
  v.randomise(generator);
  d.randomise(generator);
  for (const Activation activation : kAll) {
    Array<T> rate(200), slope(200), difference(200);
    kernels<T>().activate(activation, v, rate, slope, 200);
    kernels<T>().activation_difference(activation, v, rate, slope, d, difference, 200);
    for (const std::size_t first : {0, 1, 3, 17, 50}) {
      for (const std::size_t count : {1, 2, 5, 15, 31, 67}) {
        Array<T> r(count), s(count), moved(count);
        kernels<T>().activate(activation, v + first, r, s, count);
        kernels<T>().activation_difference(activation, v + first, r, s, d + first, moved, count);
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_EQ(r[i], rate[first + i]) << to_string(activation);
          ASSERT_EQ(s[i], slope[first + i]) << to_string(activation) << "'";
          ASSERT_EQ(moved[i], difference[first + i]) << to_string(activation) << ", difference";
        }
      }
    }
  }
}

TEST_P(Activations, AUnitHasTheSameBitsWhereverTheLoopIsCut) {
  expect_same_bits_in_any_company<float>();
  expect_same_bits_in_any_company<double>();
}

template <class T>
void expect_outputs_alone_to_be_those_of_both() {
  const std::vector<T> v = wide_range<T>();
  const std::size_t n = v.size();
  std::vector<T> rate(n), slope(n), only_rate(n), only_slope(n);
  for (const Activation activation : kAll) {
    kernels<T>().activate(activation, v.data(), rate.data(), slope.data(), n);
    kernels<T>().activate(activation, v.data(), only_rate.data(), nullptr, n);
    kernels<T>().activate(activation, v.data(), nullptr, only_slope.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(only_rate[i], rate[i]) << to_string(activation) << " at " << v[i];
      ASSERT_EQ(only_slope[i], slope[i]) << to_string(activation) << " at " << v[i];
    }
  }
}

TEST_P(Activations, EitherOutputMayBeLeftOut) {
  expect_outputs_alone_to_be_those_of_both<float>();
  expect_outputs_alone_to_be_those_of_both<double>();
}

}  // namespace
}  // namespace apical
