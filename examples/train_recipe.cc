// Trains a recipe from C++ and prints what came out:  train_recipe [RECIPE.toml] [section.key=value …]
#include <apical/error.h>
#include <apical/recipe.h>
#include <apical/training.h>

#include <cmath>
#include <cstdint>
#include <cstdio>

namespace {

constexpr char kRecipe[] = R"(
[recipe]
name = "from-cpp"

[problem]
data = "digits"
validation = 200
batch_size = 32

[network]
layers = [0, 64, 64, 0]

[rule]
id = "dfc-ssa"
pretraining_epochs = 2

[training]
epochs = 10
)";

int run(int argc, char** argv) {
  apical::Recipe recipe =
      argc > 1 ? apical::load_recipe(argv[1]) : apical::parse_recipe(kRecipe, "built-in recipe");
  for (int i = 2; i < argc; ++i) recipe.set(argv[i], "argument");

  apical::TrainingOptions options;
  options.progress = [](const apical::TrainingProgress& now) {
    std::fprintf(stderr, "\r%s  epoch %d of %d  loss %.3f ", now.pass.c_str(), static_cast<int>(now.epoch),
                 static_cast<int>(now.epochs), now.loss);
  };
  for (const std::int64_t seed : recipe.training.seeds) {
    const apical::TrainingResult result = apical::train(recipe, static_cast<std::uint64_t>(seed), options);
    std::printf("\n%s, seed %lld: ", recipe.rule.c_str(), static_cast<long long>(seed));
    if (!std::isnan(result.test_error)) std::printf("test error %.2f %%, ", 100 * result.test_error);
    std::printf("test loss %.4f, recorded in %s\n", result.test_loss, result.directory.c_str());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const apical::Error& mistake) {
    std::fprintf(stderr, "%s\n", mistake.what());
    return 2;
  }
}
