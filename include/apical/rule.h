// The interface of a learning rule, and how a rule file is written:
//
//   #include "apical/rule.h"
//   APICAL_CARD { return {.id = "dfa", …}; }
//   class DirectFeedbackAlignment final : public Rule { … };
//   APICAL_RULE(DirectFeedbackAlignment)
//
// CMake's apical_rule(NAME) compiles the file once per instruction set and number type: inside it, `Real` is float or double and Rule,
// Trial, Synapses and Delta are the types for it. Operators on activities and voltages, φ, and the laws of dynamics/ are there without
// further includes.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "apical/card.h"
#include "apical/deep_feedback.h"
#include "apical/error.h"
#include "apical/least_control.h"
#include "apical/settling.h"
#include "apical/strong_feedback.h"
#include "apical/synapses.h"
#include "apical/trial.h"

namespace apical {

template <class T>
class BasicRule {
 public:
  virtual ~BasicRule() = default;

  // Settles the network and delivers credit to every layer of one tile. Called once per tile in every pass of the rule.
  virtual void assign(BasicTrial<T>& trial) const = 0;

  // One layer's local equation for one weight group. Called once per layer after assign, or at each step of a settling phase that learns.
  virtual void plasticity(std::string_view group, const BasicSynapses<T>& s, BasicDelta<T>& d) const = 0;
};

// A rule that can be chosen by its id.
struct RuleEntry {
  Card (*card)();
  // The rule compiled for the kernels in use; throws Error for settings that do not fit together.
  std::unique_ptr<BasicRule<float>> (*make_float)(const Parameters&);
  std::unique_ptr<BasicRule<double>> (*make_double)(const Parameters&);

  template <class T>
  std::unique_ptr<BasicRule<T>> make(const Parameters& settings) const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return make_float(settings);
    } else {
      return make_double(settings);
    }
  }
};

// Every built-in rule, in the order of the build file, and those that were added.
std::span<const RuleEntry> all_rules();
// Throws Error with the nearest valid ids.
const RuleEntry& rule_named(std::string_view id, const std::string& where);
// Adds a rule at run time; throws Error if its id is taken.
void register_rule(RuleEntry entry);

}  // namespace apical
