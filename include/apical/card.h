// What a rule says of itself, once: help, bindings, documentation, explorer and locality audit all read its card.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apical/parameter.h"

namespace apical {

// What a rule used that a synapse could not see by itself. The verbs of a Trial set these bits as they are called, so that a
// rule's locality is measured; its card declares them, and a test holds the two equal.
enum class Mark : std::uint32_t {
  weight_transport = 1u << 0,    // read a forward weight from its postsynaptic side (Wᵀ)
  signed_error = 1u << 1,        // a separate channel carried a signed error to the synapse's neuron
  update_locked = 1u << 2,       // waited for the network's output before learning
  backward_locked = 1u << 3,     // layer i waited for the teaching signal of layer i+1
  frozen_activity = 1u << 4,     // used feedforward activity stored while another phase ran
  second_phase = 1u << 5,        // needed more than one phase per sample
  global_scalar = 1u << 6,       // one number broadcast to every synapse
  batch_statistics = 1u << 7,    // mixed samples of a minibatch beyond summing their updates
  label_everywhere = 1u << 8,    // every layer saw the label
  stored_past = 1u << 9,         // a synapse kept a trace of its past
  analytic_jacobian = 1u << 10,  // solved with derivatives of the whole network instead of letting it settle
};

// A set of marks.
class Marks {
 public:
  constexpr Marks() = default;
  constexpr Marks(std::initializer_list<Mark> marks) {
    for (Mark mark : marks) add(mark);
  }
  constexpr void add(Mark mark) { bits_ |= static_cast<std::uint32_t>(mark); }
  constexpr void add(Marks other) { bits_ |= other.bits_; }
  constexpr bool has(Mark mark) const { return (bits_ & static_cast<std::uint32_t>(mark)) != 0; }
  constexpr std::uint32_t bits() const { return bits_; }
  constexpr bool operator==(const Marks&) const = default;
  // "weight transport", "signed error", …, in the order of the enumeration.
  std::vector<std::string> names() const;

 private:
  std::uint32_t bits_ = 0;
};

// How a group's matrices are laid out over the layers 1 … L (layer 0 is the input).
enum class Wiring {
  forward,           // layer i−1 → layer i, for i = 1 … L                        [n_i, n_{i−1}]
  direct_feedback,   // output → layer i, for i = 1 … L                           [n_i, n_L]
  direct_to_hidden,  // output → layer i, for i = 1 … L−1                         [n_i, n_L]
  backward_chain,    // layer i+1 → layer i, for i = 1 … L−1                      [n_i, n_{i+1}]
};

// A named group of weights that a rule owns beside the forward weights.
struct WeightGroup {
  std::string name;  // "feedback"
  Wiring wiring = Wiring::direct_feedback;
  std::string initialiser;              // see initialiser.h; per matrix
  std::string output_initialiser = {};  // for layer L where it differs ("identity"); empty: the same
  bool learned = false;                 // has plasticity of its own
  std::string meaning = {};
};

// Units beyond the pyramidal neurons of a layer (interneurons, burst rates, two-rail units): reserved for rules that need them.
struct Population {
  std::string name;
  std::string law;
  std::vector<std::string> compartments;
};

// When a pass over the data runs.
enum class When { before_training, before_epoch, epoch, after_epoch };

// A pass over the training data. Every rule has "wake", in which the forward weights learn.
struct Pass {
  std::string name = "wake";
  std::string group = "forward";  // the weight group that learns in it
  When when = When::epoch;
  std::string epochs_parameter =
      {};  // the whole-number parameter that says how many epochs it takes; empty: one
  std::string optimizer =
      {};  // the optimizer that moves the group in this pass; empty: the one named like the group
  std::string meaning = {};
  std::vector<std::string> also =
      {};  // further groups that learn in it, each moved by the optimizer named like it
  // Nothing but the layer below and the control moves the output in it: the target is the output's own value, and there is no noise. Where the
  // output is linear and wide, the pass may run in other coordinates of it then: the rule sees another number of outputs, sums of outer products
  // with the control come back in the network's own.
  bool quiet_output = false;

  // What learns in the pass and the optimizer that moves it, the pass's own group first.
  struct Moved {
    std::string group, optimizer;
  };
  std::vector<Moved> moved() const;
};

// Recommended settings of an optimizer group, as recipe keys: {"algorithm", "adam"}, {"learning_rate", 1e-3}.
struct RecommendedOptimizer {
  std::string group;
  std::vector<std::pair<std::string, Value>> settings;
};

// Other fallbacks for unset parameters, when the choice parameter `parameter` has the value `value`.
struct Preset {
  std::string parameter, value;
  std::vector<std::pair<std::string, Value>> fallbacks;
};

struct Card {
  std::string id;  // "dfc-ss": what the user types
  std::string title;
  std::string citation;
  std::vector<std::string> equations;  // UTF-8, one line each
  std::string conventions;             // factors, signs, means: what Delta contains
  std::vector<Parameter> parameters = {};
  std::vector<WeightGroup> groups = {};
  std::vector<Pass> passes = {Pass{}};
  std::vector<Population> populations = {};
  std::vector<std::string> state = {};  // named rule state that outlives a trial (traces, averages)
  std::vector<RecommendedOptimizer> optimizers = {};
  std::vector<Preset> presets = {};
  Marks marks = {};              // declared; a test compares with what the verbs leave in its passes
  bool whole_minibatch = false;  // its Trial must be the whole minibatch
  // Adapts groups, passes and recommended optimizers to the settings, where they depend on them.
  void (*configure)(Card& card, const Parameters& settings) = nullptr;

  // The rule's settings at their fallbacks.
  Parameters settings() const;
  // Moves the fallbacks of unset parameters to the preset that the settings choose.
  void apply_presets(Parameters& settings) const;
  // This card as it holds for these settings.
  Card configured(const Parameters& settings) const;
};

}  // namespace apical
