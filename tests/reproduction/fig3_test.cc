#include "reproduction/fig3.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "apical/training.h"
#include "figure_folder.h"

namespace apical {
namespace {

ProbeSeries constant(double value) { return {{0, 1, 2}, {value, value, value}}; }

// What the published figure shows, in numbers within its axes.
Figure3 as_published() {
  Figure3 figure;
  for (const std::string& method : figure_3_methods()) {
    const bool fixed = method.find("fixed") != std::string::npos, dfa = method == "DFA";
    figure.minimum_norm[method] = constant(dfa ? 65 : 20);
    figure.gauss_newton[method] = constant(dfa ? 65 : 25);
    if (dfa) continue;
    figure.condition_1[method] = constant(0.3);
    figure.condition_2[method] = constant(fixed ? 0.85 : 0.99);
    if (method.find("SSA") != std::string::npos) continue;
    figure.stability[method] = constant(-0.5);
    figure.analytic[method] = constant(3);
  }
  return figure;
}

std::size_t shown(const Figure3& figure) {
  std::size_t count = 0;
  for (const FigureClaim& claim : claims_of(figure)) count += claim.shown;
  return count;
}

TEST(Fig3Claims, HoldForThePublishedFigureAndFailOneByOne) {
  EXPECT_EQ(shown(as_published()), 6u);
  const auto failing = [](auto change) {
    Figure3 figure = as_published();
    change(figure);
    const auto claims = claims_of(figure);
    std::string letters;
    for (const FigureClaim& claim : claims) letters += claim.shown ? "" : claim.published.substr(0, 1);
    return letters;
  };
  EXPECT_EQ(failing([](Figure3& f) { f.condition_2["DFC"] = constant(0.5); }), "A");
  EXPECT_EQ(failing([](Figure3& f) { f.condition_2["DFC (fixed)"] = constant(1); }), "A");
  EXPECT_EQ(failing([](Figure3& f) { f.minimum_norm["DFC-SS"] = constant(66); }), "B");
  EXPECT_EQ(failing([](Figure3& f) { f.condition_1["DFC"] = constant(0.6); }), "C");
  EXPECT_EQ(failing([](Figure3& f) { f.gauss_newton["DFA"] = constant(10); }), "D");
  EXPECT_EQ(failing([](Figure3& f) { f.stability["DFC-SS (fixed)"].value[1] = 0.1; }), "E");
  EXPECT_EQ(failing([](Figure3& f) { f.stability["DFC"].value[1] = NAN; }), "E");
  EXPECT_EQ(failing([](Figure3& f) { f.analytic["DFC"] = constant(9); }), "F");
  EXPECT_EQ(failing([](Figure3& f) { f.analytic.clear(); }), "F");
  EXPECT_EQ(failing([](Figure3& f) { f.condition_2["DFC-SSA"] = constant(NAN); }), "A");
}

// The settings of the authors' configuration, as numbers of the recipe.
TEST(Fig3Recipe, IsThePublishedConfiguration) {
  const Recipe dfc = figure_3_recipe("DFC", false), fixed = figure_3_recipe("DFC (fixed)", false),
               dfa = figure_3_recipe("DFA", false);
  EXPECT_EQ(dfc.network.layers, (std::vector<std::int64_t>{15, 10, 10, 5}));
  EXPECT_EQ(dfc.training.epochs, 300);
  EXPECT_EQ(dfc.teacher, TeacherSettings{});
  EXPECT_EQ(dfc.problem.validation, 1000);
  EXPECT_EQ(dfc.optimizers.at("forward").learning_rate, 1);
  EXPECT_EQ(dfc.optimizers.at("feedback").learning_rate, 0.002);
  EXPECT_EQ(dfc.optimizers.at("feedback-pretraining").learning_rate, 0.1);
  EXPECT_EQ(dfc.optimizers.at("feedback").weight_decay, 0.025);
  EXPECT_EQ(fixed.rule_settings.find("feedback")->value, Value(std::string("fixed")));
  EXPECT_NEAR(dfa.optimizers.at("forward").learning_rate, 0.1 / 128, 1e-15);
  for (const std::string& method : figure_3_methods())
    EXPECT_NO_THROW(resolve_recipe(figure_3_recipe(method, false))) << method;
}

// As many steps of feedback learning as in full, on less data: what the published figure shows is there.
TEST(Fig3, InShortShowsEveryClaim) {
  const FigureFolder folder;
  const FigureOutcome outcome = make_fig3(folder.quick());
  EXPECT_EQ(outcome.claims.size(), 6u);
  EXPECT_EQ(outcome.partial, "");
  expect_all_shown(outcome);
  expect_files(outcome, folder, "fig3");
}

// The negative control: feedback weights that stay random do not come near Condition 2.
TEST(Fig3, DoesNotPassWithFeedbackThatStaysRandom) {
  const FigureFolder folder;
  Recipe recipe = figure_3_recipe("DFC-SSA", true);
  set_all(recipe, {"rule.pretraining_epochs=0", "rule.sleep_before=0", "rule.sleep_after=0"});
  const auto run = recorded_run(recipe, folder.quick());
  ASSERT_TRUE(run);
  Figure3 figure = as_published();
  for (const char* method : {"DFC", "DFC-SS", "DFC-SSA"})
    figure.condition_2[method] = probe_series(*run, "condition-2");
  EXPECT_FALSE(claims_of(figure)[0].shown) << claims_of(figure)[0].ours;
}

TEST(Rolling, TakesTheLastValuesOfTheWindow) {
  const Rolling smooth = rolling({1, 3, 5, 100}, 3);
  EXPECT_EQ(smooth.mean, (std::vector<double>{1, 2, 3, 36}));
  EXPECT_EQ(smooth.sd[0], 0);
  EXPECT_DOUBLE_EQ(smooth.sd[1], std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(smooth.sd[2], 2);
}

TEST(RecordedRun, IsTakenUpAgainAndMadeAnewForAnotherRecipe) {
  const FigureFolder folder;
  Recipe recipe = figure_3_recipe("DFA", true);
  const FigureTask task = folder.quick();
  std::atomic<bool> stop = true;
  FigureTask stopping = task;
  stopping.stop = &stop;
  EXPECT_FALSE(recorded_run(recipe, stopping));
  const auto run = recorded_run(recipe, task);
  ASSERT_TRUE(run);
  const auto written = std::filesystem::last_write_time(*run / "metrics.jsonl");
  EXPECT_EQ(recorded_run(recipe, task), run);
  EXPECT_EQ(std::filesystem::last_write_time(*run / "metrics.jsonl"), written);
  EXPECT_EQ(probe_series(*run, "update-angle-mn-damped").value.size(), 6u);
  set_all(recipe, {"training.epochs=2"});
  EXPECT_FALSE(found_run(recipe, task));
  std::string said;
  FigureTask listening = task;
  listening.say = [&](const std::string& sentence) { said += sentence; };
  ASSERT_TRUE(recorded_run(recipe, listening));
  EXPECT_EQ(probe_series(*run, "update-angle-mn-damped").value.size(), 2u);
  EXPECT_THAT(said, testing::HasSubstr("training.epochs was 6 and is 2"));
  const auto aside = run->string() + "-other-1";
  EXPECT_EQ(probe_series(aside, "update-angle-mn-damped").value.size(), 6u)
      << "nothing that was recorded is lost";
}

// As after an update of Apical: a sentence says something else, and there is a setting that the run's recipe does not have yet.
TEST(RecordedRun, OfAnEarlierVersionIsTakenUpAgain) {
  const FigureFolder folder;
  const Recipe recipe = figure_3_recipe("DFC-SSA", true);
  const auto run = recorded_run(recipe, folder.quick());
  ASSERT_TRUE(run);
  const auto manifest = *run / "manifest.json";
  std::ifstream in(manifest);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const std::size_t line = text.find("feedback-ratio-official = ");
  ASSERT_NE(line, std::string::npos);
  text.erase(line, text.find("\\n", line) + 2 - line);
  const std::size_t source = text.find("toy experiments");
  ASSERT_NE(source, std::string::npos);
  text.replace(source, 3, "old");
  std::ofstream(manifest) << text;
  const auto written = std::filesystem::last_write_time(*run / "metrics.jsonl");
  EXPECT_EQ(found_run(recipe, folder.quick()), run);
  EXPECT_EQ(recorded_run(recipe, folder.quick()), run);
  EXPECT_EQ(std::filesystem::last_write_time(*run / "metrics.jsonl"), written);
}

}  // namespace
}  // namespace apical
