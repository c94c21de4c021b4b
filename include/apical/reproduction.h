// Published numbers and figures as recipes that run: which there are, what was measured, and whether it agrees.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "apical/equivalence.h"
#include "apical/recipe.h"
#include "apical/report.h"
#include "apical/training.h"

namespace apical {

// A published number: a recipe file in a folder of its own that says one in [recipe.published].
struct PublishedCell {
  std::string id;  // the file's place below the recipes: "dfc2021/table1/mnist/dfc-ssa"
  std::filesystem::path file;
  Recipe recipe;

  std::string table() const;   // "dfc2021/table1"
  std::string column() const;  // "mnist"
  std::string row() const;     // "dfc-ssa"
};

// Every published number below a folder of recipes, by id. Folders named base and quick hold none.
std::vector<PublishedCell> published_cells(const std::filesystem::path& recipes);

// Which of them are meant. `what` is an id or its beginning ("dfc2021/table1"); empty column or row: any. Throws Error
// with the nearest names if nothing is left.
struct CellChoice {
  std::string what, column, row;
};
std::vector<PublishedCell> chosen_cells(const std::vector<PublishedCell>& cells, const CellChoice& choice);

// Sorted cells, cut into the columns of their tables.
std::vector<std::span<const PublishedCell>> by_column(std::span<const PublishedCell> cells);

// The short form of a cell, which tells the rule at work from one that does not work: <folder>/quick/<row>.toml. Its
// [recipe.published] holds a band from the authors' curves or from an independent program. Throws Error if there is none.
Recipe quick_recipe(const PublishedCell& cell);
bool has_quick_recipe(const PublishedCell& cell);

// What one seed reached.
struct SeedResult {
  std::int64_t seed = 0;
  bool finished = false;                    // all epochs of the recipe
  std::int64_t epochs = 0, best_epoch = 0;  // done; of the best validation result
  double value = 0;                         // of the published metric
  std::map<std::string, std::vector<double>> curves =
      {};              // one number per epoch: "test_error", "train_loss", …
  double seconds = 0;  // of all passes
  std::string date = {}, version = {}, commit = {}, machine = {}, kernels = {}, precision = {};
};

// What was measured for a cell: recipes/results/<id>.json. Settings: every value of the recipe that decides the outcome.
struct CellResults {
  std::string id;
  std::map<std::string, Value> settings;
  std::vector<SeedResult> runs;  // by seed

  // The same seed in the same precision counts once: a finished run before a partial one, a longer before a shorter.
  void add(const SeedResult& run);
};

// Of a recipe with its defaults filled in. Seeds, precision and what changes no number are left out.
std::map<std::string, Value> deciding_settings(const Recipe& recipe);
// The first value that differs, in words; empty if none does. A setting that is younger than the measurement does not.
std::string changed_setting(const std::map<std::string, Value>& measured,
                            const std::map<std::string, Value>& now);
// Empty if nothing was measured. Throws Error if the file is damaged.
CellResults load_results(const std::filesystem::path& results, const std::string& id);
// Adds runs to the file of the cell, also while other processes do. Throws Error if what is there was measured with other
// settings, and names the first of them.
void add_results(const std::filesystem::path& results, const PublishedCell& cell,
                 std::span<const SeedResult> runs);

// Takes over what another folder of results, of another machine, holds of the cell.
void merge_results(const std::filesystem::path& results, const PublishedCell& cell,
                   const std::filesystem::path& from);

// What the record of a run says of its cell.
SeedResult seed_result(const std::filesystem::path& run_directory, const Published& published);
// As records, for plots and figures: one rule per row.
std::vector<RunRecord> as_records(const PublishedCell& cell, const CellResults& results);

enum class Agreement {
  not_run,
  changed,       // measured with other settings than the recipe's
  partial,       // no run has all epochs
  too_few,       // fewer than three seeds
  reproduced,    // equivalent within the margin
  inconclusive,  // neither equivalent nor different: more seeds would tell
  different,     // differs by more than the margin
};
const std::string& to_string(Agreement agreement);

struct Judgement {
  Agreement agreement = Agreement::not_run;
  Sample ours;  // of the finished runs in the recipe's precision; of the partial ones where none is finished
  Equivalence test;         // where there are three seeds
  std::int64_t epochs = 0;  // least number among the runs that count
  double seconds = 0;       // of a run, median
};
Judgement judge(const PublishedCell& cell, const CellResults& results);

struct ReproductionOptions {
  std::filesystem::path results;  // where what was measured is kept
  std::int64_t seeds = 0;   // so many of the recipe's, counting up from its first; 0: as the recipe says
  std::int64_t epochs = 0;  // stop each run after so many epochs, to go on another day; 0: at the end
  bool collect = false;     // only take over what runs have reached
  TrainingOptions training = {};
  std::function<void(const std::string&)> say = {};
};

// Runs the seeds of a cell that are not yet finished, taking up runs that stopped, and keeps what they reach.
TrainingEnd reproduce_cell(const PublishedCell& cell, const ReproductionOptions& options);

// "2.08 ± 0.15 %" for an error, "0.0942 ± 0.0009" for a loss; sd = 0: without.
std::string quantity(const std::string& metric, double mean, double sd);
// One row per cell (named by its row alone where all are of one column; in JSON always by its id): published, ours, verdict, by how much it differs, seeds, epochs, time of a run, machine, date.
Table cell_table(std::span<const PublishedCell> cells, const std::filesystem::path& results);
// One row per figure: what is published, whether ours shows it.
Table figure_table(const std::filesystem::path& results);
// docs/results.md: all that is known about every cell and figure, <results>/notes.md if there is one, and how to go on.
std::string results_page(std::span<const PublishedCell> cells, const std::filesystem::path& results);

}  // namespace apical
