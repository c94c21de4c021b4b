// What was measured is kept, added up over days and machines, and judged only where that is fair.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "apical/reproduction.h"
#include "apical/run.h"
#include "io/error_text.h"
#include "io/temporary_directory.h"

namespace apical {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kCell = R"(
[recipe]
name = "paper/table/digits/tiny"
[recipe.published]
metric = "test_error"
value = 0.5
sd = 0.05
tolerance = 0.4
seeds = 5
[problem]
data = "digits"
validation = 100
training_samples = 200
batch_size = 20
[network]
layers = [0, 8, 0]
[training]
epochs = 4
seeds = [1, 2, 3]
threads = 1
)";

SeedResult seed(std::int64_t number, bool finished, std::int64_t epochs, double value = 0.5) {
  return {.seed = number,
          .finished = finished,
          .epochs = epochs,
          .best_epoch = 1,
          .value = value,
          .curves = {{"test_error", std::vector<double>(static_cast<std::size_t>(epochs), value)}},
          .seconds = 3,
          .date = "2026-01-02",
          .machine = "a machine",
          .precision = "float32"};
}

class Results : public ::testing::Test {
 protected:
  Results() {
    fs::create_directories(here_ / "recipes/paper/table/digits");
    std::ofstream(here_ / "recipes/paper/table/digits/tiny.toml") << kCell;
  }
  PublishedCell cell() const { return published_cells(here_ / "recipes").at(0); }
  fs::path kept() const { return here_ / "recipes/results"; }
  CellResults results() const { return load_results(kept(), cell().id); }
  ReproductionOptions options() const {
    ReproductionOptions options{.results = kept()};
    options.training.runs = here_ / "runs";
    return options;
  }
  TemporaryDirectory here_;
};

TEST_F(Results, AreReadBackAsTheyWereWritten) {
  SeedResult run = seed(7, true, 3, 0.123456789012345678);
  run.curves["test_error"] = {0.5, std::nan(""), 0.25};
  add_results(kept(), cell(), std::span(&run, 1));
  const CellResults back = results();
  ASSERT_EQ(back.runs.size(), 1u);
  EXPECT_EQ(back.runs[0].value, run.value);
  EXPECT_EQ(back.runs[0].machine, "a machine");
  EXPECT_EQ(back.runs[0].curves.at("test_error")[2], 0.25);
  EXPECT_TRUE(std::isnan(back.runs[0].curves.at("test_error")[1]));
  EXPECT_EQ(back.settings, deciding_settings(cell().recipe));
}

TEST_F(Results, CountASeedOnceAndPreferWhatWentFurther) {
  CellResults all;
  all.add(seed(2, false, 3));
  all.add(seed(1, true, 4));
  all.add(seed(2, false, 2));
  all.add(seed(1, false, 4));
  ASSERT_EQ(all.runs.size(), 2u);
  EXPECT_TRUE(all.runs[0].finished);
  EXPECT_EQ(all.runs[1].epochs, 3);
}

TEST_F(Results, OfOtherSettingsAreRefusedAndNamed) {
  const SeedResult run = seed(1, true, 4);
  add_results(kept(), cell(), std::span(&run, 1));
  PublishedCell changed = cell();
  changed.recipe.set("optimizer.learning_rate=0.25");
  const std::string refused = error_text([&] { add_results(kept(), changed, std::span(&run, 1)); });
  EXPECT_THAT(refused, HasSubstr("optimizer.learning_rate was 0.001 and is 0.25"));
  EXPECT_EQ(judge(changed, results()).agreement, Agreement::changed);
}

TEST_F(Results, ThatAreDamagedAreAnError) {
  const SeedResult run = seed(1, true, 4);
  add_results(kept(), cell(), std::span(&run, 1));
  std::ofstream(kept() / "paper/table/digits/tiny.json", std::ios::app) << "}";
  EXPECT_THAT(error_text([&] { results(); }), HasSubstr("tiny.json"));
}

TEST_F(Results, AreJudgedFromThreeFinishedSeedsOn) {
  CellResults all{.id = cell().id, .settings = deciding_settings(cell().recipe), .runs = {}};
  EXPECT_EQ(judge(cell(), all).agreement, Agreement::not_run);
  all.add(seed(1, false, 2));
  EXPECT_EQ(judge(cell(), all).agreement, Agreement::partial);
  all.add(seed(2, true, 4, 0.48));
  all.add(seed(3, true, 4, 0.52));
  EXPECT_EQ(judge(cell(), all).agreement, Agreement::too_few);
  EXPECT_EQ(judge(cell(), all).ours.n, 2);
  all.add(seed(4, true, 4, 0.50));
  EXPECT_EQ(judge(cell(), all).agreement, Agreement::reproduced);
  for (SeedResult& run : all.runs) run.value += 1;
  EXPECT_EQ(judge(cell(), all).agreement, Agreement::different);
  all.runs.back().value = std::nan("");
  EXPECT_EQ(judge(cell(), all).agreement, Agreement::inconclusive);
}

TEST_F(Results, TakeTheMedianTimeOfARun) {
  CellResults all{.id = cell().id, .settings = deciding_settings(cell().recipe), .runs = {}};
  for (const double seconds : {170.0, 4224.0, 224.0}) {
    SeedResult run = seed(static_cast<std::int64_t>(seconds), true, 4);
    run.seconds = seconds;
    all.add(run);
  }
  EXPECT_EQ(judge(cell(), all).seconds, 224);
}

TEST_F(Results, InAnotherPrecisionDoNotCount) {
  CellResults all{.id = cell().id, .settings = deciding_settings(cell().recipe), .runs = {}};
  for (std::int64_t i = 0; i < 3; ++i) {
    all.add(seed(i, true, 4));
    all.runs.back().precision = "float64";
  }
  EXPECT_EQ(judge(cell(), all).agreement, Agreement::not_run);
}

TEST_F(Results, GrowOverSittingsToWhatOneSittingReaches) {
  ReproductionOptions first = options();
  first.epochs = 2;
  first.seeds = 2;
  EXPECT_EQ(reproduce_cell(cell(), first), TrainingEnd::finished);
  ASSERT_EQ(results().runs.size(), 2u);
  EXPECT_FALSE(results().runs[0].finished);
  EXPECT_EQ(results().runs[0].epochs, 2);
  EXPECT_EQ(judge(cell(), results()).agreement, Agreement::partial);

  EXPECT_EQ(reproduce_cell(cell(), options()), TrainingEnd::finished);
  const CellResults sittings = results();
  ASSERT_EQ(sittings.runs.size(), 3u);
  EXPECT_TRUE(judge(cell(), sittings).agreement == Agreement::reproduced ||
              judge(cell(), sittings).agreement == Agreement::inconclusive ||
              judge(cell(), sittings).agreement == Agreement::different);

  ReproductionOptions at_once = options();
  at_once.results = here_ / "other";
  at_once.training.runs = here_ / "other-runs";
  reproduce_cell(cell(), at_once);
  const CellResults once = load_results(at_once.results, cell().id);
  ASSERT_EQ(once.runs.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sittings.runs[i].value, once.runs[i].value);
    EXPECT_EQ(sittings.runs[i].curves, once.runs[i].curves);
  }
}

// Another machine's seeds; what both know counts once.
TEST_F(Results, OfAnotherMachineAreTakenOver) {
  const SeedResult here = seed(1, true, 4), there[] = {seed(1, true, 4), seed(2, true, 4), seed(3, false, 1)};
  add_results(kept(), cell(), std::span(&here, 1));
  add_results(here_ / "theirs", cell(), there);
  merge_results(kept(), cell(), here_ / "theirs");
  EXPECT_EQ(results().runs.size(), 3u);
}

// The epoch of the best validation result, worked out by hand.
TEST_F(Results, TakeTheTestErrorAtTheFirstBestValidationEpoch) {
  RunManifest manifest;
  manifest.name = "x";
  manifest.seed = 9;
  apical::Run run = apical::Run::create(manifest, here_ / "runs");
  const double validation[] = {.3, .2, .2, .4}, test[] = {.31, .22, .21, .1};
  for (std::int64_t epoch = 1; epoch <= 4; ++epoch) {
    const auto at = static_cast<std::size_t>(epoch - 1);
    run.log({{"event", std::string("epoch")},
             {"epoch", epoch},
             {"pass", std::string("wake")},
             {"seconds", 2.0},
             {"loss", 1.0 / static_cast<double>(epoch)},
             {"error", .5}});
    for (const auto& [split, error] : {std::pair("test", test[at]), std::pair("validation", validation[at])})
      run.log({{"event", std::string("evaluation")},
               {"epoch", epoch},
               {"split", std::string(split)},
               {"loss", 1.0},
               {"error", error}});
  }
  run.set_status(RunStatus::finished);
  const SeedResult result = seed_result(run.directory(), {.metric = "test_error"});
  EXPECT_EQ(result.best_epoch, 2);
  EXPECT_EQ(result.value, .22);
  EXPECT_EQ(result.epochs, 4);
  EXPECT_EQ(result.seconds, 8);
  EXPECT_EQ(seed_result(run.directory(), {.metric = "train_loss"}).value, .25);
  EXPECT_TRUE(result.finished);
}

// Two passes of sleep after an epoch, the second written twice because the run was resumed: 2 + 5 + 7 seconds, and one epoch that older runs
// say nothing more about than their summary does.
TEST_F(Results, CountTheTimeOfEveryPassOnce) {
  RunManifest manifest;
  manifest.name = "x";
  apical::Run run = apical::Run::create(manifest, here_ / "runs");
  const auto pass = [&](const char* event, const char* name, std::int64_t segment, double seconds) {
    run.log({{"event", std::string(event)},
             {"epoch", std::int64_t{1}},
             {"pass", std::string(name)},
             {"segment", segment},
             {"seconds", seconds},
             {"loss", 1.0}});
  };
  pass("epoch", "wake", 0, 2);
  pass("pass", "sleep", 1, 5);
  pass("pass", "sleep", 2, 6);
  pass("pass", "sleep", 2, 7);
  EXPECT_EQ(seed_result(run.directory(), {}).seconds, 14);
  run.log({{"event", std::string("summary")}, {"seconds", 20.0}});
  EXPECT_EQ(seed_result(run.directory(), {}).seconds, 20);
}

}  // namespace
}  // namespace apical
