#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ctime>

#include "apical/error.h"
#include "comparing.h"

namespace apical::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::optional<fs::path> recipe;
  std::string data;
  std::vector<std::string> rules, assignments;
  std::optional<std::int64_t> epochs, samples;
  bool same_optimizer = false;
  std::optional<fs::path> report;
  Seeds seeds;
  Resources resources;
};

// The problem on which the rules meet.
Recipe base_of(const Options& options) {
  if (!options.recipe && options.data.empty()) {
    throw Error("apical compare", "say on what: --on mnist, or a recipe.",
                "`apical compare --help` shows an example.");
  }
  Recipe base = options.recipe ? load_recipe(*options.recipe) : comparison_base(options.data);
  if (options.recipe && !options.data.empty() && options.data != base.problem.data) {
    base.set("problem.data=" + options.data, "--on");
    std::vector<std::int64_t> layers = base.network.layers;
    layers.front() = layers.back() = 0;
    base.set(fmt::format("network.layers={}", fmt::join(layers, ", ")), "--on");
  }
  if (options.epochs) base.set(fmt::format("training.epochs={}", *options.epochs), "--epochs");
  if (options.samples) base.set(fmt::format("problem.training_samples={}", *options.samples), "--samples");
  options.seeds.apply(base);
  options.resources.apply(base);
  return base;
}

int run(const CommandLine& line, const Options& options) {
  Comparison comparison{.base = base_of(options),
                        .rules = options.rules,
                        .assignments = {},
                        .same_optimizer = options.same_optimizer};
  for (const std::string& text : options.assignments)
    comparison.assignments.push_back(RuleAssignment::parsed(text));
  const std::vector<Recipe> recipes = comparison_recipes(comparison);
  const std::string& data = recipes.front().problem.data;
  const std::string now = fmt::format("{:%Y-%m-%d-%H%M%S}", fmt::localtime(std::time(nullptr)));
  const fs::path report = options.report.value_or(
      options.resources.runs / fmt::format("compare-{}-{}.html", data.substr(0, data.find(':')), now));
  return compare_and_show(
      line, options.resources, recipes,
      {.title = fmt::format("{} on {}", fmt::join(options.rules, ", "), data),
       .what = fmt::format("The same network, data, seeds and minibatches for every rule; {}.",
                           options.same_optimizer ? "the same optimizer too"
                                                  : "each with the optimizer that its card recommends"),
       .shortened = {},
       .report = report});
}

}  // namespace

void add_compare(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = line.verb(
      line.app, "compare", "Train several rules on the same network, data and seeds",
      "apical compare --on mnist --rules backprop,dfa,dfc --epochs 5 --seeds 3 --set dfc:rule.steps=300",
      [&line, options] { return run(line, *options); });
  verb->add_option("RECIPE", options->recipe, "problem and network; its rule settings hold for its own rule")
      ->option_text("(optional)");
  line.choices[verb->add_option("--on", options->data, "data set: digits, mnist, csv:FILE, …")
                   ->option_text("NAME")] = data_names();
  line.choices[verb->add_option("--rules", options->rules, "two or more rules, with commas between")
                   ->required()
                   ->delimiter(',')
                   ->allow_extra_args(false)
                   ->option_text("A,B,…")] = rule_ids();
  verb->add_option("--epochs", options->epochs, "passes over the training data")->option_text("N");
  verb->add_option("--samples", options->samples, "train on so many images, the same for every rule")
      ->option_text("N");
  verb->add_option("--set", options->assignments,
                   "a value of the recipe, for every rule or for one: dfc:rule.steps=300")
      ->option_text("[RULE:]KEY=VALUE")
      ->allow_extra_args(false);
  verb->add_flag("--same-optimizer", options->same_optimizer,
                 "one optimizer for all, instead of what each rule's card recommends");
  verb->add_option("--report", options->report, "where the HTML page goes")->option_text("FILE.html");
  options->seeds.add_to(*verb);
  options->resources.add_to(*verb);
}

}  // namespace apical::cli
