#include <gmock/gmock.h>

#include "report/made_up_runs.h"

namespace apical {
namespace {

using Result = RunFolders;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// Errors of 3 % and 5 %: mean 4, sd √2; angles 20° and 30°: mean 25, sd 7.07.
TEST_F(Result, TheTableHasMeanAndDeviationOverSeeds) {
  const Table table =
      result_table(std::vector{run("dfc", 1, 0.03, 20), run("dfc", 2, 0.05, 30), run("dfa", 1, 0.06, 60)});
  EXPECT_EQ(cell_of(table, "dfc", "Test error"), "4.00 ± 1.41");
  EXPECT_EQ(cell_of(table, "dfc", "Angle to backprop"), "25.0 ± 7.1");
  EXPECT_EQ(cell_of(table, "dfc", "Seeds"), "2");
  EXPECT_EQ(cell_of(table, "dfc", "Samples/s"), "512");
  EXPECT_EQ(cell_of(table, "dfc", "Locality marks"), "update locked");
  EXPECT_EQ(cell_of(table, "dfa", "Test error"), "6.00");
}

TEST_F(Result, OneSeedHasNoDeviation) {
  const Table table = result_table(std::vector{run("dfc", 1, 0.03)});
  EXPECT_EQ(cell_of(table, "dfc", "Test error"), "3.00");
  EXPECT_THAT(table.text(), Not(HasSubstr("±")));
}

TEST_F(Result, SaysHowOftenEquilibriaWereSolvedFor) {
  RunRecord record = run("dfc", 1, 0.03);
  EXPECT_THAT(result_table(std::vector{record}).text(), Not(HasSubstr("solved")));
  RunRecord::Epoch epoch;
  epoch.pass = "wake";
  epoch.solved = 150;
  epoch.fell_back = 0;
  record.epochs.push_back(epoch);
  epoch.solved = 147;
  epoch.fell_back = 3;
  record.epochs.push_back(epoch);
  EXPECT_THAT(result_table(std::vector{record}).text(),
              HasSubstr("dfc: states solved for 297 samples; 3 (1 %) simulated instead."));
}

TEST_F(Result, AFailedRunIsNamedAndNotAveraged) {
  auto failed = manifest("dfc", 2);
  failed["status"] = "failed";
  failed["failure"] = "loss is not finite";
  const Table table = result_table(
      std::vector{run("dfc", 1, 0.03), read_run_record(write("failed", failed, metrics(0.9, 90)))});
  EXPECT_EQ(cell_of(table, "dfc", "Seeds"), "2 (1 failed)");
  EXPECT_EQ(cell_of(table, "dfc", "Test error"), "3.00");
}

TEST_F(Result, AnUnfinishedRunIsNamedAndCountsOnlyWhereNoneHasFinished) {
  auto going = manifest("dfc", 2);
  going["status"] = "running";
  std::string some = metrics(0.2, 50);
  some.erase(some.rfind("{\"event\":\"summary\""));
  const RunRecord unfinished = read_run_record(write("going", going, some));
  EXPECT_EQ(cell_of(result_table(std::vector{run("dfc", 1, 0.03), unfinished}), "dfc", "Test error"), "3.00");
  EXPECT_EQ(cell_of(result_table(std::vector{unfinished}), "dfc", "Test error"), "20.00");
  EXPECT_EQ(cell_of(result_table(std::vector{unfinished}), "dfc", "Seeds"), "1 (1 unfinished)");
}

TEST_F(Result, ATestErrorThatIsNotFiniteIsSaid) {
  std::string text = metrics(0.03, 20);
  text.replace(text.rfind("\"test_error\":0.03"), 17, "\"test_error\":null");
  const RunRecord record = read_run_record(write("nan", manifest("dfc", 1), text));
  EXPECT_EQ(cell_of(result_table(std::vector{record}), "dfc", "Test error"), "NaN");
}

TEST_F(Result, RunsWithOtherSettingsAreNotAveraged) {
  const auto with_gain = [&](const std::string& name, int seed, const std::string& gain, double error) {
    auto given = manifest("dfc", seed);
    given["name"] = name;
    given["recipe"] = "[rule]\nk_p = " + gain + "\n[train]\nseed = " + std::to_string(seed) + "\n";
    return read_run_record(write(name, given, metrics(error, 30)));
  };
  const Table table =
      result_table(std::vector{with_gain("weak", 1, "1.0", 0.03), with_gain("strong", 2, "2.0", 0.05)});
  EXPECT_EQ(cell_of(table, "dfc (weak)", "Test error"), "3.00");
  EXPECT_EQ(cell_of(table, "dfc (strong)", "Test error"), "5.00");
}

TEST_F(Result, TheSameRuleOnOtherDataIsARowOfItsOwn) {
  auto other = manifest("dfc", 1);
  other["data"] = "mnist";
  const Table table = result_table(
      std::vector{run("dfc", 1, 0.03), read_run_record(write("other", other, metrics(0.05, 30)))});
  EXPECT_EQ(cell_of(table, "dfc on digits", "Test error"), "3.00");
  EXPECT_EQ(cell_of(table, "dfc on mnist", "Test error"), "5.00");
}

TEST_F(Result, ARepeatedSeedCountsOnce) {
  const Table table =
      result_table(std::vector{run("dfc", 1, 0.03), run("dfc", 1, 0.03), run("dfc", 2, 0.05)});
  EXPECT_EQ(cell_of(table, "dfc", "Seeds"), "2");
  EXPECT_EQ(cell_of(table, "dfc", "Test error"), "4.00 ± 1.41");
  EXPECT_THAT(table.notes(), Contains(HasSubstr("counts once")));
}

TEST_F(Result, TheTableSaysWhatWasShortened) {
  auto shorter = manifest("dfc", 1);
  shorter["shortened"] = {"T = 300 instead of 1000."};
  const Table table = result_table(std::vector{read_run_record(write("short", shorter, metrics(0.03, 20)))},
                                   {.shortened = {"Two epochs."}});
  EXPECT_THAT(table.notes(), Contains("Shortened: Two epochs. T = 300 instead of 1000."));
}

TEST_F(Result, MarksOfOtherPassesAreNamedWithThem) {
  const RunRecord record =
      read_run_record(write("marks", manifest("dfc", 1),
                            "{\"event\":\"marks\",\"pass\":\"wake\",\"marks\":[]}\n"
                            "{\"event\":\"marks\",\"pass\":\"sleep\",\"marks\":[\"second phase\"]}\n"));
  EXPECT_EQ(cell_of(result_table(std::vector{record}), "dfc", "Locality marks"), "second phase (sleep)");
}

TEST_F(Result, NoMarksAndNoMeasurementOfMarksDiffer) {
  const RunRecord none = read_run_record(
      write("none", manifest("a", 1), "{\"event\":\"marks\",\"pass\":\"wake\",\"marks\":[]}\n"));
  const RunRecord unknown = read_run_record(write("unknown", manifest("b", 1), ""));
  const Table table = result_table(std::vector{none, unknown});
  EXPECT_EQ(cell_of(table, "a", "Locality marks"), "none");
  EXPECT_EQ(cell_of(table, "b", "Locality marks"), "–");
}

TEST_F(Result, ThePlotShowsTheErrorOfEveryRule) {
  const std::string plot = result_plot(std::vector{run("dfc", 1, 0.03), run("dfa", 1, 0.06)}, {});
  EXPECT_THAT(plot, HasSubstr("Test error [%]"));
  EXPECT_THAT(plot, HasSubstr("dfa"));
  EXPECT_THAT(plot, HasSubstr("90 ┤"));
  EXPECT_THAT(plot, HasSubstr("3 ┤"));
}

}  // namespace
}  // namespace apical
