#include "apical/recipe.h"
#include "apical/run_index.h"
#include "command_test.h"
#include "kernels/kernels.h"

namespace apical {
namespace {

using Train = CommandTest;

TEST_F(Train, PrintsATableAndAPlotAndRecordsTheRun) {
  const auto done = run({"train", "tiny.toml"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("backprop"));
  EXPECT_THAT(done.out, HasSubstr("Test error"));
  EXPECT_THAT(done.out, HasSubstr("over epochs"));
  EXPECT_THAT(done.err, HasSubstr("Recording in runs/"));
  EXPECT_THAT(done.err, HasSubstr("loss"));
  ASSERT_EQ(RunIndex(here() / "runs").list().size(), 1u);
  const RunSummary recorded = RunIndex(here() / "runs").list().front();
  EXPECT_EQ(recorded.status, "finished");
  EXPECT_EQ(recorded.seed, 5);
  EXPECT_EQ(checkpoints_of(recorded.path).size(), 2u);
  EXPECT_EQ(read_manifest(recorded.path).command, (std::vector<std::string>{"apical", "train", "tiny.toml"}));
}

TEST_F(Train, JsonIsTheTableAlone) {
  const auto table = parsed(run({"train", "tiny.toml", "--json"}));
  ASSERT_EQ(table["rows"].size(), 1u);
  EXPECT_EQ(table["rows"][0]["rule"], "backprop");
  EXPECT_TRUE(table["rows"][0]["test_error"]["mean"].is_number());
}

TEST_F(Train, TakesRuleSeedsThreadsKernelsAndAssignmentsFromTheCommandLine) {
  const auto done = train(
      "here", {"--rule", "dfa", "--set", "training.epochs=1", "problem.batch_size=20",
               "--set=network.layers=0, 7, 0", "--seed", "9", "--threads", "2", "--kernels", "reference"});
  ASSERT_EQ(done.code, 0) << done.err;
  const RunManifest manifest = read_manifest(here() / "here");
  const Recipe recipe = parse_recipe(manifest.recipe, "manifest");
  EXPECT_EQ(manifest.rule, "dfa");
  EXPECT_EQ(manifest.seed, 9);
  EXPECT_EQ(manifest.threads, 2);
  EXPECT_EQ(manifest.kernels, "reference");
  EXPECT_EQ(recipe.training.epochs, 1);
  EXPECT_EQ(recipe.problem.batch_size, 20);
  EXPECT_EQ(recipe.network.layers, (std::vector<std::int64_t>{64, 7, 10}));
}

TEST_F(Train, SettlingStepsInBfloat16AreRecordedVerifiedAndNamedWhatMultiplies) {
  const std::vector<std::string> dfc = {"--rule", "dfc", "--set", "rule.steps=20", "training.epochs=1"};
  const auto trained = [&](const std::string& folder, const std::string& precision) {
    std::vector<std::string> words = dfc;
    words.push_back("training.precision=" + precision);
    const auto done = train(folder, words);
    EXPECT_EQ(done.code, 0) << done.err;
    return read_manifest(here() / folder);
  };
  const RunManifest rounded = trained("rounded", "bfloat16"), full = trained("full", "float32");
  EXPECT_EQ(rounded.precision, "bfloat16");
  EXPECT_EQ(full.kernels, available_kernels().front());
  const std::vector<std::string> kernels = available_kernels();
  const bool has_unit = std::find(kernels.begin(), kernels.end(), "AVX3_BF16") != kernels.end();
  EXPECT_EQ(rounded.kernels, has_unit ? "AVX3_BF16" : full.kernels);
  EXPECT_EQ(run({"verify", "rounded"}).code, 0);
  const auto weights = [&](const char* folder) { return slurp(checkpoints_of(here() / folder).back()); };
  EXPECT_NE(weights("rounded"), weights("full"));
  EXPECT_THAT(train("none", {"--set", "training.precision=bfloat16"}).err,
              HasSubstr("backprop takes no settling steps: precision = \"bfloat16\" is float32 for it."));
}

TEST_F(Train, SeveralSeedsAreOneRunEachAndOneRow) {
  const auto done = train("many", {"--seeds", "3", "--json"});
  const auto table = parsed(done);
  EXPECT_EQ(table["rows"][0]["test_error"]["n"], 3);
  for (const int seed : {5, 6, 7})
    EXPECT_EQ(read_manifest(here() / ("many/seed-" + std::to_string(seed))).seed, seed);
}

TEST_F(Train, PrintRecipeSaysEveryValueAndTrainsNothing) {
  const auto printed =
      run({"train", "tiny.toml", "--rule", "dfc", "--set", "rule.steps=77", "--print-recipe"});
  ASSERT_EQ(printed.code, 0) << printed.err;
  const Recipe recipe = parse_recipe(printed.out, "printed");
  EXPECT_EQ(recipe.rule, "dfc");
  EXPECT_THAT(printed.out, HasSubstr("steps = 77"));
  EXPECT_THAT(printed.out, HasSubstr("k_p = 2.0"));
  EXPECT_THAT(printed.out, HasSubstr("[optimizer.feedback]"));
  EXPECT_FALSE(fs::exists(here() / "runs"));
  spill(here() / "again.toml", printed.out);
  EXPECT_EQ(run({"train", "again.toml", "--print-recipe"}).out, printed.out);
}

TEST_F(Train, ARunElsewhereIsKnownToTheIndex) {
  ASSERT_EQ(run({"train", "tiny.toml"}).code, 0);
  ASSERT_EQ(train("elsewhere/mine", {"--rule", "dfa"}).code, 0);
  EXPECT_THAT(run({"runs", "--rule", "dfa"}).out, HasSubstr(read_manifest(here() / "elsewhere/mine").id));
}

TEST_F(Train, OneLineOfProgressHasEpochLossAccuracySpeedAndTimeLeft) {
  const auto done = train("slow", {"--rule", "dfc", "--set", "rule.steps=20", "rule.pretraining_epochs=1"});
  ASSERT_EQ(done.code, 0) << done.err;
  for (const char* part : {"dfc", "seed 5", "loss", "accuracy", "samples/s", "left"})
    EXPECT_THAT(done.err, HasSubstr(part));
  EXPECT_THAT(done.err, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace apical
