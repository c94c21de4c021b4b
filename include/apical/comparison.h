// Rules on the same problem, network, data and seeds.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apical/recipe.h"
#include "apical/training.h"

namespace apical {

// A recipe key and its value for one of the rules, or for all of them.
struct RuleAssignment {
  std::string rule;        // empty: every rule
  std::string assignment;  // "rule.steps=300"

  // "dfc:rule.steps=300" or "training.epochs=2".
  static RuleAssignment parsed(const std::string& text);
};

struct Comparison {
  Recipe base;  // problem, network and training; its rule settings and optimizers belong to its own rule
  std::vector<std::string> rules;
  std::vector<RuleAssignment> assignments;
  bool same_optimizer = false;  // the base's optimizer of the forward weights for every rule, instead of what
                                // each card recommends
};

// One resolved recipe per rule, in order. Throws Error for unknown or repeated rules, for an assignment to a
// rule that does not take part, and for settings that do not fit.
std::vector<Recipe> comparison_recipes(const Comparison& comparison);

// The problem and network on which rules are compared where no recipe is given: [0, 256, 256, 256, 0] tanh
// for images of MNIST's size, [0, 64, 64, 0] for anything else.
Recipe comparison_base(const std::string& data);

struct ComparedRun {
  std::filesystem::path directory;
  std::string rule;
  std::uint64_t seed = 0;
  TrainingResult result;
  std::string failure;  // one sentence where it failed; the others go on
};

struct ComparisonResult {
  std::vector<ComparedRun> runs;            // that began, in order
  TrainingEnd end = TrainingEnd::finished;  // stopped: the last of them can be resumed
};

// Called around each run with its place, counted from 1, and their number.
struct ComparisonEvents {
  std::function<void(std::size_t, std::size_t)> begin;
  std::function<void(std::size_t, std::size_t, const ComparedRun&)> end;
};

// Trains every rule with every seed of its recipe.
ComparisonResult compare(const std::vector<Recipe>& recipes, const TrainingOptions& options,
                         const ComparisonEvents& events = {});

// "backprop, dfa: adam, learning_rate 0.001": which rules share which optimizers, and what in these differs
// from the optimizer's defaults.
std::vector<std::string> optimizers_in_words(const std::vector<Recipe>& resolved);

}  // namespace apical
