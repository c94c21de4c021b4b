// One sample of a trained network in the scope, as a user asks for it.
#include "command_test.h"

namespace apical {
namespace {

class ScopeCommand : public CommandTest {
 protected:
  ScopeCommand() {
    const Finished trained =
        train("out", {"--rule", "dfc-ss", "--set", "training.epochs=1", "rule.feedback=fixed",
                      "rule.steps=300", "rule.k_p=1", "rule.tau_v=0.1"});
    EXPECT_EQ(trained.code, 0) << trained.err;
  }
};

TEST_F(ScopeCommand, ShowsTextFigureAndArrays) {
  const Finished done = run({"scope", "out", "--sample", "3", "--neurons", "1:2,3:0", "--figure", "scope.svg",
                             "--save", "scope.npz"});
  ASSERT_EQ(done.code, 0) << done.err;
  for (const char* words : {"sample 3 of test", "A_PI", "Spectral radius of the Euler step", "Theory: stable",
                            "Seen:", "Error", "target"}) {
    EXPECT_THAT(done.out, HasSubstr(words));
  }
  const std::string figure = slurp(here() / "scope.svg");
  for (const char* words :
       {"<svg", "Control", "Output and target", "Error", "Layer 1, unit 2", "Layer 3, unit 0", "apical"})
    EXPECT_THAT(figure, HasSubstr(words));
  const std::string arrays = slurp(here() / "scope.npz");
  for (const char* name : {"time.npy", "u.npy", "target.npy", "layer 1 unit 2 apical.npy"})
    EXPECT_THAT(arrays, HasSubstr(name));
}

TEST_F(ScopeCommand, TriesOtherSettingsAndSaysWhatTheoryAndSightSay) {
  const auto wild = parsed(run({"scope", "out", "--sample", "3", "--k-p", "50", "--dt", "0.05", "--json"}));
  EXPECT_EQ(wild["predicted_stable"], false);
  EXPECT_EQ(wild["seen_stable"], false);
  EXPECT_GT(wild["euler_radius"][0].get<double>(), 1);
  EXPECT_EQ(wild["notes"].size(), 2u);
  const auto text = run({"scope", "out", "--sample", "3", "--k-p", "50", "--dt", "0.05"});
  EXPECT_THAT(text.out, HasSubstr("the Euler step is too long"));
  EXPECT_THAT(text.out, HasSubstr("runs away"));
  EXPECT_THAT(text.out, testing::Not(HasSubstr("nan")));
  EXPECT_THAT(text.out, testing::Not(HasSubstr("overshoot")));
  const auto calm = parsed(run({"scope", "out", "--sample", "3", "--json"}));
  EXPECT_EQ(calm["predicted_stable"], true);
  EXPECT_EQ(calm["seen_stable"], true);
}

// Its control comes down layer by layer, so there is no A_PI; its error passes through a softmax, so its target moves.
TEST_F(ScopeCommand, WatchesRulesWhoseControlComesDownLayerByLayer) {
  ASSERT_EQ(train("least",
                  {"--rule", "lcp-di", "--set", "training.epochs=1", "rule.settling=steps", "rule.steps=200"})
                .code,
            0);
  const Finished done = run({"scope", "least", "--figure", "least.svg", "--save", "least.npz"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("Spectral radius of the Euler step"));
  EXPECT_THAT(done.out, HasSubstr("Theory: stable. Seen: settled"));
  EXPECT_THAT(done.out, testing::Not(HasSubstr("A_PI")));
  EXPECT_THAT(slurp(here() / "least.svg"), HasSubstr("target"));
  const std::string arrays = slurp(here() / "least.npz");
  EXPECT_THAT(arrays.substr(arrays.find("target.npy"), 200), HasSubstr("(200, 10)"));
  const auto calm = parsed(run({"scope", "least", "--json"}));
  EXPECT_TRUE(calm["overshoot"].is_null());
  EXPECT_EQ(calm["predicted_stable"], true);
  EXPECT_TRUE(calm["a_pi"][0].is_null());
  const auto wild = run({"scope", "least", "--k-p", "5000"});
  EXPECT_THAT(wild.out, HasSubstr("Theory: unstable"));
  EXPECT_THAT(wild.out, HasSubstr("The Euler step is unstable at this point"));
}

TEST_F(ScopeCommand, AnswersBadInput) {
  const auto refused = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all = {"scope", "out"};
    all.insert(all.end(), more.begin(), more.end());
    const Finished done = run(all);
    EXPECT_EQ(done.code, 2) << done.out;
    return done.err;
  };
  EXPECT_THAT(refused({"--sample", "-1"}), HasSubstr("--sample"));
  EXPECT_THAT(refused({"--sample", "99999"}), HasSubstr("99999"));
  EXPECT_THAT(refused({"--alpha", "-0.1"}), HasSubstr("--alpha"));
  EXPECT_THAT(refused({"--neurons", "two"}), HasSubstr("--neurons"));
  EXPECT_THAT(refused({"--neurons", "1:99"}), HasSubstr("99"));
  EXPECT_EQ(run({"scope", "nothing"}).code, 2);
  ASSERT_EQ(train("plain").code, 0);
  const Finished plain = run({"scope", "plain"});
  EXPECT_EQ(plain.code, 2);
  EXPECT_THAT(plain.err, HasSubstr("dfc-ss"));
}

}  // namespace
}  // namespace apical
