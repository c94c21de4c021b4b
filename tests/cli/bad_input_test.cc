#include <sys/mount.h>

#include "command_test.h"

namespace apical {
namespace {

using BadInput = CommandTest;

TEST_F(BadInput, ARecipesTypoNamesFileLineKeyAndTheNearest) {
  spill(here() / "typo.toml", "[problem]\ndata = \"digits\"\n\n[training]\nepoch = 3\n");
  const auto typo = run({"train", "typo.toml"});
  EXPECT_EQ(typo.code, 2);
  EXPECT_THAT(typo.err, HasSubstr("typo.toml:5: unknown key 'epoch'"));
  EXPECT_THAT(typo.err, HasSubstr("Did you mean 'epochs'?"));
  spill(here() / "rule.toml", "[rule]\nid = \"dfc\"\nk_q = 3\n");
  const auto parameter = run({"train", "rule.toml"});
  EXPECT_EQ(parameter.code, 2);
  EXPECT_THAT(parameter.err, HasSubstr("rule.toml:3"));
  EXPECT_THAT(parameter.err, HasSubstr("Did you mean 'k_p'?"));
  EXPECT_FALSE(fs::exists(here() / "runs"));
}

TEST_F(BadInput, AnAssignmentsTypoNamesTheOptionAndTheNearest) {
  for (const auto& [assignment, nearest] :
       std::map<std::string, std::string>{{"training.epoch=3", "'epochs'"},
                                          {"trainin.epochs=3", "'training'"},
                                          {"optimizer.learning_rat=1", "'learning_rate'"},
                                          {"probes.update-angel=3", "'update-angle'"}}) {
    const auto typo = train("out", {"--set", assignment});
    EXPECT_EQ(typo.code, 2) << assignment;
    EXPECT_THAT(typo.err, HasSubstr("--set")) << assignment;
    EXPECT_THAT(typo.err, HasSubstr(nearest)) << assignment;
  }
  EXPECT_THAT(train("out", {"--set", "training.epochs=-1"}).err,
              HasSubstr("whole number in [0, 1000000000]"));
  EXPECT_THAT(train("out", {"--rule", "dffc"}).err, HasSubstr("Did you mean 'dfc'?"));
  EXPECT_THAT(train("out", {"--kernels", "AVX9"}).err, HasSubstr("reference"));
  EXPECT_FALSE(fs::exists(here() / "out"));
}

TEST_F(BadInput, AMissingRecipeIsNamed) {
  const auto missing = run({"train", "absent.toml"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("absent.toml"));
}

TEST_F(BadInput, NotANumberInTheDataNamesSampleAndFeature) {
  std::string csv;
  for (int i = 0; i < 40; ++i)
    csv += std::to_string(i) + (i == 7 ? ",nan," : ",2,") + std::to_string(i % 2) + "\n";
  spill(here() / "holes.csv", csv);
  const auto holes =
      train("out", {"--set", "problem.data=csv:holes.csv", "--set", "problem.training_samples=0"});
  EXPECT_EQ(holes.code, 2);
  EXPECT_THAT(holes.err, HasSubstr("holes.csv"));
  EXPECT_THAT(holes.err, testing::AnyOf(HasSubstr("nan"), HasSubstr("NaN")));
  EXPECT_FALSE(fs::exists(here() / "out"));
}

// /proc refuses new directories even to root.
TEST_F(BadInput, AnOutputDirectoryThatCannotBeWrittenIsNamed) {
  const auto refused = run({"train", "tiny.toml", "--out", "/proc/apical-run"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("/proc/apical-run"));
  spill(here() / "file", "");
  EXPECT_THAT(run({"train", "tiny.toml", "--runs", "file/runs"}).err, HasSubstr("file/runs"));
}

TEST_F(BadInput, ATakenOutputDirectoryIsLeftAlone) {
  ASSERT_EQ(train("taken").code, 0);
  const std::string manifest = slurp(here() / "taken/manifest.json");
  const auto again = train("taken");
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("taken"));
  EXPECT_EQ(slurp(here() / "taken/manifest.json"), manifest);
}

TEST_F(BadInput, ResultsThatCannotBePrintedAreAnError) {
  Setting full = setting();
  full.out = "/dev/full";
  for (const char* word : {"--help", "--version"}) {
    const auto unread = run({word}, full);
    EXPECT_EQ(unread.code, 2) << word;
    EXPECT_THAT(unread.err, HasSubstr("disk is full")) << word;
  }
  const auto lost = run({"rules"}, full);
  EXPECT_EQ(lost.code, 2);
  EXPECT_THAT(lost.err, HasSubstr("disk is full"));
}

// A checkpoint of the larger net does not fit into the limit.
TEST_F(BadInput, AFileThatCannotGrowStopsTheRunAndLeavesWhatWasSaved) {
  Setting tight = setting();
  tight.most_bytes_per_file = 20000;
  const auto stopped = run(train_words("tight", {"--set", "network.layers=0, 300, 0"}), tight);
  EXPECT_EQ(stopped.code, 2);
  EXPECT_THAT(stopped.err, HasSubstr("safetensors"));
  EXPECT_EQ(stopped.err.find("terminate"), std::string::npos);
  EXPECT_EQ(read_manifest(here() / "tight").status, RunStatus::failed);
  ASSERT_EQ(run({"resume", "tight"}).code, 0);
  ASSERT_EQ(train("roomy", {"--set", "network.layers=0, 300, 0"}).code, 0);
  expect_same_bits("tight", "roomy");
}

// A real full disk, where this process may make one.
TEST_F(BadInput, AFullDiskStopsTheRunAndItGoesOnWithTheSameBitsOnceThereIsRoom) {
  const fs::path disk = here() / "disk";
  fs::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=256k") != 0)
    GTEST_SKIP() << "no right to mount a small disk";
  spill(disk / "ballast", std::string(100000, 'x'));
  const auto full = train("disk/run", {"--set", "network.layers=0, 150, 0"});
  EXPECT_EQ(full.code, 2);
  EXPECT_THAT(full.err, HasSubstr("No space left"));
  fs::remove(disk / "ballast");
  const bool grown = ::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=4m") == 0;
  EXPECT_TRUE(grown);
  const auto resumed = run({"resume", "disk/run"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(train("roomy", {"--set", "network.layers=0, 150, 0"}).code, 0);
  expect_same_bits("disk/run", "roomy");
  EXPECT_EQ(::umount2(disk.c_str(), MNT_DETACH), 0);
}

TEST_F(BadInput, ACheckpointOfOtherShapesIsRefusedByName) {
  ASSERT_EQ(train("small").code, 0);
  ASSERT_EQ(train("large", {"--set", "network.layers=0, 13, 10, 0"}).code, 0);
  const fs::path small = checkpoints_of(here() / "small").back();
  fs::copy_file(checkpoints_of(here() / "large").back(), small, fs::copy_options::overwrite_existing);
  const auto refused = run({"eval", "small"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr(small.filename().string()));
  EXPECT_THAT(refused.err, HasSubstr("W1"));
}

}  // namespace
}  // namespace apical
