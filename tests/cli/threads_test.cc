#include "command_test.h"

namespace apical {
namespace {

struct Case {
  std::string rule, precision;
  std::vector<std::string> assignments;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.rule << " " << c.precision; }

class Threads : public CommandTest, public testing::WithParamInterface<Case> {};

TEST_P(Threads, AnyNumberOfThreadsGivesTheSameBits) {
  std::vector<std::string> words = {"--rule", GetParam().rule, "--set",
                                    "training.precision=" + GetParam().precision};
  words.insert(words.end(), GetParam().assignments.begin(), GetParam().assignments.end());
  words.push_back("--threads");
  for (const char* threads : {"1", "2", "3", "16"}) {
    words.push_back(threads);
    const auto done = train(std::string("threads-") + threads, words);
    ASSERT_EQ(done.code, 0) << done.err;
    ASSERT_EQ(read_manifest(here() / (std::string("threads-") + threads)).threads, std::stoi(threads));
    words.pop_back();
  }
  for (const char* threads : {"2", "3", "16"})
    expect_same_bits("threads-1", std::string("threads-") + threads);
}

// Minibatches of several tiles, the last of them not full.
const std::vector<std::string> kBatches = {"problem.batch_size=90", "problem.training_samples=250"};
std::vector<std::string> with(std::vector<std::string> more) {
  more.insert(more.begin(), kBatches.begin(), kBatches.end());
  return more;
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Threads,
    testing::Values(Case{"backprop", "float32", with({})}, Case{"backprop", "float64", with({})},
                    Case{"dfc", "float32",
                         with({"rule.steps=25", "rule.sigma=0.1", "rule.pretraining_epochs=1",
                               "rule.sleep_before=0", "rule.sleep_after=1"})},
                    Case{"dfc", "float64",
                         with({"rule.steps=25", "rule.pretraining_epochs=1", "rule.sleep_before=0",
                               "rule.sleep_after=1"})},
                    Case{"dfc-ssa", "float32",
                         with({"rule.pretraining_epochs=1", "rule.sleep_before=1", "rule.sleep_after=1"})},
                    Case{"dfc-ssa", "float64",
                         with({"rule.pretraining_epochs=1", "rule.sleep_before=0", "rule.sleep_after=1"})}));

}  // namespace
}  // namespace apical
