#include "registry/registry.h"

#include "apical/error.h"

namespace apical {
namespace {

std::vector<RuleEntry>& rules() {
  static std::vector<RuleEntry> list = built_in_rules();
  return list;
}

}  // namespace

std::span<const RuleEntry> all_rules() { return rules(); }

const RuleEntry& rule_named(std::string_view id, const std::string& where) {
  std::vector<std::string> ids;
  for (const RuleEntry& entry : rules()) {
    ids.push_back(entry.card().id);
    if (ids.back() == id) return entry;
  }
  throw unknown_choice(where, "rule", id, ids);
}

void register_rule(RuleEntry entry) {
  const std::string id = entry.card().id;
  for (const RuleEntry& other : rules()) {
    if (other.card().id == id)
      throw Error("rule " + id, "a rule with this id is there already.", "Choose another id.");
  }
  rules().push_back(entry);
}

}  // namespace apical
