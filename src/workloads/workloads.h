// Training steps as workloads to time: the same code that trains, on made-up samples, with its necessary multiply-adds counted.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/profile.h"

namespace apical::workloads {

struct WorkloadInfo {
  std::string name;      // "dfc-dynamics"
  std::string question;  // what it answers, one sentence
};

struct WorkloadOptions {
  std::vector<std::size_t> layers = {784, 256, 256, 256, 10};
  std::size_t batch = 128;
  std::int64_t steps = 1000;  // T of the settling workloads
  unsigned threads = 1;
  std::string precision = "float32";  // float32, float64, bfloat16
  bool optimizer = true;              // after each step: Adam where the name says so, else SGD; dynamics too
};

// One minibatch's work, ready to run again and again.
class Workload {
 public:
  virtual ~Workload() = default;
  virtual void run() = 0;
  // Floating-point operations that one run needs: two per multiply-add, input drive and first-layer update once, nothing counted twice.
  virtual double necessary_flops() const = 0;
  virtual double samples() const = 0;
  // Runs the multiply-add probe on the same threads; returns floating-point operations per second.
  virtual double peak() = 0;
};

std::span<const WorkloadInfo> all_workloads();
// Throws Error that names the nearest workload.
std::unique_ptr<Workload> make_workload(const std::string& name, const WorkloadOptions& options);

// Multiply-adds, calls and times of one run, kernel by kernel.
profile::Account account_of(Workload& workload);

// Medians over repeats; every repeat times the probe right before and after the work, so that a drifting clock cancels.
struct Measurement {
  double samples_per_s = 0, gflops = 0, peak_gflops = 0;
  double share_of_peak = 0, share_least = 0, share_most = 0;  // median, least and most over repeats
  double milliseconds = 0;                                    // per run
  int repeats = 0;
};
// clock "wall" or "cpu" (process time over threads: for machines that others use at the same time).
Measurement measure(Workload& workload, const std::string& clock, unsigned threads, int repeats,
                    double seconds_per_repeat);

}  // namespace apical::workloads
