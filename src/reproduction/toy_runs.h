// The toy experiments' runs: students of the student–teacher problem, recorded, taken up again where they stopped, and read back.
//     Meulemans et al., NeurIPS 2021 (arXiv 2106.07887), and the configurations of the authors' code
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apical/published_figure.h"
#include "apical/recipe.h"

namespace apical {

// A student that learns by the rule `id` in float64 by plain gradient steps, in minibatches of 128; teacher as TeacherSettings has it.
// widths: from input to output, tanh in between; they set the teacher's inputs and outputs, too.
Recipe student_recipe(const std::string& name, const std::string& id,
                      const std::vector<std::int64_t>& widths);

// Sets several "section.key=value".
void set_all(Recipe& recipe, const std::vector<std::string>& assignments);

// A small network on 640 of the 8×8 digits for two epochs, 200 states: the quick form of what trains on MNIST.
void shrink_to_digits(Recipe& recipe);

// Makes the teacher narrow, the data few and the minibatches small, but as many an epoch as in full, 40: what quick forms use. Feedback
// weights lose what lies outside of the row space of J by a factor in every step, so it is steps that they need.
void shrink_data(Recipe& recipe);

// Trains the recipe into <task folder>/runs/<recipe's name>, or goes on there, or leaves it if it is finished. Stops after the
// task's epochs, if it says so. Empty if it was stopped by the user. A run of other settings is set aside under another
// name, and said.
std::optional<std::filesystem::path> recorded_run(const Recipe& recipe, const FigureTask& task);

// The run that recorded_run() left there, finished or not; empty if there is none of that recipe.
std::optional<std::filesystem::path> found_run(const Recipe& recipe, const FigureTask& task);
// Epochs that a run has done.
std::int64_t epochs_of(const std::filesystem::path& run);

// How far the methods of a figure have come: "dfc 2 of 100 epochs, dfa not run"; empty if all have all their epochs.
struct MethodProgress {
  std::string name;
  std::int64_t epochs = 0, all_epochs = 0;  // 0 done: not run
};
std::string partial_words(const std::vector<MethodProgress>& methods);
// Throws Error with the nearest name if the task asks for a method that is not among these.
void require_method(const FigureTask& task, const std::vector<std::string>& names);

// One probe's value over a run.
struct ProbeSeries {
  std::vector<double> epoch;  // below 0: before training
  std::vector<double> value;

  ProbeSeries since(double epoch) const;
  ProbeSeries until(double epoch) const;         // that epoch included
  double mean_of_last(std::size_t count) const;  // of the finite ones; NaN if there are none
  double largest() const;                        // NaN if one value is not a number
};
ProbeSeries probe_series(const std::filesystem::path& run, const std::string& probe,
                         const std::string& key = "network");

// Mean and sample deviation over the last `window` values at each point, fewer at the beginning; a deviation of one value is 0.
struct Rolling {
  std::vector<double> mean, sd;
};
Rolling rolling(const std::vector<double>& values, std::size_t window);

}  // namespace apical
