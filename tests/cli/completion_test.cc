#include "command_test.h"

namespace apical {
namespace {

class Completion : public CommandTest {
 protected:
  // What bash would offer for the typed words; the last one is being completed.
  std::string offered(const std::string& typed) const {
    EXPECT_EQ(run({"completion", "bash"}).code, 0);
    spill(here() / "completion.bash", run({"completion", "bash"}).out);
    const std::string script = "source completion.bash; COMP_WORDS=(" + typed +
                               "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _apical; echo \"${COMPREPLY[@]}\"";
    return Process({"/bin/bash", "-c", script}, setting()).wait().out;
  }
};

TEST_F(Completion, BashOffersVerbsOptionsAndTheirChoices) {
  EXPECT_EQ(offered("apical tr"), "train\n");
  EXPECT_THAT(offered("apical ''"), HasSubstr("compare"));
  EXPECT_EQ(offered("apical data ge"), "get\n");
  EXPECT_EQ(offered("apical train --rul"), "--rule\n");
  EXPECT_EQ(offered("apical train x.toml --rule dfc-s"), "dfc-ss dfc-ssa\n");
  EXPECT_EQ(offered("apical compare --rules backprop,shal"), "backprop,shallow\n");
  EXPECT_EQ(offered("apical data get fashion-mnist-u"), "fashion-mnist-unofficial-split\n");
  EXPECT_EQ(offered("apical rules backp"), "backprop\n");
}

TEST_F(Completion, EveryShellKnowsEveryVerb) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = run({"completion", shell});
    EXPECT_EQ(script.code, 0);
    for (const char* verb : {"train", "compare", "demo", "rules", "eval", "resume", "verify", "report",
                             "runs", "data", "parity", "probes"}) {
      EXPECT_THAT(script.out, HasSubstr(verb)) << shell;
    }
    EXPECT_THAT(script.out, HasSubstr("dfc-ssa")) << shell;
  }
  EXPECT_EQ(run({"completion", "dash"}).code, 2);
}

}  // namespace
}  // namespace apical
