// The answers of the output to the control, by the layer at which it enters, against the products of matrices that define them.
#include "network/control_paths.h"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <random>
#include <vector>

#include "kernels/kernels.h"

namespace apical {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T>
class Answers {
 public:
  explicit Answers(const std::vector<std::size_t>& units)
      : spec_{.units = units, .activations = std::vector<Activation>(units.size() - 1, Activation::tanh)},
        network_(spec_,
                 {{.name = "feedback", .wiring = Wiring::direct_feedback, .initialiser = "xavier-normal"}},
                 7) {}

  // The largest difference over all paths, entries and samples.
  double worst(std::size_t samples) {
    std::mt19937 generator(3);
    std::uniform_real_distribution<double> uniform(0.1, 1);
    const std::size_t depth = spec_.depth();
    std::vector<std::vector<T>> slopes(depth + 1);
    std::vector<const T*> rows(depth + 1);
    for (std::size_t i = 1; i <= depth; ++i) {
      slopes[i].resize(samples * row_stride<T>(spec_.units[i]));
      for (T& slope : slopes[i]) slope = static_cast<T>(uniform(generator));
      rows[i] = slopes[i].data();
    }
    Arena<T> arena;
    ControlPaths<T> paths(network_, arena);
    paths.form(rows.data(), samples);
    double worst = 0;
    std::vector<double> got(samples);
    for (std::size_t s = 0; s < samples; ++s) {
      const auto slope = [&](std::size_t i) {
        const T* from = rows[i] + s * row_stride<T>(spec_.units[i]);
        return Eigen::Map<const Eigen::VectorX<T>>(from, static_cast<Eigen::Index>(spec_.units[i]))
            .template cast<double>();
      };
      Matrix above = slope(depth).asDiagonal().toDenseMatrix();  // dr_L/dv_i
      for (std::size_t i = depth; i >= 1; --i) {
        const Matrix c = above * matrix(network_.weights("feedback", i));
        for (Eigen::Index output = 0; output < c.rows(); ++output) {
          for (Eigen::Index control = 0; control < c.cols(); ++control) {
            paths.copy(depth - i + 1, static_cast<std::size_t>(output), static_cast<std::size_t>(control), 0,
                       samples, got.data());
            const double apart = std::abs(got[s] - c(output, control));
            worst = std::isnan(apart) ? apart : std::max(worst, apart);
            if (std::isnan(worst)) return worst;
          }
        }
        if (i > 1) above = (above * matrix(network_.weights(i)) * slope(i - 1).asDiagonal()).eval();
      }
    }
    return worst;
  }

 private:
  static Matrix matrix(const WeightMatrix<T>& w) {
    const std::vector<double> values = w.values();
    return Eigen::Map<const Matrix>(values.data(), static_cast<Eigen::Index>(w.n_out()),
                                    static_cast<Eigen::Index>(w.n_in()));
  }

  NetworkSpec spec_;
  Network<T> network_;
};

// Layers of more and fewer units than a panel, outputs whose lanes begin in the middle of one, and every number of samples.
TEST(ControlPaths, AreTheProductsOfSlopesAndWeightsOnEveryInstructionSet) {
  for (const std::string& name : available_kernels()) {
    use_kernels(name);
    for (const auto& units :
         {std::vector<std::size_t>{3, 5}, {3, 70, 10}, {3, 33, 140, 7}, {3, 9, 40, 16, 3}}) {
      Answers<double> exact(units);
      Answers<float> rounded(units);
      for (std::size_t samples = 1; samples <= ControlPaths<double>::kMost; ++samples) {
        EXPECT_LE(exact.worst(samples), 1e-13) << name << " " << units.size() << " " << samples;
        EXPECT_LE(rounded.worst(samples), 1e-5) << name << " " << units.size() << " " << samples;
      }
    }
  }
  use_kernels("auto");
}

}  // namespace
}  // namespace apical
