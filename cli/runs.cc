#include <fmt/format.h>

#include "apical/run_index.h"
#include "command.h"

namespace apical::cli {
namespace {

struct Options {
  RunFilter filter;
  std::filesystem::path runs = "runs";
  bool json = false;
};

Cell result_cell(const RunSummary& run, const std::string& name, int decimals, double scale) {
  const auto found = run.results.find(name);
  return found == run.results.end() ? Cell() : Cell::number(found->second, decimals, scale);
}

int run(const Options& options) {
  const std::vector<RunSummary> runs = RunIndex(options.runs).list(options.filter);
  constexpr auto kRight = Table::Align::right;
  Table table;
  table.column("Run")
      .column("Rule")
      .column("Data")
      .column("Seed", kRight)
      .column("Status")
      .column("Test error", kRight, "%");
  if (options.json)
    table.column("Test loss").column("Recipe").column("Started").column("Ended").column("Path");
  for (const RunSummary& run : runs) {
    std::vector<Cell> row = {run.id,     run.rule,
                             run.data,   Cell::number(static_cast<double>(run.seed)),
                             run.status, result_cell(run, "test_error", 2, 100)};
    if (options.json)
      row.insert(row.end(),
                 {result_cell(run, "test_loss", 4, 1), run.name, run.started, run.ended, run.path.string()});
    table.row(std::move(row));
  }
  if (runs.empty()) table.note(fmt::format("No runs in {} fit.", options.runs.string()));
  print(table, options.json);
  return kOk;
}

}  // namespace

void add_runs(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = line.verb(line.app, "runs", "List the recorded runs, latest first",
                             "apical runs --rule dfc --status finished", [options] { return run(*options); });
  line.choices[verb->add_option("--rule", options->filter.rule, "only this rule")->option_text("ID")] =
      rule_ids();
  line.choices[verb->add_option("--data", options->filter.data, "only this data set")->option_text("NAME")] =
      data_names();
  verb->add_option("--name", options->filter.name, "only this recipe")->option_text("NAME");
  const std::vector<std::string> statuses = {"running", "finished",    "stopped",
                                             "failed",  "interrupted", "damaged"};
  line.choices[verb->add_option("--status", options->filter.status,
                                "running, finished, stopped, failed, interrupted or damaged")
                   ->option_text("STATUS")
                   ->check(CLI::IsMember(statuses))] = statuses;
  add_runs_option(*verb, options->runs);
  add_json_option(*verb, options->json);
}

}  // namespace apical::cli
