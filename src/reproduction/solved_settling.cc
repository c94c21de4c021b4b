// Whether a network learns as well from the equilibrium, or from the linear response, that are solved for as from the last of a thousand simulated
// states: all from the same seeds, over the same minibatches, for as many epochs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <map>

#include "apical/report.h"
#include "report/statistics.h"
#include "reproduction/figure_files.h"
#include "reproduction/figure_functions.h"
#include "reproduction/toy_runs.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPairs = 3;
constexpr double kMargin = 0.15;  // points of test error

// One of the ways to settle.
struct Way {
  const char *name, *setting, *title;
};
constexpr Way kSimulated{"simulated", "steps", "Simulated settling"},
    kSolved{"solved", "solved", "Solved settling"},
    kResponse{"linear-response", "linear-response", "Linear response"};

// What a run came to after its last epoch.
struct Trained {
  double error = 0;  // test error, %
  double samples = 0, solved = 0, fell_back = 0;
};

Trained read(const fs::path& run) {
  const RunRecord record = read_run_record(run);
  Trained trained{.error = report::kNaN};
  for (const RunRecord::Evaluation& evaluation : record.evaluations) {
    if (evaluation.split == "test" && evaluation.error) trained.error = 100 * *evaluation.error;
  }
  for (const RunRecord::Epoch& epoch : record.epochs) {
    trained.samples += epoch.samples;
    trained.solved += epoch.solved.value_or(0);
    trained.fell_back += epoch.fell_back.value_or(0);
  }
  return trained;
}

std::optional<Trained> train_one(Recipe recipe, const Way& way, std::uint64_t seed, FigureTask task) {
  recipe.info.name = fmt::format("{}-{}", way.name, seed);
  set_all(recipe, {fmt::format("rule.settling={}", way.setting)});
  task.seed = seed;
  const auto run = recorded_run(recipe, task);
  if (!run) return std::nullopt;
  return read(*run);
}

// Not a number if one of them is not.
double mean_error(const std::vector<Trained>& runs) {
  double sum = 0;
  for (const Trained& run : runs) sum += run.error;
  return sum / static_cast<double>(runs.size());
}

FigureClaim same_error(const Way& way, const std::vector<Trained>& there,
                       const std::vector<Trained>& simulated, const Recipe& recipe) {
  std::vector<double> differences;
  for (std::size_t pair = 0; pair < there.size(); ++pair)
    differences.push_back(there[pair].error - simulated[pair].error);
  const double difference = mean_error(there) - mean_error(simulated);
  return {fmt::format("{} ends with the test error of simulated settling, to {} points in the mean over {} "
                      "paired seeds.",
                      way.title, kMargin, kPairs),
          fmt::format("{:.2f} % and {:.2f} % after {} epochs, {:+.2f} points (by seed {:+.2f}).",
                      mean_error(there), mean_error(simulated), recipe.training.epochs, difference,
                      fmt::join(differences, ", ")),
          std::abs(difference) <= kMargin};
}

}  // namespace

FigureOutcome solved_settling(const FigureTask& task) {
  Recipe recipe = load_recipe(task.recipes / "dfc2021/solved-settling.toml");
  if (task.quick) {
    set_all(recipe, {"problem.data=digits", "problem.validation=0", "problem.training_samples=640",
                     "problem.batch_size=32", "network.layers=[0, 16, 16, 0]", "training.epochs=2",
                     "rule.steps=200"});
  }
  CsvTable table({"way", "seed", "epochs", "test_error", "samples", "solved", "fell_back"});
  std::map<std::string, std::vector<Trained>> trained;
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    const std::uint64_t seed = task.seed + pair;
    for (const Way& way : {kSolved, kResponse, kSimulated}) {
      const auto one = train_one(recipe, way, seed, task);
      if (!one) return {.finished = false};
      trained[way.name].push_back(*one);
      table.row({way.name, static_cast<double>(seed), static_cast<double>(recipe.training.epochs), one->error,
                 one->samples, one->solved, one->fell_back});
    }
  }
  FigureOutcome outcome;
  write_csv(task, "solved-settling", table, outcome);
  double samples = 0, solved = 0, fell_back = 0;
  for (const Way& way : {kSolved, kResponse}) {
    outcome.claims.push_back(same_error(way, trained[way.name], trained[kSimulated.name], recipe));
    for (const Trained& one : trained[way.name]) {
      samples += one.samples;
      solved += one.solved;
      fell_back += one.fell_back;
    }
  }
  outcome.claims.push_back(
      {"Every sample was solved for, or simulated and counted as such.",
       fmt::format(
           "{:.0f} of {:.0f} solved for with a certificate or to the tolerance, {:.0f} simulated instead.",
           solved, samples, fell_back),
       samples > 0 && solved + fell_back == samples});
  return outcome;
}

}  // namespace apical
