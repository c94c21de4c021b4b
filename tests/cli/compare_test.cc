#include <algorithm>

#include "apical/comparison.h"
#include "apical/run_index.h"
#include "command_test.h"

namespace apical {
namespace {

class Compare : public CommandTest {
 protected:
  // The runs by rule and seed.
  std::map<std::pair<std::string, std::int64_t>, fs::path> recorded() const {
    std::map<std::pair<std::string, std::int64_t>, fs::path> found;
    for (const RunSummary& run : RunIndex(here() / "runs").list())
      found[{run.rule, run.seed}] = fs::relative(run.path, here());
    return found;
  }
};

const std::vector<std::string> kShortSleep = {"--set",
                                              "dfc:rule.steps=10",
                                              "dfc:rule.pretraining_epochs=1",
                                              "dfc:rule.sleep_after=1",
                                              "dfc-ssa:rule.pretraining_epochs=1",
                                              "dfc-ssa:rule.sleep_after=1"};

TEST_F(Compare, PrintsOneTableAndWritesOneReport) {
  const auto done = run({"compare", "--on", "digits", "--rules", "backprop,dfa", "--epochs", "1", "--seeds",
                         "2", "--samples", "300", "--report", "page.html"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("Optimizer of backprop, dfa: adam, learning_rate 0.001."));
  EXPECT_THAT(done.out, HasSubstr("Report: " + (here() / "page.html").string()));
  EXPECT_THAT(slurp(here() / "page.html"), HasSubstr("</html>"));
  const auto runs = recorded();
  ASSERT_EQ(runs.size(), 4u);
  for (const auto& [what, path] : runs) {
    const Recipe recipe = parse_recipe(read_manifest(here() / path).recipe, "manifest");
    EXPECT_EQ(recipe.problem.training_samples, 300);
    EXPECT_EQ(recipe.training.epochs, 1);
  }
}

TEST_F(Compare, LeavesOutProbesThatMeanNothingForARuleAndSaysSoOnce) {
  const auto done =
      run({"compare", "--on", "digits", "--rules", "backprop,dfa,dfc-ssa", "--epochs", "1", "--seeds", "2",
           "--samples", "300", "--set", "probes.condition-2=5", "--set", "dfc-ssa:rule.feedback=fixed"});
  ASSERT_EQ(done.code, 0) << done.err;
  for (const std::string rule : {"backprop", "dfa"}) {
    const std::string sentence = "condition-2 means nothing for " + rule;
    const auto first = done.err.find(sentence);
    ASSERT_NE(first, std::string::npos) << rule;
    EXPECT_EQ(done.err.find(sentence, first + 1), std::string::npos) << rule;
  }
  EXPECT_THAT(done.err, testing::Not(HasSubstr("nothing for dfc-ssa")));
}

TEST_F(Compare, RulesBeginWithTheSameWeightsAndSleepingRulesWithTheSameFeedback) {
  std::vector<std::string> words = {"compare",  "tiny.toml", "--rules", "backprop,dfa,dfc-ssa,dfc",
                                    "--epochs", "0",         "--seeds", "2",
                                    "--json"};
  words.insert(words.end(), kShortSleep.begin(), kShortSleep.end());
  ASSERT_EQ(parsed(run(words))["rows"].size(), 4u);
  const auto runs = recorded();
  ASSERT_EQ(runs.size(), 8u);
  for (const std::int64_t seed : {5, 6}) {
    const auto backprop = final_state(runs.at({"backprop", seed}));
    const auto solved = final_state(runs.at({"dfc-ssa", seed})),
               simulated = final_state(runs.at({"dfc", seed}));
    for (const char* name : {"W1", "W2", "W3", "b1"}) {
      for (const char* rule : {"dfa", "dfc-ssa", "dfc"})
        EXPECT_TRUE(backprop.at(name) == final_state(runs.at({rule, seed})).at(name)) << rule << " " << name;
    }
    for (const char* name : {"feedback1", "feedback2", "feedback3"})
      EXPECT_TRUE(solved.at(name) == simulated.at(name)) << name;
  }
  // the feedback weights have moved
  ASSERT_EQ(
      train("without", {"--rule", "dfc-ssa", "--set", "rule.pretraining_epochs=0", "training.epochs=0"}).code,
      0);
  EXPECT_FALSE(final_state("without").at("feedback1") ==
               final_state(runs.at({"dfc-ssa", 5})).at("feedback1"));
}

TEST_F(Compare, AnAssignmentForOneRuleLeavesTheOthersAlone) {
  const Comparison comparison{.base = comparison_base("digits"),
                              .rules = {"backprop", "dfc"},
                              .assignments = {RuleAssignment::parsed("dfc:rule.steps=12")}};
  const auto recipes = comparison_recipes(comparison);
  EXPECT_EQ(std::get<std::int64_t>(recipes[1].rule_settings.find("steps")->value), 12);
  EXPECT_EQ(recipes[0].rule_settings.find("steps"), nullptr);
  const auto absent =
      run({"compare", "--on", "digits", "--rules", "backprop,dfc", "--set", "dfa:rule.steps=12"});
  EXPECT_EQ(absent.code, 2);
  EXPECT_THAT(absent.err, HasSubstr("dfa"));
}

TEST_F(Compare, EachRuleHasItsCardsOptimizerUnlessAllShareOne) {
  Comparison comparison{
      .base = comparison_base("digits"), .rules = {"backprop", "dfc-ssa"}, .assignments = {}};
  EXPECT_EQ(comparison_recipes(comparison)[1].optimizers.at("forward").learning_rate, 0.00118879);
  comparison.base.set("optimizer.learning_rate=0.02");
  comparison.base.set("optimizer.algorithm=momentum");
  EXPECT_EQ(comparison_recipes(comparison)[1].optimizers.at("forward").learning_rate, 0.00118879);
  comparison.same_optimizer = true;
  for (const Recipe& recipe : comparison_recipes(comparison)) {
    EXPECT_EQ(recipe.optimizers.at("forward").learning_rate, 0.02);
    EXPECT_EQ(recipe.optimizers.at("forward").algorithm, OptimizerAlgorithm::momentum);
    EXPECT_EQ(recipe.optimizers.at("forward").clip, Clipping::none);
  }
}

TEST_F(Compare, AnUnknownRuleIsAnsweredWithTheNearestAndNothingIsTrained) {
  const auto unknown = run({"compare", "--on", "digits", "--rules", "backprop,dffc"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("Did you mean 'dfc'?"));
  EXPECT_EQ(run({"compare", "--on", "digits", "--rules", "dfa,dfa"}).code, 2);
  EXPECT_EQ(run({"compare", "--rules", "dfa"}).code, 2);
  EXPECT_FALSE(fs::exists(here() / "runs"));
}

TEST_F(Compare, ADivergedRunIsReportedAndTheOthersGoOn) {
  const auto done = run({"compare", "tiny.toml", "--rules", "backprop,dfa", "--epochs", "3", "--set",
                         "backprop:optimizer.algorithm=sgd", "backprop:optimizer.learning_rate=1e30",
                         "network.activation=linear"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("1 failed"));
  EXPECT_THAT(done.out, HasSubstr("diverged"));
  EXPECT_EQ(RunIndex(here() / "runs").list({.status = "failed"}).size(), 1u);
  EXPECT_EQ(RunIndex(here() / "runs").list({.status = "finished"}).size(), 1u);
}

TEST_F(Compare, TheDemoTrainsFourRulesAndEndsWithThePathOfItsReport) {
  std::vector<std::string> words = {"demo",
                                    "--data",
                                    "digits",
                                    "--set",
                                    "network.layers=0, 12, 0",
                                    "training.epochs=1",
                                    "problem.training_samples=100"};
  words.insert(words.end(), kShortSleep.begin() + 1, kShortSleep.end());
  const auto done = run(words);
  ASSERT_EQ(done.code, 0) << done.err;
  for (const char* part : {"backprop", "dfa", "dfc-ssa", "dfc", "Angle to", "Shortened", "Locality marks"})
    EXPECT_THAT(done.out, HasSubstr(part));
  const auto begin = done.out.rfind("Report: ");
  ASSERT_NE(begin, std::string::npos);
  const fs::path page = done.out.substr(begin + 8, done.out.size() - begin - 9);
  EXPECT_THAT(slurp(page), HasSubstr("</html>"));
  EXPECT_EQ(recorded().size(), 8u);
}

// Nothing can be fetched here: no mirror, and the client for packages is hidden.
TEST_F(Compare, TheDemoSaysWhenMnistCannotBeHadAndRunsOnDigits) {
  std::vector<std::string> words = {"demo", "--set", "network.layers=0, 12, 0", "training.epochs=1",
                                    "problem.training_samples=100"};
  words.insert(words.end(), kShortSleep.begin() + 1, kShortSleep.end());
  Setting offline = setting();
  offline.environment["PATH"] = "/nonexistent";
  const auto done = run(words, offline);
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("could not be fetched"));
  EXPECT_THAT(done.err, HasSubstr("embedded"));
  EXPECT_THAT(done.out, HasSubstr("demo-digits.html"));
}

}  // namespace
}  // namespace apical
