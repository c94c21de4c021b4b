// What a training costs and what it reaches: multiply-adds counted where they are done, times, memory, and the limits of this machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "apical/data.h"
#include "apical/recipe.h"

namespace apical {

// What this machine can do at most with the kernels and threads in use, probed for a moment.
struct MachineLimit {
  double flops_per_s = 0;  // independent multiply-adds, all threads, two operations each
  double bytes_per_s = 0;  // memory far larger than the caches, read and written
};

// One kind of pass over the data: a minibatch of it, counted and timed.
struct PassCost {
  std::string pass, group;  // "wake", "forward"
  double samples = 0;       // per minibatch
  double steps = 0;         // Euler steps per sample; 0: the pass does not simulate
  double dynamics = 0;  // multiply-adds per sample and step: layer products and feedback; NaN without steps
  double step_update = 0;    // multiply-adds per sample and step: outer products; NaN without steps
  double multiply_adds = 0;  // per sample, all of them; input drive and first-layer update once
  double flops = 0;          // per minibatch: two per multiply-add
  double kernel_bytes = 0;   // per minibatch: operands and results of every kernel call, wherever they lay
  double memory_bytes =
      0;  // per minibatch, at least: weights, their changes and moments, activities, each moved once
  double seconds = 0;       // per minibatch, as timed; the optimizer's step included
  double peak_seconds = 0;  // per minibatch: its arithmetic at the multiply-add peak
  double traffic_seconds =
      0;  // per minibatch: memory_bytes at the rate of memory; less where they stay in the caches
  double share_of_peak = 0;      // of the multiply-add peak, in the timed minibatch
  std::int64_t minibatches = 0;  // in the whole training
};

// Bytes, by what they are for.
struct TrainingMemory {
  std::size_t weights = 0;     // with transposed copies
  std::size_t optimizer = 0;   // moments
  std::size_t activities = 0;  // of a training minibatch and of an evaluation's
  std::size_t arenas = 0;      // of tiles while they settle, all threads
  std::size_t proposals = 0;   // weight changes of tiles, lanes and minibatch
  std::size_t data = 0;        // training and test samples as they are held
  std::size_t total() const { return weights + optimizer + activities + arenas + proposals + data; }
};

struct CostReport {
  std::string rule, data, precision, kernels;
  std::vector<std::size_t> units = {};
  unsigned threads = 1;
  MachineLimit limit = {};
  std::vector<PassCost> passes = {};  // in the order in which they first run
  double evaluation_seconds = 0;      // one evaluation on the test samples, as timed
  std::int64_t evaluations = 0;       // in the whole training, of test and validation samples
  TrainingMemory memory = {};
  double total_seconds() const;  // passes and evaluations; without probes, checkpoints and loading
};

// Runs a few minibatches of every pass of the recipe with throw-away weights, counts one and times the others. Records nothing.
// Throws Error as train() does.
CostReport explain_cost(const Recipe& recipe, std::uint64_t seed, const DataPaths& data);

// What a finished training reached in one kind of pass, since it was started or resumed.
struct PassSpeed {
  std::string pass;
  double samples = 0, seconds = 0;
  double multiply_adds = 0;  // per sample, mean over the counted minibatches: the first of every epoch
  double flops_per_s = 0;
  double share_of_peak = 0;
};

// Where the time of training went. Times are summed over threads; the rest up to threads × wall is waiting, ordering samples and logging.
struct TimeProfile {
  struct Row {
    std::string name;
    std::uint64_t calls = 0;
    double seconds = 0, multiply_adds = 0, elements = 0, bytes = 0;
  };
  std::string rule, data, precision, kernels;
  unsigned threads = 1;
  double wall_seconds = 0, samples = 0;
  bool whole_epoch = true;  // false: as many minibatches as fitted
  std::int64_t minibatches = 0;
  std::vector<Row> phases = {};        // data, feedforward, …; seconds with their kernels; calls 0
  std::vector<Row> kernels_used = {};  // product, outer product, …
  std::vector<std::vector<double>> by_both =
      {};  // seconds [phase][kernel]; the last column is other code of the phase
  MachineLimit limit = {};
  double flops_per_s() const;
};

// Trains one epoch of the recipe, sleep passes before it included, then evaluates once and writes one checkpoint to a temporary
// directory, with every kernel timed. It ends early, also between minibatches of a pass, when `seconds` of training are over: each pass gets
// an equal part of them.
TimeProfile profile_training(const Recipe& recipe, std::uint64_t seed, const DataPaths& data, double seconds);

}  // namespace apical
