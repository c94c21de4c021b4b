#include <fmt/format.h>

#include <algorithm>

#include "apical/error.h"
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
  const TrainingOptions training = resources.training(line, live);
  const std::filesystem::path directory = find_run(options.runs, options.run);
  VerifyResult result;
  try {
    result = verify(directory, training);
  } catch (const Error& error) {
    live.clear();
    if (!training.stop->load()) throw;
    say(error.what());
    return kStopped;
  }
  live.clear();

  Table table(std::filesystem::absolute(directory).lexically_normal().filename().string());
  table.column("What").column("Same").column("Where it differs");
  // readers want to know what differs, programs everything
  for (const Verified& detail : result.details) {
    Cell same(detail.same ? "yes" : "no");
    same.json = detail.same ? "true" : "false";
    if (options.json || !detail.same) table.row({detail.name, same, detail.note});
  }
  const auto different =
      std::count_if(result.details.begin(), result.details.end(), [](const Verified& d) { return !d.same; });
  const std::string verdict =
      result.same
          ? fmt::format(
                "{}: trained again from its manifest, all {} arrays and records came out with the same bits.",
                table.title(), result.details.size())
          : fmt::format("Trained again from its manifest, {} of {} arrays and records differ.", different,
                        result.details.size());
  table.note(verdict);
  result.same && !options.json ? print(verdict + "\n") : print(table, options.json);
  return result.same ? kOk : kCheckFailed;
}

}  // namespace

void add_verify(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb =
      line.verb(line.app, "verify", "Train a finished run again from its manifest and compare every bit",
                "apical verify 3f9a2c", [&line, options] { return run(line, *options); });
  verb->add_option("RUN", options->run, "the beginning of its id, or its directory")
      ->required()
      ->option_text(" ");
  add_runs_option(*verb, options->runs);
  add_data_option(*verb, options->data_folder);
  add_json_option(*verb, options->json);
}

}  // namespace apical::cli
