#include "apical/run_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "child.h"
#include "error_text.h"
#include "temporary_directory.h"

namespace apical {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

RunManifest manifest(const std::string& rule, const std::string& data = "mnist") {
  RunManifest m;
  m.name = "test";
  m.rule = rule;
  m.data = data;
  m.seed = 7;
  m.results = {{"test_error", 0.1 + 0.2}, {"loss", 1e-300}};
  return m;
}

std::string finished_run(const fs::path& runs, const std::string& rule, const std::string& data = "mnist") {
  apical::Run run = apical::Run::create(manifest(rule, data), runs);
  run.set_status(RunStatus::finished);
  return run.manifest().id;
}

TEST(RunIndex, ListsEveryRunOfTheDirectoryWithItsResults) {
  const TemporaryDirectory directory;
  const std::string id = finished_run(directory.path(), "dfc");
  const auto runs = RunIndex(directory.path()).list();
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].id, id);
  EXPECT_EQ(runs[0].rule, "dfc");
  EXPECT_EQ(runs[0].data, "mnist");
  EXPECT_EQ(runs[0].seed, 7);
  EXPECT_EQ(runs[0].status, "finished");
  EXPECT_EQ(runs[0].results, manifest("dfc").results) << "to the last bit";
}

TEST(RunIndex, FiltersByRuleDataNameAndStatus) {
  const TemporaryDirectory directory;
  finished_run(directory.path(), "dfc");
  finished_run(directory.path(), "dfa", "digits");
  const RunIndex index(directory.path());
  EXPECT_EQ(index.list().size(), 2u);
  EXPECT_EQ(index.list({.rule = "dfc"}).size(), 1u);
  EXPECT_EQ(index.list({.data = "digits"}).at(0).rule, "dfa");
  EXPECT_EQ(index.list({.rule = "dfc", .data = "digits"}).size(), 0u);
  EXPECT_EQ(index.list({.name = "test", .status = "finished"}).size(), 2u);
}

TEST(RunIndex, FollowsTheManifests) {
  const TemporaryDirectory directory;
  RunIndex index(directory.path());
  EXPECT_TRUE(index.list().empty());
  apical::Run run = apical::Run::create(manifest("dfc"), directory.path());
  index.refresh();
  EXPECT_EQ(index.list().at(0).status, "running");
  run.set_status(RunStatus::stopped);
  index.refresh();
  EXPECT_EQ(index.list().at(0).status, "stopped");
  fs::remove_all(run.directory());
  index.refresh();
  EXPECT_TRUE(index.list().empty());
}

TEST(RunIndex, CallsAKilledRunInterruptedAndAnUnreadableOneDamaged) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(killed_after([&](auto wait_for_death) {
    const apical::Run run = apical::Run::create(manifest("dfc"), directory.path());
    wait_for_death();
  }));
  EXPECT_EQ(RunIndex(directory.path()).list().at(0).status, "interrupted");
  fs::create_directory(directory / "broken");
  spill(directory / "broken/manifest.json", "{");
  EXPECT_EQ(RunIndex(directory.path()).find("broken").status, "damaged");
}

TEST(RunIndex, FindsByTheBeginningOfTheIdOrOfItsLastPart) {
  const TemporaryDirectory directory;
  const std::string dfc = finished_run(directory.path(), "dfc"), dfa = finished_run(directory.path(), "dfa");
  const RunIndex index(directory.path());
  EXPECT_EQ(index.find(dfc).id, dfc);
  EXPECT_EQ(index.find(dfc.substr(0, dfc.size() - 1)).id, dfc);
  EXPECT_EQ(index.find(dfa.substr(dfa.rfind('-') + 1)).id, dfa);
  EXPECT_EQ(index.find((directory / dfa).string()).id, dfa);
  EXPECT_THAT(error_text([&] { index.find("20"); }),
              HasSubstr("'20' is the beginning of 2 runs. Give more of the id: "));
  EXPECT_THAT(error_text([&] { index.find("zzz"); }), HasSubstr("there is no run 'zzz'. Nearest: "));
  EXPECT_THAT(error_text([&] { index.find(""); }), HasSubstr("there is no run ''."));
}

TEST(RunIndex, IsMadeAgainWhenItIsMissingOrDamaged) {
  const TemporaryDirectory directory;
  const std::string id = finished_run(directory.path(), "dfc");
  EXPECT_EQ(RunIndex(directory.path()).list().size(), 1u);
  ASSERT_TRUE(fs::exists(directory / "index.sqlite3"));
  fs::remove(directory / "index.sqlite3");
  EXPECT_EQ(RunIndex(directory.path()).find(id).rule, "dfc");
  for (const std::string& rubbish :
       {std::string("rubbish"), std::string(8192, 'x'), "SQLite format 3" + std::string(5000, '\0')}) {
    for (const char* name : {"index.sqlite3-wal", "index.sqlite3-shm"}) fs::remove(directory / name);
    spill(directory / "index.sqlite3", rubbish);
    EXPECT_EQ(RunIndex(directory.path()).find(id).rule, "dfc");
    EXPECT_THAT(slurp(directory / "index.sqlite3"), testing::StartsWith("SQLite format 3"))
        << "the file itself was made again";
  }
}

TEST(RunIndex, IsMadeAgainWhenItsRowsAreLost) {
  const TemporaryDirectory directory;
  const std::string id = finished_run(directory.path(), "dfc");
  EXPECT_EQ(RunIndex(directory.path()).list().size(), 1u);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((directory / "index.sqlite3").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "DELETE FROM runs", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  EXPECT_EQ(RunIndex(directory.path()).find(id).rule, "dfc");
}

TEST(RunIndex, IsMadeAgainWhenItIsOfAnotherVersion) {
  const TemporaryDirectory directory;
  const std::string id = finished_run(directory.path(), "dfc");
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((directory / "index.sqlite3").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "CREATE TABLE runs (path TEXT); PRAGMA user_version = 99", nullptr, nullptr,
                         nullptr),
            SQLITE_OK);
  sqlite3_close(other);
  EXPECT_EQ(RunIndex(directory.path()).find(id).rule, "dfc");
}

TEST(RunIndex, RemembersRunsElsewhereUntilTheyAreGone) {
  const TemporaryDirectory directory;
  RunIndex index(directory / "runs");
  fs::create_directory(directory / "runs");
  RunIndex written(directory / "runs");
  apical::Run run = apical::Run::create(manifest("dfc"), directory / "runs", directory / "elsewhere");
  written.update(run.directory());
  EXPECT_EQ(RunIndex(directory / "runs").list().at(0).path, fs::canonical(directory / "elsewhere"));
  fs::remove_all(directory / "elsewhere");
  EXPECT_TRUE(RunIndex(directory / "runs").list().empty());
  EXPECT_THAT(error_text([&] { written.update(directory.path()); }), HasSubstr("is not a run"));
}

TEST(RunIndex, ListsADirectoryThatMayOnlyBeRead) {
  const TemporaryDirectory directory;
  fs::permissions(directory.path(), fs::perms(0755));
  const std::string id = finished_run(directory.path(), "dfc");
  fs::permissions(directory.path(), fs::perms(0555));
  const int result = in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 2;
    return RunIndex(directory.path()).find(id).rule == "dfc" ? 0 : 1;
  });
  EXPECT_EQ(result, 0);
  EXPECT_FALSE(fs::exists(directory / "index.sqlite3"));
  EXPECT_TRUE(RunIndex(directory / "nothing here").list().empty());
}

TEST(RunIndex, ManyProcessesMayAddAtOnce) {
  const TemporaryDirectory directory;
  constexpr int kProcesses = 6, kRuns = 5;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(::fork());
    if (children.back() == 0) {
      const auto text = error_text([&] {
        for (int j = 0; j < kRuns; ++j) {
          RunIndex index(directory.path());
          apical::Run run = apical::Run::create(manifest("dfc"), directory.path());
          index.update(run.directory());
          run.set_status(RunStatus::finished);
          index.update(run.directory());
        }
      });
      ::_exit(text == "no error" ? 0 : 1);
    }
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((directory / "index.sqlite3").c_str(), &database), SQLITE_OK);
  sqlite3_stmt* count = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(database, "SELECT COUNT(*) FROM runs WHERE status = 'finished'", -1, &count,
                               nullptr),
            SQLITE_OK);
  ASSERT_EQ(sqlite3_step(count), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_int(count, 0), kProcesses * kRuns);
  sqlite3_finalize(count);
  sqlite3_close(database);
}

}  // namespace
}  // namespace apical
