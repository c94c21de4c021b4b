#include "apical/strong_feedback.h"

#include <algorithm>
#include <cmath>

#include "apical/error.h"
#include "network/settling_ending.h"

namespace apical {
namespace {

// Defaults: the authors' single-phase configuration for MNIST.
std::vector<Parameter> method() {
  return {
      choice("reading", "code", {"code", "paper"},
             "where the paper and the authors' code differ: leak on all of u, factor 2, feedback plasticity "
             "scaled by 1/σ², filters of "
             "the pre-training with the step and time constant of the wake phase, learning from the last "
             "state's voltages with the "
             "opposite sign (code), or none of these (paper)"),
      choice("phases", "single", {"single", "two"},
             "forward and feedback weights learn at once from one noisy simulation, or the feedback weights "
             "in passes of their own"),
      choice("learning", "continuous", {"continuous", "last"},
             "forward weights learn at every state, or from the last one"),
      choice("plasticity", "rates", {"rates", "voltages", "linearised"},
             "teaching difference: φ(v) − φ(v_ff), v − v_ff, or φ'(v⁻)(v − v_ff)"),
      choice("feedback", "learned", {"learned", "fixed"},
             "Q learns from noise, or stays at the product of the initial transposed forward weights"),
      choice("initial_feedback", "product", {"product", "random"},
             "where Q begins: at that product, or random with the identity at the output"),
      real("true_class", 0.99, "", 1e-6, 1,
           "output of the label's class to which a classifier is clamped; the others share the rest"),
  };
}

std::vector<Parameter> dynamics() {
  return {
      real("alpha", 7.609e-6, "1/tau_u", 0, 1e6, "α: leak of the controller"),
      real("k_p", 2.0, "", 0, 1e6, "proportional gain of the controller"),
      real("dt", 0.001, "tau_u", 1e-9, 1, "Euler step"),
      whole("steps", 500, "states", 3, 1e7, "T: states of the simulation, the feedforward state included"),
      real("tau_v", 0.009268, "tau_u", 0, 1e6, "somatic time constant; raised to dt if smaller"),
      flag("proactive", true, "compartments see the control of the same Euler step, not of the step before"),
      real("sigma", 0.004279, "", 0, 1e6, "single phase: s.d. of apical noise, hidden layers"),
      real("sigma_output", 0.02971, "", 0, 1e6, "single phase: s.d. of apical noise, output layer"),
      real("tau_noise", 0.07, "tau_u", 1e-9, 1e6, "correlation time of low-passed noise"),
      real("tau_filter", 0.5, "tau_u", 1e-9, 1e6,
           "τ_f, single phase: the control's part slower than this does not teach Q; rates faster than this "
           "do not teach W from the last state"),
      flag("scale_layers", true,
           "feedback plasticity of layer i is multiplied by (1 + tau_v/tau_noise)^(L−i)"),
      flag("include_non_converged", true, "samples that did not settle take part in the update"),
  };
}

std::vector<Parameter> feedback_passes() {
  return {
      whole("pretraining_epochs", 1, "epochs", 0, 1e6,
            "epochs in which only Q learns, before the first wake epoch"),
      whole("sleep_before", 1, "epochs", 0, 1e6, "two phases: epochs of Q alone before each wake epoch"),
      whole("sleep_after", 0, "epochs", 0, 1e6, "two phases: epochs of Q alone after each wake epoch"),
      real("alpha_fb", 0.01626, "1/tau_u", 0, 1e6, "leak of the controller while only Q learns"),
      real("k_p_fb", 0.0028, "", 0, 1e6, "proportional gain while only Q learns"),
      real("dt_fb", 0.001217, "tau_u", 1e-9, 1, "Euler step while only Q learns"),
      whole("steps_fb", 500, "states", 3, 1e7, "states of the simulation while only Q learns"),
      real("tau_v_fb", 0.01444, "tau_u", 0, 1e6,
           "somatic time constant while only Q learns; raised to dt_fb if smaller"),
      real("tau_a_fb", 0.3, "tau_u", -1, 1e6,
           "two phases: apical time constant while only Q learns; −1: instantaneous"),
      choice("noise_fb", "white", {"white", "low-pass"},
             "two phases: noise that enters the apical compartment"),
      real("sigma_fb", 2.76e-5, "", 0, 1e6, "s.d. of apical noise while only Q learns, hidden layers"),
      real("sigma_output_fb", 1.51e-5, "", -1, 1e6,
           "s.d. of apical noise while only Q learns, output layer; −1: the same"),
  };
}

using Settings = std::vector<std::pair<std::string, Value>>;

Settings adam(double rate, double epsilon) {
  return {{"algorithm", "adam"}, {"learning_rate", rate}, {"beta1", 0.9},    {"beta2", 0.999},
          {"epsilon", epsilon},  {"clip", "per-tensor"},  {"clip_norm", 1.0}};
}

Settings decayed(Settings settings, double decay) {
  settings.emplace_back("weight_decay", decay);
  return settings;
}

bool single_phase(const Parameters& settings) { return settings.text("phases") == "single"; }

void configure(Card& card, const Parameters& settings) {
  const bool fixed = settings.text("feedback") == "fixed", single = single_phase(settings);
  const bool product = fixed || settings.text("initial_feedback") == "product";
  card.groups = {{.name = "feedback",
                  .wiring = Wiring::direct_feedback,
                  .initialiser = product ? "weight-product" : "xavier-normal",
                  .output_initialiser = "identity",
                  .learned = !fixed,
                  .meaning = "feedback weights Q from the control to the apical compartments"}};
  const Pass wake{
      .meaning = single && !fixed ? "the output is clamped to the label; W and Q learn"
                                  : "the output is clamped to the label; W learns",
      .also = single && !fixed ? std::vector<std::string>{"feedback"} : std::vector<std::string>{}};
  const Pass pretraining{"feedback-pretraining",
                         "feedback",
                         When::before_training,
                         "pretraining_epochs",
                         "feedback-pretraining",
                         "the output is clamped to the label; Q learns from noise",
                         {}};
  const auto sleep = [](When when, const char* epochs) {
    return Pass{"sleep", "feedback", when,
                epochs,  "feedback", "the output is clamped to the label; Q learns from noise",
                {}};
  };
  card.passes = fixed    ? std::vector<Pass>{wake}
                : single ? std::vector<Pass>{pretraining, wake}
                         : std::vector<Pass>{pretraining, sleep(When::before_epoch, "sleep_before"), wake,
                                             sleep(When::after_epoch, "sleep_after")};
  card.optimizers = {{"forward", adam(3.0959e-4, 1.629e-5)}};
  if (!fixed) {
    card.optimizers.push_back({"feedback-pretraining", decayed(adam(4.516e-7, 1.102e-11), 0.5)});
    card.optimizers.push_back({"feedback", decayed(adam(2.009e-8, 1.102e-11), 0.5)});
  }
  card.marks = {};
  // filtered signals are traces of the past; the waking network of two phases needs none
  const bool filtered_wake = single && (!fixed || settings.text("learning") == "last");
  if (filtered_wake) card.marks.add(Mark::stored_past);
}

}  // namespace

void complete_strong_feedback_card(Card& card) {
  for (auto& list : {method(), dynamics(), ending_parameters(Learn::each_step, Push::far), feedback_passes()})
    card.parameters.insert(card.parameters.end(), list.begin(), list.end());
  // the sleep of weak feedback, which the authors tuned for the slow apical compartment
  card.presets = {{"phases",
                   "two",
                   {{"alpha_fb", 0.6133635689},
                    {"k_p_fb", 0.1565387776},
                    {"dt_fb", 0.002029948025},
                    {"steps_fb", std::int64_t{48}},
                    {"tau_v_fb", 0.006302503121},
                    {"tau_a_fb", 0.3246941732},
                    {"sigma_fb", 0.001524181852},
                    {"sigma_output_fb", -1.0}}}};
  card.configure = &configure;
  configure(card, card.settings());
}

StrongFeedback::StrongFeedback(const Parameters& settings)
    : true_class_(settings.real("true_class")),
      tau_noise_(settings.real("tau_noise")),
      code_(settings.text("reading") == "code"),
      scaled_(settings.flag("scale_layers")),
      mismatch_(mismatch_named(settings.text("plasticity"))) {
  const bool last = settings.text("learning") == "last", single = single_phase(settings);
  const bool learned = settings.text("feedback") == "learned";
  factor_ = code_ ? (last && mismatch_ == Mismatch::voltages ? -2 : 2) : 1;
  const double tau_filter = settings.real("tau_filter"), dt = settings.real("dt"),
               dt_fb = settings.real("dt_fb");
  controller_ = {.k_p = settings.real("k_p"), .alpha = settings.real("alpha"), .leak_on_control = code_};
  wake_ = {.steps = settings.whole("steps"),
           .dt = dt,
           .tau_v = settings.real("tau_v"),
           .tau_a = -1,
           .proactive = settings.flag("proactive"),
           .sigma = single ? settings.real("sigma") : 0,
           .sigma_output = single ? settings.real("sigma_output") : 0,
           .tau_noise = tau_noise_,
           .filter = single ? std::min(1.0, dt / tau_filter) : 0,
           .learn = last ? Learn::last : Learn::each_step,
           .how = settle_named(settings.text("settling")),
           .tolerance = settings.real("settling_tolerance"),
           .also = single && learned ? "feedback" : "",
           .include_unsettled = settings.flag("include_non_converged")};
  // without feedback learning and with continuous learning nothing is filtered
  if (!last && !(single && learned)) wake_.filter = 0;

  sleep_controller_ = {
      .k_p = settings.real("k_p_fb"), .alpha = settings.real("alpha_fb"), .leak_on_control = code_};
  const double sigma_fb = settings.real("sigma_fb"), sigma_output_fb = settings.real("sigma_output_fb");
  sleep_ = {.steps = settings.whole("steps_fb"),
            .dt = dt_fb,
            .tau_v = settings.real("tau_v_fb"),
            .tau_a = single ? -1 : settings.real("tau_a_fb"),
            .proactive = settings.flag("proactive"),
            .sigma = sigma_fb,
            .sigma_output = sigma_output_fb < 0 ? sigma_fb : sigma_output_fb,
            .tau_noise = single || settings.text("noise_fb") == "low-pass" ? tau_noise_ : 0,
            .filter = single ? std::min(1.0, (code_ ? dt : dt_fb) / tau_filter) : 0,
            .learn = Learn::each_step,
            .group = "feedback",
            .include_unsettled = true};
}

double StrongFeedback::feedback_factor(std::string_view pass, std::size_t layer, std::size_t depth) const {
  const Settling& phase = pass == "wake" ? wake_ : sleep_;
  // the authors' pre-training never picks up a time constant of its own
  const double tau_v = code_ && pass == "feedback-pretraining" ? wake_.tau_v : phase.tau_v;
  const double k = scaled_ ? std::pow(1 + tau_v / tau_noise_, static_cast<double>(depth - layer)) : 1;
  if (!code_) return k;
  const double sigma = std::max(layer == depth ? phase.sigma_output : phase.sigma, 0.01);
  return k / (sigma * sigma);
}

}  // namespace apical
