#include "reproduction/fig2.h"

#include "figure_folder.h"

namespace apical {
namespace {

TEST(Fig2, ShowsAWideSetOfFeedbackThatControls) {
  const FigureFolder folder;
  const FigureOutcome outcome = make_fig2(folder.quick());
  expect_all_shown(outcome);
  expect_files(outcome, folder, "fig2");
}

TEST(Fig2, HoldsUnitVectorsAndTheSameOnesForTheSameSeed) {
  const FeedbackSets sets = feedback_sets(50, 42), again = feedback_sets(50, 42),
                     other = feedback_sets(50, 43);
  for (Eigen::Index i = 0; i < sets.random.rows(); ++i) EXPECT_NEAR(sets.random.row(i).norm(), 1, 1e-12);
  EXPECT_EQ(sets.random, again.random);
  EXPECT_NE(sets.random, other.random);
  EXPECT_EQ(sets.damped.rows(), 100);
  EXPECT_DOUBLE_EQ(sets.dampings.front(), 1e-5);
  EXPECT_DOUBLE_EQ(sets.dampings.back(), 100);
  // J J⁺ is a multiple of the identity
  Eigen::MatrixXd inverse(sets.jacobian.cols(), sets.jacobian.rows());
  for (Eigen::Index i = 0; i < inverse.size(); ++i)
    inverse(i / inverse.cols(), i % inverse.cols()) = sets.inverse(i);
  const Eigen::MatrixXd product = sets.jacobian * inverse;
  EXPECT_NEAR(product(0, 1), 0, 1e-12);
  EXPECT_NEAR(product(1, 0), 0, 1e-12);
  EXPECT_NEAR(product(0, 0), product(1, 1), 1e-12);
}

// Feedback weights without the structure that the figure speaks of.
TEST(Fig2Claims, FailForRandomWeightsAndForThoseThatHugTheFamily) {
  FeedbackSets random = feedback_sets(200, 42);
  random.random = Eigen::MatrixXd::Random(random.random.rows(), random.random.cols()).rowwise().normalized();
  EXPECT_FALSE(claims_of(random)[2].shown) << "fixed random Q does not lie in the row space of J";
  FeedbackSets near = feedback_sets(200, 42);
  for (Eigen::Index i = 0; i < near.random.rows(); ++i)
    near.random.row(i) = near.damped.row(i % near.damped.rows());
  EXPECT_FALSE(claims_of(near)[0].shown);
  FeedbackSets elsewhere = feedback_sets(200, 42);
  elsewhere.damped = elsewhere.random.topRows(100);
  EXPECT_FALSE(claims_of(elsewhere)[1].shown);
}

}  // namespace
}  // namespace apical
