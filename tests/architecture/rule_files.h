// The rules of the build as text: their files, ids and classes, and where else these names stand.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "architecture/source_tree.h"

namespace apical::architecture {

struct RuleFile {
  std::string name;  // "dfc_ss": src/rules/dfc_ss.cc
  std::string id;    // "dfc-ss"
  std::string type;  // "DeepFeedbackControlSteadyState"
};

// Every apical_rule(NAME) of src/rules/CMakeLists.txt.
inline std::vector<RuleFile> rule_files(const fs::path& root) {
  static const std::regex kLine(R"(apical_rule\((\w+)\))"), kId(R"re(\.id = "([^"]+)")re"),
      kType(R"(APICAL_RULE\((\w+)\))");
  const std::string build = text_of(root / "src/rules/CMakeLists.txt");
  std::vector<RuleFile> rules;
  for (std::sregex_iterator match(build.begin(), build.end(), kLine), end; match != end; ++match) {
    RuleFile rule{.name = (*match)[1], .id = {}, .type = {}};
    const std::string code = without_comments(text_of(root / ("src/rules/" + rule.name + ".cc")));
    std::smatch found;
    if (std::regex_search(code, found, kId)) rule.id = found[1];
    if (std::regex_search(code, found, kType)) rule.type = found[1];
    rules.push_back(rule);
  }
  return rules;
}

// Where code may name rules, and why.
struct Exception {
  std::string files;          // a file, or a folder with its last slash
  std::set<std::string> ids;  // empty: any
  std::string reason;
};
inline const std::vector<Exception> kMayNameRules = {
    {"src/probes/updates.cc", {"backprop", "dfc-ssa"}, "update angles are measured against these"},
    {"include/apical/recipe.h", {"backprop"}, "what a recipe that names no rule gets"},
    {"src/io/recipe_schema.cc", {"backprop"}, "the same default, in the recipe's schema"},
    {"src/parity/",
     {"backprop", "dfa", "dfc", "dfc-ss", "dfc-ssa", "strong-dfc", "mn", "gn"},
     "compares with numbers published for these rules"},
    {"src/reproduction/", {"dfa", "dfc", "dfc-ss", "dfc-ssa"}, "published figures are of these rules"},
    {"src/workloads/", {}, "every benchmark is one rule's step"},
    {"cli/demo.cc", {}, "the demonstration shows four rules"},
};

inline bool may_name(const std::string& file, const std::string& id) {
  for (const Exception& exception : kMayNameRules) {
    const bool here =
        exception.files.ends_with('/') ? file.starts_with(exception.files) : file == exception.files;
    if (here && (exception.ids.empty() || exception.ids.contains(id))) return true;
  }
  return false;
}

// Code of src/, include/ and cli/ that holds a rule's id as a string, or names its class, outside the rule's
// own file.
inline std::vector<std::string> names_out_of_place(const fs::path& root) {
  std::vector<std::string> wrong;
  const std::vector<RuleFile> rules = rule_files(root);
  for (const char* folder : {"src", "include", "cli"}) {
    for (const std::string& file : sources_below(root, folder)) {
      const std::string code = without_comments(text_of(root / file));
      for (const RuleFile& rule : rules) {
        if (file == "src/rules/" + rule.name + ".cc") continue;
        const bool id = code.find('"' + rule.id + '"') != std::string::npos && !may_name(file, rule.id);
        const bool type = has_word(code, rule.type);
        if (id) wrong.push_back(file + " names the rule \"" + rule.id + '"');
        if (type) wrong.push_back(file + " names the class " + rule.type);
      }
    }
  }
  return wrong;
}

inline constexpr int kMostLines = 150;

// What a rule lacks: a card's id, a class, its test, its page; or a file that is too long.
inline std::vector<std::string> incomplete_rules(const fs::path& root) {
  std::vector<std::string> wrong;
  for (const RuleFile& rule : rule_files(root)) {
    const std::string file = "src/rules/" + rule.name + ".cc", text = text_of(root / file);
    if (rule.id.empty() || rule.type.empty()) wrong.push_back(file + " has no id or no class");
    if (std::count(text.begin(), text.end(), '\n') > kMostLines) wrong.push_back(file + " is too long");
    for (const std::string& needed :
         {"tests/rules/" + rule.name + "_test.cc", "docs/rules/" + rule.id + ".md"}) {
      if (!fs::exists(root / needed)) wrong.push_back(file + " needs " + needed);
    }
  }
  const std::vector<RuleFile> rules = rule_files(root);
  for (const std::string& file : sources_below(root, "src/rules")) {
    const std::string name = fs::path(file).stem().string();
    const bool built =
        std::any_of(rules.begin(), rules.end(), [&](const RuleFile& rule) { return rule.name == name; });
    if (!built) wrong.push_back(file + " is not built: CMakeLists.txt has no line for it");
  }
  return wrong;
}

}  // namespace apical::architecture
