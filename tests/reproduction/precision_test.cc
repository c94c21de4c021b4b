// The figure about number types, in its short form: files, and claims against a long double program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apical/published_figure.h"
#include "io/temporary_directory.h"

namespace apical {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const PublishedFigure& figure_named(const std::string& id) {
  for (const PublishedFigure& figure : published_figures()) {
    if (figure.id == id) return figure;
  }
  throw std::runtime_error("no figure " + id);
}

TEST(PrecisionFigure, ShowsThatDeviationsKeepWhatPlainFloat32Loses) {
  const TemporaryDirectory here;
  FigureTask task;
  task.folder = here / "figure";
  task.recipes = fs::path(APICAL_SOURCE) / "recipes";
  task.quick = true;
  const FigureOutcome outcome = reproduce_figure(figure_named("dfc2021/precision"), task, here / "results");
  ASSERT_EQ(outcome.claims.size(), 3u);
  EXPECT_TRUE(outcome.claims[0].shown) << outcome.claims[0].ours;
  EXPECT_TRUE(outcome.claims[1].shown) << outcome.claims[1].ours;
  for (const fs::path& file : outcome.files) EXPECT_GT(fs::file_size(file), 100u) << file;
  EXPECT_THAT(slurp(task.folder / "precision.csv"), HasSubstr("epoch,training_loss,float64_deviation"));
  // a short form is no result
  EXPECT_FALSE(fs::exists(here / "results"));
}

TEST(FigureResult, IsReadBackAsItWasKept) {
  const TemporaryDirectory here;
  const PublishedFigure made_up{
      "paper/fig9", "a title", "a sentence", [](const FigureTask&) {
        return FigureOutcome{.claims = {{"it rises", "by 3", true}, {"it falls", "no", false}}};
      }};
  FigureTask task;
  task.folder = here / "figure";
  reproduce_figure(made_up, task, here / "results");
  const FigureResult back = load_figure_result(here / "results", "paper/fig9");
  ASSERT_EQ(back.claims.size(), 2u);
  EXPECT_EQ(back.claims[0].ours, "by 3");
  EXPECT_TRUE(back.claims[0].shown);
  EXPECT_FALSE(back.claims[1].shown);
  EXPECT_EQ(back.date.size(), 10u);
}

}  // namespace
}  // namespace apical
