// The recipes that come with Apical, and the page that describes their keys.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apical/recipe.h"
#include "temporary_directory.h"

namespace apical {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path kSource = APICAL_SOURCE;

std::vector<fs::path> recipes() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(kSource / "recipes")) {
    if (entry.path().extension() == ".toml") found.push_back(entry.path());
  }
  return found;
}

TEST(RecipeFiles, EveryOneLoadsIsNamedAsItsFileAndPrintsToAnEqualOne) {
  EXPECT_GE(recipes().size(), 6u);
  for (const auto& path : recipes()) {
    const Recipe recipe = load_recipe(path);
    EXPECT_EQ(recipe.info.name, path.stem().string());
    EXPECT_FALSE(recipe.info.summary.empty()) << path;
    EXPECT_EQ(parse_recipe(recipe.to_toml(), "printed"), recipe) << path;
  }
}

TEST(RecipeFiles, APublishedNumberHasASourceAndATolerance) {
  int published = 0;
  for (const auto& path : recipes()) {
    const Recipe recipe = load_recipe(path);
    if (recipe.published.metric.empty()) continue;
    ++published;
    EXPECT_FALSE(recipe.info.source.empty()) << path;
    EXPECT_GT(recipe.published.value, 0) << path;
    EXPECT_GT(recipe.published.tolerance, recipe.published.sd) << path;
    EXPECT_EQ(recipe.training.seeds.size(), 5u) << path;
  }
  EXPECT_GE(published, 5);
}

// Rate and target step as the authors' configuration files say them; their effective rate is the quotient.
TEST(RecipeFiles, TheMnistRatesAreTheAuthorsRateOverTheirTargetStep) {
  const std::vector<std::tuple<std::string, double, double>> configured = {
      {"mnist-backprop", 2.977645878e-07, 0.001},
      {"mnist-dfa", 2.629851796e-07, 0.001},
      {"mnist-dfc", 9.265965477e-05, 0.07794471151},
      {"mnist-dfc-ss", 9.265965477e-05, 0.07794471151},
      {"mnist-dfc-ssa", 9.265965477e-05, 0.07794471151}};
  for (const auto& [name, rate, target_step] : configured) {
    const Recipe recipe = load_recipe(kSource / "recipes" / (name + ".toml"));
    const OptimizerSettings& forward = recipe.optimizers.at("forward");
    EXPECT_NEAR(forward.learning_rate * target_step / rate, 1, 1e-9) << name;
    EXPECT_EQ(forward.beta1, 0.99) << name;
    EXPECT_EQ(forward.beta2, 0.99) << name;
    EXPECT_EQ(forward.weight_decay, 0) << name;
    EXPECT_EQ(recipe.rule, name.substr(6));
    EXPECT_EQ(recipe.problem.batch_size, 128) << name;
  }
}

TEST(RecipePage, DescribesEveryKeyAsTheSchemaDoes) {
  const std::string page = slurp(kSource / "docs/recipes.md");
  for (const auto& section : recipe_schema()) {
    EXPECT_THAT(page, HasSubstr("[" + section.name + "]"));
    for (const auto& p : section.parameters) {
      const std::string unit = p.unit.empty() ? "" : ", " + p.unit;
      EXPECT_THAT(page, HasSubstr(fmt::format("| `{}` | `{}` | {}{} | {} |\n", p.name, to_toml(p.fallback),
                                              p.requirement(), unit, p.meaning)));
    }
  }
}

}  // namespace
}  // namespace apical
