#include <fmt/format.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "apical/training.h"
#include "command.h"

namespace apical::cli {
namespace {

struct Options {
  std::string run, data, part = "test", network = "best";
  std::optional<std::filesystem::path> save;
  std::filesystem::path runs = "runs";
  std::optional<std::filesystem::path> data_folder;
  bool json = false;
};

constexpr std::size_t kMostClassesShown = 20;

// Rows: true classes; columns: what the network said.
Table confusion_table(const EvaluationResult& result) {
  Table table("True class by row, predicted class by column");
  table.column("class", Table::Align::right);
  for (std::size_t k = 0; k < result.classes; ++k) table.column(std::to_string(k), Table::Align::right);
  for (std::size_t row = 0; row < result.classes; ++row) {
    std::vector<Cell> cells = {Cell(std::to_string(row))};
    for (std::size_t k = 0; k < result.classes; ++k)
      cells.push_back(Cell::number(static_cast<double>(result.confusion[row * result.classes + k])));
    table.row(std::move(cells));
  }
  return table;
}

std::string json_of(const EvaluationResult& result) {
  nlohmann::ordered_json json = {{"data", result.data},
                                 {"part", result.part},
                                 {"samples", result.samples},
                                 {"loss", result.loss},
                                 {"error", result.error}};
  for (std::size_t row = 0; row < result.classes; ++row) {
    const auto begin = result.confusion.begin() + static_cast<std::ptrdiff_t>(row * result.classes);
    json["confusion"].push_back(
        std::vector<std::int64_t>(begin, begin + static_cast<std::ptrdiff_t>(result.classes)));
  }
  return json.dump() + "\n";
}

int run(const Options& options) {
  TrainingOptions training;
  training.runs = options.runs;
  training.data = data_paths(options.data_folder);
  const auto directory = find_run(options.runs, options.run);
  const EvaluationResult result =
      evaluate_run(directory, options.data, options.part,
                   options.network == "best" ? Moment::best : Moment::latest, options.save, training);
  if (options.json) {
    print(json_of(result));
    return kOk;
  }
  Table table(directory.filename().string());
  constexpr auto kRight = Table::Align::right;
  table.column("Data")
      .column("Part")
      .column("Samples", kRight)
      .column("Loss", kRight)
      .column("Error", kRight, "%");
  table.row({result.data, result.part, Cell::number(static_cast<double>(result.samples)),
             Cell::number(result.loss, 5),
             std::isnan(result.error) ? Cell() : Cell::number(result.error, 2, 100)});
  if (options.save)
    table.note(fmt::format("Inputs, rates of every layer and predictions: {}", options.save->string()));
  print(table, false);
  if (result.classes > 0 && result.classes <= kMostClassesShown) {
    print("\n");
    print(confusion_table(result), false);
  }
  return kOk;
}

}  // namespace

void add_eval(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb =
      line.verb(line.app, "eval", "Use the network of a run: loss, error, predictions, activity",
                "apical eval 3f9a2c --data mnist --save activity.npz", [options] { return run(*options); });
  verb->add_option("RUN", options->run, "the beginning of its id, or its directory")
      ->required()
      ->option_text(" ");
  line.choices[verb->add_option("--data", options->data, "a data set; the run's own if not said")
                   ->option_text("NAME")] = data_names();
  line.choices[verb->add_option("--part", options->part, "test or train")
                   ->option_text("PART [test]")
                   ->check(CLI::IsMember({"test", "train"}))] = {"test", "train"};
  line.choices[verb->add_option("--network", options->network,
                                "best: of the epoch with the best validation result, as in tables; or latest")
                   ->option_text("WHICH [best]")
                   ->check(CLI::IsMember({"best", "latest"}))] = {"best", "latest"};
  verb->add_option("--save", options->save, "NPZ file for inputs, labels, predictions and the rates r1 … rL")
      ->option_text("FILE.npz");
  add_runs_option(*verb, options->runs);
  add_data_option(*verb, options->data_folder);
  add_json_option(*verb, options->json);
}

}  // namespace apical::cli
