// Recipes of the papers after Deep Feedback Control: the numbers of Strong-DFC's repository, and that every one runs.
#include <gtest/gtest.h>

#include <algorithm>

#include "apical/reproduction.h"
#include "io/temporary_directory.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

const fs::path kRecipes = fs::path(APICAL_SOURCE) / "recipes";

// Test accuracy in per cent, rates of the forward weights and of the feedback weights before and in training, α, class.
struct Row {
  const char *column, *row;
  double accuracy, rate, before, feedback, alpha, true_class;
};
const Row kRows[] = {{"mnist", "bp", 98.17, 0.002, 0, 0, 0, 0},
                     {"mnist", "dfc", 97.80, 0.0010924329072635147, 0.0001524121535306385,
                      4.348352883654314e-05, 0.0017723664900917734, 0},
                     {"mnist", "strong-dfc", 97.72, 0.0003095880739373081, 4.5160347135162454e-07,
                      2.0091405897656825e-08, 7.608673370995652e-06, 0.99},
                     {"mnist", "strong-dfc-two-phase", 97.75, 0.0006560184719951886, 0.0002730319014715041,
                      9.776610079269425e-06, 0.008082122141749502, 0.9},
                     {"fashion-mnist", "bp", 89.40, 0.0004, 0, 0, 0, 0},
                     {"fashion-mnist", "dfc", 88.70, 0.0010672718162774038, 0.00034156927968192547,
                      4.3780877225194805e-05, 0.000451125353657906, 0},
                     {"fashion-mnist", "strong-dfc", 87.26, 0.0009531990715839369, 3.431924248095537e-07,
                      2.286529865070366e-08, 7.6370562381715e-05, 0.99},
                     {"fashion-mnist", "strong-dfc-two-phase", 87.22, 0.0011969828175078612,
                      0.00042756758315276166, 1.587623302238223e-05, 0.0013123372965380246, 0.999}};

TEST(StrongDfcRecipes, SayWhatTheAuthorsCommandsSay) {
  const auto cells = published_cells(kRecipes);
  EXPECT_EQ(chosen_cells(cells, {"strong2022/accuracy", "", ""}).size(), std::size(kRows));
  for (const Row& row : kRows) {
    const PublishedCell cell = chosen_cells(cells, {"strong2022/accuracy", row.column, row.row}).at(0);
    const Recipe recipe = resolve_recipe(cell.recipe);
    EXPECT_NEAR(recipe.published.value, 1 - row.accuracy / 100, 1e-12) << cell.id;
    EXPECT_EQ(recipe.published.metric, "test_error");
    EXPECT_EQ(recipe.published.seeds, 1) << "one accuracy, no spread";
    EXPECT_GT(recipe.published.tolerance, 0);
    EXPECT_EQ(recipe.network.layers, (std::vector<std::int64_t>{784, 256, 256, 256, 10})) << cell.id;
    EXPECT_EQ(recipe.training.epochs, 40);
    EXPECT_EQ(recipe.optimizers.at("forward").learning_rate, row.rate) << cell.id;
    EXPECT_EQ(recipe.optimizers.at("forward").clip_norm, 1);
    if (row.feedback == 0) continue;
    EXPECT_EQ(recipe.optimizers.at("feedback-pretraining").learning_rate, row.before) << cell.id;
    EXPECT_EQ(recipe.optimizers.at("feedback").learning_rate, row.feedback) << cell.id;
    const auto said = [&](const char* key) {
      return std::get<double>(recipe.rule_settings.find(key)->value);
    };
    EXPECT_EQ(said("alpha"), row.alpha) << cell.id;
    EXPECT_EQ(said("k_p"), 2.0) << cell.id;
    if (row.true_class > 0) {
      EXPECT_EQ(said("true_class"), row.true_class) << cell.id;
    }
  }
}

std::vector<fs::path> recipes_of(const char* folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(kRecipes / folder)) {
    if (entry.path().extension() == ".toml" && entry.path().parent_path().filename() != "base")
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// One epoch of each on a few digits and a small net, everything else as published.
TEST(RecipesOfLaterPapers, EachIsNamedAsItsFileAndTrains) {
  std::vector<fs::path> files = recipes_of("strong2022");
  for (const fs::path& file : recipes_of("lcp2022")) files.push_back(file);
  ASSERT_EQ(files.size(), 13u);
  for (const fs::path& file : files) {
    Recipe recipe = load_recipe(file);
    EXPECT_EQ(recipe.info.name, file.lexically_relative(kRecipes).replace_extension().generic_string());
    EXPECT_FALSE(recipe.info.source.empty()) << file;
    EXPECT_EQ(parse_recipe(resolve_recipe(recipe).to_toml(), "printed"), resolve_recipe(recipe)) << file;
    recipe.problem.data = "digits";
    recipe.problem.training_samples = 32;
    recipe.problem.validation = 0;
    recipe.problem.batch_size = 16;
    recipe.network.layers = {0, 16, 16, 0};
    recipe.training.epochs = 1;
    if (recipe.rule_settings.find("pretraining_epochs") != nullptr) recipe.set("rule.pretraining_epochs=1");
    const TemporaryDirectory directory;
    TrainingOptions options;
    options.runs = directory.path();
    const TrainingResult result = train(recipe, 42, options);
    EXPECT_EQ(result.end, TrainingEnd::finished) << file;
    EXPECT_LT(result.test_error, 1) << file;
  }
}

}  // namespace
}  // namespace apical
