// A directory of its own, and the program run in it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "apical/checkpoint.h"
#include "apical/run.h"
#include "io/temporary_directory.h"
#include "process.h"

namespace apical {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

// A net that trains in a moment; two sleep passes where a rule sleeps.
inline const std::string kTinyRecipe = R"([recipe]
name = "tiny"
[problem]
data = "digits"
training_samples = 200
batch_size = 16
[network]
layers = [0, 12, 10, 0]
[training]
epochs = 2
seed = 5
)";

class CommandTest : public testing::Test {
 protected:
  CommandTest() { spill(here() / "tiny.toml", kTinyRecipe); }

  const fs::path& here() const { return directory_.path(); }

  Setting setting() const {
    return {.directory = here(),
            .environment = {{"APICAL_DATA", (here() / "cache").string()},
                            {"APICAL_MIRRORS", ""},
                            {"LC_ALL", "C.UTF-8"},
                            {"COLUMNS", "100"}}};
  }
  static std::vector<std::string> words(std::vector<std::string> after) {
    after.insert(after.begin(), APICAL_COMMAND);
    return after;
  }
  Finished run(const std::vector<std::string>& arguments) const { return run(arguments, setting()); }
  static Finished run(const std::vector<std::string>& arguments, const Setting& with) {
    return Process(words(arguments), with).wait();
  }

  // Trains into here()/out; sleeps are short. Returns what the program said.
  Finished train(const std::string& out, const std::vector<std::string>& more = {}) const {
    return run(train_words(out, more));
  }
  static std::vector<std::string> train_words(const std::string& out, const std::vector<std::string>& more) {
    std::vector<std::string> all = {"train", "tiny.toml", "--out", out};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  // Everything that the last checkpoint of a run holds, but for times.
  std::map<std::string, NamedTensor> final_state(const std::string& out) const {
    const auto checkpoints = checkpoints_of(here() / out);
    EXPECT_FALSE(checkpoints.empty());
    if (checkpoints.empty()) return {};
    const Checkpoint last = load_checkpoint(checkpoints.back());
    std::map<std::string, NamedTensor> state(last.tensors().begin(), last.tensors().end());
    EXPECT_EQ(state.erase("clock"), 1u);
    return state;
  }
  void expect_same_bits(const std::string& a, const std::string& b) const {
    const auto first = final_state(a), second = final_state(b);
    ASSERT_GT(first.size(), 4u);
    ASSERT_EQ(first.size(), second.size());
    for (const auto& [name, tensor] : first)
      EXPECT_TRUE(second.contains(name) && tensor == second.at(name)) << name;
  }

  static nlohmann::json parsed(const Finished& finished) {
    EXPECT_EQ(finished.code, 0) << finished.err;
    auto json = nlohmann::json::parse(finished.out, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << finished.out;
    return json;
  }

  static bool wait_until(const std::function<bool()>& true_now) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!true_now()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
  }

 private:
  TemporaryDirectory directory_;
};

}  // namespace apical
