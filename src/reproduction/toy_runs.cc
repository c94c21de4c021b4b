#include "reproduction/toy_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "apical/error.h"
#include "apical/report.h"
#include "apical/reproduction.h"
#include "apical/run.h"
#include "apical/training.h"
#include "report/statistics.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

// What decides the results of a run and what it measures on the way.
std::map<std::string, Value> fixed_settings(const Recipe& recipe) {
  std::map<std::string, Value> settings = deciding_settings(recipe);
  for (const auto& [key, value] : resolve_recipe(recipe).values()) {
    if (key.starts_with("probes.") || key == "training.seeds" || key == "training.precision")
      settings.insert_or_assign(key, value);
  }
  return settings;
}

// Empty, or which setting a run in this directory has otherwise. Words may have changed since it began, and settings that it does not
// know yet have their fallbacks.
std::string other_setting(const fs::path& directory, const Recipe& recipe) {
  const Recipe recorded = parse_recipe(read_manifest(directory).recipe, directory.string());
  return changed_setting(fixed_settings(recorded), fixed_settings(recipe));
}

bool holds_a_run(const fs::path& directory) { return fs::exists(directory / "manifest.json"); }

// Out of the way of a new run, under the first free name.
void set_aside(const fs::path& directory) {
  for (int number = 1;; ++number) {
    const fs::path aside = fmt::format("{}-other-{}", directory.string(), number);
    if (fs::exists(aside)) continue;
    fs::rename(directory, aside);
    return;
  }
}

Recipe as_trained(const Recipe& wanted, const FigureTask& task) {
  Recipe recipe = resolve_recipe(wanted);
  recipe.training.seeds = {static_cast<std::int64_t>(task.seed)};
  recipe.training.threads = task.threads;
  return recipe;
}

fs::path directory_of(const Recipe& recipe, const FigureTask& task) {
  return task.folder / "runs" / recipe.info.name;
}

}  // namespace

Recipe student_recipe(const std::string& name, const std::string& id,
                      const std::vector<std::int64_t>& widths) {
  Recipe recipe;
  recipe.info = {.name = name, .summary = "", .source = "Meulemans et al. 2021, toy experiments"};
  recipe.problem = {.data = kStudentTeacher,
                    .task = "regression",
                    .loss = "mean-squared-error",
                    .validation = 1000,
                    .batch_size = 128};
  recipe.teacher.inputs = widths.front();
  recipe.teacher.outputs = widths.back();
  recipe.network.layers = widths;
  recipe.training.precision = "float64";
  recipe.training.checkpoint_epochs = 20;
  recipe.set_rule(id);
  recipe.check();
  set_all(recipe, {"optimizer.algorithm=sgd"});
  return recipe;
}

void set_all(Recipe& recipe, const std::vector<std::string>& assignments) {
  recipe.set(assignments, "toy experiment");
}

void shrink_to_digits(Recipe& recipe) {
  set_all(recipe, {"problem.data=digits", "problem.validation=0", "problem.training_samples=640",
                   "problem.batch_size=32", "network.layers=[0, 16, 16, 0]", "training.epochs=2",
                   "rule.steps=200"});
}

void shrink_data(Recipe& recipe) {
  set_all(recipe, {"problem.validation=64", "problem.teacher.samples=704", "problem.teacher.test_samples=64",
                   "problem.batch_size=16", "problem.teacher.hidden=[100, 100]"});
}

std::optional<fs::path> recorded_run(const Recipe& wanted, const FigureTask& task) {
  const Recipe recipe = as_trained(wanted, task);
  const fs::path directory = directory_of(recipe, task);
  TrainingOptions options;
  options.out = directory;
  options.data = default_data_paths();
  options.stop = task.stop;
  options.stop_after_epochs = task.epochs;
  options.command = {"apical", "reproduce"};
  const bool found = holds_a_run(directory);
  const std::string other = found ? other_setting(directory, recipe) : "";
  const bool begun = found && other.empty();
  if (begun && read_manifest(directory).status == RunStatus::finished) return directory;
  if (task.say) task.say(fmt::format("{}{}", recipe.info.name, begun ? ": goes on" : ""));
  if (!begun && fs::exists(directory)) {
    if (task.say && !other.empty())
      task.say(fmt::format("{}: another run was there ({}); it is set aside.", recipe.info.name, other));
    set_aside(directory);
  }
  const TrainingResult result = begun ? resume(directory, options) : train(recipe, task.seed, options);
  const bool asked_to_stop = task.stop != nullptr && task.stop->load();
  if (result.end == TrainingEnd::stopped && (task.epochs == 0 || asked_to_stop)) return std::nullopt;
  return directory;
}

std::optional<fs::path> found_run(const Recipe& wanted, const FigureTask& task) {
  const Recipe recipe = as_trained(wanted, task);
  const fs::path directory = directory_of(recipe, task);
  const bool same = holds_a_run(directory) && other_setting(directory, recipe).empty();
  return same ? std::optional(directory) : std::nullopt;
}

std::int64_t epochs_of(const fs::path& run) {
  double last = 0;
  for (const RunRecord::Epoch& epoch : read_run_record(run).epochs)
    if (epoch.pass == "wake") last = std::max(last, epoch.epoch);
  return std::llround(last);
}

std::string partial_words(const std::vector<MethodProgress>& methods) {
  std::string words;
  bool whole = true;
  for (const MethodProgress& method : methods) {
    whole = whole && method.epochs == method.all_epochs;
    words += words.empty() ? method.name : ", " + method.name;
    words +=
        method.epochs > 0 ? fmt::format(" {} of {} epochs", method.epochs, method.all_epochs) : " not run";
  }
  return whole ? "" : words;
}

void require_method(const FigureTask& task, const std::vector<std::string>& names) {
  if (!task.row.empty() && std::find(names.begin(), names.end(), task.row) == names.end())
    throw unknown_choice("--row", "row", task.row, names);
}

ProbeSeries ProbeSeries::since(double first) const {
  ProbeSeries later;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (epoch[i] < first) continue;
    later.epoch.push_back(epoch[i]);
    later.value.push_back(value[i]);
  }
  return later;
}

ProbeSeries ProbeSeries::until(double last) const {
  ProbeSeries earlier;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (epoch[i] > last) continue;
    earlier.epoch.push_back(epoch[i]);
    earlier.value.push_back(value[i]);
  }
  return earlier;
}

double ProbeSeries::mean_of_last(std::size_t count) const {
  const std::size_t first = value.size() - std::min(count, value.size());
  return report::spread_of(std::span(value).subspan(first)).mean;
}

double ProbeSeries::largest() const {
  double most = -HUGE_VAL;
  for (const double one : value) {
    if (std::isnan(one)) return one;
    most = std::max(most, one);
  }
  return value.empty() ? report::kNaN : most;
}

ProbeSeries probe_series(const fs::path& run, const std::string& probe, const std::string& key) {
  ProbeSeries series;
  for (const RunRecord::Measurement& measured : read_run_record(run).measurements) {
    if (measured.probe != probe) continue;
    for (const auto& [name, value] : measured.values) {
      if (name != key) continue;
      series.epoch.push_back(measured.epoch);
      series.value.push_back(value);
    }
  }
  return series;
}

Rolling rolling(const std::vector<double>& values, std::size_t window) {
  Rolling result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t count = std::min(i + 1, window);
    const report::Spread spread = report::spread_of(std::span(values).subspan(i + 1 - count, count));
    result.mean.push_back(spread.mean);
    result.sd.push_back(spread.n > 1 ? spread.sd : 0);
  }
  return result;
}

}  // namespace apical
