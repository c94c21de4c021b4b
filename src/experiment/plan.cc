#include "experiment/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "apical/error.h"
#include "apical/probe.h"
#include "apical/training.h"

namespace apical {
namespace {

// What the user said about an optimizer, on top of what the rule's card recommends.
OptimizerSettings resolve_optimizer(const Recipe& recipe, const Card& card, const std::string& section) {
  OptimizerSettings settings;
  for (const RecommendedOptimizer& recommended : card.optimizers) {
    if (recommended.group != section) continue;
    for (const auto& [name, value] : recommended.settings) settings.set(name, value);
  }
  const auto said = recipe.optimizers.find(section);
  if (said == recipe.optimizers.end()) return settings;
  const std::string path = section == "forward" ? "optimizer." : "optimizer." + section + ".";
  for (const Parameter& parameter : optimizer_parameters()) {
    if (recipe.says(path + parameter.name)) settings.set(parameter.name, said->second.value(parameter.name));
  }
  if (recipe.says(path + "layer_rates")) settings.layer_rates = said->second.layer_rates;
  return settings;
}

// The order of passes: before training, then epoch by epoch. A pass's length is a parameter of the rule; [passes] may override it.
std::vector<Segment> schedule(const Recipe& recipe, const Card& card, const Parameters& settings) {
  const auto length = [&](const Pass& pass) {
    return pass.epochs_parameter.empty() ? 1 : settings.whole(pass.epochs_parameter);
  };
  std::vector<Segment> segments;
  const auto add = [&](When when, std::int64_t epoch) {
    for (const Pass& pass : card.passes) {
      if (pass.when != when) continue;
      for (std::int64_t i = 0; i < length(pass); ++i) segments.push_back({pass, epoch, false});
    }
  };
  add(When::before_training, 0);
  for (std::int64_t epoch = 0; epoch < recipe.training.epochs; ++epoch) {
    add(When::before_epoch, epoch);
    add(When::epoch, epoch);
    segments.back().evaluates = true;
    add(When::after_epoch, epoch);
  }
  return segments;
}

Parameter schedule_of(const ProbeInfo& probe) {
  return whole(probe.name, probe.every, "minibatches", 0, 1e9, probe.meaning + "; 0: never");
}

Parameters probe_settings(const Card& card) {
  std::vector<Parameter> described;
  for (const ProbeInfo& probe : all_probes()) {
    if (!probe.applies_to(card)) continue;
    described.push_back(schedule_of(probe));
  }
  described.push_back(damping_parameter());
  return Parameters("probes", std::move(described));
}

// One recipe may serve several rules: takes out the probes that mean nothing for this one, and says which it asked for.
std::vector<std::string> leave_out_probes(Recipe& recipe, const Card& card) {
  std::vector<std::string> asked_for;
  const std::vector<FreeSettings::Setting> said = recipe.probes.all();
  for (const FreeSettings::Setting& setting : said) {
    if (setting.key == damping_parameter().name) continue;
    const ProbeInfo& probe = probe_named(setting.key, setting.where);
    if (probe.applies_to(card)) continue;
    Parameters schedule("probes", {schedule_of(probe)});
    schedule.set(probe.name, setting.value, setting.where);
    if (schedule.whole(probe.name) > 0) asked_for.push_back(probe.name);
    recipe.probes.remove(probe.name);
  }
  return asked_for;
}

struct Resolved {
  Card card;
  Parameters settings;
  std::vector<std::string> probes_left_out;
};

Resolved resolve(Recipe& recipe) {
  const RuleEntry& entry = rule_named(recipe.rule, recipe.where("rule.id"));
  Card card = entry.card();
  Parameters settings = card.settings();
  for (const auto& setting : recipe.rule_settings.all())
    settings.set(setting.key, setting.value, setting.where);
  card.apply_presets(settings);
  card = card.configured(settings);
  recipe.rule_settings.resolve(settings);

  // passes that the recipe names by their own section set the parameter that holds their length
  for (const auto& setting : recipe.passes.all()) {
    std::vector<std::string> valid;
    for (const Pass& pass : card.passes) {
      if (!pass.epochs_parameter.empty()) valid.push_back(pass.epochs_parameter);
    }
    if (std::find(valid.begin(), valid.end(), setting.key) == valid.end()) {
      throw unknown_choice(setting.where, "pass", setting.key, valid);
    }
    settings.set(setting.key, setting.value, setting.where);
    recipe.rule_settings.set(setting.key, setting.value, setting.where);
  }
  recipe.passes.clear();
  recipe.rule_settings.resolve(settings);

  std::set<std::string> sections;
  for (const Pass& pass : card.passes) {
    for (const auto& [group, section] : pass.moved()) sections.insert(section);
  }
  for (const std::string& section : sections) {
    recipe.optimizers[section] = resolve_optimizer(recipe, card, section);
  }
  std::erase_if(recipe.optimizers,
                [&](const auto& optimizer) { return !sections.contains(optimizer.first); });
  std::vector<std::string> left_out = leave_out_probes(recipe, card);
  Parameters probes = probe_settings(card);
  recipe.probes.resolve(probes);
  return {std::move(card), std::move(settings), std::move(left_out)};
}

std::size_t width(std::int64_t said, std::size_t from_data, const std::string& which, const Recipe& recipe) {
  if (said == 0) return from_data;
  if (static_cast<std::size_t>(said) != from_data) {
    throw Error(recipe.where("network.layers"),
                fmt::format("the {} layer must be as wide as the data ({}), got {}.", which, from_data, said),
                "Write 0 to take the width from the data.");
  }
  return from_data;
}

NetworkSpec network_for(const Recipe& recipe, Task task, const Dataset& data) {
  NetworkSpec spec;
  for (const std::int64_t units : recipe.network.layers)
    spec.units.push_back(static_cast<std::size_t>(units));
  const std::size_t outputs = task == Task::classification ? static_cast<std::size_t>(data.classes())
                              : task == Task::autoencoder  ? data.inputs()
                                                           : data.target_columns();
  spec.units.front() = width(recipe.network.layers.front(), data.inputs(), "first", recipe);
  spec.units.back() = width(recipe.network.layers.back(), outputs, "last", recipe);
  for (const std::string& name : recipe.network.hidden_activations()) {
    spec.activations.push_back(activation_named(name, recipe.where("network.activation")));
  }
  spec.activations.push_back(
      activation_named(recipe.network.output_activation, recipe.where("network.output_activation")));
  spec.initialiser = recipe.network.initialiser;
  spec.gain = recipe.network.gain;
  spec.biases = recipe.network.biases;
  return spec;
}

Task task_for(const Recipe& recipe, const Dataset& data) {
  const std::string& name = recipe.problem.task;
  if (name == "classification" && data.classes() == 0) {
    throw Error(recipe.where("problem.task"),
                fmt::format("classification needs class labels, but {} has none.", data.name()),
                "Use task = \"regression\" or task = \"autoencoder\".");
  }
  if (name == "regression" && data.target_columns() == 0) {
    throw Error(recipe.where("problem.task"),
                fmt::format("regression needs real targets, but {} has none.", data.name()),
                "Use task = \"classification\" or task = \"autoencoder\".");
  }
  return name == "classification" ? Task::classification
         : name == "autoencoder"  ? Task::autoencoder
                                  : Task::regression;
}

}  // namespace

Recipe resolve_recipe(Recipe recipe) {
  const FreeSettings asked_for = recipe.probes;
  // what is left out is said when a plan is made of the recipe
  for (const std::string& probe : resolve(recipe).probes_left_out) {
    const FreeSettings::Setting& setting = *asked_for.find(probe);
    recipe.probes.set(setting.key, setting.value, setting.where);
  }
  return recipe;
}

Plan make_plan(Recipe recipe, const DataPaths& paths) {
  auto [card, settings, probes_left_out] = resolve(recipe);
  const std::string& name = recipe.problem.data;
  LoadOptions how;
  how.teacher = recipe.teacher;
  Dataset train = load_dataset(name, "train", paths, how), test = load_dataset(name, "test", paths, how);
  const Task task = task_for(recipe, train);
  NetworkSpec network = network_for(recipe, task, train);
  network.validate(recipe.where("network.layers"));
  const std::int64_t wanted =
      recipe.problem.validation + std::max<std::int64_t>(recipe.problem.training_samples, 1);
  if (wanted > static_cast<std::int64_t>(train.size())) {
    throw Error(recipe.where("problem.training_samples"),
                fmt::format("validation and training samples together must be at most {}, got {}.",
                            train.size(), wanted));
  }
  Plan plan{.recipe = recipe,
            .card = card,
            .settings = settings,
            .task = task,
            .loss = loss_named(recipe.problem.loss, recipe.where("problem.loss")),
            .network = network,
            .optimizers = recipe.optimizers,
            .segments = schedule(recipe, card, settings),
            .probes = {},
            .probes_left_out = probes_left_out,
            .train = train,
            .test = test,
            .standardisation = choose_standardisation(train, recipe.problem.standardisation),
            .data_sha256 = {{"train", train.hash()}, {"test", test.hash()}}};
  for (const auto& setting : recipe.probes.all()) {
    if (setting.key == damping_parameter().name) {
      plan.probe_damping = std::get<double>(setting.value);
    } else if (const auto every = std::get<std::int64_t>(setting.value); every > 0) {
      plan.probes.push_back({setting.key, every, probe_named(setting.key, setting.where).before_training});
    }
  }
  for (std::size_t i = 0; i < plan.network.units.size(); ++i) {
    plan.recipe.network.layers[i] = static_cast<std::int64_t>(plan.network.units[i]);
  }
  return plan;
}

Split Plan::split_for(std::uint64_t seed) const {
  Split parts = split(train.size(), static_cast<std::size_t>(recipe.problem.validation), seed);
  const auto count = static_cast<std::size_t>(recipe.problem.training_samples);
  if (count > 0) parts.train = subset(parts.train, count, seed);
  return parts;
}

}  // namespace apical
