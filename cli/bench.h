// The options of `apical bench`, and its four ways to run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "workloads/workloads.h"

namespace apical::cli {

struct BenchOptions {
  std::vector<std::string> names;
  workloads::WorkloadOptions workload;
  std::string precision = "float32", kernels = "auto", clock = "wall";
  int repeats = 9;
  std::optional<double> seconds;
  bool json = false, no_instructions = false, shapes = false;
  std::optional<std::filesystem::path> against, profile, svg, data_folder;
  std::vector<std::string> assignments;  // of the profiled recipe
  std::string rule;                      // the same
  bool count_run = false;                // hidden: the child that callgrind counts
};

// A share above this means that the probe or the count of operations is wrong.
inline constexpr double kMostCredibleShare = 1.02;
// Says so and returns false if it is.
bool credible(const std::string& what, double share);

// Workloads against the multiply-add peak.
int bench_steps(const BenchOptions& options);
// Instruction counts against an earlier file.
int bench_against(const BenchOptions& options);
// Time over width, depth, minibatch and T.
int bench_shapes(const BenchOptions& options);
// Where the time of a recipe's training goes.
int bench_profile(const BenchOptions& options);

}  // namespace apical::cli
