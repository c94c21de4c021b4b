#include "apical/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "apical/atomic_file.h"
#include "child.h"
#include "error_text.h"
#include "temporary_directory.h"

namespace apical {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using Json = nlohmann::json;

RunManifest sample() {
  RunManifest m;
  m.name = "first";
  m.rule = "dfc";
  m.data = "mnist";
  m.seed = 9007199254740993;  // more than a double holds
  m.data_sha256 = {{"train images", "ba89"}};
  m.recipe = "[training]\nepochs = 3\n";
  m.kernels = "AVX2";
  m.precision = "float32";
  m.threads = 2;
  m.shortened = {"2 epochs instead of 100"};
  m.command = {"apical", "train", "a b.toml"};
  m.results = {{"test_error", 0.1 + 0.2}};
  return m;
}

TEST(Run, MakesADirectoryNamedByDateRuleAndAShortId) {
  const TemporaryDirectory directory;
  const apical::Run run = apical::Run::create(sample(), directory / "runs");
  EXPECT_THAT(run.manifest().id, MatchesRegex("20[0-9][0-9]-[01][0-9]-[0-3][0-9]-dfc-[0-9a-f]{6}"));
  EXPECT_EQ(run.directory(), directory.path() / "runs" / run.manifest().id);
  EXPECT_TRUE(std::filesystem::is_directory(run.checkpoints()));
  EXPECT_TRUE(std::filesystem::is_directory(run.artefacts()));
  EXPECT_THAT(run.manifest().started, MatchesRegex("20[0-9-]+T[0-9:]+Z"));
}

TEST(Manifest, ComesBackEqual) {
  const TemporaryDirectory directory;
  apical::Run run = apical::Run::create(sample(), directory.path());
  EXPECT_EQ(read_manifest(run.directory()), run.manifest());
  run.set_status(RunStatus::failed, "It broke.");
  const RunManifest read = read_manifest(run.directory());
  EXPECT_EQ(read, run.manifest());
  EXPECT_EQ(read.status, RunStatus::failed);
  EXPECT_EQ(read.failure, "It broke.");
  EXPECT_FALSE(read.ended.empty());
}

TEST(Manifest, IsTheDocumentedJson) {
  const TemporaryDirectory directory;
  const apical::Run run = apical::Run::create(sample(), directory.path());
  const Json json = Json::parse(slurp(run.directory() / "manifest.json"));
  EXPECT_EQ(json["format"], "apical-run");
  EXPECT_EQ(json["status"], "running");
  EXPECT_EQ(json["seed"], 9007199254740993);
  EXPECT_EQ(json["data"]["name"], "mnist");
  EXPECT_EQ(json["data"]["sha256"]["train images"], "ba89");
  EXPECT_EQ(json["recipe"], "[training]\nepochs = 3\n");
  EXPECT_EQ(json["version"], build_info().version);
  EXPECT_EQ(json["machine"]["cores"], machine_info().cores);
}

TEST(Manifest, ResultsThatAreNotFiniteStayReadable) {
  const TemporaryDirectory directory;
  RunManifest m = sample();
  m.results = {{"test_loss", std::nan("")}, {"test_error", 0.5}};
  const apical::Run run = apical::Run::create(m, directory.path());
  const auto results = read_manifest(run.directory()).results;
  EXPECT_TRUE(std::isnan(results.at("test_loss")));
  EXPECT_EQ(results.at("test_error"), 0.5);
}

TEST(Manifest, ADamagedOrForeignOneIsNamed) {
  const TemporaryDirectory directory;
  EXPECT_THAT(error_text([&] { read_manifest(directory.path()); }),
              HasSubstr("is not a run: it holds no manifest.json"));
  spill(directory / "manifest.json", "{\"format\": \"apical-ru");
  EXPECT_THAT(error_text([&] { read_manifest(directory.path()); }), HasSubstr("manifest.json: is damaged"));
  spill(directory / "manifest.json", "{\"name\": \"webpage\"}");
  EXPECT_THAT(error_text([&] { read_manifest(directory.path()); }), HasSubstr("not the manifest of a run"));
  spill(directory / "manifest.json", R"({"format": "apical-run", "format_version": 9})");
  EXPECT_THAT(error_text([&] { read_manifest(directory.path()); }), HasSubstr("later version"));
  spill(directory / "manifest.json", R"({"format": "apical-run", "seed": "x"})");
  EXPECT_THAT(error_text([&] { read_manifest(directory.path()); }), HasSubstr("is damaged"));
  spill(directory / "manifest.json", R"({"format": "apical-run", "status": "finishd"})");
  EXPECT_THAT(error_text([&] { read_manifest(directory.path()); }), HasSubstr("Did you mean 'finished'?"));
}

TEST(Run, TakesTheUsersDirectoryOnlyIfItIsEmpty) {
  const TemporaryDirectory directory;
  EXPECT_EQ(apical::Run::create(sample(), directory / "runs", directory / "mine").directory(),
            directory / "mine");
  EXPECT_THAT(
      error_text([&] { apical::Run::create(sample(), directory / "runs", directory / "mine"); }),
      HasSubstr("must be empty or new. Choose another, or take the run in it up with `apical resume`."));
  spill(directory / "file", "");
  EXPECT_THAT(error_text([&] { apical::Run::create(sample(), directory / "file"); }),
              HasSubstr("the directory cannot be made"));
}

TEST(Metrics, EveryValueComesBackWithTheSameBits) {
  const TemporaryDirectory directory;
  apical::Run run = apical::Run::create(sample(), directory.path());
  const double infinity = std::numeric_limits<double>::infinity();
  const Metric first = {
      {"event", "epoch"},
      {"epoch", 3},
      {"seed", std::int64_t{9007199254740993}},
      {"loss", 0.1 + 0.2},
      {"tiny", 5e-324},
      {"minus_zero", -0.0},
      {"whole_real", 2.0},
      {"settled", true},
      {"marks", std::vector<std::string>{"signed error", "é\n\""}},
      {"counts", std::vector<std::int64_t>{1, 2}},
      {"angles", std::vector<double>{1.0 / 3, 2}},
      {"values", std::vector<std::pair<std::string, double>>{{"network", 1e300}, {"layer 1", 2}}}};
  const Metric second = {
      {"loss", infinity},
      {"angles", std::vector<double>{1, -infinity}},
      {"values", std::vector<std::pair<std::string, double>>{{"a.b", infinity}, {"b", 1}}}};
  run.log(first);
  run.log(second);
  const auto read = read_metrics(run.directory());
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0], first);
  EXPECT_TRUE(std::signbit(std::get<double>(read[0][5].second)));
  EXPECT_EQ(read[1], second);
}

TEST(Metrics, WhatIsNotFiniteIsNullAndNamed) {
  const TemporaryDirectory directory;
  apical::Run run = apical::Run::create(sample(), directory.path());
  run.log(
      {{"loss", std::nan("")}, {"angles", std::vector<double>{1, -std::numeric_limits<double>::infinity()}}});
  EXPECT_EQ(
      slurp(run.directory() / "metrics.jsonl"),
      "{\"loss\":null,\"angles\":[1.0,null],\"non_finite\":{\"loss\":\"nan\",\"angles.1\":\"-inf\"}}\n");
  const auto read = read_metrics(run.directory());
  EXPECT_TRUE(std::isnan(std::get<double>(read[0][0].second)));
}

TEST(Metrics, ALineCutByAKillIsLeftOutAndRemovedOnResume) {
  const TemporaryDirectory directory;
  std::filesystem::path path;
  {
    apical::Run run = apical::Run::create(sample(), directory.path());
    run.log({{"epoch", 1}});
    path = run.directory();
  }
  spill(path / "metrics.jsonl", "{\"epoch\":1}\n{\"epo");
  EXPECT_EQ(read_metrics(path).size(), 1u);
  apical::Run run = apical::Run::resume(path);
  run.log({{"epoch", 2}});
  EXPECT_EQ(slurp(path / "metrics.jsonl"), "{\"epoch\":1}\n{\"epoch\":2}\n");
}

TEST(Metrics, ADamagedLineInTheMiddleIsNamed) {
  const TemporaryDirectory directory;
  spill(directory / "metrics.jsonl", "{\"epoch\":1}\n{\"epo\n{\"epoch\":2}\n");
  EXPECT_THAT(error_text([&] { read_metrics(directory.path()); }),
              HasSubstr("metrics.jsonl:2: is not a line of metrics"));
  spill(directory / "metrics.jsonl", "[1]\n");
  EXPECT_THAT(error_text([&] { read_metrics(directory.path()); }),
              HasSubstr("metrics.jsonl:1: a metric must be a JSON object"));
}

TEST(Metrics, RewindForgetsWhatCameAfterTheCheckpoint) {
  const TemporaryDirectory directory;
  std::filesystem::path path;
  std::uint64_t at_checkpoint = 0;
  ASSERT_TRUE(killed_after([&](auto wait_for_death) {
    apical::Run run = apical::Run::create(sample(), directory.path(), directory / "run");
    run.log({{"epoch", 1}});
    write_atomically(run.artefacts() / "offset", std::to_string(run.sync_metrics()));
    run.log({{"epoch", 2}});
    wait_for_death();
  }));
  path = directory / "run";
  at_checkpoint = std::stoull(slurp(path / "artefacts" / "offset"));
  apical::Run run = apical::Run::resume(path);
  EXPECT_EQ(read_metrics(path).size(), 2u);
  run.rewind_metrics(at_checkpoint);
  run.log({{"epoch", 22}});
  EXPECT_EQ(slurp(path / "metrics.jsonl"), "{\"epoch\":1}\n{\"epoch\":22}\n");
  EXPECT_THAT(error_text([&] { run.rewind_metrics(1000); }),
              HasSubstr("the checkpoint was written after 1000"));
}

TEST(Metrics, AFullDiskLeavesWholeLinesAndSaysSo) {
  const TemporaryDirectory directory;
  const int result = in_child([&] {
    apical::Run run = apical::Run::create(sample(), directory.path(), directory / "run");
    run.log({{"epoch", 1}});
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{20, 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto text = error_text([&] { run.log({{"text", std::string(100, 'x')}}); });
    return text.find("metrics.jsonl: cannot be written") != std::string::npos ? 0 : 1;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(slurp(directory / "run/metrics.jsonl"), "{\"epoch\":1}\n");
}

TEST(Run, CannotBeWrittenTwiceAtOnceButAfterAKill) {
  const TemporaryDirectory directory;
  {
    const apical::Run run = apical::Run::create(sample(), directory.path(), directory / "run");
    EXPECT_TRUE(apical::Run::is_being_written(directory / "run"));
    EXPECT_THAT(error_text([&] { apical::Run::resume(directory / "run"); }),
                HasSubstr("another process is writing this run"));
    EXPECT_EQ(in_child([&] {
                return error_text([&] { apical::Run::resume(directory / "run"); }).find("another process") !=
                               std::string::npos
                           ? 0
                           : 1;
              }),
              0);
  }
  EXPECT_FALSE(apical::Run::is_being_written(directory / "run"));
  ASSERT_TRUE(killed_after([&](auto wait_for_death) {
    const apical::Run run = apical::Run::resume(directory / "run");
    wait_for_death();
  }));
  EXPECT_FALSE(apical::Run::is_being_written(directory / "run"));
  EXPECT_EQ(apical::Run::resume(directory / "run").manifest().status, RunStatus::running);
}

TEST(Run, ResumingClearsTheFailureAndTheRemainsOfKilledWriters) {
  const TemporaryDirectory directory;
  {
    apical::Run run = apical::Run::create(sample(), directory.path(), directory / "run");
    run.set_status(RunStatus::failed, "It broke.");
  }
  ASSERT_TRUE(killed_after([&](auto wait_for_death) {
    AtomicFile file(directory / "run/checkpoints/epoch-00000001-minibatch-00000000.safetensors");
    wait_for_death();
  }));
  EXPECT_EQ(entries(directory / "run/checkpoints"), 1);
  const apical::Run run = apical::Run::resume(directory / "run");
  EXPECT_EQ(entries(directory / "run/checkpoints"), 0);
  EXPECT_EQ(read_manifest(directory / "run").failure, "");
  EXPECT_EQ(read_manifest(directory / "run").ended, "");
}

TEST(Run, CheckpointsAreOrderedInTimeAndPrunedFromTheEarliest) {
  const TemporaryDirectory directory;
  const apical::Run run = apical::Run::create(sample(), directory.path());
  for (const auto& [epoch, minibatch] :
       std::vector<std::pair<int, int>>{{10, 0}, {9, 0}, {9, 120}, {9, 13}}) {
    spill(run.checkpoint_path(epoch, minibatch), "");
  }
  spill(run.checkpoints() / "notes.txt", "");
  const auto all = checkpoints_of(run.directory());
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1], run.checkpoint_path(9, 13));
  EXPECT_EQ(all[3], run.checkpoint_path(10, 0));
  run.prune_checkpoints(2);
  EXPECT_THAT(checkpoints_of(run.directory()),
              testing::ElementsAre(run.checkpoint_path(9, 120), run.checkpoint_path(10, 0)));
  EXPECT_TRUE(std::filesystem::exists(run.checkpoints() / "notes.txt"));
}

TEST(Environment, KnowsTheMachineAndTheBuild) {
  const MachineInfo machine = machine_info();
  EXPECT_GE(machine.cores, 1);
  EXPECT_GT(machine.memory_bytes, 1 << 20);
  EXPECT_THAT(machine.os, HasSubstr("Linux"));
  EXPECT_THAT(slurp("/proc/cpuinfo"), HasSubstr(machine.cpu));
  EXPECT_THAT(build_info().version, MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_THAT(build_info().flags, HasSubstr("-Wall"));
  EXPECT_THAT(build_info().compiler, MatchesRegex("(GNU|Clang) [0-9.]+"));
}

}  // namespace
}  // namespace apical
