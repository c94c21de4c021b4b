#include "apical/least_control.h"

#include <algorithm>

#include "apical/error.h"

namespace apical {
namespace {

// Defaults: the authors' commands for MNIST.
std::vector<Parameter> target() {
  return {
      choice("reading", "code", {"code", "paper"},
             "output error −∂ℒ/∂r_L of the minibatch's mean loss, which has a factor 1/B, or of each "
             "sample's own loss"),
      real("alpha", 0.1, "1/tau_u", 1e-12, 1e6, "α: weight of the control against the loss"),
  };
}

std::vector<Parameter> controlled_dynamics() {
  return {
      real("k_i", 1.0, "", 1e-12, 1e6, "integral gain of the controller"),
      real("k_p", 0.0, "", 0, 1e6, "proportional gain of the controller"),
      real("dt", 1.0, "tau_u", 1e-9, 1, "Euler step"),
      real("tau_v", 1.0, "tau_u", 0, 1e6, "somatic time constant; raised to dt if smaller"),
  };
}

Parameter apical_time() {
  return real("tau_a", 1.0, "tau_u", 0, 1e6, "time constant of the control ψ in the apical compartments");
}

std::vector<Parameter> ending() {
  return {
      whole("steps", 800, "states", 3, 1e7, "T: most states of a settling, the feedforward state included"),
      choice("settling", "until-settled", {"until-settled", "steps"},
             "until every sample of a tile has settled, T states at most, or all T states"),
      real("settling_tolerance", 1e-8, "", 1e-15, 1, "residual below which a sample has settled"),
  };
}

std::vector<Parameter> descent() {
  return {
      real("dt", 0.25, "tau_v", 1e-9, 1, "Euler step of the descent on the energy"),
      whole("steps", 800, "states", 3, 1e7, "T: states of the descent, the feedforward state included"),
  };
}

std::vector<Parameter> noisy_dynamics() {
  return {
      choice("feedback", "learned", {"learned", "fixed"}, "Q learns from noise, or stays as it was drawn"),
      whole("sleep_after", 1, "epochs", 0, 1e6, "epochs of Q alone after each wake epoch"),
      real("dt_fb", 0.04, "tau_u", 1e-9, 1, "Euler step while Q learns"),
      whole("steps_fb", 800, "states", 3, 1e7, "states of the simulation while Q learns"),
      real("tau_v_fb", 0.04, "tau_u", 0, 1e6, "somatic time constant while Q learns; raised to dt_fb"),
      real("sigma_fb", 0.01, "", 1e-12, 1e6, "s.d. of apical noise in hidden layers while Q learns"),
      real("tau_noise", 0.2, "tau_u", 1e-9, 1e6, "correlation time of that noise"),
      real("tau_filter", 1.0, "tau_u", 1e-9, 1e6, "the control's part slower than this does not teach Q"),
  };
}

using Settings = std::vector<std::pair<std::string, Value>>;

// β₁, β₂ and ε are Adam's own.
Settings annealed(const char* algorithm) {
  return {{"algorithm", algorithm}, {"learning_rate", 1e-3}, {"schedule", "cosine"}, {"final_factor", 0.1}};
}

void configure_broadcast(Card& card, const Parameters& settings) {
  const bool learned = settings.text("feedback") == "learned";
  card.groups = {{.name = "feedback",
                  .wiring = Wiring::direct_to_hidden,
                  .initialiser = "lecun-normal",
                  .learned = learned,
                  .meaning = "feedback weights Q from the control to the hidden layers"}};
  card.optimizers = {{"forward", annealed("adam")}};
  card.passes = {Pass{.meaning = "the network is led towards its label; W learns"}};
  card.marks = {};
  if (!learned) return;
  // the authors' Q += (Σ over states − 0.01 Q) · 10⁻⁵ for each minibatch
  card.optimizers.push_back(
      {"feedback", {{"algorithm", "sgd"}, {"learning_rate", 0.00799}, {"weight_decay", 1.25e-5}}});
  card.passes.push_back({"sleep",
                         "feedback",
                         When::after_epoch,
                         "sleep_after",
                         "feedback",
                         "the network is led towards its label under noise; Q learns",
                         {}});
  card.marks.add(Mark::stored_past);
}

void append(std::vector<Parameter>& to, const std::vector<Parameter>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

void complete_least_control_card(Card& card, ControlPath path) {
  append(card.parameters, target());
  if (path == ControlPath::energy) {
    append(card.parameters, descent());
  } else {
    append(card.parameters, controlled_dynamics());
    if (path != ControlPath::broadcast) card.parameters.push_back(apical_time());
    append(card.parameters, ending());
    // an error that is not divided by B is answered B times as strongly
    card.presets = {{"reading", "paper", {{"alpha", 1.0}, {"dt", 0.1}, {"tau_v", 0.2}}}};
    if (path != ControlPath::broadcast) card.presets[0].fallbacks.emplace_back("tau_a", 0.2);
  }
  card.optimizers = {{"forward", annealed("adam")}};
  switch (path) {
    case ControlPath::inversion:
    case ControlPath::energy:
      card.marks = {Mark::weight_transport};
      break;
    case ControlPath::learned_chain:
      card.groups = {{.name = "feedback",
                      .wiring = Wiring::backward_chain,
                      .initialiser = "unit-norm",
                      .learned = true,
                      .meaning = "feedback weights B from each layer to the one below"}};
      card.passes = {Pass{.meaning = "the network is led towards its label; W and B learn",
                          .also = std::vector<std::string>{"feedback"}}};
      // the authors' decay of 10⁻⁶ for each minibatch
      for (const char* group : {"forward", "feedback"}) {
        RecommendedOptimizer optimizer{group, annealed("adamw")};
        optimizer.settings.emplace_back("weight_decay", 1e-3);
        if (optimizer.group == "forward") card.optimizers.clear();
        card.optimizers.push_back(optimizer);
      }
      break;
    case ControlPath::broadcast:
      append(card.parameters, noisy_dynamics());
      card.configure = &configure_broadcast;
      configure_broadcast(card, card.settings());
      break;
  }
}

LeastControl::LeastControl(const Parameters& settings, ControlPath path)
    : batch_mean_(settings.text("reading") == "code") {
  const double alpha = settings.real("alpha");
  wake_ = {.steps = settings.whole("steps"),
           .dt = settings.real("dt"),
           .include_unsettled = true,
           .error_remains = true};
  if (path == ControlPath::energy) {
    // the output's control follows the loss at once: u = −∂ℒ/∂r_L / α
    controller_ = {.k_p = 1 / alpha, .k_i = 0, .alpha = alpha, .leak_on_control = false};
    wake_.tau_v = 1;
    wake_.drive = Drive::energy;
    wake_.through = "forward";
    return;
  }
  controller_ = {
      .k_p = settings.real("k_p"), .k_i = settings.real("k_i"), .alpha = alpha, .leak_on_control = false};
  wake_.tau_v = settings.real("tau_v");
  wake_.how = settings.text("settling") == "steps" ? Settle::steps : Settle::until_settled;
  wake_.tolerance = settings.real("settling_tolerance");
  if (path != ControlPath::broadcast) {
    wake_.tau_a = settings.real("tau_a");
    wake_.drive = Drive::inversion;
    if (path == ControlPath::inversion) wake_.through = "forward";
    return;
  }
  const double sigma = settings.real("sigma_fb"), dt = settings.real("dt_fb");
  feedback_factor_ = 1 / (sigma * sigma);
  sleep_ = {.steps = settings.whole("steps_fb"),
            .dt = dt,
            .tau_v = settings.real("tau_v_fb"),
            .sigma = sigma,
            .tau_noise = settings.real("tau_noise"),
            .filter = std::min(1.0, dt / settings.real("tau_filter")),
            .learn = Learn::each_step,
            .group = "feedback",
            .reads_input = false,  // the apical voltage has an array of its own
            .include_unsettled = true,
            .error_remains = true};
}

}  // namespace apical
