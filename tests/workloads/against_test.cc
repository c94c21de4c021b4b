// Comparing with an earlier file: made-up files of every kind.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "apical/error.h"
#include "workloads/against.h"

namespace apical::workloads {
namespace {

using testing::HasSubstr;

BenchSituation here() {
  return {.version = "0.1.0",
          .commit = "abc",
          .compiler = "GNU 12",
          .cpu = "A processor",
          .precision = "float32",
          .counter = "callgrind",
          .counted_kernels = "AVX2",
          .counted_work = "784,256,10 batch 32 steps 12"};
}

std::string file_with(const BenchSituation& situation, const std::string& rows) {
  return "{\"title\":\"t\",\"rows\":[" + rows + "],\"notes\":[],\"bench\":" + situation_json(situation) + "}";
}
const std::string kRows =
    R"({"workload":"backprop","instructions":1000000},{"workload":"dfa","instructions":2000000},{"workload":"dfc","instructions":null})";

std::string problem_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

EarlierBench counted(double backprop, double dfa) {
  return {here(), {{"backprop", backprop}, {"dfa", dfa}, {"sleep", 5}}};
}

TEST(Against, ALossOfFivePercentIsFoundAndASmallerOneIsNot) {
  const EarlierBench before = read_bench(file_with(here(), kRows), "before.json");
  EXPECT_EQ(before.instructions.size(), 2u);
  EXPECT_FALSE(compare_benches(before, counted(1049999, 2000000), "f").lost());
  EXPECT_TRUE(compare_benches(before, counted(1050000, 2000000), "f").lost());
  EXPECT_FALSE(compare_benches(before, counted(500000, 1000000), "f").lost());
  const BenchComparison mixed = compare_benches(before, counted(500000, 2300000), "f");
  EXPECT_TRUE(mixed.lost());
  ASSERT_EQ(mixed.ratios.size(), 2u);
  EXPECT_FALSE(mixed.ratios[0].lost());
  EXPECT_DOUBLE_EQ(mixed.ratios[1].ratio(), 1.15);
  EXPECT_THAT(mixed.notes, testing::ElementsAre("sleep is not in the file."));
}

TEST(Against, ANumberThatIsNoneIsALoss) {
  const EarlierBench before = read_bench(file_with(here(), kRows), "before.json");
  EXPECT_TRUE(compare_benches(before, counted(std::nan(""), 2000000), "f").lost());
}

TEST(Against, WhatCannotBeComparedIsRefused) {
  const std::pair<std::string BenchSituation::*, std::string> cases[] = {
      {&BenchSituation::counted_kernels, "AVX3"},
      {&BenchSituation::counter, "perf"},
      {&BenchSituation::precision, "float64"},
      {&BenchSituation::counted_work, "other layers"}};
  for (const auto& [member, other] : cases) {
    BenchSituation there = here();
    there.*member = other;
    const EarlierBench before = read_bench(file_with(there, kRows), "before.json");
    const std::string problem = problem_of([&] { compare_benches(before, counted(1, 1), "before.json"); });
    EXPECT_THAT(problem, HasSubstr("before.json"));
    EXPECT_THAT(problem, HasSubstr(other));
  }
  const EarlierBench nothing{here(), {{"sleep", 1}}};
  const EarlierBench before = read_bench(file_with(here(), kRows), "before.json");
  EXPECT_THAT(problem_of([&] { compare_benches(before, nothing, "f"); }), HasSubstr("no workload in common"));
}

TEST(Against, AnotherMachineVersionOrCompilerIsSaid) {
  BenchSituation there = here();
  there.cpu = "Another processor";
  there.version = "0.0.9";
  there.compiler = "Clang 14";
  const BenchComparison comparison =
      compare_benches(read_bench(file_with(there, kRows), "f"), counted(1000000, 2000000), "f");
  EXPECT_FALSE(comparison.lost());
  ASSERT_EQ(comparison.notes.size(), 4u);
  EXPECT_THAT(comparison.notes[0], HasSubstr("0.0.9"));
  EXPECT_THAT(comparison.notes[1], HasSubstr("Clang 14"));
  EXPECT_THAT(comparison.notes[2], HasSubstr("Another processor"));
}

TEST(Against, BrokenFilesAreNamedWithWhatIsWrong) {
  const auto problem = [](const std::string& text) {
    return problem_of([&] { read_bench(text, "before.json"); });
  };
  for (const std::string& text :
       {std::string(), std::string("{\"rows\":["), std::string("hello"), std::string("\xff\xfe")}) {
    EXPECT_THAT(problem(text), HasSubstr("before.json"));
    EXPECT_THAT(problem(text), HasSubstr("is not JSON"));
  }
  EXPECT_THAT(problem("[1]"), HasSubstr("not the output of"));
  EXPECT_THAT(problem("{\"rows\":[]}"), HasSubstr("not the output of"));
  EXPECT_THAT(problem("{\"rows\":[],\"bench\":3}"), HasSubstr("damaged"));
  EXPECT_THAT(problem("{\"rows\":[],\"bench\":{\"format\":2}}"), HasSubstr("later version"));
  EXPECT_THAT(problem(file_with(here(), "")), HasSubstr("no instruction counts"));
  EXPECT_THAT(problem(file_with(here(), R"({"workload":"dfa","instructions":null})")),
              HasSubstr("no instruction counts"));
  EXPECT_THAT(problem(file_with(here(), R"({"workload":"dfa"})")), HasSubstr("damaged"));
  EXPECT_THAT(problem(file_with(here(), R"({"workload":7,"instructions":7})")), HasSubstr("damaged"));
}

}  // namespace
}  // namespace apical::workloads
