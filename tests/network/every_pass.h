// Every rule in every pass and in its main variants, for tests that hold for all of them.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "network/toy.h"

namespace apical {

struct RulePass {
  std::string rule, pass, group;
  std::vector<std::string> also;
  Overrides settings;

  PassContext context() const { return {.pass = pass, .group = group, .seed = 3, .epoch = 2, .also = also}; }
  std::string name;  // for messages
};

// Whether a card knows all these settings.
inline bool has_all(const Card& card, const Overrides& settings) {
  return std::all_of(settings.begin(), settings.end(), [&](const auto& setting) {
    return std::any_of(card.parameters.begin(), card.parameters.end(),
                       [&](const Parameter& parameter) { return parameter.name == setting.first; });
  });
}

// Simulations are cut to `steps` states, samples that have not settled by then take part.
inline std::vector<RulePass> every_pass(std::int64_t steps = 21) {
  std::vector<RulePass> list;
  for (const RuleEntry& entry : all_rules()) {
    const Card card = entry.card();
    Overrides common;
    std::vector<Overrides> variants = {{}};
    for (const Parameter& p : card.parameters) {
      if (p.name == "steps" || p.name == "steps_fb")
        common.emplace_back(p.name == "steps" ? "steps" : "steps_fb", steps);
      if (p.name == "include_non_converged") common.emplace_back("include_non_converged", true);
      // noise while awake, and what the delays do
      if (p.name == "sigma") {
        variants.push_back({{"sigma", 0.01}, {"sigma_output", 0.02}, {"tau_a", 0.1}});
        variants.push_back({{"transmission", "delayed"}, {"proactive", false}});
        variants.push_back({{"include_non_converged", false}});
        variants.push_back({{"bookkeeping", "streaming"}, {"include_non_converged", false}});
      }
      if (p.name == "reading") variants.push_back({{"reading", "paper"}});
      if (p.name == "phases") variants.push_back({{"phases", "two"}});
      if (p.name == "learning") variants.push_back({{"learning", "last"}});
    }
    std::erase_if(variants, [&](const Overrides& variant) { return !has_all(card, variant); });
    for (const Overrides& variant : variants) {
      Overrides settings = common;
      settings.insert(settings.end(), variant.begin(), variant.end());
      std::set<std::string> seen;
      for (const Pass& pass : card.configured(settings_of(card.id, settings)).passes) {
        // sleep before and after an epoch is one pass, and pre-training differs from it in its noise only
        if (!seen.insert(pass.name).second || (!variant.empty() && pass.when == When::before_training))
          continue;
        // settings of the waking network do not reach the others
        const bool reaches_all =
            !variant.empty() && (variant[0].first == "reading" || variant[0].first == "phases");
        if (!variant.empty() && !reaches_all && pass.group != "forward") continue;
        list.push_back(
            {card.id, pass.name, pass.group, pass.also, settings,
             card.id + " " + pass.name + (variant.empty() ? "" : " " + std::string(variant[0].first))});
      }
    }
  }
  return list;
}

template <class T>
Change run(Bench<T>& bench, const RulePass& pass) {
  return bench.run(pass.rule, pass.settings, pass.context());
}

}  // namespace apical
