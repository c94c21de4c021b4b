#include <fmt/format.h>

#include "apical/recipe.h"
#include "io/recipe_schema.h"

namespace apical {
namespace {

// "epochs = 3  # whole number ≥ 0, epochs: passes over the training set."
std::string described_line(const Parameter& parameter, const Value& value) {
  const std::string unit = parameter.unit.empty() ? "" : ", " + parameter.unit;
  return fmt::format("{} = {}  # {}{}: {}\n", parameter.name, to_toml(value), parameter.requirement(), unit,
                     parameter.meaning);
}

// Keys of other people's sections may need quotes.
std::string key_text(const std::string& key) {
  const bool bare = !key.empty() && key.find_first_not_of(
                                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789_-") == std::string::npos;
  return bare ? key : to_toml(key);
}

std::string heading(const std::string& name, const std::string& meaning) {
  return fmt::format("\n# {}\n[{}]\n", meaning, name);
}

std::string print(const Recipe& recipe, const Section& section) {
  std::string text = heading(section.name, section.meaning);
  for (const auto& parameter : section.parameters)
    text += described_line(parameter, section.get(recipe, parameter.name));
  return text;
}

std::string print(const Recipe& recipe, const FreeSection& section) {
  const FreeSettings& settings = recipe.*section.settings;
  const bool is_rule = section.name == "rule";
  if (settings.all().empty() && !is_rule) return "";
  std::string text = heading(section.name, section.meaning);
  if (is_rule) text += described_line(kRuleId, recipe.rule);
  for (const auto& setting : settings.all()) {
    const Parameter* known = nullptr;
    for (const auto& parameter : settings.described()) {
      if (parameter.name == setting.key) known = &parameter;
    }
    text += known != nullptr ? described_line(*known, setting.value)
                             : fmt::format("{} = {}\n", key_text(setting.key), to_toml(setting.value));
  }
  return text;
}

}  // namespace

std::string Recipe::to_toml() const {
  std::string text = "# A recipe of Apical with every value written out.\n";
  for (const auto& section : fixed_sections()) {
    if (section.applies(*this)) text += print(*this, section);
    // The rule stands between the network and the optimizers, where a reader looks for it.
    if (section.name == "network") text += print(*this, free_sections()[0]);
    if (section.name == "optimizer") {
      for (const auto& [group, settings] : optimizers) {
        if (group != "forward") text += print(*this, optimizer_section(group));
      }
    }
  }
  return text + print(*this, free_sections()[1]) + print(*this, free_sections()[2]);
}

std::map<std::string, Value> Recipe::values() const {
  std::map<std::string, Value> values{{"rule.id", rule}};
  const auto take = [&](const Section& section) {
    for (const auto& parameter : section.parameters)
      values[section.name + "." + parameter.name] = section.get(*this, parameter.name);
  };
  for (const auto& section : fixed_sections()) {
    if (section.applies(*this)) take(section);
  }
  for (const auto& [group, settings] : optimizers) {
    if (group != "forward") take(optimizer_section(group));
  }
  for (const auto& section : free_sections()) {
    for (const auto& setting : (this->*section.settings).all())
      values[section.name + "." + setting.key] = setting.value;
  }
  return values;
}

}  // namespace apical
