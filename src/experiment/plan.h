// A recipe worked out: every name looked up, every setting checked, the data loaded. What fails, fails here, before training begins.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "apical/card.h"
#include "apical/data.h"
#include "apical/data_split.h"
#include "apical/loss.h"
#include "apical/network.h"
#include "apical/optimizer_settings.h"
#include "apical/recipe.h"
#include "apical/rule.h"

namespace apical {

enum class Task { classification, autoencoder, regression };

// One epoch of one pass, in the order in which they run.
struct Segment {
  Pass pass;
  std::int64_t epoch = 0;  // wake epochs done before it
  bool evaluates = false;  // the network is tested after it
};

struct ScheduledProbe {
  std::string name;
  std::int64_t every;    // minibatches
  bool before_training;  // also in passes before training
};

// What every seed of a recipe shares.
struct Plan {
  Recipe recipe;        // resolved: says every value
  Card card;            // configured for the settings
  Parameters settings;  // of the rule
  Task task = Task::classification;
  Loss loss = Loss::cross_entropy;
  NetworkSpec network;
  std::map<std::string, OptimizerSettings> optimizers;  // by section
  std::vector<Segment> segments;
  std::vector<ScheduledProbe> probes;
  std::vector<std::string> probes_left_out;  // asked for, and of no meaning for the rule
  double probe_damping = 0;                  // γ of the references that probes damp
  Dataset train, test;
  Standardisation standardisation;
  std::map<std::string, std::string> data_sha256;  // part → hash

  // Samples that this seed trains and validates on.
  Split split_for(std::uint64_t seed) const;
};

// Throws Error that names file, line and key of what does not fit.
Plan make_plan(Recipe recipe, const DataPaths& paths);

}  // namespace apical
