// Published results from the command line, on a paper of our own with one tiny cell.
#include "command_test.h"

namespace apical {
namespace {

class Reproduce : public CommandTest {
 protected:
  Reproduce() {
    fs::create_directories(here() / "recipes/paper/table/digits/quick");
    spill(here() / "recipes/paper/table/digits/tiny.toml",
          kTinyRecipe +
              "[recipe.published]\nmetric = \"test_error\"\nvalue = 0.5\nsd = 0.1\ntolerance = 0.4\nseeds = "
              "5\n");
    spill(here() / "recipes/paper/table/digits/quick/tiny.toml",
          "extends = \"../tiny.toml\"\n[recipe.published]\nmetric = \"train_loss\"\nvalue = 2\ntolerance = "
          "1\n");
  }
};

TEST_F(Reproduce, WithoutAWordListsWhatThereIsAndWhatWasMeasured) {
  const auto json = parsed(run({"reproduce", "--json"}));
  ASSERT_EQ(json["rows"].size(), 1u);
  EXPECT_EQ(json["rows"][0]["result"], "paper/table/digits/tiny");
  EXPECT_EQ(json["rows"][0]["published"], "50.00 ± 10.00 %");
  EXPECT_EQ(json["rows"][0]["verdict"], "not run");
}

TEST_F(Reproduce, StopsAfterSoManyEpochsAndGoesOnToAVerdict) {
  const auto part = parsed(run({"reproduce", "paper/table", "--epochs", "1", "--seeds", "3", "--json"}));
  EXPECT_EQ(part["rows"][0]["verdict"], "partial");
  EXPECT_EQ(part["rows"][0]["epochs"], "1 of 2");
  const auto whole = run({"reproduce", "paper/table/digits/tiny", "--seeds", "3"});
  EXPECT_EQ(whole.code, 0) << whole.err;
  EXPECT_THAT(whole.err, HasSubstr("goes on with"));
  EXPECT_TRUE(fs::exists(here() / "runs/reproduce/paper-table-digits-tiny-test-error.svg"));
  const auto listed = parsed(run({"reproduce", "--json"}));
  EXPECT_EQ(listed["rows"][0]["seeds"], 3);
  EXPECT_EQ(listed["rows"][0]["epochs"], "2 of 2");
  EXPECT_THAT(listed["rows"][0]["verdict"].get<std::string>(),
              testing::AnyOf("reproduced", "inconclusive", "different"));
}

TEST_F(Reproduce, TakesOverWhatRunsOfTrainHaveReached) {
  EXPECT_EQ(run({"train", "recipes/paper/table/digits/tiny.toml"}).code, 0);
  const auto json = parsed(run({"reproduce", "paper/table", "--collect", "--json"}));
  EXPECT_EQ(json["rows"][0]["verdict"], "too few");
  EXPECT_EQ(json["rows"][0]["seeds"], 1);
}

TEST_F(Reproduce, QuickSaysWhetherTheShortFormLiesInItsBand) {
  const auto inside = run({"reproduce", "paper/table", "--quick"});
  EXPECT_EQ(inside.code, 0) << inside.err << inside.out;
  EXPECT_THAT(inside.out, HasSubstr("inside"));
  spill(here() / "recipes/paper/table/digits/quick/tiny.toml",
        "extends = \"../tiny.toml\"\n[recipe.published]\nmetric = \"train_loss\"\nvalue = 0.01\ntolerance = "
        "0.001\n");
  const auto outside = run({"reproduce", "paper/table", "--quick"});
  EXPECT_EQ(outside.code, 1);
  EXPECT_THAT(outside.out, HasSubstr("outside"));
}

TEST_F(Reproduce, WritesThePageOfResultsAndPrintsRecipes) {
  EXPECT_EQ(run({"reproduce", "--write-docs", "page.md"}).code, 0);
  EXPECT_THAT(slurp(here() / "page.md"), HasSubstr("## paper/table/digits\n"));
  EXPECT_THAT(slurp(here() / "page.md"), HasSubstr("\n| tiny |"));
  EXPECT_THAT(run({"reproduce", "paper/table", "--print-recipe"}).out, HasSubstr("epochs = 2"));
}

TEST_F(Reproduce, AsksForFiguresOfAColumnAndRefusesToCutWhatRunsAsAWhole) {
  const auto whole = run({"reproduce", "dfc2021/fig2", "--epochs", "3"});
  EXPECT_EQ(whole.code, 2);
  EXPECT_THAT(whole.err, HasSubstr("--epochs: dfc2021/fig2 runs as a whole"));
  const auto column = run({"reproduce", "dfc2021/alignment", "--column", "mnist-fixd"});
  EXPECT_EQ(column.code, 2);
  EXPECT_THAT(column.err, HasSubstr("Did you mean 'mnist-fixed'?"));
  const auto row = run({"reproduce", "dfc2021/fig3", "--row", "dfc-sss", "--quick"});
  EXPECT_EQ(row.code, 2);
  EXPECT_THAT(row.err, HasSubstr("Did you mean 'dfc-ss'?"));
}

TEST_F(Reproduce, AnswersUnknownNamesWithTheNearest) {
  const auto table = run({"reproduce", "paper/tabel"});
  EXPECT_EQ(table.code, 2);
  EXPECT_THAT(table.err, HasSubstr("Did you mean 'paper/table'?"));
  EXPECT_THAT(run({"reproduce", "dfc2021/alignmnt"}).err, HasSubstr("Did you mean 'dfc2021/alignment'?"));
  EXPECT_THAT(run({"reproduce", "dfc2021/figs5"}).err, HasSubstr("Did you mean 'dfc2021/figs"));
  EXPECT_THAT(run({"reproduce", "paper/table", "--row", "tinny"}).err, HasSubstr("choice is 'tiny'"));
  EXPECT_EQ(run({"reproduce", "--recipes", "nowhere"}).code, 2);
}

}  // namespace
}  // namespace apical
