#include <sstream>

#include "command_test.h"

namespace apical {
namespace {

// The verbs that a help text lists, in its section "Verbs:".
std::vector<std::string> verbs_in(const std::string& help) {
  std::vector<std::string> verbs;
  std::istringstream lines(help.substr(std::min(help.find("Verbs:"), help.size())));
  std::string line;
  for (std::getline(lines, line); std::getline(lines, line) && line.starts_with("  ");)
    verbs.push_back(line.substr(2, line.find(' ', 2) - 2));
  return verbs;
}

using Help = CommandTest;

TEST_F(Help, EveryVerbOnEveryLevelHasHelpWithAnExampleThatNamesIt) {
  const auto top = run({"--help"});
  EXPECT_EQ(top.code, 0);
  EXPECT_THAT(top.out, HasSubstr("Exit codes"));
  const auto verbs = verbs_in(top.out);
  EXPECT_THAT(verbs, testing::IsSupersetOf({"train", "compare", "demo", "rules", "eval", "resume", "verify",
                                            "report", "runs", "data", "parity", "probes", "completion"}));
  std::vector<std::vector<std::string>> paths;
  for (const auto& verb : verbs) {
    paths.push_back({verb});
    for (const auto& below : verbs_in(run({verb, "--help"}).out)) paths.push_back({verb, below});
  }
  EXPECT_GE(paths.size(), 16u);
  for (auto path : paths) {
    std::string typed = "apical";
    for (const auto& word : path) typed += " " + word;
    path.push_back("--help");
    const auto help = run(path);
    EXPECT_EQ(help.code, 0) << typed;
    const auto example = help.out.find("Example:\n  " + typed);
    EXPECT_NE(example, std::string::npos) << help.out;
  }
}

TEST_F(Help, WithoutAWordItListsTheVerbs) {
  const auto plain = run({});
  EXPECT_EQ(plain.code, 0);
  EXPECT_EQ(plain.out, run({"--help"}).out);
}

TEST_F(Help, VersionIsTheProjects) {
  EXPECT_EQ(run({"--version"}).out, "apical " + build_info().version + "\n");
}

TEST_F(Help, AMisspeltVerbOrOptionIsAnsweredWithTheNearest) {
  const auto verb = run({"trian", "tiny.toml"});
  EXPECT_EQ(verb.code, 2);
  EXPECT_THAT(verb.err, HasSubstr("Did you mean 'train'?"));
  const auto option = run({"train", "tiny.toml", "--theads", "3"});
  EXPECT_EQ(option.code, 2);
  EXPECT_THAT(option.err, HasSubstr("Did you mean '--threads'?"));
  const auto below = run({"data", "lst"});
  EXPECT_EQ(below.code, 2);
  EXPECT_THAT(below.err, HasSubstr("Did you mean 'list'?"));
}

TEST_F(Help, AMissingWordIsUsage) {
  const auto missing = run({"train"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("RECIPE is required"));
  EXPECT_EQ(run({"train", "tiny.toml", "--threads", "many"}).code, 2);
  EXPECT_EQ(run({"train", "tiny.toml", "--seed", "1", "--seeds", "2"}).code, 2);
}

}  // namespace
}  // namespace apical
