// Ties the members of a plain settings struct to their descriptions, so that name, default, unit, range and
// meaning stand in one table. The default is the one the struct itself declares.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "apical/error.h"
#include "apical/parameter.h"

namespace apical {

template <class Settings>
struct Field {
  Parameter parameter;
  std::function<Value(const Settings&)> get;
  std::function<void(Settings&, const Value&)> set;  // the value has been checked by the parameter
};

// A member of one of Value's kinds.
template <class Settings, class Kind>
Field<Settings> field(Kind Settings::*member, Parameter described) {
  described.fallback = Settings{}.*member;
  return {std::move(described), [member](const Settings& settings) { return Value(settings.*member); },
          [member](Settings& settings, const Value& value) { settings.*member = std::get<Kind>(value); }};
}

// A member of an enum whose words stand in `names`, in the order of its values from 0.
template <class Settings, class Enum>
Field<Settings> enum_field(Enum Settings::*member, std::span<const std::string> names, std::string name,
                           std::string meaning) {
  std::vector<std::string> words(names.begin(), names.end());
  Parameter described = choice(std::move(name), words.at(static_cast<std::size_t>(Settings{}.*member)), words,
                               std::move(meaning));
  return {std::move(described),
          [member, words](const Settings& settings) {
            return Value(words.at(static_cast<std::size_t>(settings.*member)));
          },
          [member, words](Settings& settings, const Value& value) {
            const auto found = std::find(words.begin(), words.end(), std::get<std::string>(value));
            settings.*member = static_cast<Enum>(found - words.begin());
          }};
}

template <class Settings>
std::vector<Parameter> described(const std::vector<Field<Settings>>& table) {
  std::vector<Parameter> parameters;
  for (const auto& entry : table) parameters.push_back(entry.parameter);
  return parameters;
}

}  // namespace apical
