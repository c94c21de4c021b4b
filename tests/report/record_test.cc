#include <gmock/gmock.h>

#include <cmath>

#include "apical/error.h"
#include "report/made_up_runs.h"

namespace apical {
namespace {

using Record = RunFolders;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(Record, ARecordHoldsWhatTheFilesSay) {
  const RunRecord record = run("dfc", 3, 0.04, 25);
  EXPECT_EQ(record.rule, "dfc");
  EXPECT_EQ(record.seed, "3");
  EXPECT_EQ(record.data, "digits");
  EXPECT_EQ(record.machine, "a machine");
  EXPECT_THAT(record.facts,
              testing::Contains(std::pair<std::string, std::string>("data.sha256.all", "abc123")));
  ASSERT_THAT(record.epochs, SizeIs(2));
  EXPECT_EQ(*record.epochs[1].loss, 0.5);
  EXPECT_EQ(record.epochs[1].settled, std::nullopt);
  ASSERT_THAT(record.measurements, SizeIs(2));
  EXPECT_EQ(record.measurements[0].values[1].first, "layer 1");
  EXPECT_EQ(*record.summary->test_error, 0.04);
  EXPECT_THAT(record.problems, IsEmpty());
}

TEST_F(Record, AHalfWrittenLastLineIsLeftOutSilently) {
  const std::string whole = metrics(0.04, 25);
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    const RunRecord record = read_run_record(write("cut", manifest("dfc", 1), whole.substr(0, cut)));
    EXPECT_THAT(record.problems, IsEmpty()) << cut;
    EXPECT_EQ(record.summary.has_value(), cut + 1 >= whole.size()) << cut;
  }
}

TEST_F(Record, ADamagedLineInTheMiddleIsNamed) {
  const RunRecord record =
      read_run_record(write("damaged", manifest("dfc", 1), "{\"event\":\"epo\n" + metrics(0.04, 25)));
  ASSERT_THAT(record.problems, SizeIs(1));
  EXPECT_THAT(record.problems[0], HasSubstr("metrics.jsonl:1 "));
  EXPECT_THAT(record.epochs, SizeIs(2));
}

TEST_F(Record, NullIsNotANumberAndAbsentIsNothing) {
  const RunRecord record = read_run_record(write(
      "null", manifest("dfc", 1), "{\"event\":\"epoch\",\"epoch\":1,\"pass\":\"wake\",\"loss\":null}\n"));
  ASSERT_TRUE(record.epochs[0].loss.has_value());
  EXPECT_TRUE(std::isnan(*record.epochs[0].loss));
  EXPECT_FALSE(record.epochs[0].error.has_value());
}

TEST_F(Record, AResumedRunCountsAnEpochOnce) {
  const std::string twice = metrics(0.9, 70) + metrics(0.04, 25);
  const RunRecord record = read_run_record(write("resumed", manifest("dfc", 1), twice));
  EXPECT_THAT(record.epochs, SizeIs(2));
  EXPECT_THAT(record.evaluations, SizeIs(3));
  ASSERT_THAT(record.measurements, SizeIs(2));
  EXPECT_EQ(record.measurements[1].values[0].second, 25);
  EXPECT_EQ(*record.evaluations.back().error, 0.04);
}

TEST_F(Record, UnknownEventsAndKeysAreNoFailure) {
  const RunRecord record = read_run_record(
      write("new", manifest("dfc", 1), "{\"event\":\"novel\",\"x\":[1,{}]}\n{\"epoch\":\"one\"}\n[]\n"));
  EXPECT_THAT(record.problems, ElementsAre(HasSubstr("metrics.jsonl:3")));
}

TEST_F(Record, MissingOrDamagedManifestsAreTheUsersToMend) {
  EXPECT_THROW(read_run_record(root_ / "nowhere"), Error);
  const auto folder = write("broken", manifest("dfc", 1), "");
  std::ofstream(folder / "manifest.json") << "{\"rule\": \"d";
  try {
    read_run_record(folder);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("manifest.json"));
  }
}

TEST_F(Record, ARunWithoutMetricsSaysSo) {
  const auto folder = write("bare", manifest("dfc", 1), "");
  std::filesystem::remove(folder / "metrics.jsonl");
  EXPECT_THAT(read_run_record(folder).problems, SizeIs(1));
}

}  // namespace
}  // namespace apical
