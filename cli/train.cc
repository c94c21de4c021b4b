#include <fmt/format.h>

#include "apical/run_index.h"
#include "training_options.h"

namespace apical::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  fs::path recipe;
  std::string rule;
  std::vector<std::string> assignments;
  Seeds seeds;
  Resources resources;
  std::optional<fs::path> out;
  bool print_recipe = false;

  Recipe load() const {
    Recipe loaded = load_recipe(recipe);
    if (!rule.empty()) {
      loaded.set_rule(rule);
      loaded.set("rule.id=" + rule, "--rule");
    }
    loaded.set(assignments);
    seeds.apply(loaded);
    resources.apply(loaded);
    return loaded;
  }
};

int run(const CommandLine& line, const Options& options) {
  const Recipe recipe = options.load();
  if (options.print_recipe) {
    print(resolve_recipe(recipe).to_toml());
    return kOk;
  }
  Live live;
  TrainingOptions training = options.resources.training(line, live);
  training.created = [&](const fs::path& directory) {
    say(fmt::format("Recording in {}", directory.string()));
  };
  std::vector<RunRecord> records;
  for (const std::int64_t seed : recipe.training.seeds) {
    if (options.out)
      training.out =
          recipe.training.seeds.size() == 1 ? *options.out : *options.out / fmt::format("seed-{}", seed);
    const TrainingResult result = train(recipe, static_cast<std::uint64_t>(seed), training);
    live.clear();
    // what lies elsewhere is known to the index only if it is told
    if (options.out && fs::is_directory(options.resources.runs))
      RunIndex(options.resources.runs).update(result.directory);
    if (result.end == TrainingEnd::stopped) {
      suggest_resume(result);
      return kStopped;
    }
    records.push_back(read_run_record(result.directory));
  }
  print_results(records, result_table(records), options.resources.json);
  return kOk;
}

}  // namespace

void add_train(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = line.verb(line.app, "train", "Train a recipe, once per seed",
                             "apical train recipes/first.toml --rule dfa --set training.epochs=40 --seeds 3",
                             [&line, options] { return run(line, *options); });
  verb->add_option("RECIPE", options->recipe, "a TOML file; docs/recipes.md describes it")
      ->required()
      ->option_text(" ");
  line.choices[verb->add_option("--rule", options->rule,
                                "another rule than the recipe's; `apical rules` lists them")
                   ->option_text("ID")] = rule_ids();
  verb->add_option("--set", options->assignments,
                   "a value of the recipe, as often as wanted: section.key=value")
      ->option_text("KEY=VALUE")
      ->allow_extra_args(false);
  options->seeds.add_to(*verb);
  verb->add_option("--out", options->out, "record here; several seeds go into DIR/seed-N")
      ->option_text("DIR");
  verb->add_flag("--print-recipe", options->print_recipe,
                 "print the whole resolved recipe and train nothing");
  options->resources.add_to(*verb);
}

}  // namespace apical::cli
