#include "reproduction/alignment.h"

#include <gmock/gmock.h>

#include <cmath>

#include "apical/training.h"
#include "figure_folder.h"

namespace apical {
namespace {

using testing::HasSubstr;

const std::filesystem::path kRecipes = std::filesystem::path(APICAL_SOURCE) / "recipes";

ProbeSeries constant(double value) { return {{0, 1, 2}, {value, value, value}}; }

std::vector<ProbeSeries> layers(double value) { return {constant(value), constant(value), constant(value)}; }

// What theory says, in numbers.
std::vector<AlignmentRun> as_theory_says() {
  std::vector<AlignmentRun> runs;
  for (const std::string& row : alignment_rows("mnist")) {
    const bool dfa = row == "dfa";
    AlignmentRun run;
    run.row = row;
    run.backprop = layers(dfa ? 75 : 40);
    run.minimum_norm = layers(dfa ? 70 : 20);
    if (!dfa) run.condition_2 = {{-1, 0, 1}, {0.3, 0.9, 0.9}};
    run.analytic = row == "dfc" || row == "dfc-ss" ? layers(2) : std::vector<ProbeSeries>(3);
    runs.push_back(run);
  }
  return runs;
}

TEST(AlignmentClaims, HoldForWhatTheorySaysAndFailOneByOne) {
  const auto failing = [](auto change) {
    std::vector<AlignmentRun> runs = as_theory_says();
    change(runs);
    std::string numbers;
    const auto claims = claims_of(runs);
    EXPECT_EQ(claims.size(), 4u);
    for (std::size_t i = 0; i < claims.size(); ++i) numbers += claims[i].shown ? "" : std::to_string(i + 1);
    return numbers;
  };
  using Runs = std::vector<AlignmentRun>;
  EXPECT_EQ(claims_of({as_theory_says().back()}).size(), 1u)
      << "DFA alone says nothing of controlled networks";
  EXPECT_EQ(failing([](Runs&) {}), "");
  EXPECT_EQ(failing([](Runs& r) { r[3].backprop[0] = constant(95); }), "1") << "uphill";
  EXPECT_EQ(failing([](Runs& r) { r[2].backprop[1] = constant(NAN); }), "1");
  EXPECT_EQ(failing([](Runs& r) { r[1].analytic[2] = constant(50); }), "2") << "settles elsewhere";
  EXPECT_EQ(failing([](Runs& r) { r[0].analytic[0] = constant(NAN); }), "2");
  EXPECT_EQ(failing([](Runs& r) { r[0].minimum_norm = layers(80); }), "3");
  EXPECT_EQ(failing([](Runs& r) { r[0].minimum_norm[0] = constant(NAN); }), "3");
  EXPECT_EQ(failing([](Runs& r) { r[1].condition_2 = {{-1, 0}, {0.3, 0.2}}; }), "4") << "Q unlearns";
  EXPECT_EQ(failing([](Runs& r) { r.pop_back(); }), "3") << "nothing to compare with";
}

// Where the authors' configurations of these figures differ from those of Table 1: dt, T, proactive, samples that did not settle.
struct Said {
  const char *figure, *row;
  double dt;
  bool proactive, all_samples;
};
const Said kSaid[] = {{"mnist", "dfc", .005, false, true},
                      {"mnist", "dfc-ss", .005, true, true},
                      {"mnist-fixed", "dfc-fixed", .005, true, true},
                      {"mnist-fixed", "dfc-ss-fixed", .005, true, true},
                      {"fashion-mnist", "dfc", .005, false, true},
                      {"fashion-mnist", "dfc-ss", .005, true, true},
                      {"fashion-mnist-fixed", "dfc-fixed", .005, true, true},
                      {"fashion-mnist-fixed", "dfc-ss-fixed", .005, true, true},
                      {"autoencoder", "dfc", .001, true, true},
                      {"autoencoder", "dfc-ss", .001, true, true},
                      {"autoencoder-fixed", "dfc-fixed", .005, true, false},
                      {"autoencoder-fixed", "dfc-ss-fixed", .001, true, false}};

TEST(AlignmentRecipe, IsTheAuthorsConfiguration) {
  for (const Said& said : kSaid) {
    const Recipe recipe = resolve_recipe(alignment_recipe(said.figure, said.row, kRecipes, false));
    const std::string where = std::string(said.figure) + " " + said.row;
    const auto value = [&](const char* key) { return recipe.rule_settings.find(key)->value; };
    EXPECT_EQ(value("dt"), Value(said.dt)) << where;
    EXPECT_EQ(value("steps"), Value(std::int64_t{1000})) << where;
    EXPECT_EQ(value("proactive"), Value(said.proactive)) << where;
    EXPECT_EQ(value("include_non_converged"), Value(said.all_samples)) << where;
    EXPECT_EQ(value("k_p"), Value(2.0)) << where;
    EXPECT_EQ(value("tau_v"), Value(0.2)) << where;
    EXPECT_EQ(recipe.probes.find("damping")->value, Value(1.0)) << where;
  }
  for (const PublishedFigure& figure : alignment_figures()) {
    const std::string name = figure.id.substr(figure.id.rfind('/') + 1);
    for (const std::string& row : alignment_rows(name))
      EXPECT_NO_THROW(resolve_recipe(alignment_recipe(name, row, kRecipes, false))) << figure.id << row;
  }
}

class AlignmentFigure : public testing::Test {
 protected:
  FigureOutcome make(std::int64_t epochs, const std::string& row) {
    FigureTask task = folder_.quick();
    task.recipes = kRecipes;
    task.epochs = epochs;
    task.row = row;
    return alignment_figures()[0].make(task);
  }
  FigureFolder folder_;
};

TEST_F(AlignmentFigure, IsPartialUntilEveryMethodHasAllItsEpochsAndGoesOnWhereItWas) {
  const FigureOutcome one = make(1, "dfc-ssa");
  EXPECT_TRUE(one.finished);
  EXPECT_EQ(one.partial, "dfc not run, dfc-ss not run, dfc-ssa 1 of 2 epochs, dfa not run");
  const auto metrics = folder_.path() / "runs/alignment-mnist-dfc-ssa/metrics.jsonl";
  const auto size = std::filesystem::file_size(metrics);
  const FigureOutcome two = make(1, "dfa");
  EXPECT_EQ(two.partial, "dfc not run, dfc-ss not run, dfc-ssa 1 of 2 epochs, dfa 1 of 2 epochs");
  EXPECT_EQ(std::filesystem::file_size(metrics), size) << "what ran is not run again";
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "alignment-mnist-paired.svg"));
  const FigureOutcome unequal = make(2, "dfa");
  EXPECT_EQ(unequal.partial,
            "dfc not run, dfc-ss not run, dfc-ssa 1 of 2 epochs, dfa 2 of 2 epochs; the claims compare the "
            "first 1");
  expect_files(unequal, folder_, "alignment-mnist");
  EXPECT_EQ(unequal.claims[0].ours, two.claims[0].ours) << "what came later is left out";
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "alignment-mnist-paired.svg"));
  const FigureOutcome all = make(0, "");
  EXPECT_EQ(all.partial, "");
  EXPECT_EQ(all.claims.size(), 4u);
  // what holds from the first minibatches on; angles to backprop and minimum norm fall later
  EXPECT_TRUE(all.claims[1].shown) << all.claims[1].ours;
  EXPECT_TRUE(all.claims[3].shown) << all.claims[3].ours;
  expect_files(all, folder_, "alignment-mnist");
}

}  // namespace
}  // namespace apical
