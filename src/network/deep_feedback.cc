#include "apical/deep_feedback.h"

#include <fmt/format.h>

#include <algorithm>

#include "apical/error.h"
#include "network/settling_ending.h"

namespace apical {
namespace {

// Defaults: the authors' MNIST configuration for learned feedback.
std::vector<Parameter> target_and_plasticity() {
  return {
      choice("reading", "code", {"code", "paper"},
             "where the paper and the authors' code differ: target scaled by 1/B, leak on all of u, factor "
             "2, feedback plasticity "
             "scaled by 1/σ², noise through the slow apical compartment (code), or none of these (paper)"),
      real("target_step", 0.07794471151, "", 0, 1e6, "λ: step of the output target along the loss gradient"),
      choice("plasticity", "rates", {"rates", "voltages", "linearised"},
             "teaching difference: φ(v) − φ(v_ff), v − v_ff, or φ'(v⁻)(v − v_ff)"),
      choice("feedback", "learned", {"learned", "fixed"},
             "Q learns in sleep from random weights, or stays at the product of the initial transposed "
             "forward weights"),
      real("alpha", 0.001389044506, "1/tau_u", 0, 1e6, "α: leak of the controller"),
  };
}

std::vector<Parameter> dynamics() {
  return {
      real("k_p", 2.0, "", 0, 1e6, "proportional gain of the controller"),
      real("dt", 0.02, "tau_u", 1e-9, 1, "Euler step"),
      whole("steps", 1000, "states", 2, 1e7, "T: states of the simulation, the feedforward state included"),
      real("tau_v", 0.2, "tau_u", 0, 1e6, "somatic time constant; raised to dt if smaller"),
      real("tau_a", -1, "tau_u", -1, 1e6, "apical time constant; −1: instantaneous"),
      choice("transmission", "instantaneous", {"instantaneous", "delayed"},
             "layers see the rates below of the same Euler step, or of the step before"),
      flag("proactive", true, "compartments see the control of the same Euler step, not of the step before"),
      real("sigma", 0, "", 0, 1e6, "s.d. of apical noise while awake, hidden layers"),
      real("sigma_output", 0, "", 0, 1e6, "s.d. of apical noise while awake, output layer"),
      flag("include_non_converged", false, "samples that did not settle take part in the update"),
      choice("bookkeeping", "stored", {"stored", "streaming"},
             "mean over T states with unsettled samples left out at the end, or over T−1 with diverged ones "
             "left out step by step"),
  };
}

std::vector<Parameter> feedback_learning() {
  return {
      whole("pretraining_epochs", 10, "epochs", 0, 1e6, "sleep epochs before the first wake epoch"),
      whole("sleep_before", 1, "epochs", 0, 1e6, "sleep epochs before each wake epoch"),
      whole("sleep_after", 2, "epochs", 0, 1e6, "sleep epochs after each wake epoch"),
      real("alpha_fb", 0.6133635689, "1/tau_u", 0, 1e6, "leak of the controller in sleep"),
      real("k_p_fb", 0.1565387776, "", 0, 1e6, "proportional gain in sleep"),
      real("dt_fb", 0.002029948025, "tau_u", 1e-9, 1, "Euler step in sleep"),
      whole("steps_fb", 48, "states", 3, 1e7, "T': states of the simulation in sleep"),
      real("tau_v_fb", 0.006302503121, "tau_u", 0, 1e6,
           "somatic time constant in sleep; raised to dt_fb if smaller"),
      real("tau_a_fb", 0.3246941732, "tau_u", -1, 1e6, "apical time constant in sleep; −1: instantaneous"),
      choice("transmission_fb", "instantaneous", {"instantaneous", "delayed"}, "as transmission, in sleep"),
      real("sigma_fb", 0.001524181852, "", 0, 1e6, "s.d. of apical noise in sleep, hidden layers"),
      real("sigma_output_fb", -1, "", -1, 1e6, "s.d. of apical noise in sleep, output layer; −1: the same"),
      choice("sleep", "controlled", {"controlled", "correlated"},
             "Q learns from the control that fights the noise, or (the authors' \"special controller\") from "
             "one noisy sweep: noise in every "
             "voltage against the output error that it makes"),
  };
}

using Settings = std::vector<std::pair<std::string, Value>>;

Settings adam(double rate, double epsilon) {
  return {
      {"algorithm", "adam"}, {"learning_rate", rate}, {"beta1", 0.99}, {"beta2", 0.99}, {"epsilon", epsilon}};
}

Settings clipped(Settings settings, const char* how, double norm) {
  settings.emplace_back("clip", how);
  settings.emplace_back("clip_norm", norm);
  return settings;
}

Settings feedback_adam(double rate, double scale) {
  Settings settings = clipped(adam(rate, 1.561135223e-6 * scale), "joint", scale);
  settings.emplace_back("weight_decay", 0.001 * scale);
  return settings;
}

bool has_setting(const Parameters& settings, const std::string& name) {
  return std::any_of(settings.described().begin(), settings.described().end(),
                     [&](const Parameter& parameter) { return parameter.name == name; });
}

double sleep_noise_at_output(const Parameters& settings) {
  const double own = settings.real("sigma_output_fb");
  return own < 0 ? settings.real("sigma_fb") : own;
}

void configure(Card& card, const Parameters& settings) {
  if (has_setting(settings, "settling")) {
    const Settle how = settle_named(settings.text("settling"));
    if (how == Settle::solve || how == Settle::linear_response) card.marks.add(Mark::analytic_jacobian);
    if (how == Settle::solve) card.marks.add(Mark::weight_transport);
  }
  const bool paper = settings.text("reading") == "paper";
  if (settings.text("feedback") == "fixed") {
    card.groups = {
        {.name = "feedback",
         .wiring = Wiring::direct_feedback,
         .initialiser = "weight-product",
         .meaning = "feedback weights Q, fixed at the product of the initial transposed forward weights"}};
    card.passes = {Pass{}};
    card.optimizers = {{"forward", clipped(adam(0.000604345, 1.332684115e-8), "per-tensor", 1)}};
    return;
  }
  // without the code's factor 1/0.01², and with noise straight into the soma, feedback gradients are about a hundred times smaller
  const double scale = paper ? 0.01 : 1.0;
  const bool correlated = settings.text("sleep") == "correlated";
  if (correlated) {
    card.marks.add(Mark::second_phase);
    card.marks.add(Mark::frozen_activity);
  }
  for (Pass& pass : card.passes) {
    if (pass.group == "feedback") pass.quiet_output = !correlated && sleep_noise_at_output(settings) == 0;
  }
  card.optimizers = {{"forward", clipped(adam(0.00118879, 9.446010081e-8), "per-tensor", 1)},
                     {"feedback-pretraining", feedback_adam(0.0003170276938, scale)},
                     {"feedback", feedback_adam(0.0005265408146, scale)}};
}

void require_quiet(const Settling& settling) {
  const bool solves = settling.how == Settle::solve, responds = settling.how == Settle::linear_response;
  if ((!solves && !responds) || (settling.sigma == 0 && settling.sigma_output == 0)) return;
  throw Error("rule.settling",
              fmt::format("\"{}\" requires dynamics without noise{}; sigma or sigma_output is not 0.",
                          solves ? "solved" : "linear-response", solves ? ", which have an equilibrium" : ""),
              "Set both to 0, or settling to \"steps\".");
}

}  // namespace

Mismatch mismatch_named(const std::string& name) {
  if (name == "voltages") return Mismatch::voltages;
  return name == "linearised" ? Mismatch::linearised : Mismatch::rates;
}

void complete_deep_feedback_card(Card& card, Control control, Learn learn) {
  const bool simulated = control == Control::simulated;
  for (auto& list :
       {target_and_plasticity(), simulated ? dynamics() : std::vector<Parameter>{},
        simulated ? ending_parameters(learn, Push::small) : std::vector<Parameter>{}, feedback_learning()}) {
    card.parameters.insert(card.parameters.end(), list.begin(), list.end());
  }
  card.groups = {{.name = "feedback",
                  .wiring = Wiring::direct_feedback,
                  .initialiser = "xavier-normal",
                  .output_initialiser = "identity",
                  .learned = true,
                  .meaning = "feedback weights Q from the control to the apical compartments; the output's "
                             "begin at the identity"}};
  card.passes = {
      {"feedback-pretraining", "feedback", When::before_training, "pretraining_epochs",
       "feedback-pretraining", "sleep before training: Q learns from noise"},
      {"sleep", "feedback", When::before_epoch, "sleep_before", "feedback", "sleep: Q learns from noise"},
      Pass{.meaning = "wake: the network is controlled towards its target, W learns"},
      {"sleep", "feedback", When::after_epoch, "sleep_after", "feedback", "sleep: Q learns from noise"},
  };
  Settings fixed = {{"target_step", 0.1}, {"alpha", 0.0002465863883}};
  if (control == Control::simulated) fixed.emplace_back("steps", std::int64_t{500});
  card.presets = {
      {"feedback", "fixed", fixed},
      {"reading", "paper", {{"target_step", 0.1}, {"tau_a_fb", -1.0}}},
  };
  card.configure = &configure;
  configure(card, card.settings());
}

DeepFeedback::DeepFeedback(const Parameters& settings)
    : target_step_(settings.real("target_step")),
      batch_mean_target_(settings.text("reading") == "code"),
      correlated_sleep_(settings.text("sleep") == "correlated"),
      mismatch_(mismatch_named(settings.text("plasticity"))) {
  const bool code = batch_mean_target_;
  factor_ = code ? 2 : 1;
  controller_ = {.k_p = 0, .alpha = settings.real("alpha"), .leak_on_control = code};

  sleep_controller_ = {
      .k_p = settings.real("k_p_fb"), .alpha = settings.real("alpha_fb"), .leak_on_control = code};
  sleep_ = {.steps = settings.whole("steps_fb"),
            .dt = settings.real("dt_fb"),
            .tau_v = settings.real("tau_v_fb"),
            .tau_a = settings.real("tau_a_fb"),
            .instantaneous_transmission = settings.text("transmission_fb") == "instantaneous",
            .proactive = false,
            .sigma = settings.real("sigma_fb"),
            .sigma_output = sleep_noise_at_output(settings),
            .to_own_output = true,
            .learn = Learn::each_step,
            .group = "feedback",
            .reads_input = false,  // the apical voltage has an array of its own
            .include_unsettled = true};
  const double floored = std::max(sleep_.sigma, 0.01);
  feedback_factor_ = code ? 1 / (floored * floored) : 1;

  if (!has_setting(settings, "steps")) return;  // nothing is simulated while awake
  controller_.k_p = settings.real("k_p");
  wake_ = {.steps = settings.whole("steps"),
           .dt = settings.real("dt"),
           .tau_v = settings.real("tau_v"),
           .tau_a = settings.real("tau_a"),
           .instantaneous_transmission = settings.text("transmission") == "instantaneous",
           .proactive = settings.flag("proactive"),
           .sigma = settings.real("sigma"),
           .sigma_output = settings.real("sigma_output"),
           .how = settle_named(settings.text("settling")),
           .tolerance = settings.real("settling_tolerance"),
           .include_unsettled = settings.flag("include_non_converged"),
           .streaming = settings.text("bookkeeping") == "streaming"};
  require_quiet(wake_);
}

double DeepFeedback::correlation_factor(std::size_t layer, std::size_t depth) const {
  const double sigma = layer == depth ? sleep_.sigma_output : sleep_.sigma;
  return sigma > 0 ? 1 / (sigma * sigma) : 0;
}

Settling DeepFeedback::wake(Learn learn) const {
  Settling settling = wake_;
  settling.learn = learn;
  if (learn == Learn::last) settling.streaming = false;
  // only the authors' plasticity over stored states sees the basal voltage that moved the soma
  const bool code = batch_mean_target_, stored = learn == Learn::each_step && !settling.streaming;
  settling.renew_basal = code && !stored && !settling.instantaneous_transmission;
  settling.reads_input = mismatch_ != Mismatch::rates;
  return settling;
}

}  // namespace apical
