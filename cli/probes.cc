#include <fmt/format.h>
#include <fmt/ranges.h>

#include "apical/probe.h"
#include "apical/rule.h"
#include "command.h"

namespace apical::cli {
namespace {

int run(bool json) {
  Table table;
  table.column("Probe")
      .column("What it measures")
      .column("Cost")
      .column("Every", Table::Align::right, "minibatches", "every")
      .column("Rules");
  for (const ProbeInfo& probe : all_probes()) {
    std::vector<std::string> rules;
    for (const RuleEntry& rule : all_rules()) {
      if (const Card card = rule.card(); probe.applies_to(card)) rules.push_back(card.id);
    }
    const bool every_rule = rules.size() == all_rules().size();
    table.row({probe.name, probe.meaning, probe.cost, Cell::number(static_cast<double>(probe.every)),
               every_rule ? "all" : fmt::format("{}", fmt::join(rules, ", "))});
  }
  table.note(
      "A recipe's [probes] says how many minibatches lie between two measurements: --set "
      "probes.update-angle=100; 0 is never.");
  print(table, json);
  return kOk;
}

}  // namespace

void add_probes(CommandLine& line) {
  const auto json = std::make_shared<bool>(false);
  CLI::App* verb = line.verb(line.app, "probes", "List what can be measured while a network trains",
                             "apical probes --json", [json] { return run(*json); });
  add_json_option(*verb, *json);
}

}  // namespace apical::cli
