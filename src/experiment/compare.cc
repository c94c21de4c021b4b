#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "apical/comparison.h"
#include "apical/error.h"
#include "apical/rule.h"

namespace apical {
namespace {

// Says every setting of the base's own forward optimizer, so that no card's recommendation takes its place.
void keep_optimizer(Recipe& recipe, const OptimizerSettings& settings) {
  for (const Parameter& parameter : optimizer_parameters()) {
    const Value value = settings.value(parameter.name);
    const auto* word = std::get_if<std::string>(&value);
    recipe.set(fmt::format("optimizer.{}={}", parameter.name, word != nullptr ? *word : to_toml(value)),
               "--same-optimizer");
  }
}

std::string in_words(const OptimizerSettings& settings) {
  const OptimizerSettings plain;
  std::string words = to_string(settings.algorithm);
  for (const Parameter& parameter : optimizer_parameters()) {
    const Value value = settings.value(parameter.name);
    if (parameter.name == "algorithm" ||
        (value == plain.value(parameter.name) && parameter.name != "learning_rate"))
      continue;
    const auto* word = std::get_if<std::string>(&value);
    words += fmt::format(", {} {}", parameter.name, word != nullptr ? *word : to_toml(value));
  }
  return words;
}

void check_rules(const Comparison& comparison) {
  std::set<std::string> seen;
  for (const std::string& rule : comparison.rules) {
    rule_named(rule, "--rules");
    if (!seen.insert(rule).second) throw Error("--rules", fmt::format("the rule '{}' is named twice.", rule));
  }
  if (seen.empty()) throw Error("--rules", "at least one rule has to be named.");
  for (const RuleAssignment& assignment : comparison.assignments) {
    if (assignment.rule.empty() || seen.contains(assignment.rule)) continue;
    throw unknown_choice("--set", "rule in this comparison", assignment.rule, comparison.rules);
  }
}

}  // namespace

RuleAssignment RuleAssignment::parsed(const std::string& text) {
  const auto equals = text.find('='), colon = text.find(':');
  if (colon >= equals) return {"", text};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::vector<Recipe> comparison_recipes(const Comparison& comparison) {
  check_rules(comparison);
  std::vector<Recipe> recipes;
  const OptimizerSettings shared = resolve_recipe(comparison.base).optimizers.at("forward");
  for (const std::string& rule : comparison.rules) {
    Recipe recipe = comparison.base;
    recipe.set_rule(rule);
    if (comparison.same_optimizer) keep_optimizer(recipe, shared);
    std::vector<std::string> assignments;
    for (const RuleAssignment& assignment : comparison.assignments) {
      if (assignment.rule.empty() || assignment.rule == rule) assignments.push_back(assignment.assignment);
    }
    recipe.set(assignments);
    recipes.push_back(resolve_recipe(std::move(recipe)));
  }
  return recipes;
}

Recipe comparison_base(const std::string& data) {
  Recipe recipe;
  recipe.info.name = "compare-" + data.substr(0, data.find(':'));
  recipe.set("problem.data=" + data, "--on");
  const bool large = data.find("mnist") == 0 || data.find("fashion-mnist") == 0;
  recipe.set(large ? "network.layers=0, 256, 256, 256, 0" : "network.layers=0, 64, 64, 0", "--on");
  recipe.set(large ? "problem.batch_size=128" : "problem.batch_size=32", "--on");
  return recipe;
}

ComparisonResult compare(const std::vector<Recipe>& recipes, const TrainingOptions& options,
                         const ComparisonEvents& events) {
  std::size_t count = 0, place = 0;
  for (const Recipe& recipe : recipes) count += recipe.training.seeds.size();
  ComparisonResult result;
  for (const Recipe& recipe : recipes) {
    for (const std::int64_t seed : recipe.training.seeds) {
      ++place;
      if (events.begin) events.begin(place, count);
      const std::size_t begun = result.runs.size();
      TrainingOptions one = options;
      one.created = [&](const std::filesystem::path& directory) {
        result.runs.push_back({directory, recipe.rule, static_cast<std::uint64_t>(seed), {}, {}});
        if (options.created) options.created(directory);
      };
      try {
        const TrainingResult trained = train(recipe, static_cast<std::uint64_t>(seed), one);
        result.runs.back().result = trained;
      } catch (const Error& failure) {
        if (result.runs.size() == begun) throw;
        result.runs.back().failure = failure.what();
      }
      result.end = result.runs.back().result.end;
      if (result.end == TrainingEnd::stopped) return result;
      if (events.end) events.end(place, count, result.runs.back());
    }
  }
  return result;
}

std::vector<std::string> optimizers_in_words(const std::vector<Recipe>& resolved) {
  std::vector<std::pair<std::string, std::string>> shared;  // words → rules
  for (const Recipe& recipe : resolved) {
    std::string words = in_words(recipe.optimizers.at("forward"));
    for (const auto& [group, settings] : recipe.optimizers) {
      if (group != "forward") words += fmt::format("; {}: {}", group, in_words(settings));
    }
    const auto known =
        std::find_if(shared.begin(), shared.end(), [&](const auto& entry) { return entry.first == words; });
    known == shared.end() ? shared.emplace_back(words, recipe.rule)
                          : * known = {words, known->second + ", " + recipe.rule};
  }
  std::vector<std::string> sentences;
  for (const auto& [words, rules] : shared) sentences.push_back(rules + ": " + words);
  return sentences;
}

}  // namespace apical
