// A run that is stopped or killed anywhere ends with the same bits as one that was not.
#include <algorithm>

#include "command_test.h"

namespace apical {
namespace {

class Interruption : public CommandTest {
 protected:
  // A checkpoint after every minibatch, 25 minibatches an epoch; sleep, so that feedback weights and noise
  // count too.
  static std::vector<std::string> checked_often(const std::string& out) {
    return train_words(
        out, {"--rule", "dfc-ssa", "--set", "problem.batch_size=8", "training.checkpoint_minutes=1e-9",
              "rule.pretraining_epochs=1", "rule.sleep_before=0", "rule.sleep_after=1", "--threads", "1"});
  }
  // A checkpoint within the fourth pass exists: of checked_often, the second wake epoch.
  static bool within_an_epoch(const fs::path& run) {
    std::error_code gone;
    if (!fs::exists(run / "checkpoints", gone)) return false;
    const auto checkpoints = checkpoints_of(run);
    const std::string last = checkpoints.empty() ? "" : checkpoints.back().filename().string();
    return last.starts_with("epoch-00000003") && last.find("minibatch-00000000") == std::string::npos;
  }
  void expect_like_an_uninterrupted_run(const std::string& out) {
    const auto whole = run(checked_often("whole"));
    ASSERT_EQ(whole.code, 0) << whole.err;
    expect_same_bits(out, "whole");
    EXPECT_EQ(read_manifest(here() / out).results.at("test_error"),
              read_manifest(here() / "whole").results.at("test_error"));
    EXPECT_EQ(read_metrics(here() / out).size(), read_metrics(here() / "whole").size());
    EXPECT_EQ(read_manifest(here() / out).status, RunStatus::finished);
  }
  void stop_with(int signal) {
    Process training(words(checked_often("out")), setting());
    ASSERT_TRUE(wait_until([&] { return within_an_epoch(here() / "out") || !training.running(); }));
    training.send(signal);
    const auto stopped = training.wait();
    EXPECT_EQ(stopped.code, 3) << stopped.err;
    EXPECT_THAT(stopped.err, HasSubstr("apical resume out"));
    EXPECT_EQ(read_manifest(here() / "out").status, RunStatus::stopped);
    const auto resumed = run({"resume", "out"});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_THAT(resumed.out, HasSubstr("dfc-ssa"));
    expect_like_an_uninterrupted_run("out");
  }
};

TEST_F(Interruption, SigintWithinAnEpochSavesAndResumesToTheSameBits) { stop_with(SIGINT); }

TEST_F(Interruption, SigtermWithinAnEpochSavesAndResumesToTheSameBits) { stop_with(SIGTERM); }

TEST_F(Interruption, SigkillWithinAnEpochResumesToTheSameBits) {
  Process training(words(checked_often("out")), setting());
  ASSERT_TRUE(wait_until([&] { return within_an_epoch(here() / "out") || !training.running(); }));
  training.send(SIGKILL);
  EXPECT_EQ(training.wait().code, -1);
  EXPECT_EQ(read_manifest(here() / "out").status, RunStatus::running);
  const auto resumed = run({"resume", "out"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  expect_like_an_uninterrupted_run("out");
}

// Again and again, each time while a checkpoint is being written: its temporary file is there.
TEST_F(Interruption, SigkillDuringCheckpointsResumesToTheSameBits) {
  const auto writing = [this] {
    std::error_code gone;
    fs::directory_iterator files(here() / "out/checkpoints", gone);
    if (gone) return false;
    for (const fs::directory_iterator end; files != end; files.increment(gone)) {
      if (gone || files->path().extension() != ".safetensors") return true;
    }
    return false;
  };
  std::vector<std::string> command = checked_often("out");
  int killed = 0;
  for (bool finished = false; !finished && killed < 6;) {
    Process training(words(command), setting());
    ASSERT_TRUE(wait_until([&] { return writing() || !training.running(); }));
    training.send(SIGKILL);
    const auto ended = training.wait();
    finished = ended.code == 0;
    EXPECT_TRUE(finished || ended.code == -1) << ended.err;
    killed += !finished;
    if (fs::exists(here() / "out/manifest.json")) command = {"resume", "out"};
  }
  EXPECT_GT(killed, 0);
  if (read_manifest(here() / "out").status != RunStatus::finished) {
    const auto resumed = run({"resume", "out"});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
  }
  for (const auto& entry : fs::directory_iterator(here() / "out/checkpoints"))
    EXPECT_EQ(entry.path().extension(), ".safetensors");
  expect_like_an_uninterrupted_run("out");
}

TEST_F(Interruption, ARunThatIsBeingWrittenIsNotTakenUpTwice) {
  Process training(words(checked_often("out")), setting());
  ASSERT_TRUE(wait_until([&] { return within_an_epoch(here() / "out") || !training.running(); }));
  training.send(SIGSTOP);
  const auto second = run({"resume", "out"});
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(second.err, HasSubstr("out"));
}

TEST_F(Interruption, AStoppedComparisonSaysWhichRunCanBeResumed) {
  Process comparing(words({"compare", "tiny.toml", "--rules", "dfc-ssa,dfa", "--set", "problem.batch_size=8",
                           "training.checkpoint_minutes=1e-9", "dfc-ssa:rule.pretraining_epochs=1"}),
                    setting());
  const auto begun = [this] {
    std::error_code gone;
    for (fs::directory_iterator runs(here() / "runs", gone), end; !gone && runs != end;
         runs.increment(gone)) {
      if (within_an_epoch(runs->path())) return true;
    }
    return false;
  };
  ASSERT_TRUE(wait_until([&] { return begun() || !comparing.running(); }));
  comparing.send(SIGINT);
  const auto stopped = comparing.wait();
  EXPECT_EQ(stopped.code, 3) << stopped.err;
  const auto begin = stopped.err.find("apical resume ");
  ASSERT_NE(begin, std::string::npos) << stopped.err;
  const auto end = stopped.err.find('`', begin);
  EXPECT_EQ(run({"resume", stopped.err.substr(begin + 14, end - begin - 14)}).code, 0);
}

}  // namespace
}  // namespace apical
