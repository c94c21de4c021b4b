// The comparison of solved with simulated settling, in its short form: three seeds on a few digits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apical/published_figure.h"
#include "io/temporary_directory.h"

namespace apical {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(SolvedSettling, ComparesThreeSeedsAndCountsWhatWasSolvedFor) {
  const TemporaryDirectory here;
  FigureTask task;
  task.folder = here / "figure";
  task.recipes = fs::path(APICAL_SOURCE) / "recipes";
  task.quick = true;
  const auto& figures = published_figures();
  const auto figure = std::find_if(figures.begin(), figures.end(), [](const PublishedFigure& one) {
    return one.id == "dfc2021/solved-settling";
  });
  ASSERT_NE(figure, figures.end());
  const FigureOutcome outcome = reproduce_figure(*figure, task, here / "results");
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

}  // namespace
}  // namespace apical
