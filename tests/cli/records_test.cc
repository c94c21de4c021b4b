// Runs that are there: lists, reports, use of the network.
#include "apical/run_index.h"
#include "command_test.h"

namespace apical {
namespace {

class Records : public CommandTest {
 protected:
  Records() {
    trained_ = run({"train", "tiny.toml"}).code + run({"train", "tiny.toml", "--rule", "dfa"}).code;
    EXPECT_EQ(trained_, 0);
    for (const RunSummary& summary : RunIndex(here() / "runs").list()) id_[summary.rule] = summary.id;
  }
  static std::string last_part(const std::string& id) { return id.substr(id.rfind('-') + 1); }

  int trained_ = 0;
  std::map<std::string, std::string> id_;
};

TEST_F(Records, RunsListsAndFilters) {
  EXPECT_EQ(parsed(run({"runs", "--json"}))["rows"].size(), 2u);
  const auto dfa = parsed(run({"runs", "--rule", "dfa", "--status", "finished", "--json"}))["rows"];
  ASSERT_EQ(dfa.size(), 1u);
  EXPECT_EQ(dfa[0]["run"], id_["dfa"]);
  EXPECT_TRUE(dfa[0]["test_error"].is_number());
  EXPECT_TRUE(fs::exists(dfa[0]["path"].get<std::string>()));
  EXPECT_EQ(parsed(run({"runs", "--data", "mnist", "--json"}))["rows"].size(), 0u);
  EXPECT_THAT(run({"runs"}).out, HasSubstr(id_["backprop"]));
  EXPECT_EQ(run({"runs", "--status", "done"}).code, 2);
}

TEST_F(Records, ReportTakesIdsAndPathsAndWritesPageAndFigures) {
  const auto done = run({"report", last_part(id_["dfa"]), "runs/" + id_["backprop"], "-o", "page.html",
                         "--figures", "figures", "--title", "Both of them"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(slurp(here() / "page.html"), HasSubstr("Both of them"));
  EXPECT_THAT(slurp(here() / "figures/test-error.svg"), HasSubstr("<svg"));
  EXPECT_THAT(done.out, HasSubstr("Report: " + (here() / "page.html").string()));
  EXPECT_EQ(parsed(run({"report", id_["dfa"], "--json"}))["runs"].size(), 1u);
}

TEST_F(Records, AnUnknownRunIsAnsweredWithTheNearest) {
  for (const char* verb : {"report", "eval", "resume", "verify"}) {
    const auto unknown = run({verb, "2000-01-01-dfa-000000"});
    EXPECT_EQ(unknown.code, 2) << verb;
    EXPECT_THAT(unknown.err, HasSubstr(id_["dfa"])) << verb;
  }
}

TEST_F(Records, EvalFindsTheErrorThatTheRunRecorded) {
  const auto json = parsed(run({"eval", id_["dfa"], "--json"}));
  const RunManifest manifest = read_manifest(here() / "runs" / id_["dfa"]);
  EXPECT_EQ(json["error"].get<double>(), manifest.results.at("test_error"));
  EXPECT_EQ(json["samples"], 360);
  int total = 0, right = 0;
  for (std::size_t row = 0; row < 10; ++row) {
    for (std::size_t column = 0; column < 10; ++column) total += json["confusion"][row][column].get<int>();
    right += json["confusion"][row][row].get<int>();
  }
  EXPECT_EQ(total, 360);
  EXPECT_NEAR(1 - right / 360.0, json["error"].get<double>(), 1e-12);
  EXPECT_EQ(parsed(run({"eval", id_["dfa"], "--part", "train", "--json"}))["samples"], 1437);
}

// The saved rates are read back as a data set of their own.
TEST_F(Records, EvalSavesActivityThatNumpyCanRead) {
  const auto done = run({"eval", id_["dfa"], "--data", "digits", "--save", "activity.npz"});
  ASSERT_EQ(done.code, 0) << done.err;
  const std::string bytes = slurp(here() / "activity.npz");
  EXPECT_EQ(bytes.substr(0, 2), "PK");
  for (const char* name : {"inputs.npy", "labels.npy", "predictions.npy", "r1.npy", "r2.npy", "r3.npy"})
    EXPECT_THAT(bytes, HasSubstr(name));
  EXPECT_THAT(bytes, HasSubstr("(360, 12)"));
}

TEST_F(Records, EvalRefusesDataThatDoesNotFit) {
  spill(here() / "two.csv", "1,2,0\n3,4,1\n5,6,0\n7,8,1\n9,1,0\n2,2,1\n");
  const auto wrong = run({"eval", id_["dfa"], "--data", "csv:two.csv"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("64 inputs"));
}

TEST_F(Records, AFinishedRunHasNothingToResume) {
  const auto finished = run({"resume", id_["dfa"]});
  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.err, HasSubstr("finished"));
}

}  // namespace
}  // namespace apical
