// docs/results.md and the pages of the rules say what recipes/results says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apical/reproduction.h"
#include "io/temporary_directory.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

TEST(ResultsPage, IsThatOfTheResults) {
  const fs::path source = APICAL_SOURCE;
  const std::string page = results_page(published_cells(source / "recipes"), source / "recipes/results");
  EXPECT_EQ(page, slurp(source / "docs/results.md"))
      << "Write it anew: apical reproduce --write-docs docs/results.md";
}

TEST(RulePages, GiveWhatWasMeasuredOnMnistInFull) {
  const fs::path source = APICAL_SOURCE;
  int judged_cells = 0;
  for (const PublishedCell& cell : published_cells(source / "recipes")) {
    if (!cell.id.starts_with("dfc2021/table1/mnist/")) continue;
    const Judgement judged = judge(cell, load_results(source / "recipes/results", cell.id));
    if (judged.agreement == Agreement::not_run || judged.agreement == Agreement::partial) continue;
    ++judged_cells;
    EXPECT_THAT(
        slurp(source / "docs/rules" / (cell.recipe.rule + ".md")),
        ::testing::HasSubstr(quantity(cell.recipe.published.metric, judged.ours.mean, judged.ours.sd)))
        << cell.id;
  }
  EXPECT_GE(judged_cells, 4);
}

}  // namespace
}  // namespace apical
