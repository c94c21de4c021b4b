#include "command_test.h"

namespace apical {
namespace {

class Verify : public CommandTest {
 protected:
  Verify() {
    EXPECT_EQ(
        train("run", {"--rule", "dfc-ssa", "--set", "rule.pretraining_epochs=1", "problem.validation=50"})
            .code,
        0);
  }

  // Changes one byte of a file, counted from its end.
  static void change_byte(const fs::path& file, std::size_t from_end) {
    std::string bytes = slurp(file);
    bytes[bytes.size() - from_end] = static_cast<char>(bytes[bytes.size() - from_end] ^ 1);
    spill(file, bytes);
  }
  void replace_in_manifest(const std::string& old, const std::string& now) const {
    std::string manifest = slurp(here() / "run/manifest.json");
    const auto at = manifest.find(old);
    ASSERT_NE(at, std::string::npos);
    spill(here() / "run/manifest.json", manifest.replace(at, old.size(), now));
  }
};

TEST_F(Verify, ARunComesOutTheSame) {
  const auto same = run({"verify", "run"});
  EXPECT_EQ(same.code, 0) << same.out << same.err;
  EXPECT_THAT(same.out, HasSubstr("same bits"));
  const auto rows = parsed(run({"verify", "run", "--json"}))["rows"];
  EXPECT_GT(rows.size(), 10u);
  for (const auto& row : rows) EXPECT_EQ(row["same"], true) << row;
}

TEST_F(Verify, AChangedWeightIsFoundAndNamed) {
  const fs::path file = checkpoints_of(here() / "run").back();
  const Checkpoint before = load_checkpoint(file);
  change_byte(file, 1);
  const Checkpoint after = load_checkpoint(file);
  std::string changed;
  for (const auto& [name, tensor] : before.tensors()) {
    if (!(tensor == after.tensors().find(name)->second)) changed = name;
  }
  ASSERT_FALSE(changed.empty());
  const auto different = run({"verify", "run"});
  EXPECT_EQ(different.code, 1) << different.out;
  EXPECT_THAT(different.out, HasSubstr(changed));
}

TEST_F(Verify, AnotherSeedIsFound) {
  replace_in_manifest("seeds = [5]", "seeds = [6]");
  const auto different = run({"verify", "run"});
  EXPECT_EQ(different.code, 1) << different.out << different.err;
  EXPECT_THAT(different.out, HasSubstr("seed"));
}

TEST_F(Verify, AnotherSettingIsFound) {
  replace_in_manifest("gain = 1.0", "gain = 1.1");
  EXPECT_EQ(run({"verify", "run"}).code, 1);
}

TEST_F(Verify, ARunThatWasResumedVerifiesToo) {
  Process training(words(train_words("broken", {"--rule", "dfc-ssa", "--set", "problem.batch_size=8",
                                                "rule.pretraining_epochs=2", "rule.sleep_after=0",
                                                "training.checkpoint_minutes=1e-9"})),
                   setting());
  ASSERT_TRUE(wait_until([&] { return fs::exists(here() / "broken/metrics.jsonl") || !training.running(); }));
  training.send(SIGINT);
  ASSERT_EQ(training.wait().code, 3);
  EXPECT_EQ(run({"verify", "broken"}).code, 2);
  ASSERT_EQ(run({"resume", "broken"}).code, 0);
  const auto same = run({"verify", "broken"});
  EXPECT_EQ(same.code, 0) << same.out << same.err;
}

TEST_F(Verify, ADamagedCheckpointIsAnError) {
  const fs::path file = checkpoints_of(here() / "run").back();
  fs::resize_file(file, fs::file_size(file) / 2);
  const auto damaged = run({"verify", "run"});
  EXPECT_EQ(damaged.code, 2);
  EXPECT_THAT(damaged.err, HasSubstr(file.filename().string()));
}

}  // namespace
}  // namespace apical
