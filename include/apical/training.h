// Training a recipe: one run per seed, recorded, resumable, the same bits for any number of threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apical/cost.h"
#include "apical/data.h"
#include "apical/recipe.h"

namespace apical {

// Where a run stands; handed to the caller a few times a second.
struct TrainingProgress {
  std::string rule;
  std::uint64_t seed = 0;
  std::string pass;
  std::int64_t epoch = 0, epochs = 0;           // of this pass, the one that runs counted from 1
  std::int64_t samples = 0, samples_total = 0;  // over all passes of the run, weighted equally
  double samples_per_s = 0;                     // in this pass
  double seconds_left = 0;  // of the run, each pass at the speed at which such passes have run so far
  double loss = 0, error = 0, settled = 0;  // of this pass so far; NaN where not known
  std::int64_t not_finite = 0;
};

struct TrainingOptions {
  std::filesystem::path runs = "runs";
  std::optional<std::filesystem::path> out;  // this directory instead of <runs>/<id>
  DataPaths data;
  std::vector<std::string> command;    // words of the command line, for the record
  std::vector<std::string> shortened;  // what was made smaller than published
  std::function<void(const TrainingProgress&)> progress;
  std::function<void(const std::filesystem::path&)>
      created;                                   // a run's directory, once there is something in it
  std::function<void(const std::string&)> warn;  // a sentence that whoever watches should read now
  const std::atomic<bool>* stop = nullptr;       // becomes true: save a checkpoint and return
  std::int64_t stop_after_epochs = 0;  // the same after so many epochs of the recipe; 0: run to its end
};

enum class TrainingEnd { finished, stopped };

struct TrainingResult {
  std::filesystem::path directory;
  std::string id;
  TrainingEnd end = TrainingEnd::finished;
  double test_error = 0,
         test_loss = 0;  // at the epoch of the best validation result, or the last; NaN where not known
  std::int64_t best_epoch = 0;
  double samples_per_s = 0;       // of the wake passes
  std::vector<PassSpeed> speeds;  // what each kind of pass reached, since the run was started or resumed
};

// The recipe as it will run: what the rule's card recommends is filled in, every name and value is checked. Needs no data: widths of 0 stay.
Recipe resolve_recipe(Recipe recipe);

// Trains one seed. Throws Error: nothing has been recorded if the recipe does not fit; a run that fails later is recorded as failed.
TrainingResult train(const Recipe& recipe, std::uint64_t seed, const TrainingOptions& options);

// Continues a run that was stopped or killed from its latest whole checkpoint, with the same bits as if it had never stopped. Throws Error if
// it is finished, being written, or its data, rule or kernels are no longer the same.
TrainingResult resume(const std::filesystem::path& run_directory, const TrainingOptions& options);

// What verify found for one array or number.
struct Verified {
  std::string name;
  bool same = false;
  std::string note;  // where it differs
};
struct VerifyResult {
  bool same = false;
  std::vector<Verified> details;
};
// Trains the manifest's recipe again and compares every weight, optimizer state and logged result bit by bit.
VerifyResult verify(const std::filesystem::path& run_directory, const TrainingOptions& options);

// Uses a trained network on a data set: predictions, loss, activity.
struct EvaluationResult {
  std::string data, part;
  std::size_t samples = 0;
  double loss = 0, error = 0;             // means; error NaN unless classes are known
  std::vector<std::int64_t> predictions;  // classification: the predicted class of each sample
  std::vector<std::int64_t> confusion;    // [classes, classes], row: true class
  std::size_t classes = 0;
};
// Which of a run's networks: that of the epoch with the best validation result (the latest where there were no validation samples), or the latest.
enum class Moment { best, latest };
// `save`: an NPZ file that receives "inputs", "labels", "predictions" and the rates "r1" … "rL" [samples, n_i] as float32.
EvaluationResult evaluate_run(const std::filesystem::path& run_directory, const std::string& data,
                              const std::string& part, Moment moment,
                              const std::optional<std::filesystem::path>& save,
                              const TrainingOptions& options);

}  // namespace apical
