#include <fmt/format.h>

#include <algorithm>

#include "apical/error.h"
#include "training_options.h"

namespace apical::cli {
namespace {

int run(const CommandLine& line, const RecordedRun& recorded) {
  Live live;
  const TrainingOptions training = recorded.resources.training(line, live);
  const std::filesystem::path directory = recorded.directory();
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
    if (recorded.resources.json || !detail.same) table.row({detail.name, same, detail.note});
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
  result.same && !recorded.resources.json ? print(verdict + "\n") : print(table, recorded.resources.json);
  return result.same ? kOk : kCheckFailed;
}

}  // namespace

void add_verify(CommandLine& line) {
  const auto recorded = std::make_shared<RecordedRun>();
  CLI::App* verb =
      line.verb(line.app, "verify", "Train a finished run again from its manifest and compare every bit",
                "apical verify 3f9a2c", [&line, recorded] { return run(line, *recorded); });
  recorded->add_to(*verb);
}

}  // namespace apical::cli
