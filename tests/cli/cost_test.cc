// What the command says of costs and speed.
#include "command_test.h"
#include "workloads/instructions.h"

namespace apical {
namespace {

using Cost = CommandTest;

TEST_F(Cost, ExplainPrintsCostsAndTrainsNothing) {
  const std::vector<std::string> words = {"train", "tiny.toml",     "--rule",   "dfc",
                                          "--set", "rule.steps=20", "--explain"};
  const auto done = run(words);
  ASSERT_EQ(done.code, 0) << done.err;
  for (const char* part : {"wake", "sleep", "dynamics", "GB/s", "Memory", "arenas"})
    EXPECT_THAT(done.out, HasSubstr(part));
  EXPECT_FALSE(fs::exists(here() / "runs"));
  auto with_json = words;
  with_json.emplace_back("--json");
  const auto json = parsed(run(with_json));
  ASSERT_EQ(json["rows"].size(), 3u);
  // 64-12-10-10 by hand: 12·10 + 10·10 and (12 + 10 + 10) · 10
  const auto& wake = json["rows"][2];
  EXPECT_EQ(wake["pass"], "wake");
  EXPECT_EQ(wake["dynamics_per_step"], 220 + 320);
  EXPECT_EQ(wake["update_per_step"], 220);
  EXPECT_EQ(json["memory"]["rows"].size(), 7u);
}

TEST_F(Cost, TrainingEndsWithTheSpeedItReached) {
  const auto done = train("here");
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("Speed reached"));
  const auto json = parsed(run({"train", "tiny.toml", "--json"}));
  ASSERT_EQ(json["speed"]["rows"].size(), 1u);
  EXPECT_EQ(json["speed"]["rows"][0]["pass"], "wake");
  // 64-12-10-10: forward 768 + 220, transported 220, update 988
  EXPECT_EQ(json["speed"]["rows"][0]["multiply_adds_per_sample"], 988 + 220 + 988);
  EXPECT_GT(read_manifest(here() / "here").speed.at("wake").at("share_of_peak"), 0);
}

TEST_F(Cost, ProfileIsATableAndAPicture) {
  const auto json =
      parsed(run({"bench", "--profile", "tiny.toml", "--rule", "dfc-ssa", "--seconds", "1", "--json"}));
  EXPECT_EQ(json["rows"].size(), 9u);
  EXPECT_GT(json["kernels"]["rows"].size(), 5u);
  EXPECT_THAT(slurp(here() / "profile.svg"), HasSubstr("noise"));
  EXPECT_FALSE(fs::exists(here() / "runs"));
  const auto wrong = run({"bench", "--profile", "no-such.toml"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("no-such.toml"));
}

TEST_F(Cost, ShapesFitExponentsAndDrawThem) {
  const auto done = run({"bench", "backprop", "--shapes", "--layers", "20,16,10", "--batch", "16",
                         "--repeats", "1", "--seconds", "0", "--json", "--svg", "plot.svg"});
  ASSERT_TRUE(done.code == 0 || done.code == 1) << done.err;
  const auto json = nlohmann::json::parse(done.out);
  EXPECT_EQ(json["rows"].size(), 24u);
  ASSERT_EQ(json["exponents"]["rows"].size(), 3u);
  EXPECT_NEAR(json["exponents"]["rows"][2]["arithmetic_exponent"].get<double>(), 1, 1e-9);
  EXPECT_THAT(slurp(here() / "plot.svg"), HasSubstr("width"));
  EXPECT_EQ(run({"bench", "--shapes", "--layers", "20,10"}).code, 2);
}

TEST_F(Cost, AgainstRefusesWhatIsNoBench) {
  spill(here() / "broken.json", "{\"rows\": [");
  for (const char* file : {"broken.json", "missing.json"}) {
    const auto done = run({"bench", "dfa", "--against", file});
    EXPECT_EQ(done.code, 2);
    EXPECT_THAT(done.err, HasSubstr(file));
  }
  EXPECT_EQ(run({"bench", "--against", "broken.json", "--shapes"}).code, 2);
}

TEST_F(Cost, AgainstItselfIsTheSameAndAgainstAFasterOneIsALoss) {
  if (!workloads::instruction_counter().missing.empty()) GTEST_SKIP() << "nobody counts instructions here";
  const auto measured = run({"bench", "dfa", "--layers", "20,16,10", "--repeats", "1", "--seconds", "0",
                             "--kernels", "SSE4", "--json"});
  if (measured.code == 2) GTEST_SKIP() << measured.err;
  auto json = nlohmann::json::parse(measured.out);
  spill(here() / "before.json", json.dump());
  const auto same = run({"bench", "--kernels", "SSE4", "--against", "before.json"});
  EXPECT_EQ(same.code, 0) << same.out << same.err;
  json["rows"][0]["instructions"] = json["rows"][0]["instructions"].get<double>() / 1.06;
  spill(here() / "faster.json", json.dump());
  const auto slower = run({"bench", "--kernels", "SSE4", "--against", "faster.json"});
  EXPECT_EQ(slower.code, 1) << slower.out;
  EXPECT_THAT(slower.out, HasSubstr("lost"));
}

}  // namespace
}  // namespace apical
