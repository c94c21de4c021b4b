// A recipe that extends others holds their values, its own on top.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apical/recipe.h"
#include "io/error_text.h"
#include "io/temporary_directory.h"

namespace apical {
namespace {

using ::testing::HasSubstr;

class RecipeExtends : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    const auto path = here_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::string refused(const std::string& name) const {
    return error_text([&] { load_recipe(here_ / name); });
  }
  TemporaryDirectory here_;
};

TEST_F(RecipeExtends, HoldsWhatTheFilesWouldSayInOne) {
  write("base/grand.toml", "[training]\nepochs = 3\nseed = 4\n[rule]\nid = \"r\"\na = 1\nb = 2\n");
  write("base/parent.toml", "extends = \"grand.toml\"\n[rule]\nb = 3\n[optimizer.feedback]\nbeta1 = 0.5\n");
  write("child.toml", "extends = \"base/parent.toml\"\n[training]\nepochs = 7\n[rule]\nid = \"s\"\n");
  const Recipe one = parse_recipe(
      "[training]\nepochs = 7\nseed = 4\n[rule]\nid = \"s\"\na = 1\nb = 3\n[optimizer.feedback]\nbeta1 = "
      "0.5\n",
      "one");
  EXPECT_EQ(load_recipe(here_ / "child.toml"), one);
}

TEST_F(RecipeExtends, OfSeveralTheLaterHolds) {
  write("a.toml", "[training]\nepochs = 3\nseed = 1\n");
  write("b.toml", "[training]\nepochs = 4\n");
  write("ab.toml", "extends = [\"a.toml\", \"b.toml\"]\n");
  const Recipe both = load_recipe(here_ / "ab.toml");
  EXPECT_EQ(both.training.epochs, 4);
  EXPECT_EQ(both.training.seeds.front(), 1);
}

TEST_F(RecipeExtends, SaysInWhichFileAMistakeIs) {
  write("base.toml", "[training]\nepohcs = 3\n");
  write("child.toml", "extends = \"base.toml\"\n");
  EXPECT_THAT(refused("child.toml"), HasSubstr("base.toml:2"));
  write("base.toml", "[training]\nepochs = 3\n");
  write("child.toml", "extends = \"base.toml\"\n[training]\nepochs = -1\n");
  EXPECT_THAT(refused("child.toml"), HasSubstr("child.toml:3"));
}

TEST_F(RecipeExtends, RefusesWhatIsMissingACircleAndWhatIsNoName) {
  write("base.toml", "");
  write("child.toml", "\nextends = \"bsae.toml\"\n");
  EXPECT_THAT(refused("child.toml"), HasSubstr("child.toml:2"));
  EXPECT_THAT(refused("child.toml"), HasSubstr("Did you mean 'base.toml'?"));
  write("base.toml", "extends = \"child.toml\"\n");
  write("child.toml", "extends = \"base.toml\"\n");
  EXPECT_THAT(refused("child.toml"), HasSubstr("extends itself"));
  for (const char* wrong : {"3", "[]", "[\"base.toml\", 1]", "true"}) {
    write("child.toml", std::string("extends = ") + wrong + "\n");
    EXPECT_THAT(refused("child.toml"), HasSubstr("must be the name of a recipe file")) << wrong;
  }
}

TEST_F(RecipeExtends, AMissingRecipeIsMetWithTheNearestBesideIt) {
  write("mnist.toml", "");
  write("digits.toml", "");
  EXPECT_THAT(refused("minst.toml"), HasSubstr("Did you mean 'mnist.toml'?"));
  // a name that no file can have is an Error, too
  EXPECT_THAT(refused(std::string(300, 'a') + ".toml"), HasSubstr("unknown recipe file"));
}

TEST_F(RecipeExtends, TwoBasesMayShareOne) {
  write("root.toml", "[training]\nepochs = 9\n");
  write("a.toml", "extends = \"root.toml\"\n");
  write("b.toml", "extends = \"root.toml\"\n");
  write("ab.toml", "extends = [\"a.toml\", \"b.toml\"]\n");
  EXPECT_EQ(load_recipe(here_ / "ab.toml").training.epochs, 9);
}

TEST(RecipeText, CannotExtend) {
  EXPECT_THAT(error_text([] { parse_recipe("extends = \"base.toml\"\n", "text"); }),
              HasSubstr("recipe files alone"));
}

}  // namespace
}  // namespace apical
