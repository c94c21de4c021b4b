// The sections of a recipe and how each key reaches its member.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "apical/recipe.h"

namespace apical {

struct Section {
  std::string name;
  std::string meaning;
  std::vector<Parameter> parameters;
  std::function<Value(const Recipe&, const std::string& key)> get;
  std::function<void(Recipe&, const std::string& key, const Value& checked)> set;
  std::function<bool(const Recipe&)> applies = [](const Recipe&) {
    return true;
  };  // whether it means anything

  const Parameter* find(std::string_view key) const;
};

// recipe, recipe.published, problem, problem.teacher, network, optimizer, training: in the order in which they are printed.
const std::vector<Section>& fixed_sections();
// The section of one weight group's optimizer: [optimizer] for "forward", [optimizer.feedback] for
// "feedback".
Section optimizer_section(const std::string& group);

// A section whose keys somebody else describes.
struct FreeSection {
  std::string name;
  std::string meaning;
  FreeSettings Recipe::*settings;
};
// rule, passes, probes.
const std::vector<FreeSection>& free_sections();

// The rule's name is the one key of [rule] that is described here.
extern const Parameter kRuleId;

// Every section that a recipe may have, for the message about one that it may not.
std::vector<std::string> section_names();

}  // namespace apical
