#include "training_options.h"

namespace apical::cli {
namespace {

struct Options {
  std::string run;
  std::filesystem::path runs = "runs";
  std::optional<std::filesystem::path> data_folder;
  bool json = false;
};

int run(const CommandLine& line, const Options& options) {
  Live live;
  Resources resources;
  resources.runs = options.runs;
  resources.data_folder = options.data_folder;
  const TrainingResult result = resume(find_run(options.runs, options.run), resources.training(line, live));
  live.clear();
  if (result.end == TrainingEnd::stopped) {
    suggest_resume(result);
    return kStopped;
  }
  const std::vector<RunRecord> records = {read_run_record(result.directory)};
  print_results(records, result_table(records), options.json);
  return kOk;
}

}  // namespace

void add_resume(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb =
      line.verb(line.app, "resume",
                "Go on with a run that was stopped or killed, to the same bits as without the break",
                "apical resume 3f9a2c", [&line, options] { return run(line, *options); });
  verb->add_option("RUN", options->run, "the beginning of its id, or its directory")
      ->required()
      ->option_text(" ");
  add_runs_option(*verb, options->runs);
  add_data_option(*verb, options->data_folder);
  add_json_option(*verb, options->json);
}

}  // namespace apical::cli
