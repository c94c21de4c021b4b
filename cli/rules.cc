#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "apical/rule.h"
#include "command.h"

namespace apical::cli {
namespace {

using Json = nlohmann::ordered_json;
using Settings = std::vector<std::pair<std::string, Value>>;

struct Options {
  std::string id;
  bool json = false;
};

const char* words_for(Wiring wiring) {
  switch (wiring) {
    case Wiring::forward:
      return "layer i−1 to layer i";
    case Wiring::direct_feedback:
      return "output to every layer";
    case Wiring::direct_to_hidden:
      return "output to every hidden layer";
    case Wiring::backward_chain:
      return "layer i+1 to layer i";
  }
  return "";
}

const char* words_for(When when) {
  switch (when) {
    case When::before_training:
      return "before training";
    case When::before_epoch:
      return "before each epoch";
    case When::epoch:
      return "each epoch";
    case When::after_epoch:
      return "after each epoch";
  }
  return "";
}

std::string marks_in_words(const Marks& marks) {
  return marks.bits() == 0 ? "none" : fmt::format("{}", fmt::join(marks.names(), ", "));
}

std::string settings_in_words(const Settings& settings) {
  std::vector<std::string> words;
  for (const auto& [name, value] : settings) words.push_back(fmt::format("{} = {}", name, to_toml(value)));
  return fmt::format("{}", fmt::join(words, ", "));
}

Json json_of(const Value& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

Json json_of(const Settings& settings) {
  Json object = Json::object();
  for (const auto& [name, value] : settings) object[name] = json_of(value);
  return object;
}

// Bounds that are not finite are null.
Json json_of(const Parameter& p) {
  return {{"name", p.name},
          {"default", json_of(p.fallback)},
          {"kind", kind_name(p.fallback)},
          {"unit", p.unit},
          {"least", p.least},
          {"most", p.most},
          {"choices", p.choices},
          {"requirement", p.requirement()},
          {"meaning", p.meaning}};
}

// "forward", or "forward, feedback" where several groups learn at once.
std::string learns(const Pass& pass) {
  std::string names = pass.group;
  for (const std::string& other : pass.also) names += ", " + other;
  return names;
}

Json json_of(const Card& card) {
  Json json = {{"id", card.id},
               {"title", card.title},
               {"citation", card.citation},
               {"equations", card.equations},
               {"conventions", card.conventions},
               {"hyperparameters", Json::array()},
               {"weight_groups", Json::array()},
               {"passes", Json::array()},
               {"optimizers", Json::object()},
               {"presets", Json::array()},
               {"marks", card.marks.names()},
               {"whole_minibatch", card.whole_minibatch}};
  for (const Parameter& p : card.parameters) json["hyperparameters"].push_back(json_of(p));
  for (const WeightGroup& group : card.groups) {
    json["weight_groups"].push_back({{"name", group.name},
                                     {"from_to", words_for(group.wiring)},
                                     {"initialiser", group.initialiser},
                                     {"learned", group.learned},
                                     {"meaning", group.meaning}});
  }
  for (const Pass& pass : card.passes) {
    json["passes"].push_back({{"name", pass.name},
                              {"learns", learns(pass)},
                              {"when", words_for(pass.when)},
                              {"epochs", pass.epochs_parameter},
                              {"meaning", pass.meaning}});
  }
  for (const RecommendedOptimizer& optimizer : card.optimizers)
    json["optimizers"][optimizer.group] = json_of(optimizer.settings);
  for (const Preset& preset : card.presets) {
    json["presets"].push_back(
        {{"parameter", preset.parameter}, {"value", preset.value}, {"defaults", json_of(preset.fallbacks)}});
  }
  return json;
}

std::string hyperparameters(const Card& card, const TextStyle& style) {
  Table table("Hyperparameters, set in a recipe's [rule] or with --set rule.NAME=VALUE");
  table.column("Name")
      .column("Default", Table::Align::right)
      .column("Value")
      .column("Unit")
      .column("Meaning");
  for (const Parameter& p : card.parameters)
    table.row({p.name, to_toml(p.fallback), p.requirement(), p.unit, p.meaning});
  return table.text(style);
}

std::string weight_groups(const Card& card, const TextStyle& style) {
  Table table("Weights beside the forward ones");
  table.column("Group").column("From, to").column("Start").column("Learns").column("Meaning");
  for (const WeightGroup& group : card.groups) {
    table.row({group.name, words_for(group.wiring), group.initialiser, group.learned ? "yes" : "no",
               group.meaning});
  }
  return table.text(style);
}

std::string passes(const Card& card, const TextStyle& style) {
  Table table("Passes over the training data");
  table.column("Pass").column("Learns").column("When").column("Epochs").column("Meaning");
  for (const Pass& pass : card.passes) {
    table.row({pass.name, learns(pass), words_for(pass.when),
               pass.epochs_parameter.empty() ? "1" : "rule." + pass.epochs_parameter, pass.meaning});
  }
  return table.text(style);
}

// The card as a page to read.
std::string page(const Card& card) {
  const TextStyle style = terminal_style(STDOUT_FILENO);
  std::string text = fmt::format("{}: {}\n{}\n\n", card.id, card.title, card.citation);
  for (const std::string& equation : card.equations) text += "  " + equation + "\n";
  text +=
      fmt::format("\nConventions: {}\nLocality marks: {}\n", card.conventions, marks_in_words(card.marks));
  for (const RecommendedOptimizer& optimizer : card.optimizers) {
    text += fmt::format("Recommended optimizer ({}): {}\n", optimizer.group,
                        settings_in_words(optimizer.settings));
  }
  for (const Preset& preset : card.presets) {
    text += fmt::format("With {} = {} these defaults change: {}\n", preset.parameter, preset.value,
                        settings_in_words(preset.fallbacks));
  }
  if (!card.parameters.empty()) text += "\n" + hyperparameters(card, style);
  if (!card.groups.empty()) text += "\n" + weight_groups(card, style);
  return text + "\n" + passes(card, style);
}

int show_all(bool json) {
  Json all = Json::array();
  Table table;
  table.column("Rule").column("What").column("From").column("Locality marks");
  for (const RuleEntry& rule : all_rules()) {
    const Card card = rule.card();
    all.push_back(json_of(card));
    table.row({card.id, card.title, card.citation, marks_in_words(card.marks)});
  }
  table.note("`apical rules ID` shows equations, hyperparameters, weights and passes of one.");
  json ? print(Json{{"rules", all}}.dump(2) + "\n") : print(table, false);
  return kOk;
}

int run(const Options& options) {
  if (options.id.empty()) return show_all(options.json);
  const Card card = rule_named(options.id, "apical rules").card();
  print(options.json ? json_of(card).dump(2) + "\n" : page(card));
  return kOk;
}

}  // namespace

void add_rules(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = line.verb(line.app, "rules", "List the learning rules, or show the card of one",
                             "apical rules dfc", [options] { return run(*options); });
  line.choices[verb->add_option("ID", options->id, "a rule")->option_text("(optional)")] = rule_ids();
  add_json_option(*verb, options->json);
}

}  // namespace apical::cli
