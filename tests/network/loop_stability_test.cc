// Nyquist's criterion for the controlled network, against the eigenvalues of its whole Euler step.
#include "network/loop_stability.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <random>

#include "core/arena.h"
#include "kernels/panels.h"
#include "network/control_paths.h"

namespace apical {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
constexpr std::size_t kLanes = LoopStability::kLanes;

// A linearised network of random sizes and weights: S_i = diag(slope) of kLanes samples.
struct Loop {
  explicit Loop(std::mt19937_64& generator) {
    std::uniform_real_distribution<double> uniform;
    std::normal_distribution<double> normal;
    const auto pick = [&](std::size_t from, std::size_t to) { return from + generator() % (to - from + 1); };
    const std::size_t depth = pick(1, 4), outputs = pick(1, 6);
    spec.units.push_back(3);
    for (std::size_t i = 1; i < depth; ++i) spec.units.push_back(pick(1, 7));
    spec.units.push_back(outputs);
    spec.activations.assign(depth, Activation::tanh);
    controller = {.k_p = uniform(generator) < 0.2 ? 0 : 4 * uniform(generator),
                  .alpha = uniform(generator) < 0.2 ? 0 : 0.3 * uniform(generator),
                  .leak_on_control = generator() % 2 == 0};
    settling.dt = 0.02 * (1 + 9 * uniform(generator));
    settling.tau_v = 0.2 * uniform(generator);
    settling.tau_a = generator() % 2 == 0 ? -1 : 0.3 * uniform(generator);
    settling.instantaneous_transmission = generator() % 2 == 0;
    settling.proactive = generator() % 2 == 0;
    // equal modes turn together: the hardest case for counting turns
    const bool degenerate = generator() % 3 == 0;
    const double scale = std::exp(normal(generator));
    for (std::size_t i = 0; i <= depth; ++i) {
      const auto n = static_cast<Eigen::Index>(spec.units[i]),
                 m = static_cast<Eigen::Index>(spec.units[i > 0 ? i - 1 : 0]);
      const auto draw = [&] { return normal(generator); };
      W.emplace_back(Matrix::NullaryExpr(n, m, draw));
      Q.emplace_back(0.5 * scale * Matrix::NullaryExpr(n, static_cast<Eigen::Index>(outputs), draw));
      slope.emplace_back(Matrix::NullaryExpr(n, kLanes, [&] { return 0.2 + 0.8 * uniform(generator); }));
      if (degenerate) {
        W.back() = Matrix::Identity(n, m);
        Q.back() = normal(generator) * Matrix::Identity(n, static_cast<Eigen::Index>(outputs));
        slope.back().setConstant(0.5);
      }
    }
    Q.back() += scale * Matrix::Identity(Q.back().rows(), Q.back().cols());
  }

  // The largest modulus of an eigenvalue of one Euler step in all variables: somas, apical voltages, u_int and u.
  double spectral_radius(std::size_t lane) const {
    const std::size_t depth = spec.depth();
    Eigen::Index size = 0;
    for (std::size_t i = 1; i <= depth; ++i) size += 2 * W[i].rows();
    size += 2 * Q[depth].cols();
    Matrix step(size, size);
    for (Eigen::Index k = 0; k < size; ++k) step.col(k) = euler(Vector::Unit(size, k), lane);
    return step.eigenvalues().cwiseAbs().maxCoeff();
  }

  Vector euler(const Vector& state, std::size_t lane) const {
    const std::size_t depth = spec.depth();
    const double k_v = settling.dt / std::max(settling.tau_v, settling.dt),
                 k_a = settling.dt / std::max(settling.tau_a, settling.dt);
    std::vector<Vector> v(depth + 1), apical(depth + 1);
    Eigen::Index at = 0;
    const auto take = [&](Eigen::Index count) {
      at += count;
      return Vector(state.segment(at - count, count));
    };
    for (std::size_t i = 1; i <= depth; ++i) v[i] = take(W[i].rows()), apical[i] = take(W[i].rows());
    Vector u_int = take(Q[depth].cols());
    const Vector u = take(Q[depth].cols());
    const auto rate = [&](std::size_t i, const Vector& d) {
      return Vector(slope[i].col(static_cast<Eigen::Index>(lane)).cwiseProduct(d));
    };
    const Vector e = -rate(depth, v[depth]);
    const std::vector<Vector> before = v;
    u_int += settling.dt * (e - controller.alpha * (controller.leak_on_control ? u : u_int));
    const Vector u_next = u_int + controller.k_p * e;
    Vector next(state.size());
    Eigen::Index put = 0;
    for (std::size_t i = 1; i <= depth; ++i) {
      apical[i] += k_a * (Q[i] * (settling.proactive ? u_next : u) - apical[i]);
      Vector basal = Vector::Zero(W[i].rows());
      if (i > 1) basal = W[i] * rate(i - 1, (settling.instantaneous_transmission ? v : before)[i - 1]);
      v[i] += k_v * (basal + apical[i] - before[i]);
      next.segment(put, W[i].rows()) = v[i];
      next.segment(put + W[i].rows(), W[i].rows()) = apical[i];
      put += 2 * W[i].rows();
    }
    next.segment(put, u_int.size()) = u_int;
    next.tail(u_int.size()) = u_next;
    return next;
  }

  std::array<bool, kLanes> verdict() const {
    const std::size_t depth = spec.depth(), outputs = spec.units.back();
    Network<double> network(
        spec, {{.name = "feedback", .wiring = Wiring::direct_feedback, .initialiser = "xavier-normal"}}, 1);
    const auto values = [](const Matrix& matrix) {
      const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = matrix;
      return std::vector<double>(rows.data(), rows.data() + rows.size());
    };
    std::vector<std::vector<double>> slopes(depth + 1);
    std::vector<const double*> rows(depth + 1);
    for (std::size_t i = 1; i <= depth; ++i) {
      network.weights(i).set_values(values(W[i]));
      network.weights("feedback", i).set_values(values(Q[i]));
      const std::size_t stride = row_stride<double>(spec.units[i]);
      slopes[i].resize(kLanes * stride);
      for (std::size_t s = 0; s < kLanes; ++s) {
        for (std::size_t unit = 0; unit < spec.units[i]; ++unit)
          slopes[i][s * stride + unit] =
              slope[i](static_cast<Eigen::Index>(unit), static_cast<Eigen::Index>(s));
      }
      rows[i] = slopes[i].data();
    }
    Arena<double> arena;
    ControlPaths<double> paths(network, arena);
    paths.form(rows.data(), kLanes);
    std::vector<double> c(depth * outputs * outputs * kLanes);
    double* to = c.data();
    for (std::size_t k = 1; k <= depth; ++k) {
      for (std::size_t i = 0; i < outputs; ++i) {
        for (std::size_t j = 0; j < outputs; ++j, to += kLanes) paths.copy(k, i, j, 0, kLanes, to);
      }
    }
    std::vector<double> scratch(LoopStability::scratch(depth, outputs));
    return LoopStability(controller, settling, depth, outputs).stable(c.data(), scratch.data());
  }

  NetworkSpec spec;
  PiController controller;
  Settling settling;
  std::vector<Matrix> W, Q, slope;
};

TEST(LoopStability, IsThatOfAllEigenvaluesOfTheEulerStep) {
  std::mt19937_64 generator(1);
  std::size_t stable = 0, unstable = 0;
  for (int trial = 0; trial < 150; ++trial) {
    const Loop loop(generator);
    const auto verdict = loop.verdict();
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double radius = loop.spectral_radius(lane);
      // a rest point that is neither left nor returned to may be refused
      if (std::abs(radius - 1) < 1e-9) continue;
      EXPECT_EQ(verdict[lane], radius < 1)
          << "trial " << trial << " lane " << lane << " radius − 1 = " << radius - 1;
      ++(radius < 1 ? stable : unstable);
    }
  }
  // both answers are tested
  EXPECT_GT(stable, 200u);
  EXPECT_GT(unstable, 200u);
}

// Without a leak, and with a control that does not reach the output at all, nothing decays and nothing grows.
TEST(LoopStability, HasTheSameVerdictsOnEveryInstructionSet) {
  std::vector<std::array<bool, kLanes>> first;
  for (const std::string& name : available_kernels()) {
    use_kernels(name);
    std::mt19937_64 generator(2);
    std::vector<std::array<bool, kLanes>> verdicts;
    for (int trial = 0; trial < 40; ++trial) verdicts.push_back(Loop(generator).verdict());
    if (first.empty()) first = verdicts;
    EXPECT_EQ(verdicts, first) << name;
  }
  use_kernels("auto");
}

TEST(LoopStability, DoesNotCertifyWhatNeitherDecaysNorGrows) {
  const std::vector<double> c(kLanes, 0.0);
  std::vector<double> scratch(LoopStability::scratch(1, 1));
  for (const bool stable : LoopStability({.k_p = 1, .alpha = 0}, {}, 1, 1).stable(c.data(), scratch.data()))
    EXPECT_FALSE(stable);
}

TEST(LoopStability, DoesNotCertifyWhatIsNotANumber) {
  const std::vector<double> c(kLanes, std::nan(""));
  std::vector<double> scratch(LoopStability::scratch(1, 1));
  for (const bool stable : LoopStability({.k_p = 1, .alpha = 0.1}, {}, 1, 1).stable(c.data(), scratch.data()))
    EXPECT_FALSE(stable);
}

}  // namespace
}  // namespace apical
