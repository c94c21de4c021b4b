#include "training_options.h"

namespace apical::cli {
namespace {

int run(const CommandLine& line, const RecordedRun& recorded) {
  Live live;
  const TrainingResult result = resume(recorded.directory(), recorded.resources.training(line, live));
  live.clear();
  if (result.end == TrainingEnd::stopped) {
    suggest_resume(result);
    return kStopped;
  }
  const std::vector<RunRecord> records = {read_run_record(result.directory)};
  print_results(records, result_table(records), recorded.resources.json);
  return kOk;
}

}  // namespace

void add_resume(CommandLine& line) {
  const auto recorded = std::make_shared<RecordedRun>();
  CLI::App* verb =
      line.verb(line.app, "resume",
                "Go on with a run that was stopped or killed, to the same bits as without the break",
                "apical resume 3f9a2c", [&line, recorded] { return run(line, *recorded); });
  recorded->add_to(*verb);
}

}  // namespace apical::cli
