#include "command_test.h"

namespace apical {
namespace {

using Parity = CommandTest;
const fs::path kReference = fs::path(APICAL_TEST_DATA) / "dfc/p4_5-6-4_randomQ_nobias_mse_shortT.json";

TEST_F(Parity, AReferenceFilePassesInEveryQuantity) {
  const auto json = parsed(run({"parity", kReference.string(), "--json"}));
  EXPECT_GT(json["rows"].size(), 20u);
  for (const auto& row : json["rows"]) {
    EXPECT_EQ(row["verdict"], "passed") << row;
    EXPECT_LE(row["worst"].get<double>(), 1e-6) << row;
  }
}

TEST_F(Parity, AQuantityThatMeansNothingIsSkippedNotPassed) {
  auto reference = nlohmann::json::parse(slurp(fs::path(APICAL_TEST_DATA) / "dfc/s1_strong_5-6-6-4_ce.json"));
  reference["ratio_fb_over_ff_official_fn"] = {0.5, 0.5, 0.5};
  spill(here() / "ratio.json", reference.dump());
  const auto json = parsed(run({"parity", "ratio.json", "--json"}));
  int skipped = 0;
  for (const auto& row : json["rows"]) {
    ASSERT_TRUE(row["verdict"] == "passed" || row["verdict"] == "skipped") << row;
    skipped += row["verdict"] == "skipped";
  }
  EXPECT_EQ(skipped, 1);
}

TEST_F(Parity, ANumberThatIsOffInTheSixthDigitFailsByName) {
  auto reference = nlohmann::json::parse(slurp(kReference));
  auto& number = reference["output_target"][0][0];
  number = number.get<double>() * (1 + 1e-6) + 1e-6;
  spill(here() / "moved.json", reference.dump());
  const auto failed = run({"parity", kReference.string(), "moved.json", "--json"});
  EXPECT_EQ(failed.code, 1);
  std::vector<std::string> off;
  const auto rows = nlohmann::json::parse(failed.out)["rows"];
  for (const auto& row : rows) {
    if (row["verdict"] == "failed")
      off.push_back(row["file"].get<std::string>() + " " + row["quantity"].get<std::string>());
  }
  EXPECT_THAT(off, testing::Contains("moved.json output_target"));
  EXPECT_THAT(off, testing::Each(testing::StartsWith("moved.json")));
  EXPECT_THAT(run({"parity", "moved.json"}).out, HasSubstr("failed"));
}

TEST_F(Parity, AFileThatIsNoReferenceIsNamed) {
  spill(here() / "other.json", "{\"net\": 3}");
  const auto wrong = run({"parity", "other.json"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("other.json"));
}

}  // namespace
}  // namespace apical
