// Runs gathered by rule: what the table, the figures and the JSON are made from.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "apical/report.h"
#include "report/statistics.h"

namespace apical::report {

// y over x, same length.
struct Curve {
  std::vector<double> x, y;
};

// Runs with the same rule, data and settings; they differ in the seed.
struct Group {
  std::string label;
  std::vector<const RunRecord*> runs;  // one per seed
  int repeats = 0;                     // runs left out because their seed is there already
};

// In the order of first appearance. Labels are unique: the rule, with the data or the run's name where that
// is not enough.
std::vector<Group> grouped(std::span<const RunRecord> runs);

bool failed(const RunRecord& run);
bool unfinished(const RunRecord& run);

// The runs whose ends may be averaged: the finished ones, or, where none is, those still going. A failed run
// never counts.
std::vector<const RunRecord*> counted(const Group& group);

// Of one run. Empty or NaN where the run has nothing to say.
std::optional<double> test_error(const RunRecord& run);  // fraction
double samples_per_s(const RunRecord& run);
double last_epoch(const RunRecord& run);
// The mean of a probe's value over the measurements of the last epoch.
std::optional<double> late_value(const RunRecord& run, const std::string& probe, const std::string& key);
// The marks of all passes, each once: "update locked", or "weight transport (sleep)" for passes other than
// the training one.
std::vector<std::string> marks_of(const RunRecord& run);

// What was made smaller than published, each sentence once: the options' first, then the runs'.
std::vector<std::string> shortened_in(std::span<const RunRecord> runs, const ReportOptions& options);
// The result table but for its note on what was shortened, which the page has elsewhere.
Table without_shortened(std::span<const RunRecord> runs);

// The values that are there, one per run that counts.
template <typename Function>
std::vector<double> over_seeds(const Group& group, Function value_of) {
  std::vector<double> values;
  for (const RunRecord* run : counted(group)) {
    if (const std::optional<double> value = value_of(*run)) values.push_back(*value);
  }
  return values;
}

// The mean at every x that occurs, over the curves that have a finite value there.
Curve mean_curve(std::span<const Curve> curves);

}  // namespace apical::report
