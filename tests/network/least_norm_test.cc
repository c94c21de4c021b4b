// The smallest changes that move the output, by hand, by finite differences and by what makes them smallest.
#include "network/least_norm.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <Eigen/QR>

#include "network/toy.h"

namespace apical {
namespace {

using Vector = Eigen::VectorXd;

TEST(LeastNorm, IsTheOneComputedByHand) {
  RowMajor jacobian(1, 2);
  jacobian << 3, 4;
  const Vector e = Vector::Constant(1, 50), one = Vector::Ones(2);
  EXPECT_LT((least_norm(jacobian, one, 0, e) - Eigen::Vector2d(6, 8)).norm(), 1e-13);
  EXPECT_LT((least_norm(jacobian, one, 25, e) - Eigen::Vector2d(3, 4)).norm(), 1e-13);
  // z = 50 / (9 · 2 + 16 · 4)
  const Vector c = Eigen::Vector2d(2, 4);
  EXPECT_LT((least_norm(jacobian, c, 0, e) - Eigen::Vector2d(3, 4) * (50.0 / 82)).norm(), 1e-13);
}

TEST(LeastNorm, TakesSeveralErrorsAtOnce) {
  RowMajor jacobian(2, 3);
  jacobian << 1, 2, 0.5, -1, 0.3, 2;
  const Eigen::MatrixXd all = least_norm(jacobian, Vector::Ones(3), 0, Eigen::Matrix2d::Identity());
  const Eigen::MatrixXd damped = least_norm(jacobian, Vector::Ones(3), 0.5, Eigen::Matrix2d::Identity());
  EXPECT_LT((jacobian * all - Eigen::Matrix2d::Identity()).norm(), 1e-14);
  for (Eigen::Index k = 0; k < 2; ++k) {
    const Vector e = Vector::Unit(2, k);
    EXPECT_LT((all.col(k) - least_norm(jacobian, Vector::Ones(3), 0, e)).norm(), 1e-15);
    EXPECT_LT((damped.col(k) - least_norm(jacobian, Vector::Ones(3), 0.5, e)).norm(), 1e-15);
  }
}

TEST(LeastNorm, OfARankDeficientJacobianLeavesTheUnreachableErrorAlone) {
  RowMajor jacobian(2, 3);
  jacobian << 1, 2, 2, 1, 2, 2;
  // only the mean of the two errors can be reached: J x = (2, 2), x ∝ (1, 2, 2)
  const Vector x = least_norm(jacobian, Vector::Ones(3), 0, Eigen::Vector2d(1, 3));
  EXPECT_LT((x - Eigen::Vector3d(1, 2, 2) * (2.0 / 9)).norm(), 1e-13);
  EXPECT_LT(least_norm(RowMajor::Zero(2, 3), Vector::Ones(3), 0, Eigen::Vector2d(1, 3)).norm(), 1e-300);
}

struct Measured {
  Toy toy = make_toy({.units = {5, 7, 6, 3}, .hidden = Activation::tanh, .batch = 17});
  Bench<double> bench{toy};
  Measured() { bench.run("backprop"); }
  const BatchState<double>& state() { return bench.minibatch().state(); }
};

TEST(LeastNorm, ReachesTheErrorWithAChangeInTheRowSpace) {
  Measured measured;
  const SampleJacobian<double> jacobian(measured.bench.network());
  for (const std::size_t row : {0u, 16u}) {
    const RowMajor j = jacobian.at(measured.state(), row);
    const Vector e = Eigen::Vector3d(0.3, -1, 0.2);
    const Vector x = least_norm(j, Vector::Ones(j.cols()), 0, e);
    EXPECT_LT((j * x - e).norm(), 1e-12);
    // orthogonal to everything that does not move the output, hence the smallest
    const Eigen::FullPivHouseholderQR<Eigen::MatrixXd> qr(j.transpose());
    const Eigen::MatrixXd basis = qr.matrixQ();
    EXPECT_LT((basis.rightCols(j.cols() - 3).transpose() * x).norm(), 1e-12);
    EXPECT_GT(x.norm(), 0.1);
  }
}

// The output with one weight of a layer moved; a bias where there is no such input.
Vector output_with(Measured& measured, std::size_t layer, std::size_t out, std::size_t in, double step,
                   std::size_t row) {
  auto& w = measured.bench.network().weights(layer);
  const auto move = [&](double by) {
    in == w.n_in() ? void(w.bias()[out] += by) : w.set(out, in, w.get(out, in) + by);
  };
  move(step);
  measured.bench.minibatch().predict(measured.toy.batch, ToySource<double>(measured.toy));
  move(-step);
  const double* r = measured.state().rate[3].data() + row * row_stride<double>(3);
  return Eigen::Map<const Eigen::Vector3d>(r);
}

TEST(LeastNorm, WithPresynapticLengthsIsThePseudoInverseOfTheWeightsJacobian) {
  Measured measured;
  constexpr std::size_t kRow = 16;
  const SampleJacobian<double> jacobian(measured.bench.network());
  const RowMajor j = jacobian.at(measured.state(), kRow);
  const Vector c = jacobian.presynaptic_lengths(measured.state(), kRow);
  const Vector e = Eigen::Vector3d(0.3, -1, 0.2);
  std::vector<Vector> rates;  // r_{i−1}, with the 1 of the bias
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t n = measured.toy.spec.units[i];
    Vector r(n + 1);
    for (std::size_t k = 0; k < n; ++k)
      r[static_cast<Eigen::Index>(k)] = measured.state().rate[i][kRow * row_stride<double>(n) + k];
    r[static_cast<Eigen::Index>(n)] = 1;
    rates.push_back(r);
  }

  // J_W by differences, column by column, beside the changes of the same weights
  for (const double damping : {0.0, 0.1}) {
    const Vector x = least_norm(j, c, damping, e);
    std::vector<Vector> columns;
    std::vector<double> ours;
    for (std::size_t layer = 1; layer <= 3; ++layer) {
      const auto& w = measured.bench.network().weights(layer);
      for (std::size_t out = 0; out < w.n_out(); ++out) {
        for (std::size_t in = 0; in <= w.n_in(); ++in) {
          constexpr double kStep = 1e-5;
          columns.push_back((output_with(measured, layer, out, in, kStep, kRow) -
                             output_with(measured, layer, out, in, -kStep, kRow)) /
                            (2 * kStep));
          ours.push_back(x[jacobian.first_unit(layer) + static_cast<Eigen::Index>(out)] *
                         rates[layer - 1][static_cast<Eigen::Index>(in)]);
        }
      }
    }
    Eigen::MatrixXd weights_jacobian(3, columns.size());
    for (std::size_t k = 0; k < columns.size(); ++k)
      weights_jacobian.col(static_cast<Eigen::Index>(k)) = columns[k];
    const Eigen::MatrixXd gram =
        weights_jacobian * weights_jacobian.transpose() + damping * Eigen::MatrixXd::Identity(3, 3);
    const Vector theirs = weights_jacobian.transpose() * gram.inverse() * e;
    const Vector mine = Eigen::Map<const Vector>(ours.data(), static_cast<Eigen::Index>(ours.size()));
    EXPECT_LT((mine - theirs).norm() / theirs.norm(), 1e-8) << damping;
  }
}

// min ‖J C½ y − e‖² + γ ‖y‖² with x = C½ y, as one stacked system that is decomposed orthogonally.
Vector by_least_squares(const RowMajor& j, const Vector& c, double damping, const Vector& e) {
  const RowMajor scaled = j * c.cwiseSqrt().asDiagonal();
  Eigen::MatrixXd stacked = Eigen::MatrixXd::Zero(j.rows() + j.cols(), j.cols());
  stacked << scaled, std::sqrt(damping) * Eigen::MatrixXd::Identity(j.cols(), j.cols());
  Vector right = Vector::Zero(stacked.rows());
  right.head(e.size()) = e;
  const Vector y = stacked.completeOrthogonalDecomposition().solve(right);
  return y.cwiseQuotient(c.cwiseSqrt());  // Jᵀ z, where x of the system is C Jᵀ z
}

TEST(LeastNorm, IsTheSameByWayOfTheLastHiddenLayerOfAWideLinearOutput) {
  for (const auto& units : {std::vector<std::size_t>{5, 7, 6, 60}, {4, 9, 51}}) {
    const Toy toy = make_toy({.units = units,
                              .hidden = Activation::tanh,
                              .loss = Loss::half_squared_error,
                              .batch = 5,
                              .regression = true});
    Bench<double> bench(toy);
    bench.run("backprop");
    const auto& state = bench.minibatch().state();
    const LeastNormSteps<double> steps(bench.network());
    const SampleJacobian<double>& jacobian = steps.jacobian();
    const Vector e = Vector::LinSpaced(jacobian.outputs(), -1, 2).array().sin();
    for (const std::size_t row : {0u, 4u}) {
      const RowMajor j = jacobian.at(state, row);
      for (const Vector& c : {Vector(Vector::Ones(j.cols())), jacobian.presynaptic_lengths(state, row)}) {
        for (const double damping : {0.0, 1e-3, 1.0, 50.0}) {
          const Vector x = steps.of(state, row, c, damping, e), expected = by_least_squares(j, c, damping, e);
          EXPECT_LT((x - expected).norm(), 1e-11 * expected.norm()) << damping << ", row " << row;
          EXPECT_GT(x.head(units[1]).norm(), 1e-3 * expected.norm()) << damping;
        }
      }
    }
  }
}

// The last state of every sample that an observer sees.
class LastState final : public Observer<double> {
 public:
  explicit LastState(const Network<double>& network) : network_(network), v(network.depth() + 1) {}
  void state(std::int64_t, const TileState<double>& tile) override {
    for (std::size_t i = 1; i <= network_.depth(); ++i) {
      const std::size_t stride = tile.layer[i].stride;
      v[i].resize(std::max(v[i].size(), (tile.first_row + tile.rows) * stride));
      std::copy_n(tile.layer[i].v, tile.rows * stride,
                  v[i].begin() + static_cast<std::ptrdiff_t>(tile.first_row * stride));
    }
  }

 private:
  const Network<double>& network_;

 public:
  std::vector<Numbers> v;
};

TEST(ControlledState, IsTheLastOneOfEverySampleAndOnlyKeptOnRequest) {
  const Toy toy = make_toy({.batch = 19});
  for (const char* rule : {"dfc", "dfc-ss", "dfc-ssa"}) {
    Bench<double> bench(toy, rule);
    LastState last(bench.network());
    bench.minibatch().set_observer(&last);
    const Overrides settings = {{"include_non_converged", true}, {"steps", std::int64_t{30}}};
    const bool simulated = std::string(rule) != "dfc-ssa";
    bench.run(rule, simulated ? settings : Overrides{});
    EXPECT_TRUE(bench.minibatch().state().controlled_v.empty());
    bench.minibatch().keep_controlled(true);
    bench.run(rule, simulated ? settings : Overrides{});
    const auto& state = bench.minibatch().state();
    EXPECT_EQ(std::count(state.controlled.begin(), state.controlled.end(), 1), 19) << rule;
    double largest = 0;
    for (std::size_t i = 1; i <= 3; ++i) {
      for (std::size_t k = 0; k < last.v[i].size(); ++k) {
        ASSERT_EQ(state.controlled_v[i][k], last.v[i][k]) << rule << ", layer " << i;
        largest = std::max(largest, std::abs(last.v[i][k]));
      }
    }
    EXPECT_GT(largest, 1e-6) << rule;
    bench.run("backprop");
    EXPECT_EQ(std::count(state.controlled.begin(), state.controlled.end(), 1), 0) << rule;
  }
}

}  // namespace
}  // namespace apical
