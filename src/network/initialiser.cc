#include "network/initialiser.h"

#include <Eigen/QR>
#include <algorithm>
#include <array>
#include <cmath>

#include "apical/error.h"
#include "core/philox.h"

namespace apical {
namespace {

const std::array<std::string, 10> kNames = {
    "xavier-normal", "xavier-uniform",     "he-normal", "he-uniform", "lecun-normal",
    "orthogonal",    "orthogonal-uniform", "unit-norm", "zero",       "identity"};

// Q of a random matrix with at least as many rows as columns, signs fixed so that R has a positive diagonal.
Eigen::MatrixXd orthonormal_columns(const Eigen::MatrixXd& random) {
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(random);
  Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(random.rows(), random.cols());
  const Eigen::MatrixXd r = qr.matrixQR().triangularView<Eigen::Upper>();
  for (Eigen::Index column = 0; column < q.cols(); ++column) {
    if (r(column, column) < 0) q.col(column) = -q.col(column);
  }
  return q;
}

}  // namespace

std::span<const std::string> initialiser_names() { return kNames; }

std::vector<double> initial_weights(std::string_view initialiser, std::size_t n_out, std::size_t n_in,
                                    double gain, std::uint64_t seed, std::string_view matrix,
                                    const std::string& where) {
  if (std::find(kNames.begin(), kNames.end(), initialiser) == kNames.end()) {
    throw unknown_choice(where, "initialiser", initialiser, kNames);
  }
  const RandomStream stream(seed, "initial " + std::string(matrix));
  std::vector<double> values(n_out * n_in, 0.0);
  const auto fill_normal = [&](double sd) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = gain * sd * stream.normal(i);
  };
  const auto fill_uniform = [&](double limit) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = gain * limit * (2 * stream.uniform(i) - 1);
  };
  const double fan_in = static_cast<double>(n_in), fan_out = static_cast<double>(n_out);

  if (initialiser == "xavier-normal") fill_normal(std::sqrt(2 / (fan_in + fan_out)));
  if (initialiser == "xavier-uniform") fill_uniform(std::sqrt(6 / (fan_in + fan_out)));
  if (initialiser == "he-normal") fill_normal(std::sqrt(2 / fan_in));
  if (initialiser == "he-uniform") fill_uniform(std::sqrt(6 / fan_in));
  if (initialiser == "lecun-normal") fill_normal(std::sqrt(1 / fan_in));
  if (initialiser == "unit-norm") fill_normal(1 / std::sqrt(fan_in * fan_out));
  if (initialiser == "identity") {
    for (std::size_t i = 0; i < std::min(n_out, n_in); ++i) values[i * n_in + i] = gain;
  }
  if (initialiser.starts_with("orthogonal")) {
    const bool tall = n_out >= n_in;
    Eigen::MatrixXd random(std::max(n_out, n_in), std::min(n_out, n_in));
    const bool normal = initialiser == "orthogonal";
    for (Eigen::Index i = 0; i < random.size(); ++i) {
      const auto key = static_cast<std::uint64_t>(i);
      random.data()[i] = normal ? stream.normal(key) : 2 * stream.uniform(key) - 1;
    }
    const Eigen::MatrixXd q = orthonormal_columns(random);
    for (std::size_t out = 0; out < n_out; ++out) {
      for (std::size_t in = 0; in < n_in; ++in) {
        const auto row = static_cast<Eigen::Index>(tall ? out : in),
                   column = static_cast<Eigen::Index>(tall ? in : out);
        values[out * n_in + in] = gain * q(row, column);
      }
    }
  }
  return values;
}

}  // namespace apical
