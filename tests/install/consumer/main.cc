#include <apical/activation.h>
#include <apical/report.h>
#include <apical/rule.h>
#include <apical/training.h>

#include <cstdio>
#include <filesystem>

namespace apical {
RuleEntry rule_entry_error_broadcast();
}

// Uses compiled functions of several libraries, and trains with a rule of its own: the package carries their headers, code and dependencies.
int main() {
  apical::Table table("activations");
  table.column("name");
  for (const auto& name : apical::activation_names()) table.row({name});
  std::fputs(table.text().c_str(), stdout);

  apical::register_rule(apical::rule_entry_error_broadcast());
  const auto recipe = apical::parse_recipe(
      "[rule]\nid = \"error-broadcast\"\n[network]\nlayers = [0, 32, 0]\n[problem]\nbatch_size = "
      "16\n[training]\nepochs = 10\n",
      "consumer");
  apical::TrainingOptions options;
  options.runs = std::filesystem::current_path() / "runs";
  const auto result = apical::train(recipe, 1, options);
  std::printf("own rule: test error %.3f\n", result.test_error);
  return apical::html_report({}).empty() || !(result.test_error < 0.5) ? 1 : 0;
}
