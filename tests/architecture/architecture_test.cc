// The plan of the house holds: arrows between folders point downwards, and a rule is known by its own files
// only.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "architecture/layers.h"
#include "architecture/rule_files.h"
#include "io/temporary_directory.h"

namespace apical::architecture {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const fs::path kRoot = APICAL_SOURCE;

TEST(Architecture, IncludesPointDownwards) {
  EXPECT_GT(sources_below(kRoot, "src").size(), 50u);
  EXPECT_THAT(wrong_includes(kRoot), IsEmpty());
}

TEST(Architecture, EveryPublicHeaderThatIsListedIsThere) {
  for (const auto& [header, layer] : kPublicHeaders)
    EXPECT_TRUE(fs::exists(kRoot / "include/apical" / header)) << header;
}

TEST(Architecture, RulesAreNamedInTheirOwnFilesOnly) {
  EXPECT_GE(rule_files(kRoot).size(), 7u);
  EXPECT_THAT(names_out_of_place(kRoot), IsEmpty());
}

TEST(Architecture, EveryExceptionIsNeeded) {
  const std::vector<RuleFile> rules = rule_files(kRoot);
  for (const Exception& exception : kMayNameRules) {
    bool used = false;
    const std::string top = exception.files.substr(0, exception.files.find('/'));
    for (const std::string& file : sources_below(kRoot, top)) {
      if (!file.starts_with(exception.files)) continue;
      const std::string code = without_comments(text_of(kRoot / file));
      for (const RuleFile& rule : rules) used |= code.find('"' + rule.id + '"') != std::string::npos;
    }
    EXPECT_TRUE(used) << exception.files << " names no rule: " << exception.reason;
  }
}

TEST(Architecture, EveryRuleHasATestAPageAndAShortFile) { EXPECT_THAT(incomplete_rules(kRoot), IsEmpty()); }

// A small tree in which everything is in order, to plant mistakes in.
class PlantedMistake : public ::testing::Test {
 protected:
  void SetUp() override {
    write("include/apical/rule.h", "#include <vector>\n#include \"apical/settling.h\"\n");
    write("include/apical/settling.h", "#include <cstdint>\n");
    write("src/dynamics/rate.law.h", "struct Rate {};\n");
    write("src/network/settle.cc",
          "#include <Eigen/Core>\n#include \"apical/rule.h\"\n#include \"core/pool.h\"\n");
    write("src/rules/CMakeLists.txt", "apical_rule(good_rule)\n");
    write("src/rules/good_rule.cc",
          "#include \"apical/rule.h\"\nCard c{.id = \"good-rule\"};\nAPICAL_RULE(GoodRule)\n");
    write("tests/rules/good_rule_test.cc", "\n");
    write("docs/rules/good-rule.md", "\n");
  }
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((root() / file).parent_path());
    std::ofstream(root() / file) << text;
  }
  const fs::path& root() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
};

TEST_F(PlantedMistake, OfNoKindIsReportedWhereThereIsNone) {
  EXPECT_THAT(wrong_includes(root()), IsEmpty());
  EXPECT_THAT(names_out_of_place(root()), IsEmpty());
  EXPECT_THAT(incomplete_rules(root()), IsEmpty());
}

TEST_F(PlantedMistake, UpwardArrowIsFound) {
  write("src/core/pool.h", "#include \"network/minibatch.h\"\n");
  EXPECT_THAT(wrong_includes(root()), Contains(HasSubstr("src/core/pool.h:1 includes network/minibatch.h")));
}

TEST_F(PlantedMistake, UpwardArrowThroughAPublicHeaderIsFound) {
  write("src/data/load.cc", "\n\n#  include \"apical/network.h\"\n");
  EXPECT_THAT(wrong_includes(root()), Contains(HasSubstr("src/data/load.cc:3 includes apical/network.h")));
}

TEST_F(PlantedMistake, LawThatIncludesAnythingIsFound) {
  write("src/dynamics/rate.law.h", "#include <cmath>\n");
  EXPECT_THAT(wrong_includes(root()), Contains(HasSubstr("laws include nothing")));
}

TEST_F(PlantedMistake, RuleThatSeesMoreThanItsInterfaceIsFound) {
  write("src/rules/good_rule.cc", "#include \"apical/rule.h\"\n#include <thread>\n");
  EXPECT_THAT(wrong_includes(root()), Contains(HasSubstr("rules include apical/rule.h only")));
}

TEST_F(PlantedMistake, ThirdPartyTypeInAPublicHeaderIsFound) {
  write("include/apical/settling.h", "#include <Eigen/Core>\n");
  EXPECT_THAT(wrong_includes(root()), Contains(HasSubstr("no third-party types")));
}

TEST_F(PlantedMistake, HeaderOfNoLayerIsFound) {
  write("include/apical/mystery.h", "\n");
  EXPECT_THAT(wrong_includes(root()), Contains(HasSubstr("include/apical/mystery.h belongs to no layer")));
}

TEST_F(PlantedMistake, RuleIdElsewhereIsFoundButNotInAComment) {
  write("src/experiment/trainer.cc", "// for \"good-rule\" only\n");
  EXPECT_THAT(names_out_of_place(root()), IsEmpty());
  write("src/experiment/trainer.cc", "const char* url = \"https://x\"; if (id == \"good-rule\") return;\n");
  EXPECT_THAT(names_out_of_place(root()), Contains(HasSubstr("names the rule \"good-rule\"")));
}

TEST_F(PlantedMistake, RuleClassElsewhereIsFound) {
  write("cli/train.cc", "int x = 10'000; /* GoodRule */ GoodRule rule;\n");
  EXPECT_THAT(names_out_of_place(root()), Contains(HasSubstr("cli/train.cc names the class GoodRule")));
}

TEST_F(PlantedMistake, ExceptionHoldsForItsRulesOnly) {
  write("src/probes/probe.cc", "run(\"good-rule\");\n");
  EXPECT_THAT(names_out_of_place(root()), Contains(HasSubstr("src/probes/probe.cc")));
}

TEST_F(PlantedMistake, RuleWithoutTestOrPageOrLineIsFound) {
  fs::remove(root() / "tests/rules/good_rule_test.cc");
  fs::remove(root() / "docs/rules/good-rule.md");
  write("src/rules/stray.cc", "\n");
  EXPECT_THAT(incomplete_rules(root()), Contains(HasSubstr("needs tests/rules/good_rule_test.cc")));
  EXPECT_THAT(incomplete_rules(root()), Contains(HasSubstr("needs docs/rules/good-rule.md")));
  EXPECT_THAT(incomplete_rules(root()), Contains(HasSubstr("src/rules/stray.cc is not built")));
}

TEST_F(PlantedMistake, LongRuleFileIsFound) {
  write("src/rules/good_rule.cc", text_of(root() / "src/rules/good_rule.cc") + std::string(kMostLines, '\n'));
  EXPECT_THAT(incomplete_rules(root()), Contains(HasSubstr("too long")));
}

}  // namespace
}  // namespace apical::architecture
