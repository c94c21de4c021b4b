// The first thing a newcomer runs. Its settings: recipes/demo.toml, and the few lines below that belong to
// single rules.
#include "demo_recipe.h"

#include <fmt/format.h>

#include "apical/data_catalogue.h"
#include "apical/error.h"
#include "comparing.h"

namespace apical::cli {
namespace {

const std::vector<std::string> kRules = {"backprop", "dfa", "dfc-ssa", "dfc"};

// The feedback weights learn before training from the same samples, noise and start for both rules, so that
// both begin with the same Q.
const std::vector<RuleAssignment> kShort = {
    {"dfc", "rule.steps=300"},
    {"dfc", "rule.pretraining_epochs=1"},
    {"dfc", "rule.sleep_before=0"},
    {"dfc", "rule.sleep_after=1"},
    {"dfc-ssa", "rule.pretraining_epochs=1"},
    {"dfc-ssa", "rule.sleep_before=0"},
    {"dfc-ssa", "rule.sleep_after=1"},
};

// All 1,437 training digits, and more passes, since they are so few. The smaller minibatch pushes each sample
// further from where it was, so that early on none comes to rest within 300 states: all of them take part.
const std::vector<RuleAssignment> kDigits = {
    {"", "problem.data=digits"}, {"", "problem.training_samples=0"},         {"", "problem.batch_size=32"},
    {"", "training.epochs=10"},  {"dfc", "rule.include_non_converged=true"},
};

struct Options {
  std::string data = "mnist";
  std::vector<std::string> assignments;
  Resources resources;
};

// True if MNIST is here or could be fetched.
bool have_mnist(const Options& options) {
  Live live;
  GetOptions how;
  how.paths = data_paths(options.resources.data_folder);
  how.progress = [&live](const DataProgress& progress) {
    live.show(fmt::format("Fetching {} from {}", progress.file, progress.source));
  };
  try {
    get_dataset("mnist", how);
    return true;
  } catch (const Error& error) {
    live.clear();
    say(
        fmt::format("{}\nMNIST is not here and could not be fetched: the same job runs on the embedded 8x8 "
                    "digits instead.\n",
                    error.what()));
    return false;
  }
}

int run(const CommandLine& line, const Options& options) {
  const bool mnist = options.data == "mnist" && have_mnist(options);
  Comparison comparison{
      .base = parse_recipe(kDemoRecipe, "recipes/demo.toml"), .rules = kRules, .assignments = kShort};
  if (!mnist) comparison.assignments.insert(comparison.assignments.end(), kDigits.begin(), kDigits.end());
  for (const std::string& text : options.assignments)
    comparison.assignments.push_back(RuleAssignment::parsed(text));
  options.resources.apply(comparison.base);
  const std::vector<Recipe> recipes = comparison_recipes(comparison);
  std::vector<std::string> shortened = {
      "2 seeds instead of 5.", "dfc simulates 300 states instead of 1,000.",
      "Feedback weights learn for 1 epoch before training and 1 after each epoch instead of 10 and 3."};
  if (mnist) {
    shortened.insert(shortened.begin(),
                     "2 epochs on 20,000 of 60,000 training images instead of 100 on 55,000.");
  } else {
    shortened.insert(shortened.begin(), "10 epochs on 1,437 digits of 8x8 pixels, since MNIST is not used.");
    shortened.emplace_back("dfc learns from samples that have not settled, too.");
  }
  return compare_and_show(
      line, options.resources, recipes,
      {.title = fmt::format("Apical demo: four ways to assign credit, on {}", mnist ? "MNIST" : "8x8 digits"),
       .what = "The same network, images, seeds and minibatches for every rule; each with the optimizer that "
               "its card recommends.",
       .shortened = shortened,
       .report = options.resources.runs / (mnist ? "demo-mnist.html" : "demo-digits.html")});
}

}  // namespace

void add_demo(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = line.verb(line.app, "demo",
                             "Train backprop, dfa, dfc-ssa and dfc on real handwritten digits, in minutes",
                             "apical demo", [&line, options] { return run(line, *options); });
  line.choices[verb->add_option("--data", options->data, "mnist, or the digits that come with Apical")
                   ->option_text("NAME [mnist]")
                   ->check(CLI::IsMember({"mnist", "digits"}))] = {"mnist", "digits"};
  verb->add_option("--set", options->assignments, "change something: training.epochs=5, dfc:rule.steps=1000")
      ->option_text("[RULE:]KEY=VALUE")
      ->allow_extra_args(false);
  options->resources.add_to(*verb);
}

}  // namespace apical::cli
