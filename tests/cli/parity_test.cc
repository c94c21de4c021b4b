#include "command_test.h"

namespace apical {
namespace {

using Parity = CommandTest;
const fs::path kReference = fs::path(APICAL_TEST_DATA) / "dfc/p4_5-6-4_randomQ_nobias_mse_shortT.json";

TEST_F(Parity, AReferenceFilePassesAndQuantitiesOfOtherMethodsAreSkippedNotPassed) {
  const auto passed = run({"parity", kReference.string(), "--json"});
  const auto json = parsed(passed);
  int verdicts[2] = {0, 0};
  for (const auto& row : json["rows"]) {
    ASSERT_TRUE(row["verdict"] == "passed" || row["verdict"] == "skipped") << row;
    ++verdicts[row["verdict"] == "skipped"];
    if (row["verdict"] == "passed") {
      EXPECT_LE(row["worst"].get<double>(), 1e-6) << row;
    }
  }
  EXPECT_GT(verdicts[0], 10);
  EXPECT_GT(verdicts[1], 0);
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
