#include "apical/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace apical {
namespace {

TEST(Error, SaysWhereWhatAndHint) {
  const Error error("run.toml:3", "epochs must be at least 1, got 0.", "Set it to a whole number.");
  EXPECT_STREQ(error.what(), "run.toml:3: epochs must be at least 1, got 0. Set it to a whole number.");
}

TEST(UnknownChoice, NamesTheNearestValidChoiceFirst) {
  const std::vector<std::string> valid = {"backprop", "dfa", "dfc", "dfc-ss"};
  const std::string text = unknown_choice("--rule", "rule", "dfc-s", valid).what();
  EXPECT_THAT(text, testing::HasSubstr("unknown rule 'dfc-s'"));
  EXPECT_THAT(text, testing::HasSubstr("Did you mean 'dfc-ss'?"));
  EXPECT_EQ(nearest_first("bakprop", valid).front(), "backprop");
}

}  // namespace
}  // namespace apical
