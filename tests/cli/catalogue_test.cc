// Rules, probes and data: what there is.
#include <set>

#include "apical/data_catalogue.h"
#include "apical/probe.h"
#include "apical/rule.h"
#include "command_test.h"

namespace apical {
namespace {

using Catalogue = CommandTest;

TEST_F(Catalogue, RulesListsEveryRule) {
  const auto all = parsed(run({"rules", "--json"}))["rules"];
  ASSERT_EQ(all.size(), all_rules().size());
  const auto text = run({"rules"}).out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Card card = all_rules()[i].card();
    EXPECT_EQ(all[i]["id"], card.id);
    EXPECT_EQ(all[i]["marks"], card.marks.names());
    EXPECT_THAT(text, HasSubstr(card.id));
  }
}

TEST_F(Catalogue, ACardSaysEquationsHyperparametersWeightsPassesMarksAndOptimizers) {
  const Card card = rule_named("dfc", "test").card();
  const auto json = parsed(run({"rules", "dfc", "--json"}));
  EXPECT_EQ(json["citation"], card.citation);
  EXPECT_EQ(json["equations"].size(), card.equations.size());
  ASSERT_EQ(json["hyperparameters"].size(), card.parameters.size());
  for (const auto& parameter : json["hyperparameters"]) {
    if (parameter["name"] != "k_p") continue;
    EXPECT_EQ(parameter["default"], 2.0);
    EXPECT_EQ(parameter["least"], 0.0);
    EXPECT_EQ(parameter["most"], 1e6);
  }
  EXPECT_EQ(json["weight_groups"][0]["name"], "feedback");
  EXPECT_EQ(json["passes"].size(), 4u);
  EXPECT_EQ(json["optimizers"]["forward"]["algorithm"], "adam");
  const auto text = run({"rules", "dfc"}).out;
  for (const auto& equation : card.equations) EXPECT_THAT(text, HasSubstr(equation));
  for (const char* part : {"k_p", "tau_u", "feedback-pretraining", "update locked", "per-tensor"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST_F(Catalogue, AnUnknownRuleIsAnsweredWithTheNearest) {
  const auto unknown = run({"rules", "dfc-sa"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("Did you mean 'dfc-ss'?"));
}

TEST_F(Catalogue, ProbesListsEveryProbeWithItsCost) {
  const auto rows = parsed(run({"probes", "--json"}))["rows"];
  ASSERT_EQ(rows.size(), all_probes().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i]["probe"], all_probes()[i].name);
    EXPECT_EQ(rows[i]["cost"], all_probes()[i].cost);
  }
}

TEST_F(Catalogue, DataListSaysWhatIsHereAndHowToGetTheRest) {
  const auto rows = parsed(run({"data", "list", "--json"}))["rows"];
  ASSERT_GE(rows.size(), 4u);
  EXPECT_EQ(rows[0]["data"], "digits");
  EXPECT_EQ(rows[0]["where"], "built in");
  EXPECT_EQ(rows[1]["data"], "mnist");
  EXPECT_EQ(rows[1]["where"], "not here");
  EXPECT_THAT(run({"data", "list"}).out, HasSubstr("1,437"));
}

TEST_F(Catalogue, DataCheckPassesTheDigitsAndFailsWhatIsMissing) {
  const auto good = run({"data", "check", "digits"});
  EXPECT_EQ(good.code, 0);
  EXPECT_THAT(good.out, HasSubstr("intact"));
  const auto missing = run({"data", "check", "mnist", "--json"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_EQ(nlohmann::json::parse(missing.out)["rows"][0]["verdict"], "missing");
  const auto unknown = run({"data", "check", "mnits"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("'mnist'"));
}

TEST_F(Catalogue, DataGetHasTheDigitsAndSaysWhatItTriedForTheRest) {
  EXPECT_EQ(run({"data", "get", "digits"}).code, 0);
  const auto offline = run({"data", "get", "mnist", "--offline"});
  EXPECT_EQ(offline.code, 2);
  EXPECT_THAT(offline.err, HasSubstr("mnist"));
}

// Truncated and foreign files are refused before they reach the cache.
TEST_F(Catalogue, DataGetRefusesAFolderWithBrokenFiles) {
  fs::create_directory(here() / "mine");
  for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                           "t10k-labels-idx1-ubyte"}) {
    spill(here() / "mine" / name, "not an IDX file");
  }
  const auto broken = run({"data", "get", "mnist", "--offline", "--from", "mine"});
  EXPECT_EQ(broken.code, 2);
  EXPECT_THAT(broken.err, HasSubstr("-ubyte"));
  EXPECT_FALSE(fs::exists(here() / "cache/mnist/train-images-idx3-ubyte"));
}

TEST_F(Catalogue, TrainingOnDataThatIsNotHereSaysHowToGetIt) {
  const auto missing = train("out", {"--set", "problem.data=mnist"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("apical data get mnist"));
  EXPECT_FALSE(fs::exists(here() / "out"));
}

}  // namespace
}  // namespace apical
