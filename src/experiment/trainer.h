// One seed of one plan in training: network, rule, optimizers and position. Steps minibatch by minibatch; its whole state goes into a
// checkpoint and comes back with the same bits.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apical/checkpoint.h"
#include "apical/cost.h"
#include "apical/optimizer.h"
#include "apical/probe.h"
#include "core/pool.h"
#include "experiment/dataset_source.h"
#include "experiment/plan.h"
#include "experiment/segment_sums.h"

namespace apical {

// How the network does on a part of the data.
struct Evaluation {
  double loss = std::numeric_limits<double>::quiet_NaN();  // mean; NaN: not measured
  double error =
      std::numeric_limits<double>::quiet_NaN();  // fraction in [0, 1]; NaN: not measured, or no classes
  std::size_t samples = 0;
};

struct MeasuredProbe {
  std::string name;
  ProbeValues values;
  double seconds = 0;  // what it cost
};

class TrainerBase {
 public:
  virtual ~TrainerBase() = default;

  virtual bool done() const = 0;
  // The segment that runs, and the minibatch that comes next in it; minibatches() of them make the segment.
  virtual const Segment& segment() const = 0;
  virtual std::size_t segment_index() const = 0;
  virtual std::size_t minibatch() const = 0;
  virtual std::size_t minibatches() const = 0;
  virtual std::size_t samples_per_segment() const = 0;
  virtual const SegmentSums& sums() const = 0;

  // Trains on the next minibatch; probes measure its proposed update before the weights move. Throws Error if the network has diverged: every
  // loss of the minibatch is not finite.
  virtual void step(const std::vector<std::string>& probes) = 0;
  // What the probes of the last step found.
  virtual const std::vector<MeasuredProbe>& measured() const = 0;
  // True once the segment's last minibatch is done; next_segment() goes on.
  virtual bool segment_done() const = 0;
  virtual void next_segment() = 0;

  // part: "train", "validation" or "test".
  virtual Evaluation evaluate(const std::string& part) = 0;
  virtual Marks marks() const = 0;
  // What it holds; arenas and proposals have their size after a minibatch of each pass.
  virtual TrainingMemory memory() const = 0;
  // Bytes that a minibatch of the current pass moves at least: every weight, activity and moment once, what changes twice.
  virtual double least_traffic() const = 0;

  virtual void save(Checkpoint& checkpoint) const = 0;
  // The network alone, for using it.
  virtual void save_weights(Checkpoint& checkpoint) const = 0;
  // Throws Error where the checkpoint does not fit this plan.
  virtual void load(const Checkpoint& checkpoint) = 0;
};

// For the precision that the plan's recipe names.
std::unique_ptr<TrainerBase> make_trainer(const Plan& plan, std::uint64_t seed, Pool& pool);

}  // namespace apical
