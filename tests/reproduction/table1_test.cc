// The 32 cells of Table 1 say what the paper and its configurations say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "apical/reproduction.h"
#include "io/error_text.h"

namespace apical {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const fs::path kRecipes = fs::path(APICAL_SOURCE) / "recipes";

const std::vector<PublishedCell>& cells() {
  static const std::vector<PublishedCell> all = published_cells(kRecipes);
  return all;
}

PublishedCell cell(const std::string& column, const std::string& row) {
  return chosen_cells(cells(), {"dfc2021/table1", column, row}).at(0);
}

// Published mean and s.d., effective learning rate (6 digits), target step, Adam's epsilon.
struct Row {
  const char *column, *row;
  double mean, sd, rate, step, epsilon;
};
const Row kTable[] = {
    {"mnist", "bp", .0208, .0015, .000297765, .001, 5.770311627e-08},
    {"mnist", "dfc", .0225, .00094, .00118879, .07794471151, 9.446010081e-08},
    {"mnist", "dfc-ssa", .0218, .0016, .00118879, .07794471151, 9.446010081e-08},
    {"mnist", "dfc-ss", .0229, .00097, .00118879, .07794471151, 9.446010081e-08},
    {"mnist", "dfc-fixed", .0247, .0012, .000604345, .1, 1.332684115e-08},
    {"mnist", "dfc-ssa-fixed", .0246, .0011, .000604345, .1, 1.332684115e-08},
    {"mnist", "dfc-ss-fixed", .0239, .0022, .000604345, .1, 1.332684115e-08},
    {"mnist", "dfa", .0269, .0011, .000262985, .001, 2.483437226e-08},
    {"fashion-mnist", "bp", .1060, .0034, .000544249, .001, 2.709025369e-08},
    {"fashion-mnist", "dfc", .1117, .0027, .000785928, .05606665269, 3.661367432e-08},
    {"fashion-mnist", "dfc-ssa", .1128, .0027, .000785928, .05606665269, 3.661367432e-08},
    {"fashion-mnist", "dfc-ss", .1115, .0032, .000785928, .05606665269, 3.661367432e-08},
    {"fashion-mnist", "dfc-fixed", .1162, .0030, .000542388, .1, 1.464808076e-10},
    {"fashion-mnist", "dfc-ssa-fixed", .1144, .0014, .000542388, .1, 1.464808076e-10},
    {"fashion-mnist", "dfc-ss-fixed", .1155, .0042, .000542388, .1, 1.464808076e-10},
    {"fashion-mnist", "dfa", .1138, .0025, .00767552, .001, 3.251744567e-07},
    {"autoencoder", "bp", .0942, .0009, .00136741, .001, 9.190510114e-07},
    {"autoencoder", "dfc", .1128, .0018, .00920814, .02027700334, 2.778891567e-08},
    {"autoencoder", "dfc-ssa", .1127, .0009, .00920814, .02027700334, 2.778891567e-08},
    {"autoencoder", "dfc-ss", .1121, .0004, .00920814, .02027700334, 2.778891567e-08},
    {"autoencoder", "dfc-fixed", .3337, .0060, 5.51946e-05, .1, 1.063424599e-07},
    {"autoencoder", "dfc-ssa-fixed", .3190, .0077, 5.51946e-05, .1, 1.063424599e-07},
    {"autoencoder", "dfc-ss-fixed", .3231, .0037, 5.51946e-05, .1, 1.063424599e-07},
    {"autoencoder", "dfa", .2995, .0036, .00031508, .001, 5.150023297e-08},
    {"training-loss", "bp", 1.53e-7, .19e-7, .000101859, .001, 1.406584294e-07},
    {"training-loss", "dfc", 7.61e-8, .65e-8, .00894143, .01105835451, 3.895555093e-08},
    {"training-loss", "dfc-ssa", 4.89e-8, 1.26e-8, .00894143, .01105835451, 3.895555093e-08},
    {"training-loss", "dfc-ss", 4.80e-8, .70e-8, .00894143, .01105835451, 3.895555093e-08},
    {"training-loss", "dfc-fixed", 1.30e-6, .15e-6, .000875639, .1, 4.517147913e-08},
    {"training-loss", "dfc-ssa-fixed", 1.73e-6, .39e-6, .000875639, .1, 4.517147913e-08},
    {"training-loss", "dfc-ss-fixed", 1.67e-6, .70e-6, .000875639, .1, 4.517147913e-08},
    {"training-loss", "dfa", 7.09e-7, 1.11e-7, .0265482, .001, 6.313719402e-08}};

TEST(Table1, HasThirtyTwoCellsWithThePublishedNumbers) {
  EXPECT_EQ(chosen_cells(cells(), {"dfc2021/table1", "", ""}).size(), 32u);
  for (const Row& row : kTable) {
    const Published published = cell(row.column, row.row).recipe.published;
    EXPECT_NEAR(published.value / row.mean, 1, 1e-9) << row.column << " " << row.row;
    EXPECT_NEAR(published.sd / row.sd, 1, 1e-9) << row.column << " " << row.row;
    EXPECT_EQ(published.seeds, 5);
    // the larger of three standard errors of a difference over five seeds and 5 %, to two digits
    const double margin = std::max(3 * row.sd * std::sqrt(2.0 / 5), 0.05 * row.mean);
    EXPECT_NEAR(published.tolerance / margin, 1, 0.05) << row.column << " " << row.row;
  }
}

TEST(Table1, HasTheAuthorsEffectiveRatesAndEpsilons) {
  for (const Row& row : kTable) {
    const Recipe recipe = resolve_recipe(cell(row.column, row.row).recipe);
    const OptimizerSettings& forward = recipe.optimizers.at("forward");
    const std::string name = std::string(row.column) + " " + row.row;
    EXPECT_NEAR(forward.learning_rate / row.rate, 1, 5e-6) << name;
    EXPECT_EQ(forward.epsilon, row.epsilon) << name;
    EXPECT_EQ(forward.beta1, .99) << name;
    EXPECT_EQ(forward.beta2, .99) << name;
    EXPECT_EQ(forward.weight_decay, 0) << name;
    EXPECT_EQ(forward.clip, row.row == std::string("bp") ? Clipping::none : Clipping::per_tensor) << name;
    if (row.row == std::string("bp")) continue;
    EXPECT_EQ(std::get<double>(recipe.rule_settings.find("target_step")->value), row.step) << name;
  }
}

// dt, T, proactive, samples that did not converge take part.
struct Dynamics {
  const char *column, *row;
  double dt;
  std::int64_t steps;
  bool proactive, all_samples;
};
const Dynamics kDynamics[] = {{"mnist", "dfc", .02, 1000, true, false},
                              {"mnist", "dfc-ss", .02, 1000, true, false},
                              {"mnist", "dfc-fixed", .02, 500, true, false},
                              {"mnist", "dfc-ss-fixed", .02, 500, true, false},
                              {"fashion-mnist", "dfc", .02, 300, false, false},
                              {"fashion-mnist", "dfc-ss", .02, 300, false, false},
                              {"fashion-mnist", "dfc-fixed", .001, 1500, true, true},
                              {"fashion-mnist", "dfc-ss-fixed", .0005, 3000, true, true},
                              {"autoencoder", "dfc", .02, 1000, true, false},
                              {"autoencoder", "dfc-ss", .02, 1000, true, false},
                              {"autoencoder", "dfc-fixed", .0005, 2000, true, true},
                              {"autoencoder", "dfc-ss-fixed", .001, 1000, true, false},
                              {"training-loss", "dfc", .001, 500, false, true},
                              {"training-loss", "dfc-ss", .001, 1000, false, true},
                              {"training-loss", "dfc-fixed", .001, 1000, true, true},
                              {"training-loss", "dfc-ss-fixed", .0005, 2000, true, true}};

TEST(Table1, SimulatesAsTheAuthorsConfigurationsSay) {
  for (const Dynamics& d : kDynamics) {
    const Recipe recipe = resolve_recipe(cell(d.column, d.row).recipe);
    const auto said = [&](const char* key) { return recipe.rule_settings.find(key)->value; };
    EXPECT_EQ(said("dt"), Value(d.dt)) << d.column << " " << d.row;
    EXPECT_EQ(said("steps"), Value(d.steps)) << d.column << " " << d.row;
    EXPECT_EQ(said("proactive"), Value(d.proactive)) << d.column << " " << d.row;
    EXPECT_EQ(said("include_non_converged"), Value(d.all_samples)) << d.column << " " << d.row;
    EXPECT_EQ(said("tau_v"), Value(0.2));
    EXPECT_EQ(said("k_p"), Value(2.0));
    EXPECT_EQ(said("bookkeeping"), Value(std::string("stored")));
  }
}

// α awake with learned and with fixed feedback; sleep: rates before and after, ε, decay, epochs before, σ, α, k_p, dt, T'.
struct Sleep {
  const char* column;
  double alpha, alpha_fixed, rate_before, rate, epsilon, decay;
  std::int64_t epochs;
  double sigma, sigma_output, alpha_fb, k_p, dt;
  std::int64_t steps;
  double tau_v, tau_a;
  bool output_stays;
};
const Sleep kSleep[] = {
    {"mnist", 0.001389044506, 0.0002465863883, 0.0003170276938, 0.0005265408146, 1.561135223e-06, 0.001, 10,
     0.001524181852, -1, 0.6133635689, 0.1565387776, 0.002029948025, 48, 0.006302503121, 0.3246941732, false},
    {"fashion-mnist", 0.0002060798504, 0.7985041177, 0.0004537261763, 0.0002372529428, 3.561070446e-08, 0.1,
     10, 0.002451309465, -1, 0.2337042088, 0.006426940851, 0.003097349375, 34, 0.005473246037, 0.1346511115,
     true},
    {"autoencoder", 0.03688303554, 0.0001884433398, 0.000163972708, 1.226043397e-05, 5.849519739e-07, 0.1, 15,
     0.00183603526, 0, 0.733253155, 0.006322358049, 0.003264496609, 60, 0.006487346214, 0.2725371146, true},
    {"training-loss", 4.342951418e-05, 0.0003335356558, 0.0006709473906, 4.445847462e-05, 2.762631546e-07,
     0.001, 20, 0.05570975783, -1, 0.9203526803, 0.143211434, 0.001274469997, 44, 0.01321911426, 0.1481145953,
     false}};

TEST(Table1, SleepsAsTheAuthorsConfigurationsSay) {
  for (const Sleep& s : kSleep) {
    for (const char* row : {"dfc", "dfc-ss", "dfc-ssa"}) {
      const Recipe recipe = resolve_recipe(cell(s.column, row).recipe);
      const auto real = [&](const char* key) {
        return std::get<double>(recipe.rule_settings.find(key)->value);
      };
      const auto whole = [&](const char* key) {
        return std::get<std::int64_t>(recipe.rule_settings.find(key)->value);
      };
      EXPECT_EQ(real("alpha"), s.alpha) << s.column << " " << row;
      EXPECT_EQ(whole("pretraining_epochs"), s.epochs);
      EXPECT_EQ(whole("sleep_before"), 1);
      EXPECT_EQ(whole("sleep_after"), 2);
      EXPECT_EQ(real("sigma_fb"), s.sigma);
      EXPECT_EQ(real("sigma_output_fb"), s.sigma_output);
      EXPECT_EQ(real("alpha_fb"), s.alpha_fb);
      EXPECT_EQ(real("k_p_fb"), s.k_p);
      EXPECT_EQ(real("dt_fb"), s.dt);
      EXPECT_EQ(whole("steps_fb"), s.steps);
      EXPECT_EQ(real("tau_v_fb"), s.tau_v);
      EXPECT_EQ(real("tau_a_fb"), s.tau_a);
      for (const auto& [group, rate] :
           {std::pair("feedback-pretraining", s.rate_before), std::pair("feedback", s.rate)}) {
        const OptimizerSettings& optimizer = recipe.optimizers.at(group);
        EXPECT_EQ(optimizer.learning_rate, rate);
        EXPECT_EQ(optimizer.epsilon, s.epsilon);
        EXPECT_EQ(optimizer.weight_decay, s.decay);
        EXPECT_EQ(optimizer.clip, Clipping::joint);
        EXPECT_EQ(optimizer.layer_rates,
                  s.output_stays ? std::vector<double>({1, 1, 1, 0}) : std::vector<double>());
      }
      const Recipe fixed = resolve_recipe(cell(s.column, std::string(row) + "-fixed").recipe);
      EXPECT_EQ(std::get<double>(fixed.rule_settings.find("alpha")->value), s.alpha_fixed);
      EXPECT_EQ(fixed.rule_settings.find("feedback")->value, Value(std::string("fixed")));
      EXPECT_EQ(fixed.optimizers.size(), 1u);
    }
  }
}

TEST(Table1, EveryCellIsNamedAsItsFileAndPrintsToAnEqualOne) {
  for (const PublishedCell& one : cells()) {
    EXPECT_EQ(one.recipe.info.name, one.id);
    EXPECT_FALSE(one.recipe.info.summary.empty()) << one.id;
    EXPECT_FALSE(one.recipe.info.source.empty()) << one.id;
    const Recipe resolved = resolve_recipe(one.recipe);
    EXPECT_EQ(parse_recipe(resolved.to_toml(), "printed"), resolved) << one.id;
  }
}

TEST(Table1, IsAnsweredWithTheNearestNameWhereOneIsUnknown) {
  const auto asked = [](const CellChoice& choice) {
    return error_text([&] { chosen_cells(cells(), choice); });
  };
  EXPECT_THAT(asked({"dfc2021/tabel1", "", ""}), HasSubstr("Did you mean 'dfc2021/table1'?"));
  EXPECT_THAT(asked({"dfc2021/table1", "mnits", ""}), HasSubstr("Did you mean 'mnist'?"));
  EXPECT_THAT(asked({"dfc2021/table1", "", "dfc-ssaa"}), HasSubstr("Did you mean 'dfc-ssa'?"));
}

}  // namespace
}  // namespace apical
