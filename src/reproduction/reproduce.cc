// Runs what a cell still lacks and keeps what comes out.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "apical/error.h"
#include "apical/reproduction.h"
#include "apical/run.h"
#include "apical/run_index.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

std::vector<std::int64_t> seeds_of(const PublishedCell& cell, std::int64_t wanted) {
  std::vector<std::int64_t> seeds = cell.recipe.training.seeds;
  if (wanted > 0 && static_cast<std::size_t>(wanted) < seeds.size())
    seeds.resize(static_cast<std::size_t>(wanted));
  while (static_cast<std::int64_t>(seeds.size()) < wanted) seeds.push_back(seeds.back() + 1);
  return seeds;
}

// One cell's runs in a folder of runs.
class CellRuns {
 public:
  CellRuns(const PublishedCell& cell, const ReproductionOptions& options)
      : cell_(cell), options_(options), settings_(deciding_settings(cell.recipe)) {
    if (!fs::is_directory(options.training.runs)) return;
    for (const RunSummary& run : RunIndex(options.training.runs).list({.name = cell.recipe.info.name})) {
      if (run.status != "damaged" && run.status != "failed" && fits(run.path)) known_.push_back(run);
    }
  }

  // Keeps what every run has reached.
  void collect() const {
    std::vector<SeedResult> results;
    for (const RunSummary& run : known_) {
      SeedResult result = seed_result(run.path, cell_.recipe.published);
      if (result.epochs > 0) results.push_back(std::move(result));
    }
    add_results(options_.results, cell_, results);
  }

  TrainingEnd finish(std::int64_t seed) const {
    const RunSummary* begun = unfinished(seed);
    if (begun != nullptr && Run::is_being_written(begun->path)) {
      tell(fmt::format("{}, seed {}: another process trains it.", cell_.id, seed));
      return TrainingEnd::finished;
    }
    TrainingOptions training = options_.training;
    training.stop_after_epochs = options_.epochs;
    tell(fmt::format("{}, seed {}{}", cell_.id, seed, begun == nullptr ? "" : ": goes on with " + begun->id));
    fs::path directory = begun == nullptr ? fs::path() : begun->path;
    training.created = [&](const fs::path& created) { directory = created; };
    const TrainingResult result = begun == nullptr
                                      ? train(cell_.recipe, static_cast<std::uint64_t>(seed), training)
                                      : resume(begun->path, training);
    const SeedResult reached = seed_result(result.directory, cell_.recipe.published);
    if (reached.epochs > 0) add_results(options_.results, cell_, std::span(&reached, 1));
    return result.end;
  }

 private:
  // The same settings and precision as the recipe's.
  bool fits(const fs::path& directory) const {
    const RunManifest manifest = read_manifest(directory);
    if (manifest.precision != cell_.recipe.training.precision) return false;
    return changed_setting(deciding_settings(parse_recipe(manifest.recipe, directory.string())), settings_)
        .empty();
  }

  const RunSummary* unfinished(std::int64_t seed) const {
    const auto found = std::find_if(known_.begin(), known_.end(), [&](const RunSummary& run) {
      return run.seed == seed && run.status != "finished";
    });
    return found == known_.end() ? nullptr : &*found;
  }

  void tell(const std::string& sentence) const {
    if (options_.say) options_.say(sentence);
  }

  const PublishedCell& cell_;
  const ReproductionOptions& options_;
  std::map<std::string, Value> settings_;
  std::vector<RunSummary> known_;
};

bool is_done(const PublishedCell& cell, const CellResults& results, std::int64_t seed, std::int64_t epochs) {
  return std::any_of(results.runs.begin(), results.runs.end(), [&](const SeedResult& run) {
    return run.seed == seed && run.precision == cell.recipe.training.precision &&
           (run.finished || (epochs > 0 && run.epochs >= epochs));
  });
}

}  // namespace

TrainingEnd reproduce_cell(const PublishedCell& cell, const ReproductionOptions& options) {
  const CellRuns runs(cell, options);
  runs.collect();
  if (options.collect) return TrainingEnd::finished;
  for (const std::int64_t seed : seeds_of(cell, options.seeds)) {
    if (is_done(cell, load_results(options.results, cell.id), seed, options.epochs)) continue;
    const TrainingEnd end = runs.finish(seed);
    const bool asked = options.training.stop != nullptr && options.training.stop->load();
    if (end == TrainingEnd::stopped && asked) return end;
  }
  return TrainingEnd::finished;
}

}  // namespace apical
