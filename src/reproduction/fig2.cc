#include "reproduction/fig2.h"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>

#include "core/median.h"
#include "core/philox.h"
#include "network/initialiser.h"
#include "probes/feedback.h"
#include "reproduction/density.h"
#include "reproduction/figure_files.h"
#include "reproduction/principal_plane.h"

namespace apical {
namespace {

using Eigen::MatrixXd;
using RowMajorXd = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr Eigen::Index kInputs = 5, kHidden = 2, kOutputs = 2;
constexpr std::size_t kDamped = 100;
constexpr std::size_t kGrid = 80;

MatrixXd weights(Eigen::Index n_out, Eigen::Index n_in, std::uint64_t seed, const char* name) {
  const auto values = initial_weights("xavier-normal", static_cast<std::size_t>(n_out),
                                      static_cast<std::size_t>(n_in), 1, seed, name, "fig2");
  return Eigen::Map<const RowMajorXd>(values.data(), n_out, n_in);
}

// J = ∂r_L/∂v at one input: [W₂ diag φ'(v₁), I].
MatrixXd jacobian_of_network(std::uint64_t seed) {
  const RandomStream stream(seed, "fig2 input");
  Eigen::VectorXd input(kInputs);
  for (Eigen::Index i = 0; i < kInputs; ++i) input(i) = stream.normal(static_cast<std::uint64_t>(i));
  const Eigen::ArrayXd r = (weights(kHidden, kInputs, seed, "W1") * input).array().tanh();
  MatrixXd jacobian(kOutputs, kHidden + kOutputs);
  jacobian << weights(kOutputs, kHidden, seed, "W2") * (1 - r * r).matrix().asDiagonal(),
      MatrixXd::Identity(kOutputs, kOutputs);
  return jacobian;
}

Eigen::RowVectorXd unit_row(const MatrixXd& q) {
  const RowMajorXd rows = q / q.norm();
  return Eigen::Map<const Eigen::RowVectorXd>(rows.data(), rows.size());
}

MatrixXd as_feedback(const Eigen::RowVectorXd& row, const MatrixXd& jacobian) {
  return Eigen::Map<const RowMajorXd>(row.data(), jacobian.cols(), jacobian.rows());
}

double least_real_eigenvalue(const MatrixXd& square) {
  return Eigen::EigenSolver<MatrixXd>(square, false).eigenvalues().real().minCoeff();
}

// Distance of each random Q from the nearest damped pseudo-inverse.
std::vector<double> distances_from_family(const FeedbackSets& sets) {
  std::vector<double> distances;
  for (Eigen::Index i = 0; i < sets.random.rows(); ++i)
    distances.push_back(
        std::sqrt((sets.damped.rowwise() - sets.random.row(i)).rowwise().squaredNorm().minCoeff()));
  std::sort(distances.begin(), distances.end());
  return distances;
}

report::PlotPoints cloud(const Eigen::MatrixX2d& points, std::string label, report::Look look, double size,
                         double opacity) {
  report::PlotPoints drawn{
      .label = std::move(label), .look = look, .x = {}, .y = {}, .size = size, .opacity = opacity};
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    drawn.x.push_back(points(i, 0));
    drawn.y.push_back(points(i, 1));
  }
  return drawn;
}

report::Plot plot_of(const FeedbackSets& sets, const PrincipalPlane& plane) {
  const Eigen::MatrixX2d random = plane.of(sets.random);
  report::PlotPanel panel;
  panel.title = "Feedback weights that control the network";
  panel.x_label = fmt::format("PC 1 ({:.0f} % of the variance)", 100 * plane.variance_share(0));
  panel.y_label = fmt::format("PC 2 ({:.0f} %)", 100 * plane.variance_share(1));
  panel.square = true;
  const DensityGrid grid = density_grid(random, kGrid);
  for (const int percent : {95, 75, 50, 25})
    panel.regions.push_back({.label = percent == 95 ? "density of Q: 95, 75, 50, 25 % lie inside" : "",
                             .colour = 0,
                             .outlines = contours(grid, level_enclosing(grid, percent / 100.0)),
                             .opacity = 0.13});
  panel.points = {cloud(random, "random admissible Q", {0, 0, 0}, 0.38, 0.55),
                  cloud(plane.of(sets.damped), "Jᵀ(JJᵀ + γI)⁻¹, γ from 1e-5 to 100", {5, 0, 0}, 0.7, 1),
                  cloud(plane.of(sets.inverse), "J⁺", {2, 0, 3}, 1.9, 1),
                  cloud(plane.of(sets.transpose), "Jᵀ", {1, 0, 1}, 1.7, 1)};
  return {.title = "Admissible feedback weights in the plane of their first two principal components",
          .description =
              "A broad cloud of random admissible Q; the damped pseudo-inverses are a short curve inside it, "
              "from J⁺ to Jᵀ.",
          .columns = 1,
          .width = 720,
          .height = 620,
          .panels = {panel}};
}

CsvTable numbers_of(const FeedbackSets& sets, const PrincipalPlane& plane) {
  CsvTable table({"kind", "gamma", "pc1", "pc2", "distance_from_family"});
  const auto add = [&](const char* kind, const Eigen::MatrixXd& rows, const std::vector<double>& dampings) {
    const Eigen::MatrixX2d points = plane.of(rows);
    for (Eigen::Index i = 0; i < rows.rows(); ++i) {
      const double distance =
          std::sqrt((sets.damped.rowwise() - rows.row(i)).rowwise().squaredNorm().minCoeff());
      table.row({kind, dampings.empty() ? NAN : dampings[static_cast<std::size_t>(i)], points(i, 0),
                 points(i, 1), distance});
    }
  };
  add("random", sets.random, {});
  add("damped", sets.damped, sets.dampings);
  add("pseudo-inverse", sets.inverse, {});
  add("transpose", sets.transpose, {});
  return table;
}

}  // namespace

FeedbackSets feedback_sets(std::size_t count, std::uint64_t seed) {
  FeedbackSets sets;
  sets.jacobian = jacobian_of_network(seed);
  const MatrixXd& j = sets.jacobian;
  const RandomStream stream(seed, "fig2 feedback");
  sets.random.resize(static_cast<Eigen::Index>(count), j.size());
  std::uint64_t drawn = 0;
  for (Eigen::Index i = 0; i < sets.random.rows();) {
    MatrixXd mixture(kOutputs, kOutputs);
    for (Eigen::Index k = 0; k < mixture.size(); ++k) mixture.data()[k] = stream.normal(drawn++);
    const MatrixXd q = j.transpose() * mixture;
    if (least_real_eigenvalue(j * q) >= 0) sets.random.row(i++) = unit_row(q);
  }
  const MatrixXd curvature = j * j.transpose();
  sets.damped.resize(kDamped, j.size());
  for (std::size_t i = 0; i < kDamped; ++i) {
    const double gamma = std::pow(10, -5 + 7 * static_cast<double>(i) / (kDamped - 1));
    sets.dampings.push_back(gamma);
    sets.damped.row(static_cast<Eigen::Index>(i)) =
        unit_row(j.transpose() * (curvature + gamma * MatrixXd::Identity(kOutputs, kOutputs)).inverse());
  }
  sets.inverse = unit_row(j.transpose() * curvature.inverse());
  sets.transpose = unit_row(j.transpose());
  return sets;
}

std::vector<FigureClaim> claims_of(const FeedbackSets& sets) {
  const double family = (sets.inverse - sets.transpose).norm();
  const auto distances = distances_from_family(sets);
  const auto beyond =
      static_cast<double>(distances.end() - std::upper_bound(distances.begin(), distances.end(), family));
  const double share = beyond / static_cast<double>(distances.size());

  double least_share = 1, least_eigenvalue = HUGE_VAL;
  for (const MatrixXd* rows : {&sets.random, &sets.damped}) {
    for (Eigen::Index i = 0; i < rows->rows(); ++i) {
      const MatrixXd q = as_feedback(rows->row(i), sets.jacobian);
      least_share = std::min(least_share, row_space_share(sets.jacobian, q));
      least_eigenvalue = std::min(least_eigenvalue, least_real_eigenvalue(sets.jacobian * q));
    }
  }
  const double from_inverse = (sets.damped.row(0) - sets.inverse).norm(),
               from_transpose = (sets.damped.row(sets.damped.rows() - 1) - sets.transpose).norm();
  return {
      {"Feedback weights that control the network fill a much larger set than Jᵀ, J⁺ and the damped "
       "pseudo-inverses between them.",
       fmt::format("{:.1f} % of {} random admissible Q lie farther from the nearest damped pseudo-inverse "
                   "than Jᵀ lies from J⁺ "
                   "(median {:.2f}, Jᵀ to J⁺ {:.2f}; shown if at least 90 %).",
                   100 * share, distances.size(), median(distances), family),
       share >= 0.9},
      {"The damped pseudo-inverses form a curve from J⁺ to Jᵀ.",
       fmt::format(
           "Its ends are {:.1g} from J⁺ and {:.1g} from Jᵀ (shown if below 5 % of the way between these).",
           from_inverse, from_transpose),
       from_inverse < 0.05 * family && from_transpose < 0.05 * family},
      {"All of these satisfy Condition 2 and give a controller that does not diverge.",
       fmt::format("Least ‖P_J Q‖/‖Q‖ is 1 − {:.0e}, least real part of an eigenvalue of J Q {:.2g}.",
                   std::abs(1 - least_share), least_eigenvalue),
       least_share > 1 - 1e-9 && least_eigenvalue >= -1e-12}};
}

FigureOutcome make_fig2(const FigureTask& task) {
  const FeedbackSets sets = feedback_sets(task.quick ? 300 : 2000, task.seed);
  Eigen::MatrixXd all(sets.random.rows() + sets.damped.rows() + 2, sets.random.cols());
  all << sets.random, sets.damped, sets.inverse, sets.transpose;
  const PrincipalPlane plane = principal_plane(all);
  FigureOutcome outcome;
  outcome.claims = claims_of(sets);
  write_plot(task, "fig2", plot_of(sets, plane), outcome);
  write_csv(task, "fig2", numbers_of(sets, plane), outcome);
  return outcome;
}

}  // namespace apical
