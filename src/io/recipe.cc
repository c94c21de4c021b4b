#include "apical/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "apical/activation.h"
#include "apical/error.h"
#include "io/recipe_schema.h"

namespace apical {
namespace {

// "tanh, linear" → {"tanh", "linear"}
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == ',') words.emplace_back();
    if (c != ',' && c != ' ') words.back() += c;
  }
  return words;
}

void check_sections(const Recipe& recipe) {
  const auto check_values = [&](const Section& section) {
    for (const auto& parameter : section.parameters) {
      parameter.checked(section.get(recipe, parameter.name),
                        recipe.where(section.name + "." + parameter.name));
    }
  };
  for (const auto& section : fixed_sections()) {
    check_values(section);
    if (!section.applies(recipe) && recipe.says(section.name)) {
      throw Error(recipe.where(section.name),
                  fmt::format("[{}] means nothing for data = \"{}\".", section.name, recipe.problem.data),
                  fmt::format("Remove the section, or set data = \"{}\".", kStudentTeacher));
    }
  }
  for (const auto& [group, settings] : recipe.optimizers) check_values(optimizer_section(group));
}

void check_network(const Recipe& recipe) {
  const auto& network = recipe.network;
  const auto& layers = network.layers;
  const std::string where = recipe.where("network.layers");
  if (layers.size() < 2) {
    throw Error(where,
                fmt::format("'layers' must name at least the input and the output, got {}.", to_toml(layers)),
                "For one hidden layer of 128 units write [0, 128, 0].");
  }
  if (std::find(layers.begin() + 1, layers.end() - 1, 0) != layers.end() - 1) {
    throw Error(where, fmt::format("hidden layers must have at least 1 unit, got {}.", to_toml(layers)),
                "Only the first and the last width may be 0 (taken from the data).");
  }
  if (recipe.problem.task == "autoencoder" && layers.front() != layers.back()) {
    throw Error(
        where, fmt::format("an autoencoder's output must be as wide as its input, got {}.", to_toml(layers)));
  }
  const auto activations = words_of(network.activation);
  for (const auto& name : activations) activation_named(name, recipe.where("network.activation"));
  activation_named(network.output_activation, recipe.where("network.output_activation"));
  if (activations.size() != 1 && activations.size() != layers.size() - 2) {
    throw Error(
        recipe.where("network.activation"),
        fmt::format("'activation' must be one name or one for each of the {} hidden layers, got {} names.",
                    layers.size() - 2, activations.size()));
  }
}

void check_training(const Recipe& recipe) {
  const auto& seeds = recipe.training.seeds;
  if (seeds.empty())
    throw Error(recipe.where("training.seeds"), "'seeds' must name at least one seed, got [].");
  if (std::set(seeds.begin(), seeds.end()).size() != seeds.size()) {
    throw Error(recipe.where("training.seeds"),
                fmt::format("'seeds' must differ from each other, got {}.", to_toml(seeds)));
  }
  if (recipe.problem.loss == "cross-entropy" && recipe.problem.task != "classification") {
    throw Error(recipe.where("problem.loss"),
                fmt::format("cross-entropy needs classes, but the task is {}.", recipe.problem.task),
                "Use loss = \"mean-squared-error\".");
  }
  if (recipe.training.early_stopping > 0 && recipe.problem.validation == 0) {
    throw Error(recipe.where("training.early_stopping"),
                "early stopping needs validation samples, got validation = 0.",
                "Set [problem] validation, for example to 5000.");
  }
}

}  // namespace

std::vector<std::string> NetworkSettings::hidden_activations() const {
  auto words = words_of(activation);
  if (words.size() == 1) words.resize(layers.size() - 2, std::string(words.front()));
  return words;
}

void FreeSettings::set(const std::string& key, const Value& value, const std::string& where) {
  for (auto& setting : settings_) {
    if (setting.key == key) {
      setting = {key, value, where};
      return;
    }
  }
  settings_.push_back({key, value, where});
}

void FreeSettings::clear() {
  settings_.clear();
  described_.clear();
}

void FreeSettings::remove(std::string_view key) {
  std::erase_if(settings_, [&](const Setting& setting) { return setting.key == key; });
}

void FreeSettings::resolve(Parameters& parameters) {
  for (const auto& setting : settings_) parameters.set(setting.key, setting.value, setting.where);
  std::vector<Setting> resolved;
  for (const auto& parameter : parameters.described()) {
    const Setting* said = find(parameter.name);
    resolved.push_back(
        {parameter.name, parameters.value(parameter.name), said == nullptr ? "" : said->where});
  }
  settings_ = std::move(resolved);
  described_ = parameters.described();
}

const FreeSettings::Setting* FreeSettings::find(std::string_view key) const {
  const auto found =
      std::find_if(settings_.begin(), settings_.end(), [&](const Setting& s) { return s.key == key; });
  return found == settings_.end() ? nullptr : &*found;
}

void Recipe::set_rule(const std::string& id, bool keep_optimizers) {
  if (id == rule) return;
  rule = id;
  rule_settings.clear();
  passes.clear();
  if (keep_optimizers) return;
  optimizers = {{"forward", {}}};
  std::erase_if(said_, [](const auto& entry) { return entry.first.starts_with("optimizer"); });
}

bool Recipe::says(std::string_view path) const {
  const auto found = said_.lower_bound(path);
  if (found == said_.end()) return false;
  return found->first == path || found->first.starts_with(std::string(path) + ".");
}

std::string Recipe::where(std::string_view path) const {
  const auto found = said_.lower_bound(path);
  const bool said =
      found != said_.end() && (found->first == path || found->first.starts_with(std::string(path) + "."));
  return said ? found->second : file_;
}

void Recipe::remember(const std::string& path, const std::string& where) { said_[path] = where; }

void Recipe::check() const {
  check_sections(*this);
  check_network(*this);
  check_training(*this);
}

bool Recipe::operator==(const Recipe& other) const {
  return info == other.info && published == other.published && problem == other.problem &&
         teacher == other.teacher && network == other.network && rule == other.rule &&
         rule_settings == other.rule_settings && optimizers == other.optimizers &&
         training == other.training && passes == other.passes && probes == other.probes;
}

}  // namespace apical
