// The short forms of Table 1: each rule ends in the band of an independent program, and what does not assign credit does not.
#include <gtest/gtest.h>

#include <cmath>

#include "apical/reproduction.h"
#include "io/temporary_directory.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

const fs::path kRecipes = fs::path(APICAL_SOURCE) / "recipes";

class Quick : public ::testing::TestWithParam<const char*> {
 protected:
  static Recipe short_form() {
    return quick_recipe(
        chosen_cells(published_cells(kRecipes), {"dfc2021/table1", "mnist", GetParam()}).at(0));
  }
  // The published metric of one run.
  double reached(const Recipe& recipe) const {
    TrainingOptions options;
    options.runs = directory_.path();
    const TrainingResult result = train(recipe, 42, options);
    return seed_result(result.directory, recipe.published).value;
  }
  TemporaryDirectory directory_;
};

TEST_P(Quick, LiesInTheBandOfTheIndependentProgram) {
  const Recipe recipe = short_form();
  EXPECT_EQ(recipe.published.metric, "train_loss");
  EXPECT_GT(recipe.published.tolerance, 0);
  EXPECT_LE(std::abs(reached(recipe) - recipe.published.value), recipe.published.tolerance);
}

TEST_P(Quick, DoesNotWithAReadOutAlone) {
  Recipe recipe = short_form();
  recipe.set_rule("shallow", true);
  std::erase_if(recipe.optimizers, [](const auto& optimizer) { return optimizer.first != "forward"; });
  EXPECT_GT(std::abs(reached(recipe) - recipe.published.value), recipe.published.tolerance);
}

// A negative rate is what no recipe may say: every update with the wrong sign.
TEST_P(Quick, DoesNotWithTheSignOfTheUpdateFlipped) {
  Recipe recipe = short_form();
  double& rate = recipe.optimizers.at("forward").learning_rate;
  rate = -rate;
  const double flipped = reached(recipe);
  EXPECT_FALSE(std::abs(flipped - recipe.published.value) <= recipe.published.tolerance) << flipped;
}

INSTANTIATE_TEST_SUITE_P(Table1, Quick,
                         ::testing::Values("bp", "dfa", "dfc-ssa-fixed", "dfc-ss-fixed", "dfc-fixed",
                                           "dfc-ssa", "dfc-ss"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace apical
