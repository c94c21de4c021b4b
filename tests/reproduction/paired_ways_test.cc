// Comparisons of networks trained in several ways, in their short form: three seeds on a few digits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apical/published_figure.h"
#include "apical/run.h"
#include "io/temporary_directory.h"

namespace apical {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// In its short form.
FigureOutcome quick(const std::string& id, const TemporaryDirectory& here, FigureTask& task) {
  task.folder = here / "figure";
  task.recipes = fs::path(APICAL_SOURCE) / "recipes";
  task.quick = true;
  const auto& figures = published_figures();
  const auto figure =
      std::find_if(figures.begin(), figures.end(), [&](const PublishedFigure& one) { return one.id == id; });
  EXPECT_NE(figure, figures.end());
  return reproduce_figure(*figure, task, here / "results");
}

TEST(SolvedSettling, ComparesThreeSeedsAndCountsWhatWasSolvedFor) {
  const TemporaryDirectory here;
  FigureTask task;
  const FigureOutcome outcome = quick("dfc2021/solved-settling", here, task);
  ASSERT_EQ(outcome.claims.size(), 3u);
  // three networks for each of two ways, 640 digits, two epochs
  EXPECT_EQ(outcome.claims[2].ours,
            "7680 of 7680 solved for with a certificate or to the tolerance, 0 simulated instead.");
  EXPECT_TRUE(outcome.claims[2].shown);
  const std::string table = slurp(task.folder / "solved-settling.csv");
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 10);
  for (const char* seed : {"42", "43", "44"}) {
    EXPECT_THAT(table, HasSubstr(std::string("solved,") + seed + ",2,"));
    EXPECT_THAT(table, HasSubstr(std::string("linear-response,") + seed + ",2,"));
    EXPECT_THAT(table, HasSubstr(std::string("simulated,") + seed + ",2,"));
  }
  for (const std::size_t claim : {0, 1}) EXPECT_THAT(outcome.claims[claim].ours, HasSubstr("after 2 epochs"));
}

TEST(RoundedFactors, TrainThreeSeedsInBothPrecisions) {
  const TemporaryDirectory here;
  FigureTask task;
  const FigureOutcome outcome = quick("dfc2021/bfloat16", here, task);
  ASSERT_EQ(outcome.claims.size(), 1u);
  EXPECT_THAT(outcome.claims[0].published, HasSubstr("test error of training in float32"));
  EXPECT_THAT(outcome.claims[0].ours, HasSubstr("after 2 epochs"));
  for (const char* seed : {"42", "43", "44"}) {
    for (const char* precision : {"bfloat16", "float32"}) {
      const RunManifest manifest =
          read_manifest(task.folder / "runs" / (std::string(precision) + "-" + seed));
      EXPECT_EQ(manifest.precision, precision);
      EXPECT_EQ(std::to_string(manifest.seed), seed);
    }
  }
}

}  // namespace
}  // namespace apical
