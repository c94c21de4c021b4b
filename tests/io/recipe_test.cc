#include "apical/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_text.h"
#include "temporary_directory.h"

namespace apical {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const char* const kRecipe = R"([recipe]
name = "test"
summary = "a \"quoted\" line"

[recipe.published]
metric = "test_error"
value = 2.08
sd = 0.15
tolerance = 0.3

[problem]
data = "mnist"
validation = 5000
batch_size = 32

[network]
layers = [784, 256, 32, 0]
activation = "tanh, relu"
initialiser = "orthogonal"

[rule]
id = "dfc"
tau_v = 0.2
alpha = 0.001
reading = "paper"

[optimizer]
learning_rate = 1e-3
beta2 = 0.99

[optimizer.feedback]
algorithm = "sgd"
learning_rate = 0.5
layer_rates = [1, 0.5]

[training]
epochs = 3
seeds = [1, 2]

[passes]
feedback_pretraining = 2

[probes]
angles = 100
)";

Recipe parse(const std::string& text) { return parse_recipe(text, "r.toml"); }
std::string complaint(const std::string& text) {
  return error_text([&] { parse(text); });
}
std::string set_complaint(const std::string& assignment) {
  Recipe recipe = parse(kRecipe);
  return error_text([&] { recipe.set(assignment); });
}

Parameters dfc_parameters() {
  return Parameters("rule dfc", {real("alpha", 0.01, "1/tau_u", 0, 1, "leak of the controller."),
                                 real("tau_v", 0.1, "tau_u", 0, 10, "time constant of the soma."),
                                 whole("steps", 300, "steps", 1, 1e6, "Euler steps."),
                                 choice("reading", "code", {"code", "paper"}, "which source to follow.")});
}

TEST(ParseRecipe, ReadsEverySectionIntoItsMembers) {
  const Recipe r = parse(kRecipe);
  EXPECT_EQ(r.info.name, "test");
  EXPECT_EQ(r.info.summary, "a \"quoted\" line");
  EXPECT_EQ(r.published.metric, "test_error");
  EXPECT_EQ(r.published.value, 2.08);
  EXPECT_EQ(r.published.tolerance, 0.3);
  EXPECT_EQ(r.problem.data, "mnist");
  EXPECT_EQ(r.problem.validation, 5000);
  EXPECT_EQ(r.problem.batch_size, 32);
  EXPECT_THAT(r.network.layers, ElementsAre(784, 256, 32, 0));
  EXPECT_THAT(r.network.hidden_activations(), ElementsAre("tanh", "relu"));
  EXPECT_EQ(r.network.initialiser, "orthogonal");
  EXPECT_EQ(r.rule, "dfc");
  ASSERT_EQ(r.rule_settings.all().size(), 3u);
  EXPECT_EQ(r.rule_settings.all()[0].key, "tau_v") << "the order of the file is kept";
  EXPECT_EQ(r.rule_settings.all()[0].where, "r.toml:23");
  EXPECT_EQ(r.optimizers.at("forward").learning_rate, 1e-3);
  EXPECT_EQ(r.optimizers.at("forward").beta2, 0.99);
  EXPECT_EQ(r.optimizers.at("feedback").algorithm, OptimizerAlgorithm::sgd);
  EXPECT_THAT(r.optimizers.at("feedback").layer_rates, ElementsAre(1, 0.5));
  EXPECT_EQ(r.training.epochs, 3);
  EXPECT_THAT(r.training.seeds, ElementsAre(1, 2));
  EXPECT_EQ(r.passes.find("feedback_pretraining")->value, Value(std::int64_t{2}));
  EXPECT_EQ(r.probes.find("angles")->value, Value(std::int64_t{100}));
  EXPECT_EQ(r.training.precision, "float32") << "what is not said keeps its default";
}

TEST(ParseRecipe, AnEmptyRecipeIsTheDefaults) { EXPECT_EQ(parse(""), Recipe{}); }

TEST(ParseRecipe, RemembersWhatWasSaidAndWhere) {
  const Recipe r = parse(kRecipe);
  EXPECT_TRUE(r.says("training.epochs"));
  EXPECT_TRUE(r.says("optimizer.feedback"));
  EXPECT_TRUE(r.says("optimizer"));
  EXPECT_FALSE(r.says("training.threads"));
  EXPECT_FALSE(r.says("train"));
  EXPECT_EQ(r.where("training.epochs"), "r.toml:37");
  EXPECT_EQ(r.where("training.threads"), "r.toml");
}

TEST(ParseRecipe, AMisspeltKeyNamesFileLineAndTheNearest) {
  EXPECT_THAT(complaint("[training]\n\nepoch = 3\n"),
              StartsWith("r.toml:3: unknown key 'epoch' in [training]. Did you mean 'epochs'? Valid, nearest "
                         "first: epochs, "));
  EXPECT_THAT(
      complaint("[optimizer.feedback]\nlearnin_rate = 3\n"),
      StartsWith(
          "r.toml:2: unknown key 'learnin_rate' in [optimizer.feedback]. Did you mean 'learning_rate'?"));
  EXPECT_THAT(complaint("[recipe]\n[recipe.published]\nvalu = 3\n"),
              StartsWith("r.toml:3: unknown key 'valu' in [recipe.published]."));
  EXPECT_EQ(complaint("[training]\nbatch_size = 3\n"),
            "r.toml:2: unknown key 'batch_size' in [training]. 'batch_size' belongs to [problem].");
}

TEST(ParseRecipe, AMisspeltOrMissingSectionIsAnsweredWithTheNearest) {
  EXPECT_THAT(complaint("\n[trainin]\nepochs = 3\n"),
              StartsWith("r.toml:2: unknown section [trainin]. Did you mean 'training'?"));
  EXPECT_EQ(complaint("epochs = 3\n"),
            "r.toml:1: the key 'epochs' stands outside of every section. 'epochs' belongs to [training].");
  EXPECT_THAT(complaint("training = 3\n"), HasSubstr("'training' must be a section. Write [training]"));
  EXPECT_THAT(complaint("[optimizer.forward]\n"),
              HasSubstr("The forward weights' settings stand in [optimizer]."));
  EXPECT_THAT(complaint("[recipe.publishd]\n"),
              HasSubstr("unknown section [recipe.publishd]. Did you mean 'recipe.published'?"));
  EXPECT_THAT(complaint("[[training]]\n"), HasSubstr("'training' must be a section"));
}

TEST(ParseRecipe, AWrongTypeOrRangeSaysWhatWasRequiredAndCame) {
  EXPECT_THAT(
      complaint("[training]\nepochs = 2.5\n"),
      StartsWith("r.toml:2: 'epochs' must be a whole number in [0, 1000000000] (unit: epochs), got 2.5."));
  EXPECT_THAT(complaint("[problem]\nbatch_size = 0\n"), HasSubstr("r.toml:2: 'batch_size' must be"));
  EXPECT_THAT(complaint("[training]\nepochs = \"ten\"\n"), HasSubstr("got \"ten\"."));
  EXPECT_THAT(complaint("[optimizer]\nlearning_rate = nan\n"), HasSubstr("got nan."));
  EXPECT_THAT(complaint("[optimizer]\nbeta1 = 1.5\n"),
              HasSubstr("must be a real in [0, 0.999999], got 1.5."));
  EXPECT_THAT(complaint("[problem]\nloss = \"cross-entrop\"\n"),
              HasSubstr("r.toml:2: unknown loss 'cross-entrop'. Did you mean 'cross-entropy'?"));
  EXPECT_THAT(complaint("[training]\nepochs = 2020-01-01\n"),
              AllOf(HasSubstr("r.toml:2: 'epochs' must be"), HasSubstr("got date")));
  EXPECT_THAT(complaint("[network]\nlayers = [1, \"a\"]\n"),
              HasSubstr("'layers' must be list of whole numbers"));
  EXPECT_THAT(complaint("[rule]\nx = {a = 1}\n"),
              HasSubstr("'x' must be a number, text, true, false or a list of numbers, got table."));
}

TEST(ParseRecipe, ValuesThatDoNotFitTogetherAreRefusedWhereTheyStand) {
  EXPECT_THAT(complaint("[network]\nlayers = [3]\n"),
              HasSubstr("r.toml:2: 'layers' must name at least the input and the output"));
  EXPECT_THAT(complaint("[network]\nlayers = [0, 0, 0]\n"),
              HasSubstr("hidden layers must have at least 1 unit"));
  EXPECT_THAT(complaint("[network]\nactivation = \"tan\"\n"),
              HasSubstr("r.toml:2: unknown activation 'tan'. Did you mean 'tanh'?"));
  EXPECT_THAT(complaint("[network]\nactivation = \"tanh, relu\"\n"),
              HasSubstr("one for each of the 1 hidden layers, got 2 names"));
  EXPECT_THAT(complaint("[problem]\ntask = \"regression\"\n"), HasSubstr("cross-entropy needs classes"));
  EXPECT_THAT(complaint("[problem]\nloss = \"mean-squared-error\"\ntask = \"autoencoder\"\n[network]\nlayers "
                        "= [4, 2, 3]\n"),
              HasSubstr("as wide as its input"));
  EXPECT_THAT(complaint("[training]\nseeds = []\n"), HasSubstr("at least one seed"));
  EXPECT_THAT(complaint("[training]\nseeds = [1, 1]\n"), HasSubstr("must differ"));
  EXPECT_THAT(complaint("[training]\nearly_stopping = 3\n"), HasSubstr("needs validation samples"));
}

TEST(ParseRecipe, InvalidTomlIsRefusedWithLineAndColumn) {
  EXPECT_THAT(complaint("[training]\nepochs = = 3\n"), StartsWith("r.toml:2:10: is not valid TOML: "));
  EXPECT_THAT(complaint("[training]\nepochs = 3\nepochs = 4\n"), StartsWith("r.toml:3:"));
  EXPECT_THAT(complaint("[training\n"), StartsWith("r.toml:1:"));
}

TEST(ParseRecipe, OneSeedMayBeWrittenAsSeed) {
  EXPECT_THAT(parse("[training]\nseed = 7\n").training.seeds, ElementsAre(7));
}

TEST(LoadRecipe, NamesTheFileThatCannotBeRead) {
  const TemporaryDirectory directory;
  EXPECT_EQ(error_text([&] { load_recipe(directory / "no.toml"); }),
            (directory / "no.toml").string() + ": cannot be read: No such file or directory.");
  spill(directory / "r.toml", "[training]\nepoch = 1\n");
  EXPECT_THAT(error_text([&] { load_recipe(directory / "r.toml"); }),
              StartsWith((directory / "r.toml").string() + ":2: unknown key"));
  spill(directory / "big.toml", std::string(2 << 20, '#'));
  EXPECT_THAT(error_text([&] { load_recipe(directory / "big.toml"); }), HasSubstr("larger than"));
}

TEST(Set, ReplacesOneValue) {
  Recipe r = parse(kRecipe);
  r.set("training.epochs=9");
  r.set("training.seed=5");
  r.set("optimizer.feedback.learning_rate=1e-2");
  r.set("optimizer.decoder.algorithm=adamw");
  r.set("recipe.published.value=3");
  r.set("problem.data=csv:a=b.csv");
  r.set("rule.alpha=0.5");
  r.set("rule.steps=20");
  r.set("rule.reading=code");
  r.set("network.layers=784, 8,8, 10");
  EXPECT_EQ(r.training.epochs, 9);
  EXPECT_THAT(r.training.seeds, ElementsAre(5));
  EXPECT_EQ(r.optimizers.at("feedback").learning_rate, 1e-2);
  EXPECT_EQ(r.optimizers.at("feedback").algorithm, OptimizerAlgorithm::sgd);
  EXPECT_EQ(r.optimizers.at("decoder").algorithm, OptimizerAlgorithm::adamw);
  EXPECT_EQ(r.published.value, 3);
  EXPECT_EQ(r.problem.data, "csv:a=b.csv");
  EXPECT_EQ(r.rule_settings.find("alpha")->value, Value(0.5));
  EXPECT_EQ(r.rule_settings.find("steps")->value, Value(std::int64_t{20}));
  EXPECT_EQ(r.rule_settings.find("reading")->value, Value(std::string("code")));
  EXPECT_THAT(r.network.layers, ElementsAre(784, 8, 8, 10));
  EXPECT_EQ(r.where("training.epochs"), "--set");
}

TEST(Set, AMistakeIsReportedAtSetAndChangesNothing) {
  EXPECT_THAT(set_complaint("training.epoch=3"),
              StartsWith("--set: unknown key 'epoch' in [training]. Did you mean 'epochs'?"));
  EXPECT_THAT(set_complaint("training.epochs=x"), HasSubstr("--set: 'epochs' must be a whole number"));
  EXPECT_THAT(set_complaint("trainin.epochs=3"),
              HasSubstr("unknown section [trainin]. Did you mean 'training'?"));
  EXPECT_EQ(set_complaint("epochs=3"),
            "--set: required section.key=value, got 'epochs=3'. 'epochs' belongs to [training].");
  EXPECT_THAT(set_complaint("training.epochs"), HasSubstr("required section.key=value"));
  EXPECT_THAT(set_complaint("optimizer.a.b.learning_rate=1"), HasSubstr("unknown section"));
  Recipe r = parse(kRecipe);
  EXPECT_THAT(error_text([&] { r.set("network.layers=3"); }),
              StartsWith("--set: 'layers' must name at least"));
  EXPECT_EQ(r, parse(kRecipe));
}

TEST(Set, SeveralNeedOnlyFitTogetherAtTheEnd) {
  Recipe r = parse("[problem]\ndata = \"digits\"\n[network]\nlayers = [0, 8, 0]\n");
  ASSERT_THAT(error_text([&] { r.set("problem.task=autoencoder"); }),
              HasSubstr("cross-entropy needs classes"));
  const std::vector<std::string> both = {"problem.task=autoencoder", "problem.loss=mean-squared-error"};
  r.set(both);
  EXPECT_EQ(r.problem.task, "autoencoder");
  EXPECT_EQ(r.problem.loss, "mean-squared-error");

  const Recipe before = r;
  const std::vector<std::string> second_fails = {"training.epochs=7", "training.epoch=8"};
  EXPECT_THAT(error_text([&] { r.set(second_fails, "--set"); }), StartsWith("--set: unknown key 'epoch'"));
  EXPECT_EQ(r, before) << "either all of them hold or none";
}

TEST(Resolve, AsksTheRulesOwnDescription) {
  Recipe r = parse(kRecipe);
  Parameters p = dfc_parameters();
  r.rule_settings.resolve(p);
  EXPECT_EQ(p.real("alpha"), 0.001);
  EXPECT_EQ(p.text("reading"), "paper");
  EXPECT_EQ(p.whole("steps"), 300);
  EXPECT_TRUE(p.was_set("alpha"));
  EXPECT_FALSE(p.was_set("steps"));
  EXPECT_EQ(r.rule_settings.find("steps")->value, Value(std::int64_t{300}))
      << "defaults are taken over for the record";

  r.rule_settings.set("apha", 1.0, "r.toml:9");
  EXPECT_THAT(error_text([&] { r.rule_settings.resolve(p); }),
              StartsWith("r.toml:9: rule dfc: unknown parameter 'apha'. Did you mean 'alpha'?"));
}

TEST(SetRule, DropsTheSettingsOfAnotherRuleOnly) {
  Recipe r = parse(kRecipe);
  r.set_rule("dfc");
  EXPECT_EQ(r.rule_settings.all().size(), 3u);
  r.set_rule("backprop");
  EXPECT_TRUE(r.rule_settings.all().empty());
  EXPECT_TRUE(r.passes.all().empty());
  EXPECT_EQ(r.training.epochs, 3);
}

TEST(ToToml, PrintsEveryValueWithUnitAndMeaningAndReadsBackEqual) {
  Recipe r = parse(kRecipe);
  EXPECT_EQ(parse(r.to_toml()), r);
  Parameters p = dfc_parameters();
  r.rule_settings.resolve(p);
  r.set("problem.data=csv:a \"b\\c\".csv");
  r.probes.set("odd key", std::vector<double>{}, "");
  const std::string text = r.to_toml();
  EXPECT_EQ(parse(text), r);
  EXPECT_THAT(text, HasSubstr("\nsteps = 300  # whole number in [1, 1000000], steps: Euler steps.\n"));
  EXPECT_THAT(
      text,
      HasSubstr("\nepochs = 3  # whole number in [0, 1000000000], epochs: passes over the training set.\n"));
  EXPECT_THAT(text, Not(HasSubstr("[problem.teacher]")));
  r.set("problem.data=student-teacher");
  r.set("problem.teacher.hidden=[30, 20]");
  r.set("problem.teacher.activation=leaky-relu");
  const std::string whole = r.to_toml();
  EXPECT_EQ(parse(whole), r);
  for (const auto& section : recipe_schema()) {
    for (const auto& parameter : section.parameters)
      EXPECT_THAT(whole, HasSubstr("\n" + parameter.name + " = ")) << section.name;
  }
}

TEST(ParseRecipe, ReadsATeacherWhereThereIsOneAndNowhereElse) {
  const Recipe r = parse(
      "[problem]\ndata = \"student-teacher\"\ntask = \"regression\"\nloss = \"mean-squared-error\"\n"
      "[problem.teacher]\ninputs = 4\nhidden = [7, 6]\nactivation = \"linear\"\nseed = 3\n");
  EXPECT_EQ(r.teacher.inputs, 4);
  EXPECT_EQ(r.teacher.outputs, 5);
  EXPECT_EQ(r.teacher.hidden, (std::vector<std::int64_t>{7, 6}));
  EXPECT_EQ(r.teacher.activation, Activation::linear);
  EXPECT_EQ(r.teacher.seed, 3);
  EXPECT_THAT(complaint("[problem.teacher]\nseed = 3\n"),
              HasSubstr("r.toml:2: [problem.teacher] means nothing for data = \"digits\"."));
  const std::string teacher = "[problem]\ndata = \"student-teacher\"\n[problem.teacher]\n";
  EXPECT_THAT(complaint(teacher + "activation = \"tanh\"\n"),
              HasSubstr("r.toml:4: unknown activation 'tanh'. Did you mean 'relu'?"));
  EXPECT_THAT(complaint(teacher + "hidden = [7, 0]\n"), HasSubstr("r.toml:4: 'hidden' must be"));
  EXPECT_THAT(complaint(teacher + "sample = 3\n"), HasSubstr("unknown key 'sample' in [problem.teacher]"));
  EXPECT_THAT(complaint("[problem.techer]\nseed = 3\n"), HasSubstr("Did you mean 'problem.teacher'?"));
}

TEST(ToToml, KeepsTheBitsOfEveryReal) {
  Recipe r;
  r.optimizers["forward"].learning_rate = 0.1 + 0.2;
  r.optimizers["forward"].epsilon = 5e-324;
  r.network.gain = 1.0 / 3;
  EXPECT_EQ(parse(r.to_toml()), r);
}

TEST(RecipeSchema, EveryKeyHasAMeaningAndADefaultThatFits) {
  for (const auto& section : recipe_schema()) {
    EXPECT_FALSE(section.meaning.empty()) << section.name;
    for (const auto& parameter : section.parameters) {
      EXPECT_FALSE(parameter.meaning.empty()) << parameter.name;
      EXPECT_EQ(parameter.checked(parameter.fallback, ""), parameter.fallback);
    }
  }
}

}  // namespace
}  // namespace apical
