#include "comparing.h"

#include <fmt/format.h>

#include <cmath>

namespace apical::cli {
namespace {

std::vector<RunRecord> records_of(const ComparisonResult& result) {
  std::vector<RunRecord> records;
  for (const ComparedRun& run : result.runs) records.push_back(read_run_record(run.directory));
  return records;
}

std::string outcome(const ComparedRun& run) {
  if (!run.failure.empty()) return "failed";
  const double error = run.result.test_error;
  return std::isnan(error) ? fmt::format("test loss {:.4g}", run.result.test_loss)
                           : fmt::format("test error {:.2f} %", 100 * error);
}

}  // namespace

int compare_and_show(const CommandLine& line, const Resources& resources, const std::vector<Recipe>& recipes,
                     const Presentation& presentation) {
  Live live;
  TrainingOptions training = resources.training(line, live);
  training.shortened = presentation.shortened;
  std::string place;
  training.progress = [&](const TrainingProgress& progress) { live.show(progress, place); };
  const ComparisonResult result =
      compare(recipes, training,
              {.begin = [&](std::size_t run, std::size_t count) { place = fmt::format("{}/{}", run, count); },
               .end =
                   [&](std::size_t, std::size_t, const ComparedRun& run) {
                     live.clear();
                     say(fmt::format("{} {}, seed {}: {}", place, run.rule, run.seed, outcome(run)));
                   }});
  live.clear();
  if (result.end == TrainingEnd::stopped) {
    say(
        fmt::format("Stopped; everything so far is saved. `apical resume {}` finishes the run of {}, seed "
                    "{}; `apical report` shows what "
                    "is done.",
                    result.runs.back().directory.string(), result.runs.back().rule, result.runs.back().seed));
    return kStopped;
  }

  const std::vector<RunRecord> records = records_of(result);
  const ReportOptions options{
      .title = presentation.title, .what = presentation.what, .shortened = presentation.shortened};
  write_page(presentation.report, html_report(records, options));
  Table table = result_table(records, options);
  for (const ComparedRun& run : result.runs) {
    if (!run.failure.empty())
      table.note(fmt::format("{}, seed {}, failed: {}", run.rule, run.seed, run.failure));
  }
  for (const std::string& words : optimizers_in_words(recipes)) table.note("Optimizer of " + words + ".");
  print_results(records, table, resources.json);
  const std::string report = std::filesystem::absolute(presentation.report).lexically_normal().string();
  resources.json ? say("Report: " + report) : print("\nReport: " + report + "\n");
  return kOk;
}

}  // namespace apical::cli
