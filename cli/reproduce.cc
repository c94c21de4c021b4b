#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apical/error.h"
#include "apical/published_figure.h"
#include "apical/reproduction.h"
#include "recipe_folder.h"
#include "stop.h"
#include "training_options.h"

namespace apical::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  CellChoice choice;
  std::int64_t seeds = 0, epochs = 0;
  bool quick = false, collect = false, print_recipe = false;
  std::optional<fs::path> recipes, results, write_docs, add;
  Resources resources;

  fs::path recipe_folder() const { return recipes ? *recipes : find_recipe_folder(); }
  fs::path results_folder() const { return results ? *results : recipe_folder() / "results"; }
};

// "dfc2021/table1/mnist" → "dfc2021-table1-mnist": fit for a file name.
std::string file_name(std::string id) {
  std::replace(id.begin(), id.end(), '/', '-');
  return id;
}

void show_table(const Options& options, const std::vector<PublishedCell>& cells) {
  if (options.resources.json) return print(cell_table(cells, options.results_folder()), true);
  for (const auto& column : by_column(cells)) {
    print(fmt::format("{}/{}\n", column.front().table(), column.front().column()));
    print(cell_table(column, options.results_folder()), false);
  }
}

int list(const Options& options, const std::vector<PublishedCell>& cells) {
  show_table(options, cells);
  if (!options.resources.json && !published_figures().empty())
    print("\n" + figure_table(options.results_folder()).text(terminal_style(STDOUT_FILENO)));
  return kOk;
}

// Curves of what has been measured, in the terminal and as SVG files.
void show_curves(const Options& options, const std::vector<PublishedCell>& cells) {
  std::vector<RunRecord> records;
  for (const PublishedCell& cell : cells) {
    const auto more = as_records(cell, load_results(options.results_folder(), cell.id));
    records.insert(records.end(), more.begin(), more.end());
  }
  if (records.empty()) return;
  print("\n" + result_plot(records, terminal_style(STDOUT_FILENO)));
  const std::string& what = options.choice.what;
  for (const ReportFigure& figure : report_figures(records)) {
    const fs::path path =
        options.resources.runs / "reproduce" / fmt::format("{}-{}.svg", file_name(what), figure.id);
    write_page(path, figure.svg);
    print(fmt::format("{}\n", fs::absolute(path).lexically_normal().string()));
  }
}

int run_cells(const CommandLine& line, const Options& options, std::vector<PublishedCell> cells) {
  Live live;
  for (PublishedCell& cell : cells) {
    options.resources.apply(cell.recipe);
    const TrainingEnd end = reproduce_cell(cell, {.results = options.results_folder(),
                                                  .seeds = options.seeds,
                                                  .epochs = options.epochs,
                                                  .collect = options.collect,
                                                  .training = options.resources.training(line, live),
                                                  .say = [&](const std::string& sentence) {
                                                    live.clear();
                                                    say(sentence);
                                                  }});
    live.clear();
    if (end == TrainingEnd::stopped) {
      say("Stopped; everything so far is saved. The same command goes on.");
      return kStopped;
    }
  }
  show_table(options, cells);
  if (!options.resources.json) show_curves(options, cells);
  return kOk;
}

// The value of a metric at the end of a run.
double reached(const fs::path& run, const Published& published) { return seed_result(run, published).value; }

int run_quick(const CommandLine& line, const Options& options, std::vector<PublishedCell> cells) {
  std::erase_if(cells, [](const PublishedCell& cell) { return !has_quick_recipe(cell); });
  if (cells.empty())
    throw Error("--quick", "none of these has a short form.", "`apical reproduce` lists all results.");
  Live live;
  Table table;
  table.column("Short form")
      .column("Band", Table::Align::right)
      .column("Ours", Table::Align::right)
      .column("Verdict");
  bool inside = true;
  for (const PublishedCell& cell : cells) {
    Recipe recipe = quick_recipe(cell);
    options.resources.apply(recipe);
    const Published& band = recipe.published;
    const TrainingResult result = train(recipe, static_cast<std::uint64_t>(recipe.training.seeds.front()),
                                        options.resources.training(line, live));
    live.clear();
    if (result.end == TrainingEnd::stopped) return kStopped;
    const double ours = reached(result.directory, band);
    const bool within = std::abs(ours - band.value) <= band.tolerance;
    inside = inside && within;
    Cell shown = Cell::number(ours);
    shown.text = quantity(band.metric, ours, 0);
    table.row({cell.id,
               fmt::format("{} to {}", quantity(band.metric, band.value - band.tolerance, 0),
                           quantity(band.metric, band.value + band.tolerance, 0)),
               shown, within ? "inside" : "outside"});
  }
  print(table, options.resources.json);
  return inside ? kOk : kCheckFailed;
}

int run_figure(const Options& options, const PublishedFigure& figure) {
  if ((options.epochs > 0 || !options.choice.row.empty()) && !figure.may_stop_early) {
    throw Error(options.epochs > 0 ? "--epochs" : "--row",
                fmt::format("{} runs as a whole, and goes on where it was stopped.", figure.id),
                "Leave it out; --quick is a short form.");
  }
  FigureTask task;
  task.folder = options.resources.runs / "reproduce" / file_name(figure.id);
  task.recipes = options.recipe_folder();
  task.threads = static_cast<unsigned>(options.resources.threads.value_or(1));
  task.quick = options.quick;
  task.epochs = options.epochs;
  task.row = options.choice.row;
  task.stop = &stop_on_signals();
  task.say = say;
  const FigureOutcome outcome = reproduce_figure(figure, task, options.results_folder());
  if (!outcome.finished) return kStopped;
  Table table(figure.title);
  table.column("Published").column("Ours").column("Shown");
  bool all = true;
  for (const FigureClaim& claim : outcome.claims) {
    const bool judged = outcome.partial.empty();
    table.row({claim.published, claim.ours, !judged ? "no verdict" : claim.shown ? "yes" : "no"});
    all = all && (claim.shown || !judged);
  }
  if (!outcome.partial.empty()) table.note(fmt::format("Partial: {}.", outcome.partial));
  print(table, options.resources.json);
  for (const fs::path& file : outcome.files) say(fs::absolute(file).lexically_normal().string());
  return all ? kOk : kCheckFailed;
}

// That of the id, or those of a group: "dfc2021/alignment" has one for each column. A paper's name alone means its tables.
std::vector<const PublishedFigure*> chosen_figures(const CellChoice& choice) {
  std::vector<const PublishedFigure*> chosen;
  std::vector<std::string> columns;
  for (const PublishedFigure& figure : published_figures()) {
    const bool below = choice.what.find('/') != std::string::npos && figure.id.starts_with(choice.what + "/");
    if (figure.id != choice.what && !below) continue;
    columns.push_back(fs::path(figure.id).filename().string());
    if (choice.column.empty() || choice.column == columns.back()) chosen.push_back(&figure);
  }
  if (chosen.empty() && !columns.empty()) throw unknown_choice("--column", "column", choice.column, columns);
  return chosen;
}

int run(const CommandLine& line, const Options& options) {
  if (const auto figures = chosen_figures(options.choice); !figures.empty()) {
    int worst = kOk;
    for (const PublishedFigure* figure : figures) {
      const int code = run_figure(options, *figure);
      if (code == kStopped) return code;
      worst = std::max(worst, code);
    }
    return worst;
  }
  const std::vector<PublishedCell> all = published_cells(options.recipe_folder());
  if (options.write_docs) {
    write_page(*options.write_docs, results_page(all, options.results_folder()));
    return kOk;
  }
  const std::vector<PublishedCell> cells = chosen_cells(all, options.choice);
  if (options.choice.what.empty()) return list(options, cells);
  if (options.print_recipe) {
    for (const PublishedCell& cell : cells) print(resolve_recipe(cell.recipe).to_toml());
    return kOk;
  }
  if (options.add) {
    for (const PublishedCell& cell : cells) merge_results(options.results_folder(), cell, *options.add);
    return list(options, cells);
  }
  return options.quick ? run_quick(line, options, cells) : run_cells(line, options, cells);
}

}  // namespace

void add_reproduce(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb =
      line.verb(line.app, "reproduce", "Run published results and compare; without a word, list them",
                "apical reproduce dfc2021/table1 --column mnist --row dfc-ssa --seeds 3",
                [&line, options] { return run(line, *options); });
  verb->add_option("WHAT", options->choice.what, "a table, a cell or a figure: dfc2021/table1")
      ->option_text("(optional)");
  verb->add_option("--column", options->choice.column, "only this column of a table")->option_text("NAME");
  verb->add_option("--row", options->choice.row, "only this row of a table")->option_text("NAME");
  verb->add_option("--seeds", options->seeds, "so many seeds, counting up from the recipe's first")
      ->option_text("N")
      ->check(CLI::Range(1, 100000));
  verb->add_option("--epochs", options->epochs,
                   "stop each run after so many epochs; the same command goes on later")
      ->option_text("E")
      ->check(CLI::Range(1, 1000000));
  verb->add_flag("--quick", options->quick,
                 "a short form on small data against a band, under two minutes each");
  verb->add_flag("--collect", options->collect,
                 "train nothing, take over what the runs in --runs have reached");
  verb->add_flag("--print-recipe", options->print_recipe,
                 "print the recipes with every value and train nothing");
  verb->add_option("--add", options->add, "take over what another folder of results holds and train nothing")
      ->option_text("DIR");
  verb->add_option("--write-docs", options->write_docs, "write the page of all results and train nothing")
      ->option_text("FILE.md");
  verb->add_option("--recipes", options->recipes, "the folder of recipes")
      ->envname("APICAL_RECIPES")
      ->option_text("DIR [recipes]");
  verb->add_option("--results", options->results, "where results are kept")
      ->option_text("DIR [results below the recipes]");
  options->resources.add_to(*verb);
}

}  // namespace apical::cli
