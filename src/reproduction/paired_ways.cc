#include "reproduction/paired_ways.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <cmath>

#include "apical/report.h"
#include "report/statistics.h"
#include "reproduction/figure_files.h"
#include "reproduction/toy_runs.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

constexpr double kMargin = 0.15;  // points of test error

PairedRun read(const fs::path& run) {
  const RunRecord record = read_run_record(run);
  PairedRun trained{.error = report::kNaN};
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

std::optional<PairedRun> train_one(Recipe recipe, const Way& way, std::uint64_t seed, FigureTask task) {
  recipe.info.name = fmt::format("{}-{}", way.name, seed);
  set_all(recipe, way.settings);
  task.seed = seed;
  const auto run = recorded_run(recipe, task);
  if (!run) return std::nullopt;
  return read(*run);
}

// Not a number if one of them is not.
double mean_error(const std::vector<PairedRun>& runs) {
  double sum = 0;
  for (const PairedRun& run : runs) sum += run.error;
  return sum / static_cast<double>(runs.size());
}

}  // namespace

std::optional<PairedRuns> train_paired(const Recipe& recipe, std::span<const Way> ways,
                                       const std::string& name, const FigureTask& task,
                                       FigureOutcome& outcome) {
  CsvTable table({"way", "seed", "epochs", "test_error", "samples", "solved", "fell_back"});
  PairedRuns runs;
  for (std::size_t pair = 0; pair < kPairedSeeds; ++pair) {
    const std::uint64_t seed = task.seed + pair;
    for (const Way& way : ways) {
      const auto one = train_one(recipe, way, seed, task);
      if (!one) return std::nullopt;
      runs[way.name].push_back(*one);
      table.row({way.name, static_cast<double>(seed), static_cast<double>(recipe.training.epochs), one->error,
                 one->samples, one->solved, one->fell_back});
    }
  }
  write_csv(task, name, table, outcome);
  return runs;
}

FigureClaim same_error(const Way& way, const Way& other, const PairedRuns& runs, const Recipe& recipe) {
  const std::vector<PairedRun>&there = runs.at(way.name), &here = runs.at(other.name);
  std::vector<double> differences;
  for (std::size_t pair = 0; pair < there.size(); ++pair)
    differences.push_back(there[pair].error - here[pair].error);
  const double difference = mean_error(there) - mean_error(here);
  std::string as = other.title;
  as.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(as.front())));
  return {fmt::format("{} ends with the test error of {}, to {} points in the mean over {} paired seeds.",
                      way.title, as, kMargin, kPairedSeeds),
          fmt::format("{:.2f} % and {:.2f} % after {} epochs, {:+.2f} points (by seed {:+.2f}).",
                      mean_error(there), mean_error(here), recipe.training.epochs, difference,
                      fmt::join(differences, ", ")),
          std::abs(difference) <= kMargin};
}

}  // namespace apical
