// Writes what a training does into its run: metrics, checkpoints, results.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apical/run.h"
#include "apical/training.h"
#include "experiment/trainer.h"

namespace apical {

// The best network so far, by validation (or, without one, the latest).
struct BestEpoch {
  double score = 0;        // validation error, or loss where classes are not known
  std::int64_t epoch = 0;  // 0: none yet
  Evaluation test, validation;
};

class Recorder {
 public:
  Recorder(Run& run, const Plan& plan) : run_(run), plan_(plan) {}

  void log_segment(const TrainerBase& trainer);
  // Tests the network and keeps track of the best epoch.
  void evaluate(TrainerBase& trainer);
  void log_probe(const TrainerBase& trainer, const std::string& name, const ProbeValues& values,
                 double seconds);
  // Once per pass, also over a break.
  void log_marks(const TrainerBase& trainer);
  void log_summary(double samples_per_s, double seconds);
  // Into the manifest: metrics are the same for every machine, speeds are not.
  void log_speeds(std::vector<PassSpeed> speeds);
  void save_checkpoint(const TrainerBase& trainer);
  void load_checkpoint(TrainerBase& trainer);

  const BestEpoch& best() const { return best_; }
  const std::vector<PassSpeed>& speeds() const { return speeds_; }
  bool should_stop_early(std::int64_t epoch) const;
  double wake_samples = 0, wake_seconds = 0;
  double segment_seconds = 0, probe_seconds = 0;  // of the segment that runs

 private:
  Run& run_;
  const Plan& plan_;
  BestEpoch best_;
  std::vector<PassSpeed> speeds_;
  std::vector<std::string> marked_;  // passes whose marks are logged
};

}  // namespace apical
