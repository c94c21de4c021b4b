// Networks that are trained in several ways, otherwise alike: from the same seeds, over the same minibatches, for as many epochs.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apical/published_figure.h"
#include "apical/recipe.h"

namespace apical {

inline constexpr std::size_t kPairedSeeds = 3;

// One of the ways.
struct Way {
  std::string name;                   // in tables and of runs
  std::string title;                  // in sentences
  std::vector<std::string> settings;  // "section.key=value"
};

// What a run came to after its last epoch.
struct PairedRun {
  double error = 0;  // test error, %
  double samples = 0, solved = 0, fell_back = 0;
};

// Each way's runs, in the order of their seeds.
using PairedRuns = std::map<std::string, std::vector<PairedRun>>;

// Trains kPairedSeeds seeds from the task's own on, each in every way; a row of the table `name` each. Empty if it was stopped by the user.
std::optional<PairedRuns> train_paired(const Recipe& recipe, std::span<const Way> ways,
                                       const std::string& name, const FigureTask& task,
                                       FigureOutcome& outcome);

// Whether one way ends with the test error of another, within 0.15 points in the mean.
FigureClaim same_error(const Way& way, const Way& other, const PairedRuns& runs, const Recipe& recipe);

}  // namespace apical
